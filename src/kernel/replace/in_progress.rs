//! A replacement of a process that has begun and not ended: how many there may be, and which of its reloads it is.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::refusal::{REPLACEMENTS_IN_PROGRESS_MAX, ReplaceRefusal};
use super::request::ReplacementRequest;
use crate::kernel::process::{Life, Process, Starting};
use crate::kernel::task::Task;

/// One replacement under way: a kill of its process ends the chain.
pub struct ReplacementGuard<'a> {
    pub(super) task: &'a Arc<Task>,
    pub(super) process: &'a Arc<Process>,
    /// For the start.
    pub(super) timeout: Option<Duration>,
    /// The number of the reload among those of its process; 0 for a restart.
    pub(super) reload: u64,
}

impl<'a> ReplacementGuard<'a> {
    /// Begins one.
    ///
    /// # Errors
    /// The process does not live yet or any more, or [`REPLACEMENTS_IN_PROGRESS_MAX`] replacements of it are in
    /// progress.
    pub(super) fn begin(
        task: &'a Arc<Task>,
        process: &'a Arc<Process>,
        what: &ReplacementRequest,
        timeout: Option<Duration>,
    ) -> Result<Self, ReplaceRefusal> {
        let mut slot = process.lock_slot();
        match &slot.life {
            Life::Alive => {}
            Life::Starting => return Err(ReplaceRefusal::Starting),
            Life::Dead { reason, .. } => return Err(ReplaceRefusal::Dead(reason.clone())),
        }
        let replacements = &mut slot.replacements;
        if replacements.in_progress.len() >= REPLACEMENTS_IN_PROGRESS_MAX {
            return Err(ReplaceRefusal::TooMany);
        }
        replacements.in_progress.push(Starting { chain: task.chain.id, stand_in: None });
        task.chain.replaces.store(process.id, Ordering::Relaxed);
        let reload = match what {
            ReplacementRequest::Restart => 0,
            ReplacementRequest::Reload { .. } | ReplacementRequest::Debug => {
                replacements.reloads_asked += 1;
                replacements.reloads_asked
            }
        };
        Ok(ReplacementGuard { task, process, timeout, reload })
    }
}

impl Drop for ReplacementGuard<'_> {
    fn drop(&mut self) {
        let own = self.task.chain.id;
        self.task.chain.replaces.store(0, Ordering::Relaxed);
        let mut slot = self.process.lock_slot();
        let in_progress = &mut slot.replacements.in_progress;
        let at = in_progress.iter().position(|starting| starting.chain == own);
        let starting = at.map(|at| in_progress.swap_remove(at));
        drop(slot);
        drop(starting);
    }
}
