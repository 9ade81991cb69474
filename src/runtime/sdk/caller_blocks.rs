//! The blocks of the plugin that calls a host function, for stand-ins and for a product's own functions.

use extism::CurrentPlugin;

use super::functions;
use crate::runtime::block_error::BlockError;
use crate::runtime::product_function::CallerMemory;
use crate::runtime::stand_in::CallerBlocks;
use crate::runtime::{Failure, FailureKind};

/// The blocks of the plugin that calls a host function.
pub struct BlocksOf<'a>(pub &'a mut CurrentPlugin);

impl CallerBlocks for BlocksOf<'_> {
    fn length(&mut self, handle: u64) -> Option<u64> {
        self.0.memory_handle(handle).map(|block| block.length)
    }

    fn bytes(&mut self, handle: u64) -> Result<Vec<u8>, Failure> {
        functions::bytes(self.0, handle, "an argument")
    }
}

impl CallerMemory for BlocksOf<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<u64, Failure> {
        if bytes.is_empty() { Ok(0) } else { functions::put(self.0, bytes) }
    }

    fn overwrite(&mut self, handle: u64, bytes: &[u8]) -> Result<(), Failure> {
        let no_block = BlockError::NoBlock { what: "a block to write to", handle };
        let block = self.0.memory_handle(handle).ok_or(no_block)?;
        let to = self.0.memory_bytes_mut(block);
        let to = to.map_err(|error| Failure::new(FailureKind::Trap, error.to_string()))?;
        let written = to.get_mut(..bytes.len()).map(|to| to.copy_from_slice(bytes));
        written.ok_or_else(|| BlockError::NoRoom { bytes: bytes.len() }.into())
    }

    fn free(&mut self, handle: u64) -> Result<(), Failure> {
        let Some(block) = self.0.memory_handle(handle) else { return Ok(()) };
        self.0.memory_free(block).map_err(|error| Failure::new(FailureKind::Trap, error.to_string()))
    }

    fn peek(&mut self, handle: u64, bytes_max: usize) -> Vec<u8> {
        let mut bytes = functions::bytes(self.0, handle, "a block").unwrap_or_default();
        bytes.truncate(bytes_max);
        bytes
    }
}
