//! An instance as a debugger sees it between two runs of guest code.

use std::sync::Arc;

use super::abi::KEY_BYTES_MAX;
use super::instance::Instance;
use crate::runtime::block_error::BlockError;
use crate::runtime::inspect::{InspectError, MemoryError, MemoryPart, Variable};
use crate::runtime::{Failure, Inspect};

/// The export that toolchains give a module's memory.
const MAIN_MEMORY: &str = "memory";

impl Inspect for Instance {
    fn variables(&mut self) -> Result<Vec<Variable>, Failure> {
        let vars = self.store.data().vars.iter();
        Ok(vars.map(|(key, value)| (key.clone(), Arc::clone(value))).collect())
    }

    fn set_variable(&mut self, key: &str, value: Option<&[u8]>) -> Result<(), Failure> {
        let ctx = self.store.data_mut();
        ctx.check_vars_enabled()?;
        if key.len() as u64 > KEY_BYTES_MAX {
            let bytes = key.len() as u64;
            return Err(Failure::denied(BlockError::TooLong { what: "var key", bytes, bytes_max: KEY_BYTES_MAX }));
        }
        // The next call is charged for the bytes, or gets them back.
        match value {
            Some(value) => ctx.set_var(key, value, None),
            None => {
                ctx.remove_var(key, None);
                Ok(())
            }
        }
    }

    fn read_memory(&mut self, offset: u64, length: u64) -> Result<MemoryPart, InspectError> {
        let own = self.main.get_memory(&mut self.store, MAIN_MEMORY);
        // A main module without one works on that of a module it is linked with.
        let memory = own.or(self.memories.last().copied()).ok_or(MemoryError::NotExported)?;
        Ok(MemoryPart::of(memory.data(&self.store), offset, length)?)
    }
}
