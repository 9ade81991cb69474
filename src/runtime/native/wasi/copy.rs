//! The functions of WASI that copy: reads and writes, arguments and environment, random bytes, polled events. Transfers
//! run in chunks with a check of the cancel flag between two, so that a copy of gigabytes is interruptible and takes
//! one chunk of the host's memory. Each chunk is charged its fuel.

use wasmtime::{Caller, Result};
use wasmtime_wasi::p1::wasi_snapshot_preview1 as preview1;
use wiggle::GuestMemory;

use super::errno;
use super::parts::{Parts, parts};
use super::wait::{look, wait};
use crate::runtime::native::ctx::{Ctx, refused};
use crate::runtime::native::fuel;

/// Bytes copied between two checks of the cancel flag.
const CHUNK_BYTES: usize = 1 << 20;
/// Random bytes between two checks of the cancel flag; generating is slower than copying.
const RANDOM_CHUNK_BYTES: u32 = 256 << 10;
/// Most buffers of one call that are read, as in Linux; the rest are ignored.
const BUFFERS_MAX: u32 = 1024;
/// Most events that one call waits for; the host allocates a record for each.
const EVENTS_MAX: u32 = 4096;
/// The size of a subscription, in bytes.
const SUBSCRIPTION_BYTES: u64 = 48;

/// The size of an entry in a list of buffers, its address and length, in bytes.
const BUFFER_BYTES: usize = 8;
/// Offsets in the temporary memory for wasmtime-wasi, in bytes: one buffer's entry, the count, then the chunk.
const CHUNK_OFFSET: usize = 16;
const COUNT_OFFSET: usize = BUFFER_BYTES;

/// A range of the guest's memory; traps outside of it, as wasmtime-wasi does.
///
/// # Errors
/// The range is outside of the memory.
pub fn slice(data: &mut [u8], at: u32, len: usize) -> Result<&mut [u8]> {
    let start = at as usize;
    let stretch = start.checked_add(len).and_then(|end| data.get_mut(start..end));
    stretch.ok_or_else(|| refused(format!("gave WASI {len} bytes at {at}, which its memory does not have")))
}

/// The little-endian number at an address.
///
/// # Errors
/// The address is outside of the memory.
pub fn word(data: &mut [u8], at: u32) -> Result<u32> {
    let bytes = slice(data, at, 4)?.first_chunk().copied().unwrap_or_default();
    Ok(u32::from_le_bytes(bytes))
}

/// The address and length of the first non-empty buffer of a list, the only one that a call transfers.
///
/// # Errors
/// The list or the buffer is outside of the memory.
pub fn first_buffer(data: &mut [u8], list: i32, count: i32) -> Result<(u32, usize)> {
    for entry in 0..(count as u32).min(BUFFERS_MAX) {
        let at = (list as u32).checked_add(entry * BUFFER_BYTES as u32);
        let at = at.ok_or_else(|| refused("gave WASI a list that goes on beyond its memory"))?;
        let buffer = (word(data, at)?, word(data, at.saturating_add(4))? as usize);
        if buffer.1 > 0 {
            slice(data, buffer.0, buffer.1)?;
            return Ok(buffer);
        }
    }
    Ok((0, 0))
}

/// The kind of a transfer, with its offset in the file where the call gives one.
#[derive(Clone, Copy)]
enum Transfer {
    Read,
    ReadAt(i64),
    Write,
    WriteAt(i64),
}

impl Transfer {
    fn reads(self) -> bool {
        matches!(self, Transfer::Read | Transfer::ReadAt(_))
    }

    /// The transfer `bytes` further on in the file.
    fn after(self, bytes: usize) -> Transfer {
        match self {
            Transfer::ReadAt(offset) => Transfer::ReadAt(offset.wrapping_add(bytes as i64)),
            Transfer::WriteAt(offset) => Transfer::WriteAt(offset.wrapping_add(bytes as i64)),
            Transfer::Read | Transfer::Write => self,
        }
    }
}

