//! What one instance may hold: linear memories, tables and all that the host keeps for it, counted truly, under one limit.

use std::sync::Arc;

use wasmtime::{ResourceLimiter, Result};

use super::chunked::HEAP_MAXIMUM_BYTES;
use super::ctx::Ctx;
use crate::runtime::source::MODULES_MAX;
use crate::runtime::{Failure, MemoryUse, Upcalls};

/// What a table's element costs the host, in bytes.
const TABLE_ELEMENT_BYTES: u64 = 8;
/// Most elements of all tables of an instance, whatever the memory limit says: one instruction may copy them all.
const TABLE_ELEMENTS_MAX: u64 = 10_000_000;
/// Most bytes of the heap for structs, arrays and exceptions: one instruction may give all its objects free, one by one.
const HEAP_BYTES_MAX: usize = 32 << 20;
/// Most instances, memories and tables of one store: a main module, its linked modules and the arena.
const INSTANCES_MAX: usize = MODULES_MAX + 1;

/// What the host keeps for an instance besides its memories and tables.
#[derive(Clone, Copy)]
pub enum Kept {
    /// The variables, with their names.
    Vars,
    /// The table of its blocks.
    BlockTable,
    /// Globals and references to functions.
    Instance,
}

const KEPT_KINDS: usize = 3;

/// Which limit refused a growth.
#[derive(Clone, Copy)]
enum Refusal {
    Own,
    /// The limit of all processes together.
    Total,
    Heap,
    TableElements,
}

/// Counts what a store holds, and refuses what goes over.
pub struct Limits {
    max_bytes: u64,
    memory_bytes: u64,
    table_bytes: u64,
    kept_bytes: [u64; KEPT_KINDS],
    /// What grew, less what shrank, while no call ran that could be charged for it: the input of the next call.
    uncharged_bytes: i64,
    /// Whether the store has a collected heap.
    pub has_heap: bool,
    /// Set when a growth was refused: the trap that follows is then "oom".
    pub refused: bool,
    refusal: Refusal,
    /// The growth that was admitted last, in case that it fails after all.
    admitted_bytes: u64,
}

impl Limits {
    /// At most `max_bytes` in all; `None` leaves wasm's own bounds.
    pub fn new(max_bytes: Option<u64>) -> Self {
        Limits {
            max_bytes: max_bytes.unwrap_or(u64::MAX),
            memory_bytes: 0,
            table_bytes: 0,
            kept_bytes: [0; KEPT_KINDS],
            uncharged_bytes: 0,
            has_heap: false,
            refused: false,
            refusal: Refusal::Own,
            admitted_bytes: 0,
        }
    }

    /// What is held now, of which `block_bytes` are the arena's.
    pub fn memory(&self, block_bytes: u64) -> MemoryUse {
        MemoryUse {
            guest_bytes: self.memory_bytes.saturating_sub(block_bytes),
            block_bytes,
            table_bytes: self.table_bytes,
            kept_bytes: self.kept_bytes.iter().sum(),
            resident_bytes: None,
        }
    }

    /// Charges a call that begins for what grew before it; false when all processes together have no room for it.
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

    /// What is kept of a kind, in bytes.
    pub fn kept(&self, what: Kept) -> u64 {
        self.kept_bytes[what as usize]
    }

    /// Counts `bytes` of what is kept from now on; false, and nothing changed, when there is no room for as many.
    pub fn keep(&mut self, what: Kept, bytes: u64, up: Option<&Arc<dyn Upcalls>>) -> bool {
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

    /// Which limit was met, in the words of an error.
    pub fn words(&self) -> String {
        match self.refusal {
            Refusal::Total => {
                "oom (out of memory): all processes together hold as much as they may; `--max-memory` allows more"
                    .into()
            }
            Refusal::Heap => {
                let most = HEAP_BYTES_MAX >> 20;
                format!("oom (out of memory): its structs, arrays and exceptions may take {most} MiB at most")
            }
            Refusal::TableElements => {
                format!("oom (out of memory): its tables may have {TABLE_ELEMENTS_MAX} elements at most")
            }
            Refusal::Own if self.max_bytes == u64::MAX => "oom (out of memory): no more than 4 GiB can be had".into(),
            Refusal::Own => {
                format!("oom (out of memory): it may hold {} bytes; `--memory-max` allows more", self.max_bytes)
            }
        }
    }

    fn admit(&mut self, more: u64, up: Option<&Arc<dyn Upcalls>>) -> bool {
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

    fn release(&mut self, less: u64, up: Option<&Arc<dyn Upcalls>>) {
        match up {
            Some(up) => up.shrink(less),
            None => self.uncharged_bytes = self.uncharged_bytes.saturating_sub_unsigned(less),
        }
    }

    fn note(&mut self, ok: bool, refusal: Refusal) {
        if !ok {
            (self.refused, self.refusal) = (true, refusal);
        }
    }
}

impl Ctx {
    /// A look at the kill word of the call that runs, where growth takes time or comes again and again without a loop.
    fn end_if_interrupted(&self) -> Result<()> {
        match &self.up {
            Some(up) if up.interrupted() => Err(Failure::interrupted().into()),
            _ => Ok(()),
        }
    }
}

impl ResourceLimiter for Ctx {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.end_if_interrupted()?;
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        if self.limits.has_heap && maximum == Some(HEAP_MAXIMUM_BYTES) && desired > HEAP_BYTES_MAX {
            self.limits.note(false, Refusal::Heap);
            return Ok(false);
        }
        let more = desired.saturating_sub(current) as u64;
        let ok = self.limits.admit(more, self.up.as_ref());
        if ok {
            self.limits.memory_bytes += more;
        }
        self.limits.admitted_bytes = if ok { more } else { 0 };
        Ok(ok)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        // Comes right after an admission, and only then; what was counted is not there after all.
        let less = std::mem::take(&mut self.limits.admitted_bytes);
        self.limits.memory_bytes = self.limits.memory_bytes.saturating_sub(less);
        self.limits.release(less, self.up.as_ref());
        self.limits.note(false, Refusal::Own);
        drop(error); // The guest gets -1, as from any growth that is refused.
        Ok(())
    }

    // A table's growth that fails after it was admitted stays counted: a failure without an admission before it looks the
    // same from here, and must not take anything off.
    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.end_if_interrupted()?;
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let more = (desired.saturating_sub(current) as u64).saturating_mul(TABLE_ELEMENT_BYTES);
        if self.limits.table_bytes.saturating_add(more) > TABLE_ELEMENTS_MAX * TABLE_ELEMENT_BYTES {
            self.limits.note(false, Refusal::TableElements);
            return Ok(false);
        }
        let ok = self.limits.admit(more, self.up.as_ref());
        if ok {
            self.limits.table_bytes += more;
        }
        Ok(ok)
    }

    fn instances(&self) -> usize {
        INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        INSTANCES_MAX * 4
    }

    fn memories(&self) -> usize {
        INSTANCES_MAX
    }
}
