//! Setting the recorder, and notifying it of loads and replacements.

use std::sync::Arc;

use super::recorder::Recorder;
use crate::kernel::Kernel;
use crate::kernel::debug::ReplacedBy;
use crate::kernel::task::Task;
use crate::kernel::view::{ProcessId, ProcessLabel};
use crate::runtime::AnswerMode;

impl Kernel {
    /// Sets the recorder of calls from the shell; `None`: recording ends. Returns the previous recorder.
    pub fn record_calls(&self, recorder: Option<Arc<dyn Recorder>>) -> Option<Arc<dyn Recorder>> {
        let mode = recorder.as_ref().map_or(AnswerMode::Live, |recorder| recorder.answer_mode());
        let before = self.hooks().change(|rules| std::mem::replace(&mut rules.recorder, recorder));
        self.hooks().set_answer_mode(mode);
        before
    }

    /// The recorder that is set.
    pub fn recorder(&self) -> Option<Arc<dyn Recorder>> {
        self.hooks().recorder()
    }

    /// Notifies the recorder, if one is set, of a process that the shell has started.
    pub(in crate::kernel) fn notify_loaded(&self, task: &Task, label: &ProcessLabel) {
        if !task.chain.answers
            && let Some(recorder) = self.hooks().recorder()
            && let Some(detail) = self.process(label.id)
        {
            recorder.loaded(&detail);
        }
    }

    /// Notifies the recorder, if one is set, of a process with a fresh instance or new code.
    pub(in crate::kernel) fn notify_replaced(&self, id: ProcessId, by: ReplacedBy) {
        if let Some(recorder) = self.hooks().recorder()
            && let Some(detail) = self.process(id)
        {
            recorder.replaced(&detail, by);
        }
    }
}

#[cfg(test)]
mod tests;
