//! Handing on what the shell called: each call from the prompt with its bytes and the calls it made, as it ends.

use std::sync::Arc;

use crate::journal::{Outcome, Record, Symbol};
use crate::kernel::call::{Entered, Finished};
use crate::kernel::chain::Chain;
use crate::kernel::error::CallError;
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

/// What a process was replaced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplacedBy {
    /// A fresh instance of its own code.
    Restart,
    /// New code.
    Reload,
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
    pub made: Vec<MadeCall>,
    /// Its bytes must not be written down.
    pub private: bool,
    /// A fault or a breakpoint met it, or a call below it.
    pub changed: bool,
}

/// One nested call, without what differs from run to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeCall {
    pub seq: u64,
    pub depth: u16,
    pub caller: Symbol,
    pub callee: Symbol,
    pub function: Symbol,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub outcome: Outcome,
}

impl MadeCall {
    /// What of a record stays the same when the call is made again.
    pub fn of(record: &Record) -> MadeCall {
        MadeCall {
            seq: record.seq,
            depth: record.depth,
            caller: record.caller_name,
            callee: record.callee_name,
            function: record.function,
            bytes_in: record.bytes_in,
            bytes_out: record.bytes_out,
            outcome: record.outcome,
        }
    }
}

/// A call that is written down when it has ended.
pub struct Writing {
    recorder: Arc<dyn Recorder>,
    chain: Arc<Chain>,
    begun: Record,
    process: ProcessLabel,
    private: bool,
}

impl Entered<'_> {
    /// The call to write down at its end, while a recording runs.
    pub(super) fn begin_writing(&self) -> Option<Writing> {
        let recorder = self.chain.kernel.hooks().recorder()?;
        let begun = self.chain.top_record()?;
        if self.chain.answers {
            // The call that is answered makes it again by itself.
            return None;
        }
        if begun.depth == 1 {
            let mut frames = self.chain.frames.lock();
            frames.debug.made.clear();
            frames.debug.changed = false;
        }
        let process = self.process.label();
        Some(Writing { recorder, chain: self.chain.clone(), begun, process, private: self.is_private() })
    }
}

impl Writing {
    /// The call has ended: a nested one is noted in its chain, one from the shell is handed on.
    pub(super) fn end(self, input: &[u8], result: &Result<Finished, CallError>) {
        let mut record = self.begun;
        let result = result.as_ref().map(Finished::output);
        (record.outcome, record.bytes_out) = match &result {
            Ok(output) => (Outcome::Ok, output.len() as u64),
            Err(error) => (error.outcome, 0),
        };
        let mut frames = self.chain.frames.lock();
        let made = &mut frames.debug.made;
        if record.depth > 1 {
            if made.len() < MADE_CALLS_MAX {
                made.push(MadeCall::of(&record));
            }
            return;
        }
        let mut made = std::mem::take(made);
        let changed = frames.debug.changed;
        drop(frames);
        made.sort_by_key(|call| call.seq);
        let (seq, function) = (record.seq, record.function);
        let (process, private) = (self.process, self.private);
        let call = RecordedCall { seq, process, function, input, result, made, private, changed };
        self.recorder.called(&call);
    }
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
    pub(in crate::kernel) fn tell_loaded(&self, chain: &Chain, label: &ProcessLabel) {
        if !chain.answers
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
