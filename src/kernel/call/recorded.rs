//! Calls for the recorder: the shell's at their end, with the nested ones by callee and function, and nested ones at
//! theirs, with their bytes.

use std::sync::Arc;

use super::entered::{Entered, Finished};
use crate::journal::{Outcome, Record};
use crate::kernel::debug::{NestedCall, in_calling_order};
use crate::kernel::error::CallError;
use crate::kernel::frame::Frames;
use crate::kernel::hooks::{NESTED_CALLS_MAX, NestedBytes, RecordedCall, Recorder};
use crate::kernel::task::Task;
use crate::kernel::view::ProcessLabel;

/// A call that is recorded at its end.
pub struct Writing {
    recorder: Arc<dyn Recorder>,
    task: Arc<Task>,
    begun: Record,
    process: ProcessLabel,
    private: bool,
}

impl Entered<'_> {
    /// The call to record at its end, while a recording runs.
    pub(super) fn begin_writing(&self) -> Option<Writing> {
        let recorder = self.task.kernel.hooks().recorder()?;
        let begun = self.task.chain.top_record()?;
        if self.task.chain.answers {
            // A replay of the answered call repeats this one.
            return None;
        }
        if begun.depth == 1 {
            self.task.chain.with_frames(|frames| {
                frames.debug.nested_calls.clear();
                frames.debug.changed = false;
            });
        }
        let process = self.process.label();
        Some(Writing { recorder, task: self.task.clone(), begun, process, private: self.is_private() })
    }
}

impl Writing {
    /// Records the call's end with its own fuel: a nested call in its chain, the shell's call at the recorder.
    pub(super) fn end(self, input: &[u8], result: &Result<Finished, CallError>, fuel: Option<u64>) {
        let mut record = self.begun;
        record.fuel = fuel.unwrap_or(0);
        let result = result.as_ref().map(Finished::output);
        (record.outcome, record.bytes_out) = match &result {
            Ok(output) => (Outcome::Ok, output.len() as u64),
            Err(error) => (error.outcome, 0),
        };
        let chain = &self.task.chain;
        if record.depth > 1 {
            let call = NestedCall::of(&record);
            let bytes = NestedBytes { input, output: result.unwrap_or_default(), private: self.private };
            self.recorder.nested_called(&call, bytes);
            let mut note = |frames: &mut Frames| {
                if frames.debug.nested_calls.len() < NESTED_CALLS_MAX {
                    frames.debug.nested_calls.push(call);
                }
            };
            return match &chain.parent {
                Some(parent) => parent.outermost().visit_frames(&mut note),
                None => chain.with_frames(note),
            };
        }
        let (nested_calls, changed) =
            chain.with_frames(|frames| (std::mem::take(&mut frames.debug.nested_calls), frames.debug.changed));
        let nested_calls = in_calling_order(record.seq, nested_calls);
        let (seq, function) = (record.seq, record.function);
        let (process, private) = (self.process, self.private);
        let call = RecordedCall { seq, process, function, input, result, nested_calls, fuel, private, changed };
        self.recorder.called(&call);
    }
}
