//! The bulk path: whole blocks copied by the host in one go, where extism-pdk loads and stores eight bytes a call.
//!
//! Any host will do. A host that has the path says so when it is asked (once, through `length`, with an address that can
//! be no block: see `BULK.md`); in any other host, and for a few bytes, everything here goes extism-pdk's way.
//! [`Plugin`](crate::Plugin) uses it for what it sends and gets; a plugin uses it for its own input and output:
//!
//! ```no_run
//! use extism_pdk::{plugin_fn, FnResult};
//! use plugsh_guest::bulk::{self, Bulk};
//!
//! #[plugin_fn]
//! pub fn echo() -> FnResult<Bulk<Vec<u8>>> {
//!     Ok(Bulk(bulk::input()))
//! }
//! ```

use core::sync::atomic::{AtomicU8, Ordering};

use extism_pdk::{Error, Memory, MemoryHandle, ToMemory, extism};

/// Below this many bytes extism-pdk's own loads and stores are as fast as one call of the host.
const BULK_BYTES_MIN: usize = 64;

/// Marks an address in linear memory as a request: no Extism block lies that high.
const DOORBELL: u64 = 1 << 63;

const OP_PROBE: u32 = 0;
const OP_READ: u32 = 1;
const OP_WRITE: u32 = 2;
const OP_NEW: u32 = 3;
const OP_INPUT: u32 = 4;

const UNASKED: u8 = 0;
const HERE: u8 = 1;
const NOT_HERE: u8 = 2;

/// Whether the host has the bulk path: asked once, then remembered.
static ANSWER: AtomicU8 = AtomicU8::new(UNASKED);

/// One request as the host reads it from linear memory: 40 bytes, little-endian.
#[repr(C)]
#[derive(Default)]
struct Request {
    op: u32,
    ptr: u32,
    handle: u64,
    offset: u64,
    len: u64,
    reserved: u64,
}

impl Request {
    /// Rings. True when the host has done it.
    fn ring(&mut self) -> bool {
        // Exposed, since the host writes a new block's handle into the request.
        let address = (&raw mut *self).expose_provenance() as u64;
        // SAFETY: `length` takes any number. The host reads and writes only the request and the bytes that it names,
        // which the callers of this own for as long as the call lasts.
        unsafe { extism::length(DOORBELL | address) == 1 }
    }
}

/// Whether this host has the bulk path. The first question costs a call of the host, the others nothing.
pub fn available() -> bool {
    match ANSWER.load(Ordering::Relaxed) {
        UNASKED => {
            let here = Request { op: OP_PROBE, ..Request::default() }.ring();
            ANSWER.store(if here { HERE } else { NOT_HERE }, Ordering::Relaxed);
            here
        }
        answer => answer == HERE,
    }
}

/// The input of this call, whole.
pub fn input() -> Vec<u8> {
    // SAFETY: takes nothing and gives a number.
    let len = unsafe { extism::input_length() } as usize;
    let request = Request { op: OP_INPUT, ..Request::default() };
    fill(len, request).unwrap_or_else(extism_pdk::input_bytes)
}

/// Sets the output of this call, in a function that is not a `#[plugin_fn]` (those set it to what they return, so let
/// them return a [`Bulk`]).
pub fn output(bytes: impl AsRef<[u8]>) {
    block(bytes.as_ref()).set_output();
}

/// What a `#[plugin_fn]` returns to set its output by the bulk path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bulk<T>(pub T);

impl<T: AsRef<[u8]>> ToMemory for Bulk<T> {
    fn to_memory(&self) -> Result<Memory, Error> {
        Ok(block(self.0.as_ref()))
    }
}

impl<T: AsRef<[u8]>> ToMemory for &Bulk<T> {
    fn to_memory(&self) -> Result<Memory, Error> {
        Ok(block(self.0.as_ref()))
    }
}

/// A new block with these bytes, to be freed by its owner.
pub fn block(bytes: &[u8]) -> Memory {
    let mut request = Request {
        op: OP_NEW,
        ptr: bytes.as_ptr().expose_provenance() as u32,
        len: bytes.len() as u64,
        ..Request::default()
    };
    if bytes.len() >= BULK_BYTES_MIN && available() && request.ring() {
        return Memory(MemoryHandle { offset: request.handle, length: request.len });
    }
    let length = bytes.len() as u64;
    let memory = extism_pdk::memory::internal::memory_alloc(length);
    extism_pdk::memory::internal::store(memory, bytes);
    Memory(memory)
}

/// The bytes of a block.
pub fn bytes(memory: &Memory) -> Vec<u8> {
    let request = Request { op: OP_READ, handle: memory.offset(), ..Request::default() };
    fill(memory.len(), request).unwrap_or_else(|| memory.to_vec())
}

/// Copies `bytes` into a block, from its byte `offset` on. False, and nothing copied, where they do not fit.
pub fn write(memory: &Memory, offset: usize, bytes: &[u8]) -> bool {
    if offset.checked_add(bytes.len()).is_none_or(|end| end > memory.len()) {
        return false;
    }
    let mut request = Request {
        op: OP_WRITE,
        ptr: bytes.as_ptr().expose_provenance() as u32,
        handle: memory.offset(),
        offset: offset as u64,
        len: bytes.len() as u64,
        ..Request::default()
    };
    if bytes.len() >= BULK_BYTES_MIN && available() && request.ring() {
        return true;
    }
    // SAFETY: the bytes lie inside of the block, and the host checks that again.
    unsafe { extism::store(memory.offset() + offset as u64, bytes) };
    true
}

/// A vector of `len` bytes, filled by the host as `request` says; `None` where the host cannot.
fn fill(len: usize, mut request: Request) -> Option<Vec<u8>> {
    if len < BULK_BYTES_MIN || !available() {
        return None;
    }
    let mut bytes = Vec::<u8>::with_capacity(len);
    request.ptr = bytes.as_mut_ptr().expose_provenance() as u32;
    request.len = len as u64;
    if !request.ring() {
        return None;
    }
    // SAFETY: the capacity is at least `len`, and a request that is done has written each of these bytes.
    unsafe { bytes.set_len(len) };
    Some(bytes)
}
