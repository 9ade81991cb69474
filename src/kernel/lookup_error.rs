//! Why a process is not found: values, with their words beside them.

use std::fmt;

use crate::runtime::{Advice, Explained};
use crate::text::escape_control;

/// The error of a look-up. That of a remembered dead process is a [`DeadProcess`](super::call_failure::DeadProcess).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupError {
    /// No process goes by this id, name or both; `near` is a name close to it.
    NoReference { reference: String, near: Option<String> },
    /// No living process has the name that the target of a stand-in begins with.
    NoTarget { target: String },
    /// There never was a process of this id.
    NoId { id: u64 },
    /// The process of this id has ended so long ago that only its id is known.
    Ended { id: u64 },
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LookupError::NoReference { reference, .. } => write!(f, "no process `{}`", escape_control(reference)),
            LookupError::NoTarget { target } => {
                let target = escape_control(target);
                write!(f, "no process for `{target}`; a stand-in is `PLUGIN.FUNCTION` of a loaded plugin")
            }
            LookupError::NoId { id } => write!(f, "no process `{id}`"),
            LookupError::Ended { id } => write!(f, "process `{id}` has ended"),
        }
    }
}

impl Explained for LookupError {
    fn advice(&self) -> Option<Advice> {
        match self {
            LookupError::NoReference { near: Some(near), .. } => Some(Advice::DidYouMean(near.clone())),
            LookupError::NoReference { near: None, .. } | LookupError::NoId { .. } => Some(Advice::ListProcesses),
            LookupError::Ended { .. } => Some(Advice::ListEnded),
            LookupError::NoTarget { .. } => None,
        }
    }
}
