//! Who hears of loads, replacements and calls: set from the shell, told by the kernel.

use std::sync::Arc;

use super::recorder::Recorder;
use crate::kernel::Kernel;
use crate::kernel::debug::ReplacedBy;
use crate::kernel::task::Task;
use crate::kernel::view::{ProcessId, ProcessLabel};

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
