//! Why a process has no instance, and why it ended: values, and the line of each.

use std::fmt;
use std::sync::Arc;

use super::call_failure::CallFailure;
use super::label::ProcessLabel;
use crate::runtime::Wording;

/// The reason why a process has no instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Crash {
    /// A call that failed.
    Call(Arc<CallFailure>),
    /// A panic of plugsh in a call.
    Host,
}

/// With the tail of the plugin's standard error.
impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Crash::Call(failure) => f.write_str(&failure.with_reason()),
            Crash::Host => f.write_str("plugsh itself failed in a call of it"),
        }
    }
}

/// Why a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExitReason {
    /// By a person.
    Killed,
    /// By an ancestor.
    Freed(ProcessLabel),
    /// The supervision ends the process after a crash.
    Crashed(Arc<CallFailure>),
    /// The start of the process failed.
    NotStarted,
}

/// A call or a command that names a dead process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadProcess {
    pub process: ProcessLabel,
    pub reason: ExitReason,
}

impl DeadProcess {
    /// In the words of an error.
    pub fn words(&self, wording: Wording) -> String {
        format!("process `{}` is dead: {}", self.process, self.reason.words(wording))
    }
}

impl ExitReason {
    /// In the words of an error or a list.
    pub fn words(&self, wording: Wording) -> String {
        match self {
            ExitReason::Killed => format!("killed by {}", wording.shell()),
            ExitReason::Freed(ancestor) => format!("freed by `{ancestor}`"),
            ExitReason::Crashed(failure) => format!("crashed: {failure}"),
            ExitReason::NotStarted => "it could not start".to_owned(),
        }
    }
}
