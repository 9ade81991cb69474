//! The memory accounting of one instance: linear memories, tables and host-side data under one limit.

use std::sync::Arc;

use crate::limits::Limit;
use crate::runtime::{Advice, Failure, FailureKind, MemoryUse, PluginLimit, Problem, Upcalls};

/// Most elements of all tables of an instance, independent of the memory limit: one instruction may copy them all.
pub(super) const TABLE_ELEMENTS_MAX: u64 = 10_000_000;
/// Most bytes of the garbage-collected heap: one instruction may free all its objects, one by one.
pub(super) const HEAP_BYTES_MAX: usize = 32 << 20;

/// Host-side data of an instance besides its memories and tables.
#[derive(Clone, Copy)]
pub enum HostDataKind {
    /// Variables with their names.
    Vars,
    /// The block table.
    BlockTable,
    /// Globals and references to functions.
    Instance,
}

const HOST_DATA_KINDS: usize = 3;

/// The limit that refused a growth.
#[derive(Clone, Copy)]
pub(super) enum Refusal {
    Own,
    /// The limit of all processes together.
    Total,
    Heap,
    TableElements,
}

/// Counts a store's memory and refuses growth beyond the limits.
pub struct InstanceLimits {
    max_bytes: u64,
    pub(super) memory_bytes: u64,
    pub(super) table_bytes: u64,
    kept_bytes: [u64; HOST_DATA_KINDS],
    /// Net growth in bytes since the last call, charged to the next one: its input, for example.
    uncharged_bytes: i64,
    /// Whether the store has a garbage-collected heap.
    pub has_heap: bool,
    /// Set when a growth was refused; the trap that follows is an "oom".
    pub refused: bool,
    refusal: Refusal,
    /// The growth admitted last, in bytes, to undo when it fails.
    pub(super) admitted_bytes: u64,
}

impl InstanceLimits {
    /// Limits of `max_bytes` in all; `None` leaves wasm's own bounds.
    pub fn new(max_bytes: Option<u64>) -> Self {
        InstanceLimits {
            max_bytes: max_bytes.unwrap_or(u64::MAX),
            memory_bytes: 0,
            table_bytes: 0,
            kept_bytes: [0; HOST_DATA_KINDS],
            uncharged_bytes: 0,
            has_heap: false,
            refused: false,
            refusal: Refusal::Own,
            admitted_bytes: 0,
        }
    }

    /// The current memory use, of which `block_bytes` are the arena's.
    pub fn memory(&self, block_bytes: u64) -> MemoryUse {
        MemoryUse {
            guest_bytes: self.memory_bytes.saturating_sub(block_bytes),
            block_bytes,
            table_bytes: self.table_bytes,
            kept_bytes: self.kept_bytes.iter().sum(),
            resident_bytes: None,
        }
    }

    /// Charges a call at its start for the growth before it; false when the limit of all processes refuses it.
    pub fn charge(&mut self, up: &Arc<dyn Upcalls>) -> bool {
        let ok = match std::mem::take(&mut self.uncharged_bytes) {
            0 => true,
            more @ 1.. => up.grow(more.unsigned_abs()),
            less => {
                up.shrink(less.unsigned_abs());
                true
            }
        };
        self.note(ok, Refusal::Total);
        ok
    }

    /// Host-side data of a kind, in bytes.
    pub fn kept(&self, what: HostDataKind) -> u64 {
        self.kept_bytes[what as usize]
    }

    /// Sets the bytes of a kind of host-side data; false, with nothing changed, when a limit refuses them.
    pub fn keep(&mut self, what: HostDataKind, bytes: u64, up: Option<&Arc<dyn Upcalls>>) -> bool {
        let now = self.kept_bytes[what as usize];
        if bytes > now && !self.admit(bytes - now, up) {
            return false;
        }
        if bytes < now {
            self.release(now - bytes, up);
        }
        self.kept_bytes[what as usize] = bytes;
        true
    }

    /// The failure that names the limit behind the last refusal.
    pub fn failure(&self) -> Failure {
        let (why, advice) = match self.refusal {
            Refusal::Total => {
                ("all processes together hold as much as they may".to_owned(), Some(Advice::Raise(Limit::Memory)))
            }
            Refusal::Heap => {
                let most = HEAP_BYTES_MAX >> 20;
                (format!("its structs, arrays and exceptions may take {most} MiB at most"), None)
            }
            Refusal::TableElements => (format!("its tables may have {TABLE_ELEMENTS_MAX} elements at most"), None),
            Refusal::Own if self.max_bytes == u64::MAX => ("no more than 4 GiB can be had".to_owned(), None),
            Refusal::Own => {
                let why = format!("it may hold {} bytes", self.max_bytes);
                (why, Some(Advice::RaisePlugin(PluginLimit::Memory)))
            }
        };
        Failure::new(FailureKind::Oom, Problem::new(format!("oom (out of memory): {why}"), advice))
    }

    /// Admits a growth of `more` bytes; false when the instance's limit or the limit of all processes refuses it.
    /// Without `up` it is charged to the next call.
    pub(super) fn admit(&mut self, more: u64, up: Option<&Arc<dyn Upcalls>>) -> bool {
        let held = self.memory_bytes.saturating_add(self.table_bytes).saturating_add(self.kept_bytes.iter().sum());
        if held.saturating_add(more) > self.max_bytes {
            self.note(false, Refusal::Own);
            return false;
        }
        match up {
            Some(up) => {
                let ok = up.grow(more);
                self.note(ok, Refusal::Total);
                ok
            }
            None => {
                self.uncharged_bytes = self.uncharged_bytes.saturating_add_unsigned(more);
                true
            }
        }
    }

    /// Gives back `less` bytes; without `up` they are credited to the next call.
    pub(super) fn release(&mut self, less: u64, up: Option<&Arc<dyn Upcalls>>) {
        match up {
            Some(up) => up.shrink(less),
            None => self.uncharged_bytes = self.uncharged_bytes.saturating_sub_unsigned(less),
        }
    }

    /// Remembers a refusal and its limit, unless `ok`.
    pub(super) fn note(&mut self, ok: bool, refusal: Refusal) {
        if !ok {
            (self.refused, self.refusal) = (true, refusal);
        }
    }
}
