//! Blocks of an instance through its store: given out, freed, copied, cleared.

use wasmtime::{Caller, Val};

use super::{Arena, COPY_BYTES, Ctx, FREE, IN_USE, LOAD_BYTES, Span, copy_interruptible, refused};
use crate::runtime::block_error::BlockError;
use crate::runtime::native::blocks::{HEADER_BYTES, Reused};
use crate::runtime::native::fuel;
use crate::runtime::native::limits::HostDataKind;
use crate::runtime::{Failure, FailureKind, PAGE_BYTES, Upcalls};

/// The store as host functions and the host itself see it.
pub trait CtxStore: wasmtime::AsContextMut<Data = Ctx> + Sized {
    /// Grows the arena until it holds `end` bytes and a load's width more; false when that is refused.
    ///
    /// # Errors
    /// The growth was refused because the call must end.
    fn reserve(&mut self, arena: Arena, end: u64) -> wasmtime::Result<bool> {
        let size = self.as_context().data().arena_bytes;
        let need = end + LOAD_BYTES;
        if need <= size {
            return Ok(true);
        }
        let grown = has_grown(arena.memory.grow(&mut *self, (need - size).div_ceil(PAGE_BYTES)))?;
        let size = arena.memory.data_size(&*self) as u64;
        self.as_context_mut().data_mut().arena_bytes = size;
        Ok(grown)
    }

    /// A block of `length` bytes as a guest gets it: zeros, or what a freed block held; `None` when there is no room. 0
    /// bytes are handle 0.
    ///
    /// # Errors
    /// As of [`CtxStore::alloc_new`].
    fn alloc(&mut self, length: u64) -> wasmtime::Result<Option<Span>> {
        if length == 0 {
            return Ok(Some(Span::default()));
        }
        if let Some(span) = self.alloc_again(length)? {
            return Ok(Some(span));
        }
        self.alloc_new(length, true)
    }

    /// A block whose bytes the caller overwrites all: its old contents are not cleared.
    ///
    /// # Errors
    /// As of [`CtxStore::alloc_new`].
    fn alloc_for_bytes(&mut self, length: u64) -> wasmtime::Result<Option<Span>> {
        if length == 0 {
            return Ok(Some(Span::default()));
        }
        match self.alloc_again(length)? {
            Some(span) => Ok(Some(span)),
            None => self.alloc_new(length, false),
        }
    }

    /// A freed block given out again, where the kernel's rules reuse one.
    ///
    /// # Errors
    /// The instance has no arena yet.
    #[inline]
    fn alloc_again(&mut self, length: u64) -> wasmtime::Result<Option<Span>> {
        let mut context = self.as_context_mut();
        let ctx = context.data_mut();
        let Some(reused) = ctx.blocks.reuse(length) else { return Ok(None) };
        let arena = ctx.arena()?;
        write_reused(arena.memory.data_mut(&mut *self), reused, length)?;
        Ok(Some(Span { offset: reused.handle, length }))
    }

    /// A new block after all others; `wiped` where it is to hold zeros.
    ///
    /// # Errors
    /// The call must end, or its fuel is used up.
    fn alloc_new(&mut self, length: u64, wiped: bool) -> wasmtime::Result<Option<Span>> {
        let mut context = self.as_context_mut();
        let ctx = context.data_mut();
        let arena = ctx.arena()?;
        let Some(end) = ctx.blocks.end_after(length) else {
            ctx.limits.refused = true;
            return Ok(None);
        };
        let table_bytes = ctx.blocks.table_bytes();
        if table_bytes != ctx.limits.kept(HostDataKind::BlockTable)
            && !ctx.limits.keep(HostDataKind::BlockTable, table_bytes, ctx.up.as_ref())
        {
            return Ok(None);
        }
        if end + LOAD_BYTES > ctx.arena_bytes && !self.reserve(arena, end)? {
            return Ok(None);
        }
        let mut context = self.as_context_mut();
        let blocks = &mut context.data_mut().blocks;
        let offset = blocks.push(length);
        let dirty = if wiped { blocks.dirty(offset, end) } else { offset..offset };
        let soiled_bytes = dirty.end - dirty.start;
        let is_wiped_here = soiled_bytes < COPY_BYTES as u64;
        if !is_wiped_here {
            self.wipe(dirty)?;
        } else if soiled_bytes >= fuel::BYTES_OF_A_UNIT {
            fuel::charge(self, soiled_bytes)?;
        }
        let with_header = Span { offset: offset - HEADER_BYTES, length: HEADER_BYTES + length };
        let bytes = with_header.of_mut(arena.memory.data_mut(&mut *self))?;
        let (header, rest) = bytes.split_at_mut(HEADER_BYTES as usize);
        let [a, b, c, d] = (length as u32).to_le_bytes();
        header.copy_from_slice(&[IN_USE, 0, 0, 0, a, b, c, d, a, b, c, d]);
        if is_wiped_here && soiled_bytes > 0 {
            rest[..soiled_bytes as usize].fill(0);
        }
        Ok(Some(Span { offset, length }))
    }

    /// Frees the block at a handle; an invalid handle is ignored.
    ///
    /// # Errors
    /// The instance has no arena yet.
    fn free(&mut self, handle: u64) -> wasmtime::Result<()> {
        let mut context = self.as_context_mut();
        let ctx = context.data_mut();
        if !ctx.blocks.free(handle) {
            return Ok(());
        }
        let (arena, input) = (ctx.arena()?, ctx.input);
        header_of(arena.memory.data_mut(&mut *self), handle)?[0] = FREE;
        if input.offset == handle && input.length > 0 {
            self.set_input_span(Span { offset: handle, length: 0 })?;
        }
        Ok(())
    }

