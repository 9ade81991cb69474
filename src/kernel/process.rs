//! One process: its identity, its counters, and the slot that holds its instance between calls.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::call_failure::CallFailure;
use super::call_failure::ExitReason;
use super::code::Code;
use super::crash::Crash;
use super::memory_account::MemoryAccount;
use super::pending_instance::{PendingInstance, ReplacementNotice};
use super::policy::own::OwnGrants;
use super::stack::CallStack;
use super::supervision::Supervision;
use super::view::{InstanceGrowth, JobId, ProcessId, ProcessLabel};
use crate::journal::Symbol;
use crate::locks::{Condvar, Mutex, MutexGuard, Rank};
use crate::runtime::{FunctionId, Guest, Host, MemoryUse, Place};

/// A counter that is written under the slot's lock and read without it. Adding is a load and a store, cheaper than an
/// atomic read-modify-write.
#[derive(Default)]
pub struct SlotCounter(AtomicU64);

impl SlotCounter {
    /// Adds to it; the reference to the slot proves that its lock is held.
    pub fn add(&self, _locked: &ProcessSlot, more: u64) {
        self.0.store(self.get().wrapping_add(more), Ordering::Relaxed);
    }

    /// The current value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A counter that only the call which occupies the process writes. Occupants follow each other through the slot's lock,
/// so there is one writer at a time.
#[derive(Default)]
pub struct OccupantCounter(AtomicU64);

impl OccupantCounter {
    /// Adds to it. Only for the call that occupies the process: concurrent additions would be lost.
    pub fn add(&self, more: u64) {
        self.0.store(self.get().wrapping_add(more), Ordering::Relaxed);
    }

    /// The current value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters of a process, readable without its lock.
#[derive(Default)]
pub struct Counters {
    pub calls: SlotCounter,
    pub bytes_in: SlotCounter,
    pub bytes_out: OccupantCounter,
    pub busy_ns: OccupantCounter,
    pub nested_ns: OccupantCounter,
    /// Time of calls that waited for the slot and never got it.
    pub unserved_ns: AtomicU64,
    pub errors: AtomicU64,
    pub resets: AtomicU64,
    pub children: AtomicU32,
    /// Rate of nested calls: the second in the upper half, the calls in that second in the lower.
    pub call_rate: AtomicU64,
}

/// A process of the table. Aligned to its own cache lines, because each call writes to it.
#[repr(align(128))]
pub struct Process {
    pub id: ProcessId,
    pub name: String,
    pub name_symbol: Symbol,
    /// The name of its source: `front` of `front-2`. A reload does not change it.
    pub plugin: String,
    pub host: Host,
    /// 0: the shell. Changes when the parent dies.
    pub parent: AtomicU32,
    pub started_at: Instant,
    pub supervision: Supervision,
    /// The grants that it got when it was loaded. A reload does not change them.
    pub own: Option<Arc<OwnGrants>>,
    pub counters: Counters,
    pub account: MemoryAccount,
    /// Use [`Process::with_slot`], or [`Process::lock_slot`] where the lock must be released midway.
    slot: Mutex<ProcessSlot>,
    /// Notified when the slot's occupant leaves, and when the process dies.
    changed: Condvar,
}

/// The identity of a new process.
pub struct NewProcess {
    pub id: ProcessId,
    pub name: String,
    pub host: Host,
    pub parent: ProcessId,
    pub total_bytes: Arc<AtomicU64>,
    pub supervision: Supervision,
    pub own: Option<Arc<OwnGrants>>,
}

/// Whether a process may be called.
#[derive(Clone)]
pub enum Life {
    /// The code is being prepared, or the start function and constructors run. Calls wait for their end.
    Starting,
    Alive,
    Dead {
        reason: ExitReason,
        at: Instant,
    },
}

/// The call that runs in a process.
#[derive(Clone, Copy)]
pub struct Occupant {
    /// The chain's id. The chain outlives the call; the kernel's table of chains finds it.
    pub chain: u64,
    pub job: JobId,
    pub depth: u16,
    pub seq: u64,
}

/// The mutable state of a process, under one lock that is held for moments only.
pub struct ProcessSlot {
    pub life: Life,
    pub code: Arc<Code>,
    /// The last function that was looked up: a cache for repeated calls.
    last_function: FunctionId,
    /// The node that its last instance was made on; `None`: here.
    pub node: Option<Arc<str>>,
    /// The number that the node drew at its start; another node of the name has another.
    incarnation: u64,
    /// The idle instance; `None` before the first call, after a crash, and while a call runs.
    pub guest: Option<Box<dyn Guest>>,
    /// The instance of the call that is held at a breakpoint, for the debugger to look into.
    pub held_guest: Option<Box<dyn Guest>>,
    /// Count of calls that ended well in this instance; a reset loses their state.
    pub calls_of_instance: u64,
    /// The memory that the instance had committed after the first of them: growth counts from there.
    pub first_call_bytes: u64,
    pub occupant: Option<Occupant>,
    /// Chains that wait for the slot, in order of arrival. The first may take it when it is free.
    pub queue: VecDeque<u64>,
    /// Why the last call left no instance.
    pub crashed: Option<Crash>,
    pub last_error: Option<Arc<CallFailure>>,
    /// The stack of the last failed call.
    pub last_stack: Option<Box<CallStack>>,
    /// The failure that it crashed of, when it is not started again.
    pub halted: Option<Arc<CallFailure>>,
    /// Times of crashes within the window of its supervision.
    pub crashes: VecDeque<Instant>,
    /// Replaces the instance when the call that has it ends.
    pub pending: Option<PendingInstance>,
    /// Replacements that are being started.
    pub replacements: Replacements,
}

impl ProcessSlot {
    /// Growth of the idle instance since its first call.
    pub fn growth(&self) -> Option<InstanceGrowth> {
        let bytes = self.guest.as_ref()?.memory().committed_bytes().saturating_sub(self.first_call_bytes);
        let calls = self.calls_of_instance.checked_sub(1)?;
        Some(InstanceGrowth { calls, bytes })
    }

