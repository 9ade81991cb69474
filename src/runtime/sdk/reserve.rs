//! The memory that a process of the stock host is counted with: its limit, since the SDK does not report its use.

use std::sync::Arc;

use crate::runtime::{Advice, Failure, FailureKind, Spec, Upcalls};

/// The default memory limit, in bytes.
const MEMORY_BYTES_DEFAULT: u64 = 256 << 20;

/// The memory limit of an instance, in bytes, where all processes together may have `total_bytes_max`.
pub fn memory_bytes_max(spec: &Spec, total_bytes_max: u64) -> u64 {
    spec.memory_bytes_max.unwrap_or(MEMORY_BYTES_DEFAULT.min(total_bytes_max))
}

/// Counts an instance with its memory limit; the bytes that are counted.
///
/// # Errors
///
/// [`FailureKind::Oom`] when all processes together have no room for as much.
pub fn reserve(spec: &Spec, up: &Arc<dyn Upcalls>) -> Result<u64, Failure> {
    let bytes = spec.memory_bytes_max.unwrap_or(MEMORY_BYTES_DEFAULT);
    if up.grow(bytes) {
        return Ok(bytes);
    }
    let why = format!("oom (out of memory): in the stock host it counts with all that it may have, {bytes} bytes");
    Err(Failure::advised(FailureKind::Oom, why, Advice::AskForLessMemory))
}
