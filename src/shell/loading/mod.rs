//! From a source to a process: the steps that `load`, `plugsh call` and the commands that exchange or replay code
//! share.

pub mod directory;
pub mod imports;
mod limits;
pub mod literal;
pub mod options;
mod sources;
mod stand_ins;
mod values;
pub mod words;
pub mod written;

use std::sync::Arc;
use std::time::Instant;

use crate::kernel::{Deadline, LoadRequest, ProcessLabel};
use crate::runtime::program::ModuleBytes;
use crate::runtime::{AllowedPath, Host, Program};
use crate::shell::reply::ShellError;
use crate::shell::session::Session;
use options::LoadOptions;

/// The wishes for a process that is to be loaded.
pub struct LoadChoice<'a> {
    /// `None`: the source's stem.
    pub name: Option<String>,
    pub host: Host,
    pub options: &'a LoadOptions,
    /// The end of the load, look-up included.
    pub deadline: Option<Deadline>,
}

/// Starts a process from a source with the options of the command line.
///
/// # Errors
/// The options do not fit, the source is no program, or the load fails or is interrupted.
pub fn load(
    session: &mut Session,
    source: &str,
    host: Host,
    options: &LoadOptions,
) -> Result<ProcessLabel, ShellError> {
    let deadline = session.kernel().load_deadline(None);
    let request = request(session, source, LoadChoice { name: None, host, options, deadline })?;
    start(session, request)
}

/// Starts a process from a manifest in a file of any name.
///
/// # Errors
/// The manifest is invalid, or the load fails or is interrupted.
pub fn load_manifest(
    session: &mut Session,
    path: &str,
    host: Host,
    options: &LoadOptions,
) -> Result<ProcessLabel, ShellError> {
    let deadline = session.kernel().load_deadline(None);
    let began = Instant::now();
    let program = session.resolve_manifest(path, deadline)?;
    let lookup = began.elapsed();
    let request = request_of(session, program, LoadChoice { name: None, host, options, deadline })?;
    start(session, LoadRequest { lookup, ..request })
}

/// Starts a load, waits for it, and returns the new process.
///
/// # Errors
/// The load fails or is interrupted.
pub fn start(session: &mut Session, request: LoadRequest) -> Result<ProcessLabel, ShellError> {
    let imports = request.spec.imports.clone();
    let label = session.load_and_wait(request)?;
    stand_ins::notice_unused(session, label.id, &imports);
    Ok(label)
}

/// The load request for a source, its manifest and the options together.
///
/// # Errors
/// The options do not fit each other or the manifest.
pub fn request(session: &mut Session, source: &str, choice: LoadChoice<'_>) -> Result<LoadRequest, ShellError> {
    let (program, lookup) = session.resolve_to_load(source, choice.deadline)?;
    let request = request_of(session, program, choice)?;
    Ok(LoadRequest { lookup, ..request })
}

fn request_of(session: &mut Session, program: Arc<Program>, choice: LoadChoice<'_>) -> Result<LoadRequest, ShellError> {
    let LoadChoice { name, host, options, deadline } = choice;
    // Paths of a node are looked for there.
    if options.on.is_none() {
        check_paths(&options.allow_path)?;
    }
    stand_ins::notice_missing(session, &options.import);
    let program = link(session, program, &options.link, deadline)?;
    let mut spec = options.apply(program.spec.clone())?;
    spec.wasi_input.prepend_program_name(&program.stem);
    let timeout = spec.timeout;
    Ok(LoadRequest { spec, name, host, timeout, deadline, ..LoadRequest::plain(program) })
}

/// Checks early that each allowed path is a directory or a regular file.
///
/// # Errors
/// A path leads to neither; with the option.
pub fn check_paths(texts: &[String]) -> Result<(), ShellError> {
    for text in texts {
        let host = AllowedPath::new(text).host;
        let why = match host.metadata() {
            Ok(meta) if meta.is_dir() || meta.is_file() => continue,
            Ok(_) => format!("`{}` is neither a directory nor a regular file", host.display()),
            Err(_) => format!("no directory or file `{}`", host.display()),
        };
        return Err(ShellError::failed(format!("`--allow-path {text}`: {why}")));
    }
    Ok(())
}

/// The program with the modules of `--link` before its own. `deadline` bounds fetching them.
///
/// # Errors
/// A module cannot be read or fetched, or its name is taken.
pub fn link(
    session: &mut Session,
    program: Arc<Program>,
    links: &[String],
    deadline: Option<Deadline>,
) -> Result<Arc<Program>, ShellError> {
    if links.is_empty() {
        return Ok(program);
    }
    let mut linked = Program::clone(&program);
    let mut modules: Vec<ModuleBytes> = Vec::new();
    for link in links {
        let (name, source) = match link.split_once('=') {
            Some((name, source)) => (Some(name.to_owned()), source),
            None => (None, link.as_str()),
        };
        let library = session.resolve_by(source, deadline)?;
        let main = library.modules.last().ok_or_else(|| ShellError::failed(format!("`{source}` has no module")))?;
        let name = name.unwrap_or_else(|| library.stem.clone());
        modules.push(ModuleBytes { name, linked_from: Some(library.origin.clone()), ..main.clone() });
    }
    modules.append(&mut linked.modules);
    linked.modules = modules;
    Ok(Arc::new(linked))
}
