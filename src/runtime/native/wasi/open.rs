//! The functions of WASI that open, close and renumber descriptors: each keeps the count of open files, and none opens
//! what could wait for ever. Of a directory of single files they reach those files and nothing else.

use std::sync::Arc;

use wasmtime::{Caller, Result};
use wasmtime_wasi::p1::{WasiP1Ctx, wasi_snapshot_preview1 as preview1};
use wiggle::GuestMemory;

use super::copy::{slice, word};
use super::errno;
use super::fds::{Kind, ViewFile};
use super::parts::{Parts, parts};
use super::wait::wait;
use crate::runtime::Upcalls;
use crate::runtime::native::ctx::Ctx;

/// The size of a `filestat`, and where in it the kind of file stands.
const FILESTAT_BYTES: usize = 64;
const FILESTAT_TYPE: usize = 16;
/// The size of an `fdstat`, which begins with the kind of file.
const FDSTAT_BYTES: usize = 24;
const FILETYPE_UNKNOWN: u8 = 0;
const FILETYPE_REGULAR: u8 = 4;

/// Flags of `path_open`.
const OFLAGS_CREAT: i32 = 1;
const OFLAGS_EXCL: i32 = 4;
const OFLAGS_TRUNC: i32 = 8;
/// The right to write.
const RIGHTS_FD_WRITE: i64 = 1 << 6;

/// How `path_open` is to open.
#[derive(Clone, Copy)]
struct Opening {
    dirflags: i32,
    oflags: i32,
    rights: i64,
    inheriting: i64,
    fdflags: i32,
}

/// `path_open` within the bound on open files.
#[allow(clippy::too_many_arguments, reason = "they are WASI's")]
pub fn path_open(
    caller: &mut Caller<'_, Ctx>,
    fd: i32,
    dirflags: i32,
    path: i32,
    path_len: i32,
    oflags: i32,
    rights: i64,
    inheriting: i64,
    fdflags: i32,
    stored: i32,
) -> Result<i32> {
    let Parts { data, wasi, fds, up } = parts(caller)?;
    let path = slice(data, path as u32, path_len as u32 as usize)?.to_vec();
    slice(data, stored as u32, 4)?;
    let how = Opening { dirflags, oflags, rights, inheriting, fdflags };
    let view = match fds.kind(fd as u32) {
        Some(Kind::View(view)) => Some(fds.view_file(view, &path).cloned()),
        _ => None,
    };
    if !fds.take() {
        return Ok(errno::MFILE);
    }
    let opened = match view {
        None => open_in(wasi, &up, fd, &path, how)?,
        Some(None) => Err(errno::NOENT),
        Some(Some(file)) => open_single(wasi, &up, &file, how)?,
    };
    match opened {
        Ok(new) => {
            fds.opened(new, Kind::File);
            slice(data, stored as u32, 4)?.copy_from_slice(&new.to_le_bytes());
            Ok(0)
        }
        Err(errno) => {
            fds.not_opened();
            Ok(errno)
        }
    }
}

/// Opens a path below a directory, but for FIFOs and sockets: opening a FIFO waits for its other end on a thread that
/// nothing can end, and wasmtime-wasi could not read from it anyway (it reads at offsets).
fn open_in(
    wasi: &mut WasiP1Ctx,
    up: &Arc<dyn Upcalls>,
    fd: i32,
    path: &[u8],
    how: Opening,
) -> Result<Result<u32, i32>> {
    wait(up, async {
        if file_type(wasi, fd, how.dirflags, path).await? == Some(FILETYPE_UNKNOWN) {
            return Ok(Err(errno::NOTSUP));
        }
        open_at(wasi, fd, path, how).await
    })
}

/// Opens the one file, and no link, directory or FIFO that has come to have its name; it is never made anew.
fn open_single(wasi: &mut WasiP1Ctx, up: &Arc<dyn Upcalls>, file: &ViewFile, how: Opening) -> Result<Result<u32, i32>> {
    let (dir, name) = (file.dir as i32, file.host.as_bytes());
    if file.read_only && (how.oflags & (OFLAGS_CREAT | OFLAGS_TRUNC) != 0 || how.rights & RIGHTS_FD_WRITE != 0) {
        return Ok(Err(errno::PERM));
    }
    wait(up, async {
        match file_type(wasi, dir, 0, name).await? {
            None => return Ok(Err(errno::NOENT)),
            Some(FILETYPE_REGULAR) if how.oflags & OFLAGS_CREAT != 0 && how.oflags & OFLAGS_EXCL != 0 => {
                return Ok(Err(errno::EXIST));
            }
            Some(FILETYPE_REGULAR) => {}
            Some(_) => return Ok(Err(errno::NOTCAPABLE)),
        }
        let how = Opening { dirflags: 0, oflags: how.oflags & !(OFLAGS_CREAT | OFLAGS_EXCL), ..how };
        let new = match open_at(wasi, dir, name, how).await? {
            Ok(new) => new,
            Err(errno) => return Ok(Err(errno)),
        };
        // Again, since something else may have taken the name in between.
        let mut stat = vec![0; FDSTAT_BYTES];
        let errno = preview1::fd_fdstat_get(wasi, &mut GuestMemory::Unshared(&mut stat), new as i32, 0).await?;
        if errno == 0 && stat.first() == Some(&FILETYPE_REGULAR) {
            return Ok(Ok(new));
        }
        preview1::fd_close(wasi, &mut GuestMemory::Unshared(&mut stat), new as i32).await?;
        Ok(Err(errno::NOTCAPABLE))
    })
}