/// `fd_read`: reads from the position of `fd` into the buffers of `list`, and stores the count of bytes at `stored`.
///
/// # Errors
/// An address is outside of the memory, or the call is interrupted.
pub fn fd_read(caller: &mut Caller<'_, Ctx>, fd: i32, list: i32, count: i32, stored: i32) -> Result<i32> {
    transfer(caller, Transfer::Read, fd, list, count, stored)
}

/// `fd_pread`: as [`fd_read`], from `offset` and without moving the position.
///
/// # Errors
/// An address is outside of the memory, or the call is interrupted.
pub fn fd_pread(caller: &mut Caller<'_, Ctx>, fd: i32, list: i32, count: i32, offset: i64, stored: i32) -> Result<i32> {
    transfer(caller, Transfer::ReadAt(offset), fd, list, count, stored)
}

/// `fd_write`: writes the buffers of `list` at the position of `fd`, and stores the count of bytes at `stored`.
///
/// # Errors
/// An address is outside of the memory, or the call is interrupted.
pub fn fd_write(caller: &mut Caller<'_, Ctx>, fd: i32, list: i32, count: i32, stored: i32) -> Result<i32> {
    transfer(caller, Transfer::Write, fd, list, count, stored)
}

/// `fd_pwrite`: as [`fd_write`], at `offset` and without moving the position.
///
/// # Errors
/// An address is outside of the memory, or the call is interrupted.
pub fn fd_pwrite(
    caller: &mut Caller<'_, Ctx>,
    fd: i32,
    list: i32,
    count: i32,
    offset: i64,
    stored: i32,
) -> Result<i32> {
    transfer(caller, Transfer::WriteAt(offset), fd, list, count, stored)
}

/// Copies up to the buffer's end, the file's end or an error. An error after the first chunk ends the call with the
/// bytes copied so far.
fn transfer(caller: &mut Caller<'_, Ctx>, what: Transfer, fd: i32, list: i32, count: i32, stored: i32) -> Result<i32> {
    let (at, len) = {
        let Parts { data, .. } = parts(caller)?;
        slice(data, stored as u32, 4)?;
        first_buffer(data, list, count)?
    };
    let mut done = 0;
    loop {
        fuel::charge(caller, (len - done).min(CHUNK_BYTES) as u64)?;
        let mut parts = parts(caller)?;
        let chunk = slice(parts.data, at, len)?.get_mut(done..).unwrap_or_default();
        let chunk_bytes = chunk.len().min(CHUNK_BYTES);
        let mut lent = lent(chunk_bytes);
        if !what.reads() {
            lent.extend_from_slice(&chunk[..chunk_bytes]);
        } else {
            lent.resize(CHUNK_OFFSET + chunk_bytes, 0);
        }
        let errno = transfer_chunk(&mut parts, what.after(done), fd, &mut lent)?;
        if errno != 0 && done == 0 {
            return Ok(errno);
        }
        let copied = if errno == 0 { (word(&mut lent, COUNT_OFFSET as u32)? as usize).min(chunk_bytes) } else { 0 };
        if what.reads() {
            slice(parts.data, at, len)?[done..done + copied]
                .copy_from_slice(&lent[CHUNK_OFFSET..CHUNK_OFFSET + copied]);
        }
        done += copied;
        if copied < CHUNK_BYTES || done >= len {
            slice(parts.data, stored as u32, 4)?.copy_from_slice(&(done as u32).to_le_bytes());
            return Ok(0);
        }
        look(&parts.up)?;
    }
}

/// The temporary memory for wasmtime-wasi up to the chunk: one buffer's entry and the room for the count.
fn lent(chunk_bytes: usize) -> Vec<u8> {
    let mut lent = Vec::with_capacity(CHUNK_OFFSET + chunk_bytes);
    lent.extend_from_slice(&(CHUNK_OFFSET as u32).to_le_bytes());
    lent.extend_from_slice(&(chunk_bytes as u32).to_le_bytes());
    lent.resize(CHUNK_OFFSET, 0);
    lent
}

