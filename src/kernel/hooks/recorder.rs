//! Handing on what the shell called: each call from the prompt with its bytes and the calls it made, as it ends.

use crate::journal::Symbol;
use crate::kernel::debug::{NestedCall, ReplacedBy};
use crate::kernel::error::CallError;
use crate::kernel::view::{ProcessDetail, ProcessLabel};

/// Nested calls of one call that are noted; what comes after is not.
pub const MADE_CALLS_MAX: usize = 10_000;

/// Who is told. Called on the threads of jobs, perhaps on several at once.
pub trait Recorder: Send + Sync {
    /// The shell has started a process.
    fn loaded(&self, process: &ProcessDetail);
    /// A process goes on with a fresh instance or with new code: the next call finds it.
    fn replaced(&self, process: &ProcessDetail, by: ReplacedBy);
    /// A call from the shell has ended.
    fn called(&self, call: &RecordedCall<'_>);
}

/// One call from the shell.
pub struct RecordedCall<'a> {
    pub seq: u64,
    pub process: ProcessLabel,
    pub function: Symbol,
    /// As the shell gave it.
    pub input: &'a [u8],
    pub result: Result<&'a [u8], &'a CallError>,
    /// The calls below it in the order they began, as far as [`MADE_CALLS_MAX`] goes.
    pub made: Vec<NestedCall>,
    /// Its bytes must not be written down.
    pub private: bool,
    /// A fault or a breakpoint met it, or a call below it.
    pub changed: bool,
}
