//! The functions of WASI that open, close and renumber descriptors. Each keeps the count of open files; FIFOs and
//! sockets are refused, since opening one could block for ever. A view gives access to its single files only.

use std::sync::Arc;

use wasmtime::{Caller, Result};
use wasmtime_wasi::p1::{WasiP1Ctx, wasi_snapshot_preview1 as preview1};
use wiggle::GuestMemory;

use super::copy::{slice, word};
use super::errno;
use super::fds::{FdKind, ViewFile};
use super::parts::{Parts, parts};
use super::wait::wait;
use crate::runtime::Upcalls;
use crate::runtime::native::ctx::Ctx;

/// The size of a `filestat` and the offset of its file type, in bytes.
const FILESTAT_BYTES: usize = 64;
const FILESTAT_TYPE: usize = 16;
/// The size of an `fdstat` in bytes; the file type comes first.
const FDSTAT_BYTES: usize = 24;
const FILETYPE_UNKNOWN: u8 = 0;
const FILETYPE_REGULAR: u8 = 4;

/// Flags of `path_open`.
const OFLAGS_CREAT: i32 = 1;
const OFLAGS_EXCL: i32 = 4;
const OFLAGS_TRUNC: i32 = 8;
/// The right to write.
const RIGHTS_FD_WRITE: i64 = 1 << 6;

/// The arguments of `path_open`, as the table has them.
#[derive(Clone, Copy)]
pub struct PathOpen {
    pub fd: i32,
    pub dirflags: i32,
    pub path: i32,
    pub len: i32,
    pub oflags: i32,
    pub rights: i64,
    pub inheriting: i64,
    pub fdflags: i32,
    pub stored: i32,
}

/// `path_open` within the bound on open files.
///
/// # Errors
/// An address is outside of the memory, or the call is interrupted.
pub fn path_open(caller: &mut Caller<'_, Ctx>, how: PathOpen) -> Result<i32> {
    let Parts { data, wasi, fds, up } = parts(caller)?;
    let path = slice(data, how.path as u32, how.len as u32 as usize)?.to_vec();
    slice(data, how.stored as u32, 4)?;
    let view = match fds.kind(how.fd as u32) {
        Some(FdKind::View(view)) => Some(fds.view_file(view, &path).cloned()),
        _ => None,
    };
    if !fds.take() {
        return Ok(errno::MFILE);
    }
    let opened = match view {
        None => open_in(wasi, &up, &path, how)?,
        Some(None) => Err(errno::NOENT),
        Some(Some(file)) => open_single(wasi, &up, &file, how)?,
    };
    match opened {
        Ok(new) => {
            fds.opened(new, FdKind::File);
            slice(data, how.stored as u32, 4)?.copy_from_slice(&new.to_le_bytes());
            Ok(0)
        }
        Err(errno) => {
            fds.not_opened();
            Ok(errno)
        }
    }
}

/// Opens a path below a directory. FIFOs and sockets are refused: opening a FIFO blocks a thread without a way to
/// interrupt it, and wasmtime-wasi reads at offsets, which a FIFO lacks.
fn open_in(wasi: &mut WasiP1Ctx, up: &Arc<dyn Upcalls>, path: &[u8], how: PathOpen) -> Result<Result<u32, i32>> {
    wait(up, async {
        if file_type(wasi, how.fd, how.dirflags, path).await? == Some(FILETYPE_UNKNOWN) {
            return Ok(Err(errno::NOTSUP));
        }
        open_at(wasi, path, how).await
    })
}

