//! A call that occupies its process, a finished call, and releasing the process.

use std::sync::Arc;
use std::time::Instant;

use super::capture::PayloadCapture;
use crate::kernel::code::Code;
use crate::kernel::crash::Crash;
use crate::kernel::pending_instance::ReplacementNotice;
use crate::kernel::process::{Life, Process};
use crate::kernel::task::Task;
use crate::runtime::{Cost, FunctionId, Guest};

/// A call that occupies its process: its frame is on the chain.
pub struct Entered<'a> {
    pub(super) task: &'a Arc<Task>,
    pub(super) process: &'a Arc<Process>,
    pub(super) guest: Option<Box<dyn Guest>>,
    /// The code of `guest`; set only where `guest` is yet to be made or rules are set.
    pub(super) code: Option<Arc<Code>>,
    pub(super) function: FunctionId,
    pub(super) started: Instant,
    /// Set once the slot has been given back.
    pub(super) left: bool,
    /// Debugger data of this call; `None` while nothing is set.
    pub(super) capture: Option<Box<PayloadCapture>>,
    /// The notice of a replacement that took place as this call failed; sent after the call is recorded.
    pub(super) notice: Option<ReplacementNotice>,
    /// Cost of the plugin's run; zero before it.
    pub(super) cost: Cost,
}

impl<'a> Entered<'a> {
    /// A call that has no instance yet.
    pub(super) fn new(task: &'a Arc<Task>, process: &'a Arc<Process>, function: FunctionId, started: Instant) -> Self {
        Entered {
            task,
            process,
            guest: None,
            code: None,
            function,
            started,
            left: false,
            capture: None,
            notice: None,
            cost: Cost::NOTHING,
        }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if !self.left {
            // Reached only by a panic: the process is released without its instance.
            self.abandon();
        }
        if let Some(notice) = self.notice.take() {
            notice.notify(self.process.id);
        }
    }
}

/// A call that ended well. Its output can be read until this is dropped, which releases the process.
pub struct Finished {
    pub(super) process: Arc<Process>,
    pub(super) guest: Option<Box<dyn Guest>>,
    /// False where the plugin never came to run.
    pub(super) ran: bool,
    /// The answer of a stub or a person in place of the plugin's output.
    pub(super) answer: Option<Arc<[u8]>>,
}

impl Finished {
    /// Output of the call.
    pub fn output(&self) -> &[u8] {
        match &self.answer {
            Some(answer) => answer,
            None => self.guest.as_deref().map_or(&[], |guest| guest.output()),
        }
    }

    /// Whether it was a call of this process.
    pub fn is_of(&self, process: &Process) -> bool {
        self.process.id == process.id
    }
}

impl Drop for Finished {
    fn drop(&mut self) {
        let guest = self.guest.take().filter(|guest| !guest.spent());
        if guest.is_none() {
            self.process.account.release();
        }
        if let Some(notice) = leave(&self.process, Leaving { guest, ran: self.ran, crashed: None }) {
            notice.notify(self.process.id);
        }
    }
}

/// The state in which a call leaves its process.
pub(super) struct Leaving {
    /// The instance, where it may be called again.
    pub(super) guest: Option<Box<dyn Guest>>,
    /// Whether the plugin came to run: else its process is as it was.
    pub(super) ran: bool,
    /// Why it left no instance, if it did not.
    pub(super) crashed: Option<Crash>,
}

/// Releases a process. The instance of a dead process is dropped. Returns the notice of a pending replacement that
/// takes place now.
pub(super) fn leave(process: &Process, leaving: Leaving) -> Option<ReplacementNotice> {
    let Leaving { guest, ran, crashed } = leaving;
    let mut slot = process.lock_slot();
    slot.occupant = None;
    let pending = slot.pending.take();
    let (mut spare, mut spare_fresh, mut notice) = ((None, None), None, None);
    match (&slot.life, pending) {
        (Life::Dead { .. }, pending) => {
            process.account.release();
            (spare.0, spare_fresh) = (guest, pending);
        }
        (Life::Alive | Life::Starting, Some(pending)) => {
            spare.0 = guest;
            (spare.1, notice) = process.adopt(&mut slot, pending);
        }
        (Life::Alive | Life::Starting, None) => {
            if ran {
                if slot.calls_of_instance == 0
                    && let Some(guest) = &guest
                {
                    slot.first_call_bytes = guest.memory().committed_bytes();
                }
                slot.calls_of_instance += u64::from(guest.is_some());
                slot.crashed = crashed;
            }
            if guest.is_none() {
                slot.note_place(None);
            }
            slot.guest = guest;
        }
    }
    let waited_for = !slot.queue.is_empty();
    drop(slot);
    // An instance takes system calls to drop: not under the lock.
    drop((spare, spare_fresh));
    if waited_for {
        process.notify_changed();
    }
    notice
}