    /// The id of a function of the current code.
    pub fn function(&mut self, name: &str) -> Option<FunctionId> {
        let last = self.code.image.interface().functions().get(self.last_function.0 as usize);
        if last.is_some_and(|last| last == name) {
            return Some(self.last_function);
        }
        let id = self.code.image.interface().function(name)?;
        self.last_function = id;
        Some(id)
    }

    /// Notes where a new instance is.
    pub fn note_place(&mut self, guest: Option<&dyn Guest>) {
        let place = guest.and_then(|guest| guest.place());
        self.node = place.map(|place| place.node.into());
        self.incarnation = place.map_or(0, |place| place.incarnation);
    }

    /// Whether the last instance was made in this place.
    pub fn is_in(&self, place: Place<'_>) -> bool {
        self.node.as_deref() == Some(place.node) && self.incarnation == place.incarnation
    }

    /// Bytes that pending and starting replacements have committed.
    fn bytes_beside(&self) -> u64 {
        self.pending.as_ref().map_or(0, PendingInstance::committed_bytes) + self.replacements.committed_bytes()
    }
}

impl Process {
    /// A new process, occupied by the call that starts it.
    pub fn new(new_process: NewProcess, code: Arc<Code>, occupant: Occupant) -> Self {
        // Numbered names such as `echo-70000` can be many, so they do not get symbols of their own.
        let is_own = new_process.parent == 0 || new_process.name == code.program.stem;
        let name_symbol =
            if is_own { Symbol::intern_own(&new_process.name) } else { Symbol::intern(&new_process.name) };
        Process {
            id: new_process.id,
            name_symbol,
            plugin: code.program.stem.clone(),
            name: new_process.name,
            host: new_process.host,
            parent: AtomicU32::new(new_process.parent),
            started_at: Instant::now(),
            supervision: new_process.supervision,
            own: new_process.own,
            counters: Counters::default(),
            account: MemoryAccount::new(new_process.total_bytes),
            slot: Mutex::new(
                Rank::Slot,
                ProcessSlot {
                    life: Life::Starting,
                    code,
                    last_function: FunctionId(0),
                    node: None,
                    incarnation: 0,
                    guest: None,
                    held_guest: None,
                    calls_of_instance: 0,
                    first_call_bytes: 0,
                    occupant: Some(occupant),
                    queue: VecDeque::new(),
                    crashed: None,
                    last_error: None,
                    last_stack: None,
                    halted: None,
                    crashes: VecDeque::new(),
                    pending: None,
                    replacements: Replacements::default(),
                },
            ),
            changed: Condvar::new(),
        }
    }

    /// Runs `work` on the slot under its lock. `work` must not run a call, drop an instance or take a lock of a lower
    /// rank.
    pub fn with_slot<T>(&self, work: impl FnOnce(&mut ProcessSlot) -> T) -> T {
        work(&mut self.slot.lock())
    }

    /// Locks the slot, for callers that wait on it, or that release it before they drop an instance or notify.
    pub fn lock_slot(&self) -> MutexGuard<'_, ProcessSlot> {
        self.slot.lock()
    }

    /// The current code.
    pub fn code(&self) -> Arc<Code> {
        self.with_slot(|slot| slot.code.clone())
    }

