//! Plans: the calls that a job is to make, as data.

use std::sync::Arc;
use std::time::Duration;

use super::view::ProcessId;

/// Calls to make, one after the other, each fed the output of the one before: a job.
#[derive(Debug, Clone)]
pub struct CallPlan {
    /// At least one.
    pub stages: Vec<CallStage>,
    pub input: Arc<[u8]>,
    /// How many times the whole is run; the output is the last one's. At least 1.
    pub repeat: u64,
    /// For each run of the whole.
    pub timeout: Option<Duration>,
    /// The line it was typed as, for `jobs`.
    pub text: String,
    pub background: bool,
}

/// One stage of a pipe of calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallStage {
    pub process: ProcessId,
    pub function: String,
}
