//! What the host functions of one instance share: its blocks, its vars, what the present call has said so far.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::{Caller, Global, Memory, Val};
use wasmtime_wasi::p1::WasiP1Ctx;

use super::blocks::{ARENA_BYTES_MAX, Blocks};
use super::files::Files;
use super::limits::Limits;
use crate::runtime::{Failure, FailureKind, Memo, Spec, Upcalls};

const PAGE_BYTES: u64 = 1 << 16;

/// A stretch of the arena.
#[derive(Clone, Copy, Default)]
pub struct Span {
    pub offset: u64,
    pub length: u64,
}

/// The arena instance's memory and the two globals that say where the input lies.
#[derive(Clone, Copy)]
pub struct Arena {
    pub memory: Memory,
    pub input_offset: Global,
    pub input_length: Global,
}

/// The data of one store.
pub struct Ctx {
    pub arena: Option<Arena>,
    /// How long the arena's memory is: asking the store each time costs more than a block does.
    pub arena_bytes: u64,
    pub blocks: Blocks,
    pub input: Span,
    pub output: Span,
    /// The handle that `error_set` was last given; 0: none.
    pub error: u64,
    /// What the running call may ask of the world above; none between calls.
    pub up: Option<Arc<dyn Upcalls>>,
    pub spec: Arc<Spec>,
    pub vars: BTreeMap<String, Vec<u8>>,
    pub var_bytes: u64,
    pub http_status: u16,
    pub http_headers: BTreeMap<String, String>,
    /// Why the last `try_call_plugin` failed.
    pub call_error: Option<String>,
    pub limits: Limits,
    /// The kernel's.
    pub memo: Memo,
    pub wasi: Option<Box<WasiP1Ctx>>,
    /// What WASI has open.
    pub files: Files,
}

/// A refusal of what a guest asked: the call ends as by a trap.
pub fn refused(message: impl Into<String>) -> wasmtime::Error {
    Failure::new(FailureKind::Trap, message).into()
}

impl Ctx {
    /// An empty context for an instance of `spec`.
    pub fn new(spec: Arc<Spec>) -> Self {
        Ctx {
            arena: None,
            arena_bytes: 0,
            blocks: Blocks::default(),
            input: Span::default(),
            output: Span::default(),
            error: 0,
            up: None,
            limits: Limits::new(spec.memory_bytes_max),
            spec,
            vars: BTreeMap::new(),
            var_bytes: 0,
            http_status: 0,
            http_headers: BTreeMap::new(),
            call_error: None,
            memo: None,
            wasi: None,
            files: Files::default(),
        }
    }

    /// The arena; an error before the instance is whole, which no guest code can see.
    pub fn arena(&self) -> wasmtime::Result<Arena> {
        self.arena.ok_or_else(|| refused("the instance has no blocks yet"))
    }

    /// The way up for the running call.
    pub fn up(&self) -> wasmtime::Result<Arc<dyn Upcalls>> {
        self.up.clone().ok_or_else(|| refused("called outside a call"))
    }

    /// Where the block at `handle` lies: 0 is "nothing" and empty; what is no handle is an error that names its use.
    pub fn span(&mut self, handle: u64, what: &str) -> wasmtime::Result<Span> {
        if handle == 0 {
            return Ok(Span::default());
        }
        match self.blocks.length(handle) {
            Some(length) => Ok(Span { offset: handle, length }),
            None => Err(refused(format!("invalid handle for {what}: {handle}"))),
        }
    }
}

impl Span {
    /// The bytes of the span in the arena; an error where the arena is shorter, which the block table rules out.
    pub fn of(self, data: &[u8]) -> wasmtime::Result<&[u8]> {
        let start = self.offset as usize;
        data.get(start..start + self.length as usize).ok_or_else(|| refused("a block lies outside its memory"))
    }

    /// The same to write to.
    pub fn of_mut(self, data: &mut [u8]) -> wasmtime::Result<&mut [u8]> {
        let start = self.offset as usize;
        data.get_mut(start..start + self.length as usize).ok_or_else(|| refused("a block lies outside its memory"))
    }
}

