//! `load`: a source to a process.

use std::path::Path;

use serde::Serialize;

use super::trace::host::notice_unseen;
use super::{Arguments, Command, Group, Kind, Run, syntax_with};
use crate::kernel::{JobEnd, JobOutput, ProcessId, ProcessLabel};
use crate::secrets::without_secrets;
use crate::shell::loading::words::{LoadWords, watched};
use crate::shell::loading::{directory, start};
use crate::shell::reply::{ErrorKind, Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::shell::waits::WaitOutcome;
use crate::text::counted;

/// The command `load`.
pub static COMMAND: Command = Command {
    name: "load",
    group: Group::Plugins,
    summary: "start a plugin as a process",
    description: "SOURCE is a name (of a built-in plugin or one in the plugin directories), a path or a URL: wasm, wat, or \
        an Extism manifest in JSON or TOML. A directory (`./plugins`, with a `/`) gives a process for each .wasm and .wat file \
        in it, by name, hidden ones left out; one that cannot be loaded is told, the others are loaded, and `load` fails \
        at the end. The process gets the source's name, or that of `--as`. Options add to what \
        a manifest says. WASI is there when the module imports it. `--timeout` counts calls; to fetch and compile a plugin \
        is bounded by `--load-timeout` alone. After a crash the next call starts a fresh instance, \
        unless `--restart` or `--on-crash` says otherwise. A stand-in of `--import` gets the bytes of a function's one \
        handle as its input; of several arguments, or of numbers, a JSON array with an entry each, where an i64 that is \
        a block's handle is its text, or `{\"base64\": ...}`. What it gives becomes a handle, or is read as a number where \
        the result is one (an array again for several). TYPES after the name say what an i64 is: \
        `--import 'env.put(handle, i64) -> i64=kv.put'`.",
    examples: &[
        "\
        load echo\n\
        # 1:echo\n\
        load echo\n\
        # 2:echo-2\n\
        load echo --as parrot\n\
        # 3:parrot\n\
        load ehco\n\
        # no plugin named `ehco`; did you mean `echo`?",
        "\
        !mkdir all; echo '(module)' > all/a.wat; echo '(module)' > all/b.wat\n\
        load ./all\n\
        # 1:a\n\
        # 2:b",
        "\
        load echo --memory-max 64p --timeout 2s --config lang=en\n\
        # 1:echo",
    ],
    syntax: syntax_with::<LoadWords>(|_| Some(Kind::Load)),
    run: Run::Plain(run),
};

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<LoadWords>()?;
    if let Some(dir) = directory::directory(&words.source) {
        return load_directory(session, dir, &words);
    }
    let request = words.request(session, &words.source)?;
    if session.kernel().breakpoints().is_empty() {
        let label = start(session, request)?;
        return started(session, &label, words.watch);
    }
    // A load is a job: a breakpoint may hold what it calls while it starts.
    let text = format!("load {}", without_secrets(&words.source));
    let job = session.kernel().start_load(request, text, session.owner()).map_err(|error| session.call_error(error))?;
    match session.wait_or_park(&job, false)? {
        WaitOutcome::Ended(end) => loaded(session, &end, words.watch),
        blocked => {
            let continuation = Box::new(move |session: &mut Session, end: &JobEnd| loaded(session, end, words.watch));
            session.park_job(&job, &blocked, continuation, false)
        }
    }
}

/// A module of a directory, in JSON.
#[derive(Serialize)]
struct FileRow {
    file: String,
    id: Option<ProcessId>,
    name: Option<String>,
    error: Option<String>,
}

/// Loads each module of a directory. The error of one is shown, and at the end counted.
fn load_directory(session: &mut Session, dir: &Path, words: &LoadWords) -> Result<Reply, ShellError> {
    if words.name.is_some() {
        return Err(ShellError::usage("`--as` names one process, and a directory may give several"));
    }
    if !session.kernel().breakpoints().is_empty() {
        let way_on = "`delete` them, or load its files one by one";
        return Err(ShellError::failed(format!(
            "`{}`: no directory is loaded while breakpoints are set; {way_on}",
            dir.display()
        )));
    }
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    for path in directory::modules(dir)? {
        let file = path.display().to_string();
        let request = words.request(session, &file);
        let label = request.and_then(|request| start(session, request));
        let label = label.and_then(|label| words.watched(session, label));
        match label {
            Err(error) if error.kind == ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                session.show_error(&error);
                rows.push(FileRow { file, id: None, name: None, error: Some(error.to_string()) });
            }
            Ok(label) => {
                lines.push(Line::new().with(Role::Name, label.to_string()));
                rows.push(FileRow { file, id: Some(label.id), name: Some(label.name.to_string()), error: None });
            }
        }
    }
    let failed = rows.iter().filter(|row| row.error.is_some()).count();
    let reply = Reply::News { lines, json: serde_json::to_value(&rows).unwrap_or_default() };
    if failed == 0 {
        return Ok(reply);
    }
    session.emit(&reply)?;
    let all = counted(rows.len() as u64, "module");
    Err(ShellError::failed(format!("`{}`: {failed} of {all} not loaded", dir.display())))
}

/// The reply of a load that ran as a job.
fn loaded(session: &mut Session, end: &JobEnd, watch: bool) -> Result<Reply, ShellError> {
    match &end.result {
        Ok(JobOutput::Loaded(label)) => started(session, label, watch),
        Ok(output) => Ok(Reply::Output { bytes: output.bytes(), raw: false }),
        Err(error) => Err(session.call_error(error.clone())),
    }
}

fn started(session: &mut Session, label: &ProcessLabel, watch: bool) -> Result<Reply, ShellError> {
    let label = watched(session, label.clone(), watch)?;
    if session.kernel().traces_host().is_some() {
        notice_unseen(session, Some(label.id));
    }
    let line = Line::new().with(Role::Name, label.to_string());
    Ok(Reply::news(line, serde_json::json!({ "id": label.id, "name": label.name })))
}
