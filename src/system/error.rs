//! The error of a system: an outcome, a message, and the calls that led to it.

use std::fmt;

use super::ProcessId;
use crate::journal::Outcome;
use crate::kernel::CallError;

/// Why a call, a load or a request failed. Its text is one line that names the call and the whole path:
/// `2:cart.total: no rate (1:front.run → 2:cart.total)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    outcome: Outcome,
    line: String,
    message: String,
    code: Option<i32>,
    path: Vec<CallStep>,
}

/// One call on the way to a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallStep {
    /// The process that was called.
    pub process: ProcessId,
    /// The name.
    pub name: String,
    /// The function, as its caller wrote it.
    pub function: String,
}

impl Error {
    /// How the failed call ended; never `Ok`, `Running` or `Held`. [`Outcome::Error`] also for what could not be found,
    /// and [`Outcome::Denied`] for what a limit or the policy refused.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The cause alone, without the call's name and the path.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The plugin's return code or WASI exit code, if there was one.
    pub fn code(&self) -> Option<i32> {
        self.code
    }

    /// The calls that led to the failure, the outermost first and the one to blame last; empty where nothing ran. Of a
    /// path of more than 64 calls, the innermost ones.
    pub fn path(&self) -> &[CallStep] {
        &self.path
    }

    /// A refusal by the system itself.
    pub(super) fn refused(message: impl Into<String>) -> Error {
        let message = message.into();
        Error { outcome: Outcome::Error, line: message.clone(), message, code: None, path: Vec::new() }
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Error {
        let step = |(process, function): (&crate::kernel::ProcessLabel, crate::journal::Symbol)| CallStep {
            process: process.id,
            name: process.name.clone(),
            function: function.as_str().to_owned(),
        };
        let mut path: Vec<CallStep> = error.stack.iter().flat_map(|stack| stack.calls()).map(step).collect();
        path.reverse();
        Error {
            outcome: error.outcome,
            line: error.with_reason(),
            message: error.failure.cause_line(),
            code: error.code,
            path,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl std::error::Error for Error {}

impl fmt::Display for CallStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}.{}", self.process, self.name, self.function)
    }
}
