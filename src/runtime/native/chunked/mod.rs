//! Bulk instructions in chunks: a rewrite at load, so that code without loops can be interrupted.
//!
//! wasmtime checks epochs and fuel at the start of a function and at the head of a loop. One `memory.fill` may write
//! gigabytes, and a function may hold half a million of them. An instruction whose length is not a small constant
//! therefore becomes a call of a helper function, which loops over chunks by wasm's own rules: it traps before it
//! writes, copies overlapping ranges in the right direction, and ends with a shorter chunk. A length that is small at
//! run time takes the original instruction, in line. Where fuel is counted, helpers charge it by the byte. A very long
//! function gets empty loops at intervals.
//!
//! Properties of a rewritten module:
//! - No index changes: helpers stand after all functions, their types after all types. Names, exports, custom sections
//!   and all other sections stay byte for byte. Helpers have no names.
//! - Offsets into the code section do change; [`moved_bodies`] tells the original ones. A module with nothing to
//!   rewrite stays byte for byte as it was.
//! - The memories of a module with a collected heap may not have a maximum of exactly 4 GiB: see
//!   [`HEAP_MAXIMUM_BYTES`].
//!
//! A module that cannot be rewritten within bounds is refused: see [`check`]. `instruction` knows the bulk
//! instructions, `body` rewrites one function, `helper` and `array` write the helpers by means of `writer`.

mod array;
mod body;
mod check;
mod chunks;
mod helper;
mod helper_set;
mod instruction;
mod moved;
mod rewrite_error;
#[cfg(test)]
mod tests;
mod writer;

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{CodeSection, Encode, MemorySection, Module, RawSection, SectionId};
use wasmparser::{BinaryReader, CodeSectionReader, MemoryType};

use self::body::Rewritten;
pub use self::chunks::Chunks;
use self::chunks::PAGE_SIZE_LOG2;
use self::helper_set::HelperSet;
pub use self::moved::BodyMap;
use self::rewrite_error::{RewriteError, Uninterruptible};
use super::outline::Outline;

/// A part of the cache key of compiled modules: a new value for each change of the rewrite's result.
pub const VERSION: u32 = 1;
/// The maximum of a collected heap's memory in wasmtime, in bytes. No other memory of such a module keeps this maximum,
/// so that the limiter can tell the heap by it.
pub const HEAP_MAXIMUM_BYTES: usize = 1 << 32;
const HEAP_MAXIMUM_PAGES: u64 = 1 << 16;
/// The module with its bulk instructions in chunks; `None` where it can stay as it is, or cannot be read.
///
/// # Errors
/// An instruction of the module cannot be bounded.
pub fn rewritten(wasm: &[u8], chunks: Chunks) -> Result<Option<Vec<u8>>, Uninterruptible> {
    // Unreadable modules are left to wasmtime, which refuses them.
    let Ok(outline) = Outline::read(wasm) else { return Ok(None) };
    check::check(&outline)?;
    let mut helpers = HelperSet::new(&outline, chunks);
    let code = match code(wasm, &outline, &mut helpers, &mut BodyMap::default()) {
        Ok(code) => code,
        Err(RewriteError::Unreadable) => return Ok(None),
        Err(RewriteError::Refused(why)) => return Err(why),
    };
    let memories = if outline.has_heap() { bounded_memories(&outline) } else { None };
    if code.is_none() && memories.is_none() {
        return Ok(None);
    }
    Ok(assembled(wasm, &outline, &helpers, code.as_ref(), memories.as_ref()))
}

/// The functions of a module that a rewrite changes, with their original offsets; none for a refused module.
pub fn moved_bodies(wasm: &[u8], chunks: Chunks) -> BodyMap {
    let mut moved = BodyMap::default();
    if let Ok(outline) = Outline::read(wasm)
        && check::check(&outline).is_ok()
    {
        // A refusal leaves the parts that were read before it.
        let _ = code(wasm, &outline, &mut HelperSet::new(&outline, chunks), &mut moved);
    }
    moved
}

