//! Methods that are commands of the shell: their fields become a line, and their answer is what the line gives with
//! `--json`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::serve::caller::Caller;
use crate::serve::wire::{WireError, params_of};
use crate::shell::headless::Headless;
use crate::shell::line::{parse, quote};
use crate::shell::session::Sink;
use crate::shell::{Reply, SessionOptions, Stdin, start, syntax_error};

/// Answers of requests: the value, or `None` where it was sent already.
type Answer = Result<Option<Value>, WireError>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoadParams {
    source: String,
    name: Option<String>,
    /// Options as they are typed after `load SOURCE`: `["--config", "a=b"]`.
    #[serde(default)]
    options: Vec<String>,
}

/// Loads a plugin.
///
/// # Errors
/// The fields are wrong, or the load fails.
pub fn load(caller: &Arc<Caller>, _: &Value, params: Map<String, Value>) -> Answer {
    let LoadParams { source, name, options } = params_of(params)?;
    let mut words = vec![quoted(&source)];
    if let Some(name) = name {
        words.extend(["--as".to_owned(), quoted(&name)]);
    }
    words.extend(options.iter().map(|option| option_word(option)));
    run(caller, "load", &words)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KillParams {
    /// A process by id or name, or a job as `%1`.
    target: String,
    /// The processes below it too.
    #[serde(default)]
    recursive: bool,
}

/// Ends a process or a job.
///
/// # Errors
/// The fields are wrong, or there is no such process or job.
pub fn kill(caller: &Arc<Caller>, _: &Value, params: Map<String, Value>) -> Answer {
    let KillParams { target, recursive } = params_of(params)?;
    let mut words = vec![quoted(&target)];
    words.extend(recursive.then(|| "-r".to_owned()));
    run(caller, "kill", &words)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PsParams {
    /// The dead too.
    #[serde(default)]
    all: bool,
}

/// Lists processes.
///
/// # Errors
/// The fields are wrong.
pub fn ps(caller: &Arc<Caller>, _: &Value, params: Map<String, Value>) -> Answer {
    let PsParams { all } = params_of(params)?;
    run(caller, "ps", &Vec::from_iter(all.then(|| "-a".to_owned())))
}

/// A word as data, whatever is in it.
fn quoted(word: &str) -> String {
    quote(word.as_bytes()).to_string()
}

/// An option's name as it is, and all else as data: a quoted word is never an option.
fn option_word(word: &str) -> String {
    let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
    let is_name = name.starts_with('-') && name.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase());
    match (is_name, value) {
        (true, None) => name.to_owned(),
        (true, Some(value)) => format!("{name} {}", quoted(value)),
        (false, _) => quoted(word),
    }
}

/// Runs a command in a session of its own, with `--json`.
///
/// # Errors
/// The command fails.
pub fn run(caller: &Arc<Caller>, command: &str, words: &[String]) -> Answer {
    let line = format!("{command} --json {}", words.join(" "));
    let options = SessionOptions { owner: caller.owner, ..SessionOptions::default() };
    let (front, _) = Headless::new();
    let mut session = start(Arc::clone(&caller.shared.kernel), Box::new(front), options, Stdin::Used);
    let script = parse(&line, &session.grammar()).map_err(|error| WireError::from(&syntax_error(&error)))?;
    let (result, sink) = session.with_sink(Sink::Replies(Vec::new()), |session| session.run_statements(&script));
    result.map_err(|error| WireError::from(&error))?;
    let replies = if let Some(Sink::Replies(replies)) = sink { replies } else { Vec::new() };
    Ok(replies
        .into_iter()
        .find_map(|reply| match reply {
            Reply::Json(json) => Some(json),
            Reply::JsonLines(values) => Some(values.into()),
            _ => None,
        })
        .or(Some(Value::Null)))
}
