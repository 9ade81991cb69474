//! Ending a process: by the shell or an ancestor, with or without its descendants.
//!
//! A process is marked dead under its slot's lock, and the call that occupies the slot is cancelled. A later call finds
//! the process dead, an earlier one is in the slot: the lock leaves no gap between the two.

use std::sync::Arc;
use std::time::Instant;

use super::Kernel;
use super::call_failure::{CallFailure, ExitReason, FailureCause};
use super::cause::{Cause, Killer};
use super::error::CallError;
use super::notices::Notice;
use super::pending_instance::PendingInstance;
use super::process::{Life, Occupant, Process, Starting};
use super::view::{Killed, ProcessId, ProcessState};
use crate::journal::Outcome;
use crate::runtime::{Guest, MemoryUse};

/// The contents of a slot when its process died.
struct Remains {
    process: Arc<Process>,
    occupant: Option<Occupant>,
    guest: Option<Box<dyn Guest>>,
    /// The instance that waited to replace `guest`, and the replacements that are being started.
    pending: Option<PendingInstance>,
    starting: Vec<Starting>,
}

impl Kernel {
    /// Ends a process, with `subtree` its descendants too, and cancels the calls in them. Children that live on move to
    /// its parent.
    ///
    /// # Errors
    /// There is no living process with this id.
    pub fn kill(&self, id: ProcessId, subtree: bool) -> Result<Killed, CallError> {
        let killed = self.end_process(id, subtree, &Killer::Shell, &ExitReason::Killed);
        killed.ok_or_else(|| self.no_process(Some(id), u64::from(id)))
    }

    /// `free_plugin`: a caller ends one of its descendants.
    ///
    /// # Errors
    /// The process is no descendant of the caller.
    pub(super) fn free(&self, caller: &Process, id: u64) -> Result<(), CallError> {
        let short = ProcessId::try_from(id).ok();
        let Some(target) = short.and_then(|id| self.living(id)) else { return Err(self.no_process(short, id)) };
        if !self.table().read().is_below(target.id, caller.id) {
            let cause = FailureCause::NotDescendant { caller: caller.label(), target: target.label() };
            return Err(CallError::new(Outcome::Denied, cause, self.wording()));
        }
        let caller = caller.label();
        self.end_process(target.id, false, &Killer::Ancestor(caller.clone()), &ExitReason::Freed(caller));
        Ok(())
    }

    /// Removes a process that failed to start from the table. It is not remembered among the dead.
    pub(super) fn remove_unstarted(&self, process: &Process) {
        let removed = self.table().write().remove(process.id);
        process.mark_failed_to_start();
        drop(removed);
    }

    /// Ends a process that crashed, as its supervision says.
    pub(super) fn end_crashed(&self, process: &Process, failure: &Arc<CallFailure>) {
        let reason = ExitReason::Crashed(failure.clone());
        if self.end_process(process.id, false, &Killer::OwnCrash, &reason).is_some() {
            self.notify(Notice::Crashed { process: process.label(), failure: failure.clone() });
        }
    }

    /// Ends processes for `reason`, and the calls in them as killed by `killer`.
    fn end_process(&self, id: ProcessId, subtree: bool, killer: &Killer, reason: &ExitReason) -> Option<Killed> {
        let mut killed = Killed::default();
        let mut remains = Vec::new();
        {
            let mut table = self.table().write();
            table.get(id)?;
            let mut ids = if subtree { table.subtree(id) } else { vec![id] };
            // Children first, so that no process is moved to a new parent and then ended.
            ids.reverse();
            for id in ids {
                let Some((process, moved)) = table.remove(id) else { continue };
                let parent = table.get(process.parent_id()).map(|parent| parent.label());
                killed.moved.extend(moved.iter().map(|child| (child.label(), parent.clone())));
                killed.ended.insert(0, process.label());
                let (found, view) = self.mark_dead(process, reason);
                table.remember_dead(view, found.process.clone());
                remains.push(found);
            }
        }
        for remains in remains {
            self.cancel_remaining(remains, killer);
        }
        Some(killed)
    }

    fn mark_dead(&self, process: Arc<Process>, reason: &ExitReason) -> (Remains, super::ProcessView) {
        // A dead process holds no memory. The table's lock is held here, so the system is not asked for resident
        // memory.
        let mut view = self.view_with(&process, |_, _| MemoryUse::default());
        let (occupant, guest, pending, starting) = process.with_slot(|slot| {
            slot.life = Life::Dead { reason: reason.clone(), at: Instant::now() };
            (slot.occupant, slot.guest.take(), slot.pending.take(), slot.replacements.take())
        });
        self.note_ended(&process, reason.clone());
        view.state = ProcessState::Dead { reason: reason.clone() };
        (Remains { process, occupant, guest, pending, starting }, view)
    }

    /// Cancels the call that occupies a process and the calls below it, unless it has already ended.
    pub(super) fn cancel(&self, occupant: Occupant, cause: Cause) {
        if let Some(chain) = self.chain_table().get(occupant.chain) {
            chain.cancel(occupant.depth, occupant.seq, cause);
        }
    }

    /// Cancels the call in a dead process and drops its idle instances.
    fn cancel_remaining(&self, remains: Remains, killer: &Killer) {
        let Remains { process, occupant, guest, pending, starting } = remains;
        process.notify_changed();
        match occupant {
            Some(occupant) => self.cancel(occupant, Cause::Killed { by: killer.clone() }),
            None => process.account.release(),
        }
        drop((guest, pending));
        for chain in starting.iter().filter_map(|starting| self.chain_table().get(starting.chain)) {
            chain.end(Cause::Killed { by: killer.clone() });
        }
    }
}
