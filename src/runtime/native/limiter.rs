//! wasmtime's resource limiter: admits or refuses growth of memories, tables and heaps. `limits` has the counts.

use wasmtime::{ResourceLimiter, Result};

use super::chunked::HEAP_MAXIMUM_BYTES;
use super::ctx::Ctx;
use super::limits::{HEAP_BYTES_MAX, Refusal, TABLE_ELEMENTS_MAX};
use crate::runtime::Failure;
use crate::runtime::source::MODULES_MAX;

/// The host's cost of a table element, in bytes.
const TABLE_ELEMENT_BYTES: u64 = 8;
/// Most instances, memories and tables of one store: a main module, its linked modules and the arena.
const INSTANCES_MAX: usize = MODULES_MAX + 1;

impl Ctx {
    /// Checks the running call's cancel flag: growth may take long, or repeat without a loop.
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
        // wasmtime calls this only right after an admission: undo its count.
        let less = std::mem::take(&mut self.limits.admitted_bytes);
        self.limits.memory_bytes = self.limits.memory_bytes.saturating_sub(less);
        self.limits.release(less, self.up.as_ref());
        self.limits.note(false, Refusal::Own);
        drop(error); // The guest gets -1, as for a refused growth.
        Ok(())
    }

    // An admitted table growth that fails stays counted: `table_grow_failed` is also called without an admission, so
    // undoing there could take off too much.
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