/// wasmtime-wasi's own `path_open`, on memory that is lent to it: the new descriptor, or an error number.
async fn open_at(wasi: &mut WasiP1Ctx, fd: i32, path: &[u8], how: Opening) -> Result<Result<u32, i32>> {
    const NEW_BYTES: usize = 8;
    let mut lent = vec![0; NEW_BYTES + path.len()];
    lent[NEW_BYTES..].copy_from_slice(path);
    let memory = &mut GuestMemory::Unshared(&mut lent);
    let (at, len) = (NEW_BYTES as i32, path.len() as i32);
    let Opening { dirflags, oflags, rights, inheriting, fdflags } = how;
    let errno =
        preview1::path_open(wasi, memory, fd, dirflags, at, len, oflags, rights, inheriting, fdflags, 0).await?;
    if errno == 0 { Ok(Ok(word(&mut lent, 0)?)) } else { Ok(Err(errno)) }
}

/// What kind of file is at a path; `None` when that cannot be told, as of one that is not there.
async fn file_type(wasi: &mut WasiP1Ctx, fd: i32, flags: i32, path: &[u8]) -> Result<Option<u8>> {
    let (errno, stat) = stat_at(wasi, fd, flags, path).await?;
    Ok((errno == 0).then(|| stat.get(FILESTAT_TYPE).copied()).flatten())
}

/// wasmtime-wasi's own `path_filestat_get`, on memory that is lent to it.
async fn stat_at(wasi: &mut WasiP1Ctx, fd: i32, flags: i32, path: &[u8]) -> Result<(i32, Vec<u8>)> {
    let mut lent = vec![0; FILESTAT_BYTES + path.len()];
    lent[FILESTAT_BYTES..].copy_from_slice(path);
    let memory = &mut GuestMemory::Unshared(&mut lent);
    let errno =
        preview1::path_filestat_get(wasi, memory, fd, flags, FILESTAT_BYTES as i32, path.len() as i32, 0).await?;
    lent.truncate(FILESTAT_BYTES);
    Ok((errno, lent))
}

pub fn path_filestat_get(
    caller: &mut Caller<'_, Ctx>,
    fd: i32,
    flags: i32,
    path: i32,
    path_len: i32,
    stored: i32,
) -> Result<i32> {
    let Parts { data, wasi, fds, up } = parts(caller)?;
    let path = slice(data, path as u32, path_len as u32 as usize)?.to_vec();
    slice(data, stored as u32, FILESTAT_BYTES)?;
    let (errno, stat) = match fds.kind(fd as u32) {
        Some(Kind::View(view)) => match fds.view_file(view, &path).cloned() {
            None => return Ok(errno::NOENT),
            Some(file) => wait(&up, stat_at(wasi, file.dir as i32, 0, file.host.as_bytes()))?,
        },
        _ => wait(&up, stat_at(wasi, fd, flags, &path))?,
    };
    if errno == 0 {
        slice(data, stored as u32, FILESTAT_BYTES)?.copy_from_slice(&stat);
    }
    Ok(errno)
}

pub fn fd_close(caller: &mut Caller<'_, Ctx>, fd: i32) -> Result<i32> {
    let Parts { data, wasi, fds, up } = parts(caller)?;
    let errno = wait(&up, preview1::fd_close(wasi, &mut GuestMemory::Unshared(data), fd))?;
    if errno == 0 {
        fds.closed(fd as u32);
    }
    Ok(errno)
}

pub fn fd_renumber(caller: &mut Caller<'_, Ctx>, from: i32, to: i32) -> Result<i32> {
    let Parts { data, wasi, fds, .. } = parts(caller)?;
    let errno = preview1::fd_renumber(wasi, &mut GuestMemory::Unshared(data), from, to)?;
    if errno == 0 {
        fds.renumbered(from as u32, to as u32);
    }
    Ok(errno)
}
