//! A replacement of a process that has begun and not ended: how many there may be, and which of its reloads it is.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::request::ReplacementRequest;
use crate::kernel::process::{Life, Process, Starting};
use crate::kernel::task::Task;
use crate::runtime::Failure;

/// Most replacements of one process at a time.
const REPLACEMENTS_IN_PROGRESS_MAX: usize = 16;

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
    /// Begins one; an error where the process does not live yet or any more, or too many are under way.
    ///
    /// # Errors
    /// The process does not live yet or any more, or [`REPLACEMENTS_IN_PROGRESS_MAX`] replacements of it are in
    /// progress.
    pub(super) fn begin(
        task: &'a Arc<Task>,
        process: &'a Arc<Process>,
        what: &ReplacementRequest,
        timeout: Option<Duration>,
    ) -> Result<Self, Failure> {
        let mut slot = process.lock_slot();
        match &slot.life {
            Life::Alive => {}
            Life::Starting => return Err(Failure::denied("it has not started yet")),
            Life::Dead { reason, .. } => {
                let reason = reason.words(task.kernel.wording());
                return Err(Failure::denied(format!("it is dead: {reason}")));
            }
        }
        let replacements = &mut slot.replacements;
        if replacements.in_progress.len() >= REPLACEMENTS_IN_PROGRESS_MAX {
            return Err(Failure::denied(format!(
                "{REPLACEMENTS_IN_PROGRESS_MAX} restarts and reloads of it are under way, the most that can be"
            )));
        }
        replacements.in_progress.push(Starting { chain: task.chain.id, stand_in: None });
        task.chain.replaces.store(process.id, Ordering::Relaxed);
        let reload = match what {
            ReplacementRequest::Restart => 0,
            ReplacementRequest::Reload { .. } => {
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
