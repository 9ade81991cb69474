//! What one instance may hold: linear memories and tables, counted truly, under one limit.

use std::sync::Arc;

use wasmtime::{ResourceLimiter, Result};

use super::ctx::Ctx;
use crate::runtime::source::MODULES_MAX;
use crate::runtime::{MemoryUse, Upcalls};

/// What a table's element costs the host, in bytes.
const TABLE_ELEMENT_BYTES: u64 = 8;
/// Most elements of one table, whatever the memory limit says.
const TABLE_ELEMENTS_MAX: usize = 10_000_000;
/// Most instances, memories and tables of one store: a main module, its linked modules and the arena.
const INSTANCES_MAX: usize = MODULES_MAX + 1;

/// Counts what the store's memories and tables hold, and refuses what goes over.
pub struct Limits {
    max_bytes: u64,
    memory_bytes: u64,
    table_bytes: u64,
    /// What its variables take: the host keeps them, and all processes together may have no more than there is room for.
    var_bytes: u64,
    /// What grew while no call ran that could be charged for it (the input of the next call).
    uncharged_bytes: u64,
    /// Set when a growth was refused: the trap that follows is then "oom".
    pub refused: bool,
    /// Set when it was the limit of all processes together that refused.
    by_total: bool,
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
            var_bytes: 0,
            uncharged_bytes: 0,
            refused: false,
            by_total: false,
            admitted_bytes: 0,
        }
    }

    /// What is held now, of which `block_bytes` are the arena's.
    pub fn memory(&self, block_bytes: u64) -> MemoryUse {
        MemoryUse {
            guest_bytes: self.memory_bytes.saturating_sub(block_bytes).saturating_add(self.var_bytes),
            block_bytes,
            table_bytes: self.table_bytes,
            resident_bytes: None,
        }
    }

    /// Charges a call that begins for what grew before it; false when all processes together have no room for it.
    pub fn charge(&mut self, up: &Arc<dyn Upcalls>) -> bool {
        let more = std::mem::take(&mut self.uncharged_bytes);
        let ok = more == 0 || up.grow(more);
        self.note(ok, true);
        ok
    }

    /// Counts `bytes` of variables from now on; false, and nothing changed, when there is no room for as many.
    pub fn keep_vars(&mut self, bytes: u64, up: &Arc<dyn Upcalls>) -> bool {
        let ok = match bytes.checked_sub(self.var_bytes) {
            Some(more) => more == 0 || up.grow(more),
            None => {
                up.shrink(self.var_bytes - bytes);
                true
            }
        };
        self.note(ok, true);
        if ok {
            self.var_bytes = bytes;
        }
        ok
    }

    /// Which limit was met, in the words of an error.
    pub fn words(&self) -> String {
        match self.by_total {
            true => "oom (out of memory): all processes together hold as much as they may; `--max-memory` allows more"
                .into(),
            false if self.max_bytes == u64::MAX => "oom (out of memory): no more than 4 GiB can be had".into(),
            false => format!("oom (out of memory): it may hold {} bytes; `--memory-max` allows more", self.max_bytes),
        }
    }

    fn admit(&mut self, more: u64, up: Option<&Arc<dyn Upcalls>>) -> bool {
        let total = self.memory_bytes.saturating_add(self.table_bytes).saturating_add(more);
        if total > self.max_bytes {
            self.note(false, false);
            return false;
        }
        match up {
            Some(up) => {
                let ok = up.grow(more);
                self.note(ok, true);
                ok
            }
            None => {
                self.uncharged_bytes += more;
                true
            }
        }
    }

    fn note(&mut self, ok: bool, by_total: bool) {
        if !ok {
            (self.refused, self.by_total) = (true, by_total);
        }
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
        self.limits.admitted_bytes = if ok { more } else { 0 };
        Ok(ok)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        // Comes right after an admission, and only then; what was counted is not there after all.
        let less = std::mem::take(&mut self.limits.admitted_bytes);
        self.limits.memory_bytes = self.limits.memory_bytes.saturating_sub(less);
        match &self.up {
            Some(up) => up.shrink(less),
            None => self.limits.uncharged_bytes = self.limits.uncharged_bytes.saturating_sub(less),
        }
        self.limits.note(false, false);
        drop(error); // The guest gets -1, as from any growth that is refused.
        Ok(())
    }

    // A table's growth that fails after it was admitted stays counted: a failure without an admission before it looks the
    // same from here, and must not take anything off.
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
