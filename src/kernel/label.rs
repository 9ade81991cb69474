//! Numbers and names of processes and jobs.

use std::fmt;

use serde::Serialize;

/// A process's number: from 1, never used twice. 0 is the shell.
pub type ProcessId = u32;
/// A job's number, from 1.
pub type JobId = u32;

/// An owner of jobs, breakpoints and notices: one for each shell that the kernel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize)]
#[serde(transparent)]
pub struct OwnerId(pub(super) u32);

impl OwnerId {
    /// The owner that a kernel has from its start; it never leaves.
    pub const FIRST: OwnerId = OwnerId(0);
}

impl fmt::Display for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

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
