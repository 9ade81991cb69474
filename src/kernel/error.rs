//! How a call ended badly, as everyone above the kernel sees it: one outcome, one line, the path of the chain.

use std::fmt;

use crate::journal::Outcome;
use crate::runtime::{Failure, FailureKind};

/// Why a call, a load or a request failed. The message is the whole line, path included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// How the failing call ended; never `Ok`, `Running` or `Held`.
    pub outcome: Outcome,
    /// One line: `2:cart.total: killed by the shell (1:front.run → 2:cart.total)`.
    pub message: String,
    /// The guest's return code or WASI exit code, where it gave one.
    pub code: Option<i32>,
}

impl CallError {
    /// An error with its whole line.
    pub fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        CallError { outcome, message: message.into(), code: None }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CallError {}

/// How a call ends that failed with this kind of failure.
pub fn outcome_of(kind: FailureKind) -> Outcome {
    match kind {
        FailureKind::Guest | FailureKind::Nested | FailureKind::Load => Outcome::Error,
        FailureKind::Trap => Outcome::Trap,
        FailureKind::Interrupted => Outcome::Killed,
        FailureKind::Oom => Outcome::Oom,
        FailureKind::Fuel => Outcome::Fuel,
        FailureKind::Denied => Outcome::Denied,
    }
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        CallError { outcome: outcome_of(failure.kind), message: failure.message, code: failure.code }
    }
}