fn transfer_chunk(parts: &mut Parts<'_>, what: Transfer, fd: i32, lent: &mut [u8]) -> Result<i32> {
    let Parts { wasi, up, .. } = parts;
    let memory = &mut GuestMemory::Unshared(lent);
    let stored = COUNT_OFFSET as i32;
    match what {
        Transfer::Read => wait(up, preview1::fd_read(*wasi, memory, fd, 0, 1, stored)),
        Transfer::ReadAt(offset) => wait(up, preview1::fd_pread(*wasi, memory, fd, 0, 1, offset, stored)),
        Transfer::Write => wait(up, preview1::fd_write(*wasi, memory, fd, 0, 1, stored)),
        Transfer::WriteAt(offset) => wait(up, preview1::fd_pwrite(*wasi, memory, fd, 0, 1, offset, stored)),
    }
}

/// `args_get`: stores the arguments in `buf` and their addresses in `argv`.
///
/// # Errors
/// An address is outside of the memory.
pub fn args_get(caller: &mut Caller<'_, Ctx>, argv: i32, buf: i32) -> Result<i32> {
    let args = &caller.data().spec.wasi_input.args;
    let bytes = args.iter().map(|arg| arg.len() as u64).sum();
    fuel::charge(caller, bytes)?;
    let Parts { data, wasi, .. } = parts(caller)?;
    preview1::args_get(wasi, &mut GuestMemory::Unshared(data), argv, buf)
}

/// `environ_get`: stores the variables in `buf` and their addresses in `environ`.
///
/// # Errors
/// An address is outside of the memory.
pub fn environ_get(caller: &mut Caller<'_, Ctx>, environ: i32, buf: i32) -> Result<i32> {
    let env = &caller.data().spec.wasi_input.env;
    let bytes = env.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum();
    fuel::charge(caller, bytes)?;
    let Parts { data, wasi, .. } = parts(caller)?;
    preview1::environ_get(wasi, &mut GuestMemory::Unshared(data), environ, buf)
}

/// `random_get`: fills `buf` with `buf_len` random bytes.
///
/// # Errors
/// The range is outside of the memory, or the call is interrupted.
pub fn random_get(caller: &mut Caller<'_, Ctx>, buf: i32, buf_len: i32) -> Result<i32> {
    let Parts { data, wasi, up, .. } = parts(caller)?;
    slice(data, buf as u32, buf_len as u32 as usize)?;
    let (mut at, mut left) = (buf as u32, buf_len as u32);
    loop {
        let chunk = left.min(RANDOM_CHUNK_BYTES);
        let errno = preview1::random_get(wasi, &mut GuestMemory::Unshared(&mut *data), at as i32, chunk as i32)?;
        left -= chunk;
        if errno != 0 || left == 0 {
            return Ok(errno);
        }
        // The check above keeps this within the memory.
        at += chunk;
        look(&up)?;
    }
}

/// `poll_oneoff`: waits for one of `count` subscriptions, and stores the count of events at `stored`.
///
/// # Errors
/// An address is outside of the memory, or the call is interrupted.
pub fn poll_oneoff(
    caller: &mut Caller<'_, Ctx>,
    subscriptions: i32,
    events: i32,
    count: i32,
    stored: i32,
) -> Result<i32> {
    if count as u32 > EVENTS_MAX {
        return Ok(errno::INVAL);
    }
    fuel::charge(caller, u64::from(count as u32) * SUBSCRIPTION_BYTES)?;
    let Parts { data, wasi, up, .. } = parts(caller)?;
    let memory = &mut GuestMemory::Unshared(data);
    wait(&up, preview1::poll_oneoff(wasi, memory, subscriptions, events, count, stored))
}