/// The store as host functions and the host itself see it.
pub trait CtxStore: wasmtime::AsContextMut<Data = Ctx> + Sized {
    /// Grows the arena until it holds `end` bytes and a load's width more; false when that is refused.
    fn reserve(&mut self, arena: Arena, end: u64) -> wasmtime::Result<bool> {
        let size = self.as_context().data().arena_bytes;
        let need = end + 8;
        if need <= size {
            return Ok(true);
        }
        let least = (need - size).div_ceil(PAGE_BYTES);
        // Doubling keeps the number of growths small; where the limit has no room for that, the least will do.
        let amply = least.max(size / PAGE_BYTES).min((ARENA_BYTES_MAX + PAGE_BYTES - size) / PAGE_BYTES);
        let grown = arena.memory.grow(&mut *self, amply).is_ok();
        let grown_least = !grown && arena.memory.grow(&mut *self, least).is_ok();
        let size = arena.memory.data_size(&*self) as u64;
        let mut context = self.as_context_mut();
        let ctx = context.data_mut();
        ctx.arena_bytes = size;
        if grown_least {
            ctx.limits.refused = false;
        }
        Ok(grown || grown_least)
    }

    /// A new block of `length` bytes, zeros or leftovers; `None` when there is no room. 0 bytes are handle 0.
    fn alloc(&mut self, length: u64) -> wasmtime::Result<Option<Span>> {
        if length == 0 {
            return Ok(Some(Span::default()));
        }
        let mut context = self.as_context_mut();
        let ctx = context.data_mut();
        let arena = ctx.arena()?;
        let Some(offset) = ctx.blocks.alloc(length) else {
            ctx.limits.refused = true;
            return Ok(None);
        };
        let end = ctx.blocks.end();
        if !self.reserve(arena, end)? {
            self.as_context_mut().data_mut().blocks.take_back(offset);
            return Ok(None);
        }
        Ok(Some(Span { offset, length }))
    }

    /// A new block that holds `bytes`.
    fn put(&mut self, bytes: &[u8]) -> wasmtime::Result<Span> {
        let Some(span) = self.alloc(bytes.len() as u64)? else {
            return Err(Failure::new(FailureKind::Oom, "oom").into());
        };
        if span.length > 0 {
            let arena = self.as_context_mut().data().arena()?;
            span.of_mut(arena.memory.data_mut(&mut *self))?.copy_from_slice(bytes);
        }
        Ok(span)
    }

    /// A block's bytes, and the context, at once.
    fn bytes(&mut self, span: Span) -> wasmtime::Result<Vec<u8>> {
        if span.length == 0 {
            return Ok(Vec::new());
        }
        let arena = self.as_context_mut().data().arena()?;
        Ok(span.of(arena.memory.data(&*self))?.to_vec())
    }

    /// A block's text: an error that names its use when it is no UTF-8, or over `max` bytes.
    fn text(&mut self, handle: u64, what: &str, max: u64) -> wasmtime::Result<String> {
        let span = self.as_context_mut().data_mut().span(handle, what)?;
        if span.length > max {
            return Err(refused(format!("{what} has {} bytes; at most {max} are taken", span.length)));
        }
        String::from_utf8(self.bytes(span)?).map_err(|_| refused(format!("{what} is not UTF-8")))
    }

    /// Makes `span` the input of the present call.
    fn set_input_span(&mut self, span: Span) -> wasmtime::Result<()> {
        let arena = self.as_context_mut().data().arena()?;
        self.as_context_mut().data_mut().input = span;
        arena.input_offset.set(&mut *self, Val::I64(span.offset as i64))?;
        arena.input_length.set(&mut *self, Val::I64(span.length as i64))
    }
}

impl CtxStore for wasmtime::Store<Ctx> {}
impl CtxStore for Caller<'_, Ctx> {}
