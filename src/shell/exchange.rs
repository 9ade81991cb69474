//! A process's instance exchanged, by `restart` or `reload`: as a job where a breakpoint may hold what the new one calls while
//! it starts.

use super::reply::{Line, Reply, Role, ShellError};
use super::session::Session;
use super::waits::{Awaited, OnInterrupt};
use crate::kernel::{JobEnd, JobOutput, ProcessId, Replaced, Replacement};

/// How an exchange came out.
pub enum Exchanged {
    Done(Line),
    /// What it calls while it starts is held, and what is left of it is a job now.
    Stuck(Reply),
}

/// An exchange that is a job: what is said when it has ended.
struct Exchanging {
    did: ReplacementKind,
    /// Said after it.
    more: String,
}

#[derive(Clone, Copy)]
enum ReplacementKind {
    Restart,
    Reload,
}

/// Exchanges a process's instance or code; the line that says so ends with `more`.
pub fn exchange(
    session: &mut Session,
    id: ProcessId,
    what: Replacement,
    more: String,
) -> Result<Exchanged, ShellError> {
    let did = match what {
        Replacement::Restart => ReplacementKind::Restart,
        Replacement::Reload { .. } => ReplacementKind::Reload,
    };
    if session.kernel().breakpoints().is_empty() {
        let replaced = session.kernel().replace_unless(id, &what, &|| session.interrupt().is_raised());
        return Ok(Exchanged::Done(replaced_line(&replaced.map_err(|error| session.call_error(error))?, did, &more)));
    }
    let word = match did {
        ReplacementKind::Restart => "restart",
        ReplacementKind::Reload => "reload",
    };
    let text = format!("{word} {}", session.label(id));
    let job = session.kernel().start_replace(id, what, text).map_err(|error| session.call_error(error))?;
    let exchanging = Exchanging { did, more };
    match session.wait_or_hold(&job, OnInterrupt::EndJob)? {
        Awaited::Ended(end) => Ok(Exchanged::Done(exchanged(session, &end, &exchanging)?)),
        stuck => {
            let left = Box::new(move |session: &mut Session, end: &JobEnd| {
                Ok(Reply::Lines(vec![exchanged(session, end, &exchanging)?]))
            });
            Ok(Exchanged::Stuck(session.park_job(&job, &stuck, left, false)?))
        }
    }
}

/// What an exchange comes to that was made as a job.
fn exchanged(session: &mut Session, end: &JobEnd, exchanging: &Exchanging) -> Result<Line, ShellError> {
    match &end.result {
        Ok(JobOutput::Replaced(replaced)) => Ok(replaced_line(replaced, exchanging.did, &exchanging.more)),
        Ok(output) => Ok(Line::from(String::from_utf8_lossy(&output.bytes()).into_owned())),
        Err(error) => Err(session.call_error(error.clone())),
    }
}

/// `1:counter restarted: the state of 3 earlier calls is lost`.
fn replaced_line(replaced: &Replaced, did: ReplacementKind, more: &str) -> Line {
    let did = match did {
        ReplacementKind::Restart => "restarted",
        ReplacementKind::Reload if replaced.code_changed => "reloaded",
        ReplacementKind::Reload => "reloaded, the code is the same",
    };
    let line = Line::new().with(Role::Name, replaced.label.to_string()).plain(format!(" {did}"));
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
    line
}
