//! What one instance may hold: linear memories and tables, counted truly, under one limit.

use std::sync::Arc;

use wasmtime::{ResourceLimiter, Result};

use super::ctx::Ctx;
use crate::runtime::{MemoryUse, Upcalls};

/// What a table's element costs the host, in bytes.
const TABLE_ELEMENT_BYTES: u64 = 8;
/// Most elements of one table, whatever the memory limit says.
const TABLE_ELEMENTS_MAX: usize = 10_000_000;
/// Most instances, memories and tables of one store: a main module, its linked modules and the arena.
const INSTANCES_MAX: usize = 64;

/// Counts what the store's memories and tables hold, and refuses what goes over.
pub struct Limits {
    max_bytes: u64,
    memory_bytes: u64,
    table_bytes: u64,
    /// Set when a growth was refused: the trap that follows is then "oom".
    pub refused: bool,
}

impl Limits {
    /// At most `max_bytes` in all; `None` leaves wasm's own bounds.
    pub fn new(max_bytes: Option<u64>) -> Self {
        Limits { max_bytes: max_bytes.unwrap_or(u64::MAX), memory_bytes: 0, table_bytes: 0, refused: false }
    }

    /// What is held now, of which `block_bytes` are the arena's.
    pub fn memory(&self, block_bytes: u64) -> MemoryUse {
        MemoryUse {
            guest_bytes: self.memory_bytes.saturating_sub(block_bytes),
            block_bytes,
            table_bytes: self.table_bytes,
        }
    }

    fn admit(&mut self, more: u64, up: Option<&Arc<dyn Upcalls>>) -> bool {
        let total = self.memory_bytes.saturating_add(self.table_bytes).saturating_add(more);
        let ok = total <= self.max_bytes && up.is_none_or(|up| up.grow(more));
        self.refused |= !ok;
        ok
    }
}

impl ResourceLimiter for Ctx {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let more = desired.saturating_sub(current) as u64;
        let ok = self.limits.admit(more, self.up.as_ref());
        if ok {
            self.limits.memory_bytes += more;
        }
        Ok(ok)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        self.limits.refused = true;
        drop(error); // The guest gets -1, as from any growth that is refused.
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        if desired > TABLE_ELEMENTS_MAX {
            self.limits.refused = true;
            return Ok(false);
        }
        let more = desired.saturating_sub(current) as u64 * TABLE_ELEMENT_BYTES;
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
