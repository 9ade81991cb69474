//! What a job that ended well gives: a value, and the bytes that stand for it where bytes are wanted.

use std::sync::Arc;

use super::view::{ProcessLabel, Replaced};

/// What a job gives.
#[derive(Debug, Clone, PartialEq)]
pub enum JobOutput {
    /// Of calls: the last one's output, shared by all who show or keep it.
    Bytes(Arc<[u8]>),
    /// Of calls whose output the job's sink took: how many bytes that were.
    Sunk { bytes: u64 },
    /// Of a load: the process that it started.
    Loaded(ProcessLabel),
    /// Of a restart or a reload: what was exchanged.
    Replaced(Replaced),
}

impl JobOutput {
    /// The bytes to print: calls' output, or the name of a process. None are left of what a sink took.
    pub fn bytes(&self) -> Arc<[u8]> {
        match self {
            JobOutput::Bytes(bytes) => Arc::clone(bytes),
            JobOutput::Sunk { .. } => Arc::default(),
            JobOutput::Loaded(label) | JobOutput::Replaced(Replaced { label, .. }) => {
                label.to_string().into_bytes().into()
            }
        }
    }

    /// How many bytes it gave, those that a sink took included.
    pub fn byte_count(&self) -> u64 {
        match self {
            JobOutput::Sunk { bytes } => *bytes,
            output => output.bytes().len() as u64,
        }
    }

    /// Whether a sink took it, so that nothing is left to print.
    pub fn is_sunk(&self) -> bool {
        matches!(self, JobOutput::Sunk { .. })
    }
}

impl Default for JobOutput {
    fn default() -> Self {
        JobOutput::Bytes(Arc::default())
    }
}
