//! One process: who it is, what it has done, and the slot that holds its instance while nobody runs in it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::code::Code;
use super::policy::own::OwnGrants;
use super::replace::{PendingInstance, ReplacementNotice};
use super::supervision::Supervision;
use super::view::{JobId, ProcessId, ProcessLabel};
use crate::journal::Symbol;
use crate::locks::{Condvar, Mutex, MutexGuard, Rank};
use crate::runtime::{FunctionId, Guest, Host, MemoryUse};

/// A figure that is added to under the slot's lock and read by anyone: so adding is a load and a store, where a counter
/// that all may add to would cost each call an exchange with the other cores.
#[derive(Default)]
pub struct SlotCounter(AtomicU64);

impl SlotCounter {
    /// Adds to it; the slot shows that its lock is held.
    pub fn add(&self, _locked: &ProcessSlot, more: u64) {
        self.0.store(self.get().wrapping_add(more), Ordering::Relaxed);
    }

    /// What it stands at.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The same for a figure that only the call adds to which occupies the process: one at a time, and the slot's lock lies
/// between one and the next.
#[derive(Default)]
pub struct OccupantCounter(AtomicU64);

impl OccupantCounter {
    /// Adds to it. Only for the call that occupies the process: what another adds at the same time would be lost.
    pub fn add(&self, more: u64) {
        self.0.store(self.get().wrapping_add(more), Ordering::Relaxed);
    }

    /// What it stands at.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a process has done. Read by anyone.
#[derive(Default)]
pub struct Counters {
    pub calls: SlotCounter,
    pub bytes_in: SlotCounter,
    pub bytes_out: OccupantCounter,
    pub busy_ns: OccupantCounter,
    pub nested_ns: OccupantCounter,
    /// The time of calls that waited for the slot and never had it.
    pub unserved_ns: AtomicU64,
    pub errors: AtomicU64,
    pub resets: AtomicU64,
    /// What its memories and tables have committed.
    pub committed_bytes: AtomicU64,
    pub children: AtomicU32,
    /// Calls that it made of others in one second: the second in the upper half, its calls in the lower.
    pub call_rate: AtomicU64,
}

/// A process of the table. On cache lines of its own: each call writes to it, and another job's may lie next to it.
#[repr(align(128))]
pub struct Process {
    pub id: ProcessId,
    pub name: String,
    pub name_symbol: Symbol,
    /// The name of what it was loaded from: `front` of `front-2`. Stays what it is when the code is replaced.
    pub plugin: String,
    pub host: Host,
    /// 0: the shell. Changes when the parent dies.
    pub parent: AtomicU32,
    pub started_at: Instant,
    pub supervision: Supervision,
    /// What it may load and call by the word of who loaded it. Stays what it is when the code is replaced.
    pub own: Option<Arc<OwnGrants>>,
    pub counters: Counters,
    /// What all processes of the kernel have committed.
    total_bytes: Arc<AtomicU64>,
    resident: Mutex<Option<Resident>>,
    /// Reached by [`Process::with_slot`], and by [`Process::lock_slot`] where it is given back in the middle of something.
    slot: Mutex<ProcessSlot>,
    /// Notified when the slot's occupant leaves, and when the process dies.
    changed: Condvar,
}

/// Who a new process is.
pub struct Birth {
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
    /// Its start function and constructors run, or its code is being made ready for them: nothing is called before they
    /// have ended.
    Starting,
    Alive,
    Dead {
        reason: String,
        at: Instant,
    },
}

/// The call that runs in a process.
#[derive(Clone, Copy)]
pub struct Occupant {
    /// The chain's id. It lives as long as the call: [`Kernel::chain`](super::Kernel::chain) finds it.
    pub chain: u64,
    pub job: JobId,
    pub depth: u16,
    pub seq: u64,
}

/// What changes about a process, under one lock that is held for moments only.
pub struct ProcessSlot {
    pub life: Life,
    pub code: Arc<Code>,
    /// The function that was asked for last: mostly it is asked for again.
    last_function: FunctionId,
    /// The instance, while no call has it; none before the first, after a crash, and while one runs.
    pub guest: Option<Box<dyn Guest>>,
    /// Calls that ended well in the present instance: what a reset would lose.
    pub calls_of_instance: u64,
    pub occupant: Option<Occupant>,
    /// Chains that wait for their turn, first come first served. The first may take the slot when it is free.
    pub queue: VecDeque<u64>,
    /// Why the last call left no instance.
    pub crashed: Option<String>,
    pub last_error: Option<String>,
    /// Set when it crashed and is not to be started again: why.
    pub halted: Option<String>,
    /// When it crashed, as far back as its supervision looks.
    pub crashes: VecDeque<Instant>,
    /// Takes the place of the instance that a call has, when that call ends.
    pub pending: Option<PendingInstance>,
    /// What is being started to take that place.
    pub replacements: Replacements,
}

impl ProcessSlot {
    /// The id of a function of the present code, or `None`.
    pub fn function(&mut self, name: &str) -> Option<FunctionId> {
        let last = self.code.image.functions().get(self.last_function.0 as usize);
        if last.is_some_and(|last| last == name) {
            return Some(self.last_function);
        }
        let id = self.code.image.function(name)?;
        self.last_function = id;
        Some(id)
    }

