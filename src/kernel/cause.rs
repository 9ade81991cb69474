//! Why a call ends before its time: the cause of a cancel, who killed it, the deadline that passed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::call_failure::CallFailure;
use super::crash::ExitReason;
use super::view::ProcessLabel;
use crate::journal::units::exact_duration;
use crate::journal::{FailedCall, Outcome};
use crate::limits::Limit;
use crate::runtime::{Advice, Failure, FailureKind, Wording};

/// The cause of a cancel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Ctrl-C.
    Interrupted,
    /// The end of the call's process, or of its job.
    Killed { by: Killer },
    /// A deadline that passed, with its timeout.
    Timeout { timeout: Duration },
    /// The end of the call that started it and has not joined it.
    NotJoined,
    /// The node that the call's instance was on is out of reach.
    NodeLost { node: Arc<str> },
}

/// The initiator of a kill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Killer {
    Shell,
    /// An ancestor that freed its descendant.
    Ancestor(ProcessLabel),
    /// The process's own crash, which its supervision ends it for.
    Crash(Arc<CallFailure>),
    Restart,
}

impl Killer {
    /// Why the process that it kills has ended. A restart ends a call alone.
    pub fn exit_reason(&self) -> ExitReason {
        match self {
            Killer::Shell | Killer::Restart => ExitReason::Killed,
            Killer::Ancestor(process) => ExitReason::Freed(process.clone()),
            Killer::Crash(failure) => ExitReason::Crashed(failure.clone()),
        }
    }

    fn words(&self, wording: Wording) -> String {
        match self {
            Killer::Shell => ExitReason::Killed.words(wording),
            Killer::Ancestor(process) => format!("killed by `{process}`"),
            Killer::Crash(_) => "killed by its own crash".into(),
            Killer::Restart => format!("killed by {}", wording.restart()),
        }
    }
}

impl Cause {
    /// The outcome of a call that was cancelled for this cause.
    pub fn outcome(&self) -> Outcome {
        match self {
            Cause::Interrupted | Cause::Killed { .. } | Cause::NotJoined => Outcome::Killed,
            Cause::Timeout { .. } => Outcome::Timeout,
            Cause::NodeLost { .. } => Outcome::Lost,
        }
    }

    /// In the words of the error.
    pub fn words(&self, wording: Wording) -> String {
        match self {
            Cause::Interrupted => "interrupted".into(),
            Cause::Killed { by } => by.words(wording),
            Cause::Timeout { timeout } => timed_out(*timeout),
            Cause::NotJoined => "ended before it joined this call".into(),
            Cause::NodeLost { node } => format!("node `{node}` is lost: it may or may not have run"),
        }
    }
}

fn timed_out(timeout: Duration) -> String {
    format!("timed out after {}", exact_duration(timeout))
}

/// Why a chain ends before its time: a call above it was cancelled, or has ended.
#[derive(Debug, Clone)]
pub struct CancelledByCaller {
    pub cause: Cause,
    /// The call that was cancelled, or has ended.
    pub target: FailedCall,
}

/// The latest end of a call or a load, and the timeout behind it.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    pub at: Instant,
    pub timeout: Duration,
}

impl Deadline {
    /// A deadline after a timeout from now.
    pub fn after(timeout: Duration) -> Deadline {
        Deadline { at: Instant::now() + timeout, timeout }
    }

    /// The earliest deadline of a call that began at `started` with these timeouts.
    #[inline]
    pub fn first_of(started: Instant, timeouts: [Option<Duration>; 3]) -> Option<Deadline> {
        let timeout = timeouts.into_iter().flatten().min()?;
        Some(Deadline { at: started + timeout, timeout })
    }

    /// Whether the deadline has passed.
    pub fn has_passed(&self) -> bool {
        Instant::now() >= self.at
    }

    /// The failure of a load that it ended while the plugin was `done`: `fetched`, `compiled`.
    pub fn load_failure(&self, done: &str) -> Failure {
        let why = format!("{} while it was {done}", timed_out(self.timeout));
        Failure::advised(FailureKind::Interrupted, why, Advice::Raise(Limit::LoadTimeout))
    }
}
