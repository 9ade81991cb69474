//! `plugsh call`: loads one plugin, calls one function, prints the output and exits.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::console::{Color, Console};
use super::print::newline_after;
use super::script::interruptible;
use super::streams;
use crate::kernel::Kernel;
use crate::runtime::source::is_name;
use crate::runtime::{Host, LogLevel};
use crate::shell::call_options::CallOptions;
use crate::shell::loading::options::LoadOptions;
use crate::shell::loading::{load, load_manifest};
use crate::shell::reply::Reply;
use crate::shell::{Session, SessionOptions, ShellError, Stdin, start};

/// The arguments of `plugsh call`.
#[derive(Debug)]
pub struct OneCall {
    pub source: CallSource,
    pub function: String,
    pub input: CallInput,
    /// The number of calls; each prints its output.
    pub repeat: u64,
    pub form: OutputForm,
    pub host: Host,
    pub load: LoadOptions,
    /// WASI's standard output and error are forwarded to this program's.
    pub streams: bool,
    /// The lowest level of the plugin's log lines that are written to standard error while it runs.
    pub logs_shown: LogLevel,
}

/// The plugin that is called.
#[derive(Debug)]
pub enum CallSource {
    /// A plugin's name, a path or a URL.
    Word(String),
    /// The path or URL of a manifest, whatever it is called.
    Manifest(String),
}

/// The function's input.
#[derive(Debug)]
pub enum CallInput {
    Bytes(Vec<u8>),
    Stdin,
}

/// The form in which an output is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputForm {
    /// The bytes, and a newline after text that lacks one.
    Text,
    /// The bytes alone.
    Raw,
    Json,
}

impl OutputForm {
    /// The form that `--json` and `--raw` ask for.
    pub fn of(json: bool, raw: bool) -> OutputForm {
        match (json, raw) {
            (true, _) => OutputForm::Json,
            (false, true) => OutputForm::Raw,
            (false, false) => OutputForm::Text,
        }
    }
}

/// Loads, calls and prints; returns the exit code.
///
/// # Errors
/// The load or the call fails.
pub fn run(kernel: Arc<Kernel>, color: Color, call: OneCall) -> Result<u8, ShellError> {
    let console = Console::new(None, color, Rc::new(RefCell::new(Vec::new())));
    let options = SessionOptions {
        json: call.form == OutputForm::Json,
        logs_shown: Some(call.logs_shown),
        ..SessionOptions::default()
    };
    if call.streams {
        streams::show(&kernel, None);
    }
    let mut session = start(kernel, Box::new(console), options, Stdin::Free);
    interruptible(&session)?;
    let result = load_and_call(&mut session, &call);
    // A failed load or call has logged as well.
    session.show_logs();
    result.map(|()| 0)
}

fn load_and_call(session: &mut Session, call: &OneCall) -> Result<(), ShellError> {
    let input = match &call.input {
        CallInput::Stdin => session.read_stdin()?,
        CallInput::Bytes(bytes) => bytes.clone(),
    };
    let label = match &call.source {
        CallSource::Manifest(source) => load_manifest(session, source, call.host, &call.load)?,
        CallSource::Word(source) => load(session, &source_of(session, source), call.host, &call.load)?,
    };
    session.show_logs();
    let options = CallOptions {
        plugin: label.to_string(),
        function: call.function.clone(),
        raw: call.form == OutputForm::Raw,
        json: call.form == OutputForm::Json,
        ..CallOptions::default()
    };
    let input: Arc<[u8]> = input.into();
    let ends_each = call.repeat > 1 && call.form == OutputForm::Text;
    for _ in 0..call.repeat {
        let reply = session.call(label.id, Arc::clone(&input), &options)?;
        session.show_logs();
        session.emit(&reply)?;
        // One newline after each output of a loop, as `extism call` has it: the front adds it to text that lacks one.
        if ends_each && !gets_newline(&reply) {
            session.emit(&Reply::line(""))?;
        }
    }
    Ok(())
}

/// Whether the front writes a newline of its own after the reply.
pub fn gets_newline(reply: &Reply) -> bool {
    matches!(reply, Reply::Output { bytes, raw } if !newline_after(bytes, *raw).is_empty())
}

/// The source as `load` takes it. A word that names a file but no plugin is that file, as in extism.
fn source_of(session: &Session, source: &str) -> String {
    let is_file = is_name(source) && Path::new(source).is_file();
    match is_file && !session.kernel().loadable().iter().any(|name| name == source) {
        true => format!("./{source}"),
        false => source.to_owned(),
    }
}