    /// What instances have committed that are to take the place of its own.
    fn bytes_beside(&self) -> u64 {
        self.pending.as_ref().map_or(0, PendingInstance::committed_bytes) + self.replacements.committed_bytes()
    }
}

impl Process {
    /// A new process, occupied by the call that starts it.
    pub fn new(birth: Birth, code: Arc<Code>, occupant: Occupant) -> Self {
        // `echo-70000` is one of many, whoever starts them.
        let is_own = birth.parent == 0 || birth.name == code.program.stem;
        let name_symbol = if is_own { Symbol::intern_own(&birth.name) } else { Symbol::intern(&birth.name) };
        Process {
            id: birth.id,
            name_symbol,
            plugin: code.program.stem.clone(),
            name: birth.name,
            host: birth.host,
            parent: AtomicU32::new(birth.parent),
            started_at: Instant::now(),
            supervision: birth.supervision,
            own: birth.own,
            counters: Counters::default(),
            total_bytes: birth.total_bytes,
            resident: Mutex::new(Rank::Resident, None),
            slot: Mutex::new(
                Rank::Slot,
                ProcessSlot {
                    life: Life::Starting,
                    code,
                    last_function: FunctionId(0),
                    guest: None,
                    calls_of_instance: 0,
                    occupant: Some(occupant),
                    queue: VecDeque::new(),
                    crashed: None,
                    last_error: None,
                    halted: None,
                    crashes: VecDeque::new(),
                    pending: None,
                    replacements: Replacements::default(),
                },
            ),
            changed: Condvar::new(),
        }
    }

    /// Looks at its slot or changes it, under its lock: no call, no drop of an instance, no lock that comes before it.
    pub fn with_slot<T>(&self, work: impl FnOnce(&mut ProcessSlot) -> T) -> T {
        work(&mut self.slot.lock())
    }

    /// Its slot, for who gives it back before an instance is dropped or somebody told, or waits with it.
    pub fn lock_slot(&self) -> MutexGuard<'_, ProcessSlot> {
        self.slot.lock()
    }

    /// What it runs now.
    pub fn code(&self) -> Arc<Code> {
        self.with_slot(|slot| slot.code.clone())
    }

    /// The call that runs in it.
    pub fn occupant(&self) -> Option<Occupant> {
        self.with_slot(|slot| slot.occupant)
    }

    /// Tells those who wait that its slot has changed.
    pub fn notify_changed(&self) {
        self.changed.notify_all();
    }

    /// Gives the slot back until it has changed.
    pub fn wait_changed(&self, slot: &mut MutexGuard<'_, ProcessSlot>) {
        self.changed.wait(slot);
    }

    /// Gives the slot back until it has changed, for `at_most`.
    pub fn wait_changed_for(&self, slot: &mut MutexGuard<'_, ProcessSlot>, at_most: Duration) {
        self.changed.wait_for(slot, at_most);
    }

    /// Counts memory that its instance commits; false when that is more than `max` for all processes.
    pub fn commit(&self, bytes: u64, max: u64) -> bool {
        // Never more than there is room for, not even for a moment: another that grows by little would be refused then.
        let more = |total: u64| total.checked_add(bytes).filter(|total| *total <= max);
        if self.total_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
            return false;
        }
        self.counters.committed_bytes.fetch_add(bytes, Ordering::Relaxed);
        true
    }

