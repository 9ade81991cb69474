//! The output of a job that ended well: a value, and its form as bytes.

use std::sync::Arc;

use super::view::{ProcessLabel, Replaced};

/// The output of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum JobOutput {
    /// The output of the last call, shared and not copied.
    Bytes(Arc<[u8]>),
    /// The count of bytes that calls wrote to the job's sink.
    Sunk { bytes: u64 },
    /// The process that a load started.
    Loaded(ProcessLabel),
    /// The replacement by a restart or a reload.
    Replaced(Replaced),
}

impl JobOutput {
    /// The bytes to print: the output of calls, or the name of a process; empty after a sink took them.
    pub fn bytes(&self) -> Arc<[u8]> {
        match self {
            JobOutput::Bytes(bytes) => Arc::clone(bytes),
            JobOutput::Sunk { .. } => Arc::default(),
            JobOutput::Loaded(label) | JobOutput::Replaced(Replaced { label, .. }) => {
                label.to_string().into_bytes().into()
            }
        }
    }

    /// Count of output bytes, those that went to a sink included.
    pub fn byte_count(&self) -> u64 {
        match self {
            JobOutput::Sunk { bytes } => *bytes,
            output => output.bytes().len() as u64,
        }
    }

    /// Whether the output went to a sink, so that nothing is left to print.
    pub fn is_sunk(&self) -> bool {
        matches!(self, JobOutput::Sunk { .. })
    }
}

impl Default for JobOutput {
    fn default() -> Self {
        JobOutput::Bytes(Arc::default())
    }
}
