//! Looking into a process that stands still: its variables and its memory. A process stands still between calls, and
//! while its call is held at a breakpoint; while it runs, its instance belongs to the thread that runs it.

use super::Kernel;
use super::hooks::HeldView;
use super::process::ProcessSlot;
use super::view::{ProcessId, ProcessLabel};
use crate::runtime::inspect::{InspectError, MemoryError, MemoryPart, Variable};
use crate::runtime::stopping::FrameAt;
use crate::runtime::{Failure, Guest, Inspect};

/// Why a process cannot be looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotInspected {
    /// No living process has the id.
    Ended,
    /// A call runs in it, or waits in it for another process.
    Running(ProcessLabel),
    /// The last call ended the instance, or the first one has not started.
    NoInstance(ProcessLabel),
    /// The host does not show its instances.
    Host(ProcessLabel),
    /// The process was loaded as private.
    Private(ProcessLabel),
    /// A variable was refused, or the machine that has the instance does not answer.
    Refused(ProcessLabel, Box<Failure>),
    /// The memory has no such part.
    Memory(ProcessLabel, MemoryError),
}

impl Kernel {
    /// The variables of a process, in the order of their keys.
    ///
    /// # Errors
    /// The process has ended, runs, or cannot be inspected.
    pub fn variables(&self, id: ProcessId) -> Result<Vec<Variable>, NotInspected> {
        self.inspect(id, |label, inspected| inspected.variables().map_err(|failure| refused(label, failure)))
    }

    /// Sets a variable of a process, under the limits that its plugin has itself; `None` removes it.
    ///
    /// # Errors
    /// The process has ended, runs, cannot be inspected, or a limit refuses the value.
    pub fn set_variable(&self, id: ProcessId, key: &str, value: Option<&[u8]>) -> Result<(), NotInspected> {
        self.inspect(id, |label, inspected| {
            let set = inspected.set_variable(key, value);
            set.map_err(|failure| refused(label, failure))
        })
    }

    /// A copy of a part of the process's memory.
    ///
    /// # Errors
    /// The process has ended, runs, cannot be inspected, or has no such range.
    pub fn read_memory(&self, id: ProcessId, offset: u64, length: u64) -> Result<MemoryPart, NotInspected> {
        let read = self.inspect(id, |label, inspected| {
            let part = inspected.read_memory(offset, length);
            part.map_err(|error| match error {
                InspectError::Memory(error) => NotInspected::Memory(label.clone(), error),
                InspectError::Unanswered(failure) => NotInspected::Refused(label.clone(), failure),
            })
        });
        match read {
            Err(NotInspected::Running(label)) => match self.read_memory_at_stop(id, offset, length) {
                None => Err(NotInspected::Running(label)),
                Some(part) => part.map_err(|error| NotInspected::Memory(label, error)),
            },
            read => read,
        }
    }

    /// A copy of a part of the memory of a process whose job is held in a plugin's code; `None` where it is not, or the
    /// process cannot be looked into there.
    fn read_memory_at_stop(&self, id: ProcessId, offset: u64, length: u64) -> Option<Result<MemoryPart, MemoryError>> {
        let guest_of = |view: &HeldView| {
            // A plugin without frames is not on the list of those that can be looked into.
            let mut standing = view.stack.plugins.iter().filter(|plugin| !plugin.frames.is_empty());
            standing.position(|plugin| plugin.process.id == id)
        };
        let held = self.held().into_iter().filter(|view| view.code.is_some());
        let (job, guest) = held.filter_map(|view| Some((view.job, guest_of(&view)?))).next()?;
        let at = FrameAt { guest, frame: 0 };
        let looked =
            self.look_into(job, move |stopped| stopped.point(at).map(|_| stopped.read_memory(at, offset, length)));
        // A job that has gone on meanwhile shows nothing.
        looked.ok().flatten()
    }

    fn inspect<T>(
        &self,
        id: ProcessId,
        look: impl FnOnce(&ProcessLabel, &mut dyn Inspect) -> Result<T, NotInspected>,
    ) -> Result<T, NotInspected> {
        let process = self.living(id).ok_or(NotInspected::Ended)?;
        let label = process.label();
        process.with_slot(|slot| {
            if slot.code.spec.private {
                return Err(NotInspected::Private(label.clone()));
            }
            let guest = standing(slot).map_err(|why| why(label.clone()))?;
            let inspected = guest.inspect().ok_or_else(|| NotInspected::Host(label.clone()))?;
            look(&label, inspected)
        })
    }
}

fn refused(label: &ProcessLabel, failure: Failure) -> NotInspected {
    NotInspected::Refused(label.clone(), Box::new(failure))
}

/// The instance in a slot, where it stands still.
fn standing(slot: &mut ProcessSlot) -> Result<&mut dyn Guest, fn(ProcessLabel) -> NotInspected> {
    let is_running = slot.occupant.is_some();
    let guest = if is_running { slot.held_guest.as_deref_mut() } else { slot.guest.as_deref_mut() };
    match guest {
        Some(guest) => Ok(guest),
        None if is_running => Err(NotInspected::Running),
        None => Err(NotInspected::NoInstance),
    }
}
