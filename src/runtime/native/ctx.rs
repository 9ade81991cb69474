//! The state that the host functions of one instance share: its blocks, its vars, and the output and error of the call.

mod store;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use store::CtxStore;
use wasmtime::{Global, Memory};

use super::backtrace::ModulePlaces;
use super::blocks::Blocks;
use super::debugged::{Debuggable, Debugger};
use super::fuel::Metered;
use super::limits::InstanceLimits;
use super::wasi::Wasi;
use crate::runtime::block_error::BlockError;
use crate::runtime::{Failure, FailureKind, HostData, Problem, Spec, Upcalls};

/// Bytes that are copied between two checks of the cancel flag.
const COPY_BYTES: usize = 1 << 20;
/// The width of the widest load.
const LOAD_BYTES: u64 = 8;
/// A header's status byte, as Extism's kernel has it.
pub const IN_USE: u8 = 1;
const FREE: u8 = 2;

/// A range of the arena.
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
    /// The length of the arena's memory, cached: asking the store costs more than a block does.
    pub arena_bytes: u64,
    pub blocks: Blocks,
    pub input: Span,
    pub output: Span,
    /// The handle that `error_set` was last given; 0: none.
    pub error: u64,
    /// The upcalls of the running call; none between calls.
    pub up: Option<Arc<dyn Upcalls>>,
    pub spec: Arc<Spec>,
    /// Shared, so that a value can be copied into the store that owns it.
    pub vars: BTreeMap<String, Arc<Vec<u8>>>,
    pub var_bytes: u64,
    pub http_status: u16,
    pub http_headers: BTreeMap<String, String>,
    /// Why the last `try_call_plugin` failed.
    pub call_error: Option<String>,
    pub limits: InstanceLimits,
    /// Tickets of started calls by the recorded ones, in a replay; at most as many as calls that may run beside one.
    pub replayed_tickets: BTreeMap<u64, u64>,
    /// The kernel's.
    pub host_data: HostData,
    pub wasi: Option<Box<Wasi>>,
    /// The modules of the instance, for backtraces.
    pub modules: ModulePlaces,
    /// Breakpoints; `None` where no debugger can stop the instance.
    pub debugger: Option<Box<Debugger>>,
}

/// A refusal of a guest's request: the call ends as by a trap.
pub fn refused(problem: impl Into<Problem>) -> wasmtime::Error {
    Failure::new(FailureKind::Trap, problem).into()
}

/// Copies `from` to `to`, which has as many bytes, and checks `up` between chunks.
///
/// # Errors
///
/// [`FailureKind::Interrupted`] when the call must end, with some of it copied.
#[inline]
pub fn copy_interruptible(to: &mut [u8], from: &[u8], up: Option<&dyn Upcalls>) -> Result<(), Failure> {
    if from.len() < COPY_BYTES {
        to.copy_from_slice(from);
        return Ok(());
    }
    copy_in_pieces(to, from, up)
}

fn copy_in_pieces(to: &mut [u8], from: &[u8], up: Option<&dyn Upcalls>) -> Result<(), Failure> {
    for (to, from) in to.chunks_mut(COPY_BYTES).zip(from.chunks(COPY_BYTES)) {
        if up.is_some_and(Upcalls::interrupted) {
            return Err(Failure::interrupted());
        }
        to.copy_from_slice(from);
    }
    Ok(())
}

impl Metered for Ctx {
    #[inline]
    fn is_metered(&self) -> bool {
        self.spec.is_fuelled() && self.up.is_some()
    }
}

impl Debuggable for Ctx {
    fn upcalls(&self) -> Option<Arc<dyn Upcalls>> {
        self.up.clone()
    }

    fn debugger(&mut self) -> &mut Option<Box<Debugger>> {
        &mut self.debugger
    }
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
            limits: InstanceLimits::new(spec.memory_bytes_max),
            spec,
            vars: BTreeMap::new(),
            var_bytes: 0,
            http_status: 0,
            http_headers: BTreeMap::new(),
            call_error: None,
            replayed_tickets: BTreeMap::new(),
            host_data: None,
            wasi: None,
            modules: ModulePlaces::default(),
            debugger: None,
        }
    }

    /// The arena; an error before the instance is whole, which no guest code can see.
    ///
    /// # Errors
    /// The instance is not whole yet.
    #[inline]
    pub fn arena(&self) -> wasmtime::Result<Arena> {
        self.arena.ok_or_else(|| refused("the instance has no blocks yet"))
    }

    /// The upcalls of the running call.
    ///
    /// # Errors
    /// No call runs.
    #[inline]
    pub fn up(&self) -> wasmtime::Result<Arc<dyn Upcalls>> {
        self.up.clone().ok_or_else(|| refused("called outside a call"))
    }

    /// The range of the block at `handle`. Handle 0 is empty; the error for an invalid handle names its use.
    ///
    /// # Errors
    /// The handle is of no block; the error names its use.
    #[inline]
    pub fn span(&mut self, handle: u64, what: &'static str) -> wasmtime::Result<Span> {
        if handle == 0 {
            return Ok(Span::default());
        }
        match self.blocks.length(handle) {
            Some(length) => Ok(Span { offset: handle, length }),
            None => Err(refused(BlockError::NoBlock { what, handle })),
        }
    }
}

impl Span {
    /// The bytes of the span in the arena; an error where the arena is shorter, which the block table rules out.
    ///
    /// # Errors
    /// The arena is shorter than the span.
    #[inline]
    pub fn of(self, data: &[u8]) -> wasmtime::Result<&[u8]> {
        let start = self.offset as usize;
        data.get(start..start + self.length as usize).ok_or_else(|| refused(BlockError::OutsideMemory))
    }

    /// The bytes of the span, to write to.
    ///
    /// # Errors
    /// The arena is shorter than the span.
    #[inline]
    pub fn of_mut(self, data: &mut [u8]) -> wasmtime::Result<&mut [u8]> {
        let start = self.offset as usize;
        data.get_mut(start..start + self.length as usize).ok_or_else(|| refused(BlockError::OutsideMemory))
    }
}
