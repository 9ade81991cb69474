//! How a process ends: by the shell, by an ancestor, with or without what is below it.
//!
//! A process is marked dead under its slot's lock, and the call that has the slot is cut. A call that comes later finds
//! it dead, a call that came earlier is in the slot: none is lost between.

use std::sync::Arc;
use std::time::Instant;

use super::Kernel;
use super::error::CallError;
use super::frame::Cause;
use super::notices::Notice;
use super::process::{Life, Occupant, Process, Starting};
use super::replace::PendingInstance;
use super::view::{Killed, ProcessId, ProcessState};
use crate::journal::Outcome;
use crate::runtime::{Guest, MemoryUse};

/// Who ends a process.
struct Killer {
    /// As in "killed by the shell".
    by: String,
    /// The dead's reason in `ps -a`.
    reason: String,
}

/// What was found in a slot when its process died.
struct Remains {
    process: Arc<Process>,
    occupant: Option<Occupant>,
    guest: Option<Box<dyn Guest>>,
    /// An instance that would have taken its place, and those that are being started.
    pending: Option<PendingInstance>,
    starting: Vec<Starting>,
}

impl Kernel {
    /// Ends a process (with `subtree` all below it too), and what runs on its behalf. Its children move to its parent.
    pub fn kill(&self, id: ProcessId, subtree: bool) -> Result<Killed, CallError> {
        let killer = Killer { by: "the shell".into(), reason: "killed by the shell".into() };
        self.end_process(id, subtree, &killer).ok_or_else(|| self.no_process(Some(id), u64::from(id)))
    }

    /// `free_plugin`: a caller ends what it, or one of its descendants, spawned.
    pub(super) fn free(&self, caller: &Process, id: u64) -> Result<(), CallError> {
        let short = ProcessId::try_from(id).ok();
        let Some(target) = short.and_then(|id| self.living(id)) else { return Err(self.no_process(short, id)) };
        if !self.table().read().is_below(target.id, caller.id) {
            let (who, whom) = (caller.label(), target.label());
            let message = format!("`{who}` may not free `{whom}`: it is no descendant of it");
            return Err(CallError::new(Outcome::Denied, message));
        }
        let by = format!("`{}`", caller.label());
        let killer = Killer { reason: format!("freed by {by}"), by };
        self.end_process(target.id, false, &killer);
        Ok(())
    }

    /// Takes a process that could not start out of the table, unburied.
    pub(super) fn unborn(&self, process: &Process) {
        let removed = self.table().write().remove(process.id);
        process.mark_failed_to_start();
        drop(removed);
    }

    /// Ends a process that crashed, as its supervision says.
    pub(super) fn end_crashed(&self, process: &Process, why: &str) {
        let killer = Killer { by: "its own crash".into(), reason: format!("crashed: {why}") };
        if self.end_process(process.id, false, &killer).is_some() {
            self.notify(Notice::Crashed { process: process.label(), why: why.to_owned() });
        }
    }

    fn end_process(&self, id: ProcessId, subtree: bool, killer: &Killer) -> Option<Killed> {
        let mut killed = Killed::default();
        let mut remains = Vec::new();
        {
            let mut table = self.table().write();
            table.get(id)?;
            let mut ids = if subtree { table.subtree(id) } else { vec![id] };
            // Children first, so that nobody is moved who ends as well.
            ids.reverse();
            for id in ids {
                let Some((process, moved)) = table.remove(id) else { continue };
                let parent = table.get(process.parent_id()).map(|parent| parent.label());
                killed.moved.extend(moved.iter().map(|child| (child.label(), parent.clone())));
                killed.ended.insert(0, process.label());
                let (found, view) = self.mark_dead(process, killer);
                table.remember_dead(view, found.process.clone());
                remains.push(found);
            }
        }
        for remains in remains {
            self.clear_away(remains, killer);
        }
        Some(killed)
    }

    fn mark_dead(&self, process: Arc<Process>, killer: &Killer) -> (Remains, super::ProcessView) {
        // The dead hold nothing. And what is resident must not be asked of the system here: the whole table waits.
        let mut view = self.view_with(&process, |_, _| MemoryUse::default());
        let (occupant, guest, pending, starting) = process.with_slot(|slot| {
            slot.life = Life::Dead { reason: killer.reason.clone(), at: Instant::now() };
            (slot.occupant, slot.guest.take(), slot.pending.take(), slot.replacements.take())
        });
        view.state = ProcessState::Dead { reason: killer.reason.clone() };
        (Remains { process, occupant, guest, pending, starting }, view)
    }

    /// Ends the call that occupies a process, and what runs below it, unless it has ended already.
    pub(super) fn cancel(&self, occupant: Occupant, cause: Cause) {
        if let Some(chain) = self.chain_table().get(occupant.chain) {
            chain.cancel(occupant.depth, occupant.seq, cause);
        }
    }

    /// Ends what runs in a dead process, and drops what does not.
    fn clear_away(&self, remains: Remains, killer: &Killer) {
        let Remains { process, occupant, guest, pending, starting } = remains;
        process.notify_changed();
        match occupant {
            Some(occupant) => self.cancel(occupant, Cause::Killed { by: killer.by.clone() }),
            None => process.forget_memory(),
        }
        drop((guest, pending));
        for chain in starting.iter().filter_map(|starting| self.chain_table().get(starting.chain)) {
            chain.end(Cause::Killed { by: killer.by.clone() });
        }
    }
}
