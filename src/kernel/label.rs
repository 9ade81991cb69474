//! Numbers and names of processes and jobs.

use std::fmt;

use serde::Serialize;

/// A process's number: from 1, never used twice. 0 is the shell.
pub type ProcessId = u32;
/// A job's number, from 1.
pub type JobId = u32;

/// A process as messages name it: `1:front`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct ProcessLabel {
    pub id: ProcessId,
    pub name: String,
}

impl fmt::Display for ProcessLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.id, self.name)
    }
}
