//! The subject of details and of keys: a process or a call.

use crate::kernel::ProcessId;

/// The subject of the details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Process(ProcessId),
    /// The call with this seq.
    Call(u64),
}
