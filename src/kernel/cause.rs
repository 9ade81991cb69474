//! Why a call ends before its time: the cause of a cancel, who killed it, the deadline that passed.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::label::ProcessLabel;
use crate::journal::units::exact_duration;
use crate::journal::{FailedCall, Outcome};
use crate::limits::Limit;
use crate::runtime::{Advice, Failure, FailureKind, NodeEnd, Worded, Wording};

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
    /// The node that the call's instance was on is gone.
    NodeLost { node: Arc<str>, end: NodeEnd },
}

/// The initiator of a kill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Killer {
    Shell,
    /// An ancestor that freed its descendant.
    Ancestor(ProcessLabel),
    /// The process's own crash, which its supervision ends it for.
    OwnCrash,
    Restart,
}

impl Worded for Killer {
    fn write(&self, wording: Wording, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Killer::Shell => write!(f, "killed by {}", wording.shell()),
            Killer::Ancestor(process) => write!(f, "killed by `{process}`"),
            Killer::OwnCrash => f.write_str("killed by its own crash"),
            Killer::Restart => write!(f, "killed by {}", wording.restart()),
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
}

impl Worded for Cause {
    fn write(&self, wording: Wording, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Interrupted => f.write_str("interrupted"),
            Cause::Killed { by } => by.write(wording, f),
            Cause::Timeout { timeout } => write!(f, "timed out after {}", exact_duration(*timeout)),
            Cause::NotJoined => f.write_str("ended before it joined this call"),
            Cause::NodeLost { node, end } => write!(f, "node `{node}` {end}: it may or may not have run"),
        }
    }
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
        let cause = Cause::Timeout { timeout: self.timeout }.words(Wording::default());
        let why = format!("{cause} while it was {done}");
        Failure::advised(FailureKind::Interrupted, why, Advice::Raise(Limit::LoadTimeout))
    }
}
