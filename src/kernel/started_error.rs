//! Why a call is not started beside its caller, or not joined. Values, with their words beside them.

use std::fmt;

use crate::limits::Limit;
use crate::runtime::{Advice, Explained, Failure};

/// The refusal of a start or a join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartedError {
    /// The caller has not joined so many.
    OfCaller {
        calls_max: usize,
    },
    /// All callers together have not joined so many.
    OfAll {
        calls_max: usize,
    },
    NoMemory(CallBytes),
    /// The caller has started no such call, or has joined it.
    NoTicket {
        ticket: u64,
    },
}

/// The bytes that a started call keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallBytes {
    Input,
    Output,
}

impl fmt::Display for StartedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartedError::OfCaller { calls_max } => {
                write!(f, "this call has {calls_max} started calls that it has not joined, the limit")
            }
            StartedError::OfAll { calls_max } => write!(f, "{calls_max} started calls are not joined, the limit"),
            StartedError::NoMemory(CallBytes::Input) => f.write_str("no memory for the input of a started call"),
            StartedError::NoMemory(CallBytes::Output) => f.write_str("no memory for the output of a started call"),
            StartedError::NoTicket { ticket } => {
                write!(f, "this call has no started call `{ticket}`: it has joined it, or another call has started it")
            }
        }
    }
}

impl Explained for StartedError {
    fn advice(&self) -> Option<Advice> {
        match self {
            StartedError::OfCaller { .. } => Some(Advice::Raise(Limit::StartedEach)),
            StartedError::OfAll { .. } => Some(Advice::Raise(Limit::Started)),
            StartedError::NoMemory(_) => Some(Advice::Raise(Limit::Memory)),
            StartedError::NoTicket { .. } => None,
        }
    }
}

impl From<StartedError> for Failure {
    fn from(error: StartedError) -> Failure {
        Failure::denied(error)
    }
}