    /// The call that runs in it.
    pub fn occupant(&self) -> Option<Occupant> {
        self.with_slot(|slot| slot.occupant)
    }

    /// Wakes the threads that wait for a change of the slot.
    pub fn notify_changed(&self) {
        self.changed.notify_all();
    }

    /// Releases the slot, waits for a change, and locks it again.
    pub fn wait_changed(&self, slot: &mut MutexGuard<'_, ProcessSlot>) {
        self.changed.wait(slot);
    }

    /// Releases the slot, waits for a change or `at_most`, and locks it again.
    pub fn wait_changed_for(&self, slot: &mut MutexGuard<'_, ProcessSlot>, at_most: Duration) {
        self.changed.wait_for(slot, at_most);
    }

    /// `1:front`.
    pub fn label(&self) -> ProcessLabel {
        ProcessLabel { id: self.id, name: self.name.clone() }
    }

    /// The current parent; 0: the shell.
    pub fn parent_id(&self) -> ProcessId {
        self.parent.load(Ordering::Relaxed)
    }

    /// Memory use, replacements included.
    pub fn memory(&self, slot: &ProcessSlot) -> MemoryUse {
        let (is_running, calls) = (slot.occupant.is_some(), self.counters.calls.get());
        self.account.memory(
            slot.guest.as_deref().map(|guest| guest as &dyn Guest),
            is_running,
            calls,
            slot.bytes_beside(),
        )
    }

    /// Installs a pending instance and counts its memory from now on. Returns the old idle instance and the notice: the
    /// caller drops the one and sends the other after it has released the slot.
    pub fn adopt(
        &self,
        slot: &mut ProcessSlot,
        pending: PendingInstance,
    ) -> (Option<Box<dyn Guest>>, Option<ReplacementNotice>) {
        let (guest, bytes, notice) = pending.into_parts();
        self.account.adopt(bytes);
        slot.calls_of_instance = 0;
        slot.note_place(guest.as_deref());
        (std::mem::replace(&mut slot.guest, guest), notice)
    }

    /// Ends a successful start: the process can be called from now on. If it was killed meanwhile, the instance is
    /// dropped.
    pub fn mark_started(&self, guest: Box<dyn Guest>) {
        let mut slot = self.slot.lock();
        slot.occupant = None;
        let mut spare = Some(guest);
        if matches!(slot.life, Life::Dead { .. }) {
            self.account.release();
        } else {
            slot.life = Life::Alive;
            slot.note_place(spare.as_deref());
            slot.guest = spare.take();
        }
        drop(slot);
        drop(spare);
        self.changed.notify_all();
    }

    /// Ends a failed start: the process is dead, and waiting calls are woken.
    pub fn mark_failed_to_start(&self) {
        let mut slot = self.slot.lock();
        slot.occupant = None;
        if !matches!(slot.life, Life::Dead { .. }) {
            slot.life = Life::Dead { reason: ExitReason::NotStarted, at: Instant::now() };
        }
        drop(slot);
        self.account.release();
        self.changed.notify_all();
    }
}

/// The replacements of one process that are under way.
#[derive(Default)]
pub struct Replacements {
    pub(super) in_progress: Vec<Starting>,
    /// Count of requested reloads.
    pub(super) reloads_asked: u64,
    /// The latest reload that has taken place, by its number.
    reload_done: u64,
}

/// A replacement that is under way.
pub struct Starting {
    /// The chain of its start.
    pub chain: u64,
    /// The stand-in process of the starting instance, once the start begins.
    pub(super) stand_in: Option<Arc<Process>>,
}

impl Replacements {
    /// Removes and returns all replacements, to be cancelled.
    pub fn take(&mut self) -> Vec<Starting> {
        std::mem::take(&mut self.in_progress)
    }

    /// Bytes that the starting instances have committed.
    pub fn committed_bytes(&self) -> u64 {
        let stand_ins = self.in_progress.iter().filter_map(|starting| starting.stand_in.as_ref());
        stand_ins.map(|stand_in| stand_in.account.committed_bytes()).sum()
    }

    /// Whether no reload with a later request has taken place.
    pub(super) fn is_newest(&self, reload: u64) -> bool {
        self.reload_done <= reload
    }

    /// Notes the latest reload that has taken place.
    pub(super) fn note_reload_done(&mut self, reload: u64) {
        self.reload_done = reload;
    }

    /// Sets the stand-in of a replacement whose instance starts.
    pub(super) fn set_stand_in(&mut self, chain: u64, stand_in: &Arc<Process>) {
        if let Some(starting) = self.in_progress.iter_mut().find(|starting| starting.chain == chain) {
            starting.stand_in = Some(stand_in.clone());
        }
    }
}