/// Opens a single file. Fails when its name leads to a link, directory or FIFO by now; never creates the file.
fn open_single(
    wasi: &mut WasiP1Ctx,
    up: &Arc<dyn Upcalls>,
    file: &ViewFile,
    how: PathOpen,
) -> Result<Result<u32, i32>> {
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
        let how = PathOpen { fd: dir, dirflags: 0, oflags: how.oflags & !(OFLAGS_CREAT | OFLAGS_EXCL), ..how };
        let new = match open_at(wasi, name, how).await? {
            Ok(new) => new,
            Err(errno) => return Ok(Err(errno)),
        };
        // Another file may have taken the name since the first check.
        let mut stat = vec![0; FDSTAT_BYTES];
        let errno = preview1::fd_fdstat_get(wasi, &mut GuestMemory::Unshared(&mut stat), new as i32, 0).await?;
        if errno == 0 && stat.first() == Some(&FILETYPE_REGULAR) {
            return Ok(Ok(new));
        }
        preview1::fd_close(wasi, &mut GuestMemory::Unshared(&mut stat), new as i32).await?;
        Ok(Err(errno::NOTCAPABLE))
    })
}

/// wasmtime-wasi's `path_open` on a temporary memory: the new descriptor, or an errno.
async fn open_at(wasi: &mut WasiP1Ctx, path: &[u8], how: PathOpen) -> Result<Result<u32, i32>> {
    const NEW_BYTES: usize = 8;
    let mut lent = vec![0; NEW_BYTES + path.len()];
    lent[NEW_BYTES..].copy_from_slice(path);
    let memory = &mut GuestMemory::Unshared(&mut lent);
    let (at, len) = (NEW_BYTES as i32, path.len() as i32);
    let PathOpen { fd, dirflags, oflags, rights, inheriting, fdflags, .. } = how;
    let errno =
        preview1::path_open(wasi, memory, fd, dirflags, at, len, oflags, rights, inheriting, fdflags, 0).await?;
    if errno == 0 { Ok(Ok(word(&mut lent, 0)?)) } else { Ok(Err(errno)) }
}

/// The file type at a path; `None` when `path_filestat_get` fails, for example for a missing file.
async fn file_type(wasi: &mut WasiP1Ctx, fd: i32, flags: i32, path: &[u8]) -> Result<Option<u8>> {
    let (errno, stat) = stat_at(wasi, fd, flags, path).await?;
    Ok((errno == 0).then(|| stat.get(FILESTAT_TYPE).copied()).flatten())
}

/// wasmtime-wasi's `path_filestat_get` on a temporary memory: the errno and the `filestat`.
async fn stat_at(wasi: &mut WasiP1Ctx, fd: i32, flags: i32, path: &[u8]) -> Result<(i32, Vec<u8>)> {
    let mut lent = vec![0; FILESTAT_BYTES + path.len()];
    lent[FILESTAT_BYTES..].copy_from_slice(path);
    let memory = &mut GuestMemory::Unshared(&mut lent);
    let errno =
        preview1::path_filestat_get(wasi, memory, fd, flags, FILESTAT_BYTES as i32, path.len() as i32, 0).await?;
    lent.truncate(FILESTAT_BYTES);
    Ok((errno, lent))
}

/// `path_filestat_get`: stores the attributes of the file at a path below the directory `fd`.
///
/// # Errors
/// An address is outside of the memory, or the call is interrupted.
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
        Some(FdKind::View(view)) => match fds.view_file(view, &path).cloned() {
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

/// `fd_close`: closes `fd` and gives its place among the open files back.
///
/// # Errors
/// The call is interrupted.
pub fn fd_close(caller: &mut Caller<'_, Ctx>, fd: i32) -> Result<i32> {
    let Parts { data, wasi, fds, up } = parts(caller)?;
    let errno = wait(&up, preview1::fd_close(wasi, &mut GuestMemory::Unshared(data), fd))?;
    if errno == 0 {
        fds.closed(fd as u32);
    }
    Ok(errno)
}

/// The guest has no memory.
///
/// # Errors
/// The guest has no memory.
pub fn fd_renumber(caller: &mut Caller<'_, Ctx>, from: i32, to: i32) -> Result<i32> {
    let Parts { data, wasi, fds, .. } = parts(caller)?;
    let errno = preview1::fd_renumber(wasi, &mut GuestMemory::Unshared(data), from, to)?;
    if errno == 0 {
        fds.renumbered(from as u32, to as u32);
    }
    Ok(errno)
}
