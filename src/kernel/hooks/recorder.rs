//! The recorder's interface: it receives each call of the shell with its bytes and nested calls when the call ends, and
//! each nested call with its bytes.

use crate::journal::Symbol;
use crate::kernel::debug::{NestedCall, ReplacedBy};
use crate::kernel::error::CallError;
use crate::kernel::view::{ProcessDetail, ProcessLabel};
use crate::runtime::{AnswerMode, HostAnswer};

/// Most nested calls that are recorded for one call; later ones are left out.
pub const NESTED_CALLS_MAX: usize = 10_000;

/// Receives loads, replacements and calls. Called on the threads of jobs, several at once.
pub trait Recorder: Send + Sync {
    /// The shell has started a process.
    fn loaded(&self, process: &ProcessDetail);
    /// A process has a fresh instance or new code: the next call uses it.
    fn replaced(&self, process: &ProcessDetail, by: ReplacedBy);
    /// A call from the shell has ended.
    fn called(&self, call: &RecordedCall<'_>);
    /// A nested call has ended, before the call from the shell that it belongs to.
    fn nested_called(&self, _call: &NestedCall, _bytes: NestedBytes<'_>) {}
    /// Where the host's answers to plugins come from, and where they go. Asked once, when the recorder is set.
    fn answer_mode(&self) -> AnswerMode {
        AnswerMode::Live
    }
    /// The host has answered a process of this name; its answers come in the order in which it got them.
    fn keep_answer(&self, _process: &str, _answer: HostAnswer) {}
    /// The next answer for a process of this name, which must be one to this request.
    ///
    /// # Errors
    /// There is none, or it is one to another request; in words.
    fn recorded_answer(&self, process: &str, function: &str, _asked: &str) -> Result<HostAnswer, String> {
        Err(format!("nothing answers `{function}` of `{process}`"))
    }
}

/// The bytes of a nested call.
#[derive(Debug, Clone, Copy)]
pub struct NestedBytes<'a> {
    pub input: &'a [u8],
    /// Empty where the call failed.
    pub output: &'a [u8],
    /// True when its bytes must be neither kept nor shown.
    pub private: bool,
}

/// One call from the shell.
pub struct RecordedCall<'a> {
    pub seq: u64,
    pub process: ProcessLabel,
    pub function: Symbol,
    /// The input that the shell passed.
    pub input: &'a [u8],
    pub result: Result<&'a [u8], &'a CallError>,
    /// The nested calls in the order of their starts, at most [`NESTED_CALLS_MAX`].
    pub nested_calls: Vec<NestedCall>,
    /// Units of fuel of the call itself; `None`: not counted.
    pub fuel: Option<u64>,
    /// True when its bytes must not be written down.
    pub private: bool,
    /// True when a fault or a breakpoint met it or a nested call.
    pub changed: bool,
}
