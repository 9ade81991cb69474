//! Plans: the calls of a job, as data.

use std::sync::Arc;
use std::time::Duration;

use super::view::{OwnerId, ProcessId};

/// Calls of a job in order, each with the output of the previous one as its input.
#[derive(Debug, Clone)]
pub struct CallPlan {
    /// At least one.
    pub stages: Vec<CallStage>,
    pub input: Arc<[u8]>,
    /// Count of runs, at least 1; the output is the last run's.
    pub repeat: u64,
    /// For each run of the whole.
    pub timeout: Option<Duration>,
    /// The typed command line, for `jobs`.
    pub text: String,
    pub background: bool,
    pub owner: OwnerId,
}

/// One stage of a pipe of calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallStage {
    pub process: ProcessId,
    pub function: String,
}