/// The code section with its rewritten functions; `None` when no function needs it.
fn code(
    wasm: &[u8],
    outline: &Outline,
    helpers: &mut HelperSet<'_>,
    moved: &mut BodyMap,
) -> Result<Option<CodeSection>, RewriteError> {
    let Some((_, range)) = outline.sections.iter().find(|(id, _)| *id == SectionId::Code as u8) else {
        return Ok(None);
    };
    let bytes = wasm.get(range.clone()).ok_or(RewriteError::Unreadable)?;
    let mut section = CodeSection::new();
    let mut any = false;
    for (defined, body) in CodeSectionReader::new(BinaryReader::new(bytes, 0))?.into_iter().enumerate() {
        let body = body?;
        match body::rewritten(&body, defined, helpers)? {
            Rewritten::Same => section.raw(body.as_bytes()),
            Rewritten::Changed(changed) => {
                any = true;
                moved.add(defined, changed.segments);
                section.raw(&changed.bytes)
            }
        };
    }
    Ok(any.then_some(section))
}

/// The memory section of a module with a heap, without the heap's maximum; `None` where no memory has it.
fn bounded_memories(outline: &Outline) -> Option<MemorySection> {
    let bounded = |memory: &MemoryType| {
        let maximum = memory.maximum.unwrap_or(HEAP_MAXIMUM_PAGES).min(HEAP_MAXIMUM_PAGES - 1);
        let applies = memory.maximum.is_none_or(|maximum| maximum == HEAP_MAXIMUM_PAGES)
            && memory.initial <= maximum
            && memory.page_size_log2.unwrap_or(PAGE_SIZE_LOG2) == PAGE_SIZE_LOG2
            && (!memory.memory64 || memory.maximum.is_some());
        if applies { MemoryType { maximum: Some(maximum), ..*memory } } else { *memory }
    };
    let defined = outline.memories.get(outline.imported_memories..)?;
    let mut section = MemorySection::new();
    let mut any = false;
    for memory in defined {
        let now = bounded(memory);
        any |= now != *memory;
        section.memory(RoundtripReencoder.memory_type(now).ok()?);
    }
    any.then_some(section)
}

/// The module with the given sections replaced.
fn assembled(
    wasm: &[u8],
    outline: &Outline,
    helpers: &HelperSet<'_>,
    code: Option<&CodeSection>,
    memories: Option<&MemorySection>,
) -> Option<Vec<u8>> {
    let mut module = Module::new();
    let wanted = helpers.wanted.len() as u32;
    for (id, range) in &outline.sections {
        let data = wasm.get(range.clone())?;
        let raw = RawSection { id: *id, data };
        match (*id, code, memories) {
            (id, Some(_), _) if id == SectionId::Type as u8 && wanted > 0 => {
                let types = helper::types(helpers)?;
                let data = with_more(data, wanted, &types)?;
                module.section(&RawSection { id, data: &data });
            }
            (id, Some(_), _) if id == SectionId::Function as u8 && wanted > 0 => {
                let mut indices = Vec::new();
                for place in 0..wanted {
                    helpers.ty(place).encode(&mut indices);
                }
                let data = with_more(data, wanted, &indices)?;
                module.section(&RawSection { id, data: &data });
            }
            (id, Some(code), _) if id == SectionId::Code as u8 => {
                let mut code = code.clone();
                for bulk in &helpers.wanted {
                    code.function(&helper::function(*bulk, helpers)?);
                }
                module.section(&code);
            }
            (id, _, Some(memories)) if id == SectionId::Memory as u8 => {
                module.section(memories);
            }
            _ => {
                module.section(&raw);
            }
        }
    }
    Some(module.finish())
}

/// A section that is a list, with `more` entries at its end.
fn with_more(section: &[u8], more: u32, entries: &[u8]) -> Option<Vec<u8>> {
    let mut reader = BinaryReader::new(section, 0);
    let count = reader.read_var_u32().ok()?;
    let mut bytes = Vec::with_capacity(section.len() + entries.len() + 5);
    count.checked_add(more)?.encode(&mut bytes);
    bytes.extend_from_slice(section.get(reader.original_position()..)?);
    bytes.extend_from_slice(entries);
    Some(bytes)
}
