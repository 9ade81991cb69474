//! Owners of jobs come and leave: the foreground job of one who leaves ends, its held calls go on.

use super::Kernel;
use super::debug::{HoldReason, Order};
use super::view::OwnerId;

impl Kernel {
    /// Adds an owner of jobs, with notices of its own.
    pub fn add_owner(&self) -> OwnerId {
        self.owners().add()
    }

    /// Removes an owner: its foreground job is interrupted, its background jobs go on, its breakpoints are deleted, and
    /// what they or its jobs hold goes on.
    pub fn remove_owner(&self, owner: OwnerId) {
        self.interrupt_foreground(owner);
        self.job_table().forget_foreground(owner);
        let deleted = self.hooks().delete_breakpoints_of(owner);
        self.logbook().set_level(self.owners().remove(owner));
        for held in self.held() {
            let was_its_own = matches!(held.reason, HoldReason::Breakpoint(id) if deleted.contains(&id));
            if was_its_own || self.job(held.job).is_some_and(|job| job.owner() == owner) {
                // Fails only where somebody else lets it go on at the same moment.
                self.release(held.job, Order::Continue(None)).ok();
            }
        }
    }
}
