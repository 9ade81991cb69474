//! Handing on what the shell called: each call from the prompt with its bytes and the calls it made, as it ends.

use std::sync::Arc;

use crate::journal::Symbol;
use crate::kernel::debug::{NestedCall, ReplacedBy};
use crate::kernel::error::CallError;
use crate::kernel::task::Task;
use crate::kernel::view::{ProcessDetail, ProcessId, ProcessLabel};
use crate::kernel::{Hooks, Kernel};

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

impl Hooks {
    pub(in crate::kernel) fn recorder(&self) -> Option<Arc<dyn Recorder>> {
        self.rules.read().recorder.clone()
    }
}

impl Kernel {
    /// Tells `recorder` of every call from the shell from now on; `None`: nobody any more. Who was told before.
    pub fn record_calls(&self, recorder: Option<Arc<dyn Recorder>>) -> Option<Arc<dyn Recorder>> {
        self.hooks().change(|rules| std::mem::replace(&mut rules.recorder, recorder))
    }

    /// Tells the recorder, if there is one, that the shell has started a process.
    pub(in crate::kernel) fn tell_loaded(&self, task: &Task, label: &ProcessLabel) {
        if !task.chain.answers
            && let Some(recorder) = self.hooks().recorder()
            && let Some(detail) = self.process(label.id)
        {
            recorder.loaded(&detail);
        }
    }

    /// Tells it that a process has a fresh instance or new code.
    pub(in crate::kernel) fn tell_replaced(&self, id: ProcessId, by: ReplacedBy) {
        if let Some(recorder) = self.hooks().recorder()
            && let Some(detail) = self.process(id)
        {
            recorder.replaced(&detail, by);
        }
    }
}

#[cfg(test)]
mod tests;