    /// Clears a part of the arena, with checks of the cancel flag between chunks.
    ///
    /// # Errors
    /// The call must end, or its fuel is used up.
    fn wipe(&mut self, part: std::ops::Range<u64>) -> wasmtime::Result<()> {
        if part.is_empty() {
            return Ok(());
        }
        let span = Span { offset: part.start, length: part.end - part.start };
        fuel::charge(self, span.length)?;
        let context = self.as_context();
        let arena = context.data().arena()?;
        let up = if span.length < COPY_BYTES as u64 { None } else { context.data().up.clone() };
        for piece in span.of_mut(arena.memory.data_mut(&mut *self))?.chunks_mut(COPY_BYTES) {
            if up.as_ref().is_some_and(|up| up.interrupted()) {
                return Err(Failure::interrupted().into());
            }
            piece.fill(0);
        }
        Ok(())
    }

    /// A new block that holds `bytes`.
    ///
    /// # Errors
    /// There is no room, the call must end, or its fuel is used up.
    fn put(&mut self, bytes: &[u8]) -> wasmtime::Result<Span> {
        fuel::charge(self, bytes.len() as u64)?;
        let up = if bytes.len() < COPY_BYTES { None } else { self.as_context_mut().data().up.clone() };
        self.put_interruptible(bytes, up.as_deref())
    }

    /// A new block that holds `bytes`, with checks of `up`'s cancel flag.
    ///
    /// # Errors
    /// There is no room, or the call must end.
    fn put_interruptible(&mut self, bytes: &[u8], up: Option<&dyn Upcalls>) -> wasmtime::Result<Span> {
        let Some(span) = self.alloc_for_bytes(bytes.len() as u64)? else {
            return Err(Failure::new(FailureKind::Oom, "oom").into());
        };
        if span.length > 0 {
            let arena = self.as_context_mut().data().arena()?;
            copy_interruptible(span.of_mut(arena.memory.data_mut(&mut *self))?, bytes, up)?;
        }
        Ok(span)
    }

    /// A copy of a block's bytes.
    ///
    /// # Errors
    /// The call must end, or its fuel is used up.
    fn bytes(&mut self, span: Span) -> wasmtime::Result<Vec<u8>> {
        if span.length == 0 {
            return Ok(Vec::new());
        }
        fuel::charge(self, span.length)?;
        let mut context = self.as_context_mut();
        let (arena, up) = (context.data().arena()?, context.data().up.clone());
        let block = span.of(arena.memory.data(&mut context))?;
        let mut bytes = Vec::with_capacity(block.len());
        for piece in block.chunks(COPY_BYTES) {
            if piece.len() == COPY_BYTES && up.as_ref().is_some_and(|up| up.interrupted()) {
                return Err(Failure::interrupted().into());
            }
            bytes.extend_from_slice(piece);
        }
        Ok(bytes)
    }

    /// A block's text; errors name its use.
    ///
    /// # Errors
    /// The handle is none of a block, the text is over `bytes_max` bytes or no UTF-8; as of [`CtxStore::bytes`].
    fn text(&mut self, handle: u64, what: &'static str, bytes_max: u64) -> wasmtime::Result<String> {
        let span = self.as_context_mut().data_mut().span(handle, what)?;
        if span.length > bytes_max {
            return Err(refused(BlockError::TooLong { what, bytes: span.length, bytes_max }));
        }
        String::from_utf8(self.bytes(span)?).map_err(|_| refused(BlockError::NotUtf8 { what }))
    }

    /// Makes `span` the input of the present call.
    ///
    /// # Errors
    /// The instance has no arena yet.
    fn set_input_span(&mut self, span: Span) -> wasmtime::Result<()> {
        let arena = self.as_context_mut().data().arena()?;
        self.as_context_mut().data_mut().input = span;
        arena.input_offset.set(&mut *self, Val::I64(span.offset as i64))?;
        arena.input_length.set(&mut *self, Val::I64(span.length as i64))
    }
}

/// The bytes before a block; an error where there are none, which the block table rules out.
#[inline]
fn header_of(data: &mut [u8], handle: u64) -> wasmtime::Result<&mut [u8; HEADER_BYTES as usize]> {
    let header = data.get_mut((handle - HEADER_BYTES) as usize..).and_then(<[u8]>::first_chunk_mut);
    header.ok_or_else(|| refused(BlockError::OutsideMemory))
}

/// Writes the headers of a block that was given out again, as Extism's kernel leaves them.
#[inline]
fn write_reused(data: &mut [u8], reused: Reused, length: u64) -> wasmtime::Result<()> {
    let length = (length as u32).to_le_bytes();
    if let Some((from, left)) = reused.rest {
        let rest = header_of(data, from)?;
        rest[4..8].copy_from_slice(&(left as u32).to_le_bytes());
        rest[8..].fill(0);
        header_of(data, reused.handle)?[4..8].copy_from_slice(&length);
    }
    let header = header_of(data, reused.handle)?;
    header[0] = IN_USE;
    header[8..].copy_from_slice(&length);
    Ok(())
}

/// Whether a memory has grown; an error where the call that wanted it must end.
fn has_grown(grown: wasmtime::Result<u64>) -> wasmtime::Result<bool> {
    match grown {
        Err(error) if error.is::<Failure>() => Err(error),
        grown => Ok(grown.is_ok()),
    }
}

impl CtxStore for wasmtime::Store<Ctx> {}
impl CtxStore for Caller<'_, Ctx> {}
