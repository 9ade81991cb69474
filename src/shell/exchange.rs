//! Exchanging a process's instance, for `restart` and `reload`. While breakpoints are set it is a job, since the calls
//! of the starting instance may be held.

use serde_json::{Value, json};

use super::reply::{Line, Reply, Role, ShellError};
use super::session::Session;
use super::waits::WaitOutcome;
use crate::kernel::{JobEnd, JobOutput, ProcessId, Replaced, ReplacementRequest};

/// The result of an exchange.
pub enum Exchanged {
    Done(Done),
    /// A call of the starting instance is held; the exchange is a parked job now.
    Parked(Reply),
}

/// A finished exchange as news: a line, and the value for a program.
pub struct Done {
    pub line: Line,
    pub json: Value,
}

impl From<Done> for Reply {
    fn from(done: Done) -> Reply {
        Reply::news(done.line, done.json)
    }
}

/// The reply of an exchange that runs as a job, as far as known before its end.
struct ReplyContext {
    kind: ReplacementKind,
    /// Ends the reply's line.
    more: String,
}

#[derive(Clone, Copy)]
enum ReplacementKind {
    Restart,
    Reload,
}

/// Exchanges a process's instance or code; the line that says so ends with `more`.
///
/// # Errors
/// The replacement fails or is interrupted; the old instance stays.
pub fn exchange(
    session: &mut Session,
    id: ProcessId,
    what: ReplacementRequest,
    more: String,
) -> Result<Exchanged, ShellError> {
    let kind = match what {
        ReplacementRequest::Restart | ReplacementRequest::Debug => ReplacementKind::Restart,
        ReplacementRequest::Reload { .. } => ReplacementKind::Reload,
    };
    if session.kernel().breakpoints().is_empty() {
        let replaced = session.kernel().replace_unless(id, &what, session.owner(), &|| session.interrupt().is_raised());
        return Ok(Exchanged::Done(replaced_news(&replaced.map_err(|error| session.call_error(error))?, kind, &more)));
    }
    let word = match kind {
        ReplacementKind::Restart => "restart",
        ReplacementKind::Reload => "reload",
    };
    let text = format!("{word} {}", session.label(id));
    let job =
        session.kernel().start_replace(id, what, text, session.owner()).map_err(|error| session.call_error(error))?;
    let context = ReplyContext { kind, more };
    match session.wait_or_park(&job, false)? {
        WaitOutcome::Ended(end) => Ok(Exchanged::Done(exchanged(session, &end, &context)?)),
        blocked => {
            let continuation =
                Box::new(move |session: &mut Session, end: &JobEnd| exchanged(session, end, &context).map(Reply::from));
            Ok(Exchanged::Parked(session.park_job(&job, &blocked, continuation, false)?))
        }
    }
}

/// The reply once the exchange's job has ended.
fn exchanged(session: &mut Session, end: &JobEnd, context: &ReplyContext) -> Result<Done, ShellError> {
    match &end.result {
        Ok(JobOutput::Replaced(replaced)) => Ok(replaced_news(replaced, context.kind, &context.more)),
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.bytes()).into_owned();
            Ok(Done { line: Line::from(text.as_str()), json: text.into() })
        }
        Err(error) => Err(session.call_error(error.clone())),
    }
}

/// `1:counter restarted: the state of 3 earlier calls is lost`.
fn replaced_news(replaced: &Replaced, kind: ReplacementKind, more: &str) -> Done {
    let json = json!({
        "id": replaced.label.id,
        "name": replaced.label.name,
        "code_changed": replaced.code_changed,
        "calls_lost": replaced.calls_lost,
        "functions_lost": replaced.functions_lost,
    });
    let verb = match kind {
        ReplacementKind::Restart => "restarted",
        ReplacementKind::Reload if replaced.code_changed => "reloaded",
        ReplacementKind::Reload => "reloaded, the code is the same",
    };
    let line = Line::new().with(Role::Name, replaced.label.to_string()).plain(format!(" {verb}"));
    let mut line = match replaced.calls_lost {
        0 => line,
        1 => line.plain(": the state of 1 earlier call is lost"),
        calls => line.plain(format!(": the state of {calls} earlier calls is lost")),
    };
    if !replaced.functions_lost.is_empty() {
        line.push(Role::Warn, format!("; `{}` is not there any more", replaced.functions_lost.join("`, `")));
    }
    if !more.is_empty() {
        line.push(Role::Dim, format!("; {more}"));
    }
    Done { line, json }
}