    /// Counts its memory no more: the instance is gone.
    pub fn forget_memory(&self) {
        let bytes = self.counters.committed_bytes.swap(0, Ordering::Relaxed);
        self.total_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// `1:front`.
    pub fn label(&self) -> ProcessLabel {
        ProcessLabel { id: self.id, name: self.name.clone() }
    }

    /// The present parent; 0 the shell.
    pub fn parent_id(&self) -> ProcessId {
        self.parent.load(Ordering::Relaxed)
    }

    /// Counts less, after a growth that came to nothing.
    pub fn uncommit(&self, bytes: u64) {
        self.counters.committed_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.total_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// What it holds, with what starts or waits to take its instance's place: split where the instance is at rest and can
    /// be asked, in sum where a call has it. What is resident is asked of the system once after each call; of a running
    /// process it is what it was before.
    pub fn memory(&self, slot: &ProcessSlot) -> MemoryUse {
        let Some(guest) = &slot.guest else {
            let committed_bytes = self.counters.committed_bytes.load(Ordering::Relaxed);
            let known = self.resident.lock().as_ref().filter(|_| slot.occupant.is_some()).map(|known| known.bytes);
            let resident_bytes = known.map(|bytes| bytes.min(committed_bytes));
            let guest_bytes = committed_bytes + slot.bytes_beside();
            return MemoryUse { guest_bytes, resident_bytes, ..MemoryUse::default() };
        };
        let memory = guest.memory();
        let after_call = self.counters.calls.get();
        let of = memory.committed_bytes();
        let mut known = self.resident.lock();
        if known.as_ref().is_none_or(|known| (known.after_call, known.of) != (after_call, of)) {
            *known = guest.resident_bytes().map(|bytes| Resident { bytes, after_call, of });
        }
        let guest_bytes = memory.guest_bytes + slot.bytes_beside();
        MemoryUse { guest_bytes, resident_bytes: known.as_ref().map(|known| known.bytes), ..memory }
    }

    /// Makes an instance that waited its own, whose memory is counted from now on. The instance that was at rest here, to be
    /// dropped, and whom to tell, once the slot's lock is given back.
    pub fn adopt(
        &self,
        slot: &mut ProcessSlot,
        pending: PendingInstance,
    ) -> (Option<Box<dyn Guest>>, Option<ReplacementNotice>) {
        let (guest, bytes, notice) = pending.into_parts();
        self.forget_memory();
        self.counters.committed_bytes.fetch_add(bytes, Ordering::Relaxed);
        slot.calls_of_instance = 0;
        (std::mem::replace(&mut slot.guest, guest), notice)
    }

    /// Its start has ended well: it may be called from now on. One that was killed meanwhile loses its instance.
    pub fn mark_started(&self, guest: Box<dyn Guest>) {
        let mut slot = self.slot.lock();
        slot.occupant = None;
        let mut spare = Some(guest);
        if matches!(slot.life, Life::Dead { .. }) {
            self.forget_memory();
        } else {
            slot.life = Life::Alive;
            slot.guest = spare.take();
        }
        drop(slot);
        drop(spare);
        self.changed.notify_all();
    }

    /// Its start has failed: it is dead, and who waits for it hears so.
    pub fn mark_failed_to_start(&self) {
        let mut slot = self.slot.lock();
        slot.occupant = None;
        if !matches!(slot.life, Life::Dead { .. }) {
            slot.life = Life::Dead { reason: "it could not start".into(), at: Instant::now() };
        }
        drop(slot);
        self.forget_memory();
        self.changed.notify_all();
    }
}

/// The replacements of one process that are under way, beside its slot.
#[derive(Default)]
pub struct Replacements {
    pub(super) in_progress: Vec<Starting>,
    /// How many reloads were asked for, and which of them has last taken place.
    pub(super) reloads_asked: u64,
    reload_done: u64,
}

/// One that is under way.
pub struct Starting {
    /// The chain in which it starts.
    pub chain: u64,
    /// In whose name its instance starts, as soon as it does.
    pub(super) stand_in: Option<Arc<Process>>,
}

impl Replacements {
    /// All that are under way, to be ended; none any more.
    pub fn take(&mut self) -> Vec<Starting> {
        std::mem::take(&mut self.in_progress)
    }

    /// What the instances that start have committed.
    pub fn committed_bytes(&self) -> u64 {
        let stand_ins = self.in_progress.iter().filter_map(|starting| starting.stand_in.as_ref());
        stand_ins.map(|stand_in| stand_in.counters.committed_bytes.load(Ordering::Relaxed)).sum()
    }

    /// Whether no reload that was asked for later has taken place.
    pub(super) fn is_newest(&self, reload: u64) -> bool {
        self.reload_done <= reload
    }

    /// A reload has taken place.
    pub(super) fn has_taken_place(&mut self, reload: u64) {
        self.reload_done = reload;
    }

    /// The instance of a replacement starts.
    pub(super) fn starts_in(&mut self, chain: u64, stand_in: &Arc<Process>) {
        if let Some(starting) = self.in_progress.iter_mut().find(|starting| starting.chain == chain) {
            starting.stand_in = Some(stand_in.clone());
        }
    }
}

/// What the system said of a process's memory.
struct Resident {
    bytes: u64,
    /// The number of calls it had had by then, and what it had committed: while both are the same, so is the answer.
    after_call: u64,
    of: u64,
}
