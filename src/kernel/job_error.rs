//! Why a job does not run to its end by itself: values, with their words beside them.

use std::fmt;

use super::label::ProcessLabel;
use crate::journal::Outcome;
use crate::runtime::{Advice, Explained};
use crate::text::escape_control;
use crate::thread_pool::NoThread;

/// The error of a job that is not that of one of its calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobError {
    /// So many jobs run.
    TooMany {
        running_max: usize,
    },
    NoThread(NoThread),
    /// A panic of plugsh, with its text.
    Panicked(Option<String>),
    /// A plan without a stage.
    NoCalls,
    Busy(ProcessLabel),
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JobError::TooMany { running_max } => write!(f, "{running_max} jobs run, the limit"),
            JobError::NoThread(NoThread::Refused(error)) => write!(f, "cannot start a thread for the job: {error}"),
            JobError::NoThread(NoThread::AtWork) => f.write_str("cannot start a thread for the job: all are at work"),
            JobError::Panicked(text) => {
                let why = escape_control(text.as_deref().unwrap_or("it does not say why"));
                write!(f, "plugsh itself failed, which is a mistake of its own: {why}")
            }
            JobError::NoCalls => f.write_str("a pipe of no calls"),
            JobError::Busy(process) => write!(f, "`{process}` is busy"),
        }
    }
}

impl Explained for JobError {
    fn advice(&self) -> Option<Advice> {
        match self {
            JobError::TooMany { .. } => Some(Advice::WaitForOne),
            _ => None,
        }
    }
}

impl JobError {
    /// Outcome of the job.
    pub fn outcome(&self) -> Outcome {
        match self {
            JobError::TooMany { .. } | JobError::NoThread(_) => Outcome::Denied,
            JobError::Panicked(_) | JobError::NoCalls | JobError::Busy(_) => Outcome::Error,
        }
    }
}
