//! The bulk path: one memcpy between a block and the guest's linear memory, where the PDK copies eight bytes at a time.
//!
//! There are two interfaces. `plugsh:bulk` has plain imports, for a plugin that may depend on plugsh. The doorbell is a
//! call of `length` whose argument has the top bit set and the address of a request below it. Every other Extism host
//! answers 0, so a guest can probe once and then copy as the PDK does.

use wasmtime::{Caller, Extern, Linker, Memory, Result};

use super::ctx::{Ctx, CtxStore, Span};
use super::fuel;
use crate::runtime::Failure;
use crate::runtime::host_functions::{BULK, BulkFunction};

/// Bytes of a request: `op: u32, ptr: u32, handle: u64, offset: u64, len: u64, reserved: u64`, little-endian.
const REQUEST_BYTES: usize = 40;
const HANDLE_AT: usize = 8;
/// Bytes copied between two checks of the cancel flag.
const COPY_BYTES: usize = 1 << 20;

/// The operation of a request.
enum Op {
    Probe,
    /// Block to memory.
    Read,
    /// Memory to block.
    Write,
    /// Memory to a new block, whose handle goes into the request.
    New,
    /// The call's input to memory.
    Input,
}

struct Request {
    op: Op,
    ptr: usize,
    handle: u64,
    offset: u64,
    len: u64,
}

/// Adds the plain imports.
///
/// # Errors
/// The linker has one of the names already.
pub fn add(linker: &mut Linker<Ctx>) -> Result<()> {
    for function in BulkFunction::ALL {
        linker.func_wrap(BULK, function.row().name, plain_import(*function))?;
    }
    Ok(())
}

fn plain_import(
    function: BulkFunction,
) -> impl Fn(Caller<'_, Ctx>, i64, i64, i32, i32) -> Result<i32> + Send + Sync + 'static {
    move |mut caller, handle, offset, ptr, len| {
        let op = match function {
            BulkFunction::Read => Op::Read,
            BulkFunction::Write => Op::Write,
        };
        let (handle, offset, len) = (handle as u64, offset as u64, u64::from(len as u32));
        let request = Request { op, ptr: ptr as u32 as usize, handle, offset, len };
        Ok(i32::from(serve(&mut caller, &request)?.is_some()))
    }
}

/// Answers a doorbell: 1 for a served request, 0 for a refused one. `handle` is the argument of `length`.
///
/// # Errors
/// The call is interrupted, or the arena cannot grow.
pub fn doorbell(caller: &mut Caller<'_, Ctx>, handle: u64) -> Result<i64> {
    let address = (handle & !(1 << 63)) as usize;
    let Some(memory) = guest_memory(caller) else { return Ok(0) };
    let Some(request) = read_request(memory.data(&*caller), address) else { return Ok(0) };
    let Some(served) = serve(caller, &request)? else { return Ok(0) };
    if matches!(request.op, Op::New)
        && let Some(place) = memory.data_mut(&mut *caller).get_mut(address + HANDLE_AT..address + HANDLE_AT + 8)
    {
        place.copy_from_slice(&served.to_le_bytes());
    }
    Ok(1)
}

fn guest_memory(caller: &mut Caller<'_, Ctx>) -> Option<Memory> {
    caller.get_export("memory").and_then(Extern::into_memory)
}

fn read_request(data: &[u8], address: usize) -> Option<Request> {
    let bytes = data.get(address..address.checked_add(REQUEST_BYTES)?)?;
    let u32_at = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    let u64_at = |at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
    let op = match u32_at(0)? {
        0 => Op::Probe,
        1 => Op::Read,
        2 => Op::Write,
        3 => Op::New,
        4 => Op::Input,
        _ => return None,
    };
    Some(Request { op, ptr: u32_at(4)? as usize, handle: u64_at(HANDLE_AT)?, offset: u64_at(16)?, len: u64_at(24)? })
}

/// Serves a request and returns its handle; `None` refuses a missing block or a range out of bounds.
fn serve(caller: &mut Caller<'_, Ctx>, request: &Request) -> Result<Option<u64>> {
    let Some(memory) = guest_memory(caller) else { return Ok(None) };
    let block = match request.op {
        Op::Probe => return Ok(Some(0)),
        Op::Input => caller.data().input,
        Op::New => {
            // The bounds are checked before the block is allocated.
            if !within(request.ptr as u64, request.len, memory.data_size(&*caller) as u64) {
                return Ok(None);
            }
            let Some(span) = caller.alloc_for_bytes(request.len)? else { return Ok(None) };
            span
        }
        Op::Read | Op::Write => {
            let Some(length) = caller.data_mut().blocks.length(request.handle) else { return Ok(None) };
            Span { offset: request.handle, length }
        }
    };
    if !within(request.offset, request.len, block.length) {
        return Ok(None);
    }
    let part = Span { offset: block.offset + request.offset, length: request.len };
    let arena = caller.data().arena()?.memory;
    let done = match request.op {
        Op::Read | Op::Input => {
            copy(caller, (arena, part.offset as usize), (memory, request.ptr), request.len as usize)?
        }
        _ => copy(caller, (memory, request.ptr), (arena, part.offset as usize), request.len as usize)?,
    };
    Ok(done.then_some(block.offset))
}

fn within(offset: u64, len: u64, size: u64) -> bool {
    offset.checked_add(len).is_some_and(|end| end <= size)
}

/// A memcpy between two memories of one store, with a check of the cancel flag for each [`COPY_BYTES`]. Copies nothing
/// and returns false where one of them is too short.
///
/// Safe Rust lends one memory of a store at a time, which would take a buffer and a second copy.
fn copy(caller: &mut Caller<'_, Ctx>, from: (Memory, usize), to: (Memory, usize), len: usize) -> Result<bool> {
    let inside = |size: usize, at: usize| at.checked_add(len).is_some_and(|end| end <= size);
    if !inside(from.0.data_size(&*caller), from.1) || !inside(to.0.data_size(&*caller), to.1) {
        return Ok(false);
    }
    fuel::charge(caller, len as u64)?;
    let up = if len > COPY_BYTES { caller.data().up.clone() } else { None };
    let (source, target) = (from.0.data_ptr(&*caller), to.0.data_ptr(&*caller));
    // SAFETY: both stretches were just found to lie inside their memories, and `caller` is borrowed exclusively: until
    // the copy is done no code runs that could grow, move or write either memory. They are no shared memories (that is
    // another type). `copy` and not `copy_nonoverlapping`: it asks nothing of how the two lie to each other.
    for done in (0..len).step_by(COPY_BYTES) {
        if up.as_ref().is_some_and(|up| up.interrupted()) {
            return Err(Failure::interrupted().into());
        }
        let piece = COPY_BYTES.min(len - done);
        unsafe { std::ptr::copy(source.add(from.1 + done), target.add(to.1 + done), piece) };
    }
    Ok(true)
}
