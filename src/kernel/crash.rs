//! Why a process has no instance: values, and the line of each. Why it ended is in `call_failure`.

use std::fmt;
use std::sync::Arc;

use super::call_failure::CallFailure;

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
