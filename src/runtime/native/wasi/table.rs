//! The table of WASI preview 1's functions and the checks around each: the cancel flag before and after, the bound on
//! paths, the descriptors, the fuel for copied bytes. Only functions of this table are linked; a test compares it with
//! wasmtime-wasi's list.

use wasmtime::{Caller, Linker, Result};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p1::wasi_snapshot_preview1 as preview1;
use wiggle::GuestMemory;

use super::answered::answered;
use super::asked::Errno;
use super::fds::FdKind;
use super::parts::{Parts, parts};
use super::wait::{look, wait};
use super::{asked, copy, errno, open};
use crate::runtime::host_functions::WASI;
use crate::runtime::native::ctx::Ctx;
use crate::runtime::native::fuel;
use crate::runtime::native::watched::watched;

/// Longest path, in bytes; above every system's own bound.
const PATH_BYTES_MAX: u32 = 64 * 1024;

/// A function's access to views, the directories of single files.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Views {
    /// The function handles views, or makes no use of the host's directory.
    Known,
    Refused,
}

/// Runs a function between two checks of the cancel flag.
fn guarded<R>(caller: &mut Caller<'_, Ctx>, run: impl FnOnce(&mut Caller<'_, Ctx>) -> Result<R>) -> Result<R> {
    let up = caller.data().up()?;
    look(&up)?;
    let done = run(caller)?;
    look(&up)?;
    Ok(done)
}

/// The errno that refuses a descriptor to a function; `None` when it is allowed.
fn descriptor_refused(caller: &Caller<'_, Ctx>, fd: i32, views: Views) -> Option<i32> {
    let kind = caller.data().wasi.as_deref()?.fds.kind(fd as u32)?;
    match kind {
        FdKind::Hidden => Some(errno::BADF),
        FdKind::View(_) if views == Views::Refused => Some(errno::NOTCAPABLE),
        FdKind::View(_) | FdKind::File | FdKind::Stdio => None,
    }
}

/// A WASI length, which is unsigned, in bytes.
fn bytes(len: i32) -> u64 {
    u64::from(len as u32)
}

/// Defines the functions: `now` for pure computation, `waits` for functions that can block, `opens` and `copies` for
/// functions of the modules `open` and `copy`. Their access to views, `[fds]`, `[lengths of paths]` and `[other copied
/// bytes]` follow. Buffers of lists are charged in `copy`, chunk by chunk.
macro_rules! functions {
    ($linker:ident; $($how:ident $name:ident($($arg:ident: $ty:ty),*) -> $result:ty,
        $views:ident [$($fd:ident)*] [$($path_len:ident)*] [$($bytes:expr),*];)*) => {$(
        $linker.func_wrap(WASI, stringify!($name), |mut caller: Caller<'_, Ctx>, $($arg: $ty),*| -> Result<$result> {
            let arguments: &[i64] = &[$(i64::from($arg)),*];
            answered(&mut caller, stringify!($name), arguments, |caller| {
            $(if let Some(errno) = descriptor_refused(caller, $fd, Views::$views) { return Ok(errno); })*
            $(if $path_len as u32 > PATH_BYTES_MAX { return Ok(errno::NAMETOOLONG); })*
            watched(caller, stringify!($name), |caller, details| {
                let done: $result = guarded(caller, |caller| {
                    $(fuel::charge(caller, bytes($path_len))?;)*
                    $(fuel::charge(caller, $bytes)?;)*
                    functions!(@$how caller $name $($arg)*)
                })?;
                if let Some(details) = details {
                    *details = asked::details(caller, stringify!($name), arguments, done.errno());
                }
                Ok(done)
            })
            })
        })?;
    )*};
    (@now $caller:ident $name:ident $($arg:ident)*) => {{
        let Parts { data, wasi, .. } = parts($caller)?;
        preview1::$name(wasi, &mut GuestMemory::Unshared(data), $($arg),*)
    }};
    (@waits $caller:ident $name:ident $($arg:ident)*) => {{
        let Parts { data, wasi, up, .. } = parts($caller)?;
        wait(&up, preview1::$name(wasi, &mut GuestMemory::Unshared(data), $($arg),*))
    }};
    (@opens $caller:ident path_open $($arg:ident)*) => { open::path_open($caller, open::PathOpen { $($arg),* }) };
    (@opens $caller:ident $name:ident $($arg:ident)*) => { open::$name($caller, $($arg),*) };
    (@copies $caller:ident $name:ident $($arg:ident)*) => { copy::$name($caller, $($arg),*) };
}

/// Adds all of WASI preview 1.
///
/// # Errors
/// The linker has one of the names already.
pub fn add(linker: &mut Linker<Ctx>) -> Result<()> {
    functions! { linker;
        copies args_get(argv: i32, buf: i32) -> i32, Known [] [] [];
        now args_sizes_get(count: i32, bytes: i32) -> i32, Known [] [] [];
        copies environ_get(environ: i32, buf: i32) -> i32, Known [] [] [];
        now environ_sizes_get(count: i32, bytes: i32) -> i32, Known [] [] [];
        now clock_res_get(id: i32, stored: i32) -> i32, Known [] [] [];
        now clock_time_get(id: i32, precision: i64, stored: i32) -> i32, Known [] [] [];
        waits fd_advise(fd: i32, offset: i64, len: i64, advice: i32) -> i32, Refused [fd] [] [];
        now fd_allocate(fd: i32, offset: i64, len: i64) -> i32, Refused [fd] [] [];
        opens fd_close(fd: i32) -> i32, Known [fd] [] [];
        waits fd_datasync(fd: i32) -> i32, Refused [fd] [] [];
        waits fd_fdstat_get(fd: i32, stored: i32) -> i32, Known [fd] [] [];
        now fd_fdstat_set_flags(fd: i32, flags: i32) -> i32, Refused [fd] [] [];
        now fd_fdstat_set_rights(fd: i32, base: i64, inheriting: i64) -> i32, Refused [fd] [] [];
        waits fd_filestat_get(fd: i32, stored: i32) -> i32, Refused [fd] [] [];
        waits fd_filestat_set_size(fd: i32, size: i64) -> i32, Refused [fd] [] [];
        waits fd_filestat_set_times(fd: i32, atim: i64, mtim: i64, flags: i32) -> i32, Refused [fd] [] [];
        copies fd_pread(fd: i32, iovs: i32, count: i32, offset: i64, stored: i32) -> i32, Refused [fd] [] [];
        now fd_prestat_get(fd: i32, stored: i32) -> i32, Known [fd] [] [];
        now fd_prestat_dir_name(fd: i32, path: i32, path_len: i32) -> i32, Known [fd] [] [bytes(path_len)];
        copies fd_pwrite(fd: i32, iovs: i32, count: i32, offset: i64, stored: i32) -> i32, Refused [fd] [] [];
        copies fd_read(fd: i32, iovs: i32, count: i32, stored: i32) -> i32, Refused [fd] [] [];
        waits fd_readdir(fd: i32, buf: i32, buf_len: i32, cookie: i64, stored: i32) -> i32, Refused [fd] [] [bytes(buf_len)];
        opens fd_renumber(from: i32, to: i32) -> i32, Known [from to] [] [];
        waits fd_seek(fd: i32, offset: i64, whence: i32, stored: i32) -> i32, Refused [fd] [] [];
        waits fd_sync(fd: i32) -> i32, Refused [fd] [] [];
        now fd_tell(fd: i32, stored: i32) -> i32, Refused [fd] [] [];
        copies fd_write(fd: i32, iovs: i32, count: i32, stored: i32) -> i32, Refused [fd] [] [];
        waits path_create_directory(fd: i32, path: i32, len: i32) -> i32, Refused [fd] [len] [];
        opens path_filestat_get(fd: i32, flags: i32, path: i32, len: i32, stored: i32) -> i32, Known [fd] [len] [];
        waits path_filestat_set_times(
            fd: i32, flags: i32, path: i32, len: i32, atim: i64, mtim: i64, fst_flags: i32
        ) -> i32, Refused [fd] [len] [];
        waits path_link(
            fd: i32, flags: i32, path: i32, len: i32, to_fd: i32, to_path: i32, to_len: i32
        ) -> i32, Refused [fd to_fd] [len to_len] [];
        opens path_open(
            fd: i32, dirflags: i32, path: i32, len: i32, oflags: i32, rights: i64, inheriting: i64, fdflags: i32,
            stored: i32
        ) -> i32, Known [fd] [len] [];
        waits path_readlink(
            fd: i32, path: i32, len: i32, buf: i32, buf_len: i32, stored: i32
        ) -> i32, Refused [fd] [len] [bytes(buf_len)];
        waits path_remove_directory(fd: i32, path: i32, len: i32) -> i32, Refused [fd] [len] [];
        waits path_rename(
            fd: i32, path: i32, len: i32, to_fd: i32, to_path: i32, to_len: i32
        ) -> i32, Refused [fd to_fd] [len to_len] [];
        waits path_symlink(to_path: i32, to_len: i32, fd: i32, path: i32, len: i32) -> i32, Refused [fd] [to_len len] [];
        waits path_unlink_file(fd: i32, path: i32, len: i32) -> i32, Refused [fd] [len] [];
        copies poll_oneoff(subscriptions: i32, events: i32, count: i32, stored: i32) -> i32, Known [] [] [];
        now proc_exit(code: i32) -> (), Known [] [] [];
        now proc_raise(signal: i32) -> i32, Known [] [] [];
        now sched_yield() -> i32, Known [] [] [];
        copies random_get(buf: i32, buf_len: i32) -> i32, Known [] [] [bytes(buf_len)];
        now sock_accept(fd: i32, flags: i32, stored: i32) -> i32, Refused [fd] [] [];
        now sock_recv(fd: i32, iovs: i32, count: i32, flags: i32, stored: i32, out_flags: i32) -> i32, Refused [fd] [] [];
        now sock_send(fd: i32, iovs: i32, count: i32, flags: i32, stored: i32) -> i32, Refused [fd] [] [];
        now sock_shutdown(fd: i32, how: i32) -> i32, Refused [fd] [] [];
    }
    // wasmtime-wasi's `proc_exit` refuses codes above 125, which many programs exit with.
    linker.allow_shadowing(true);
    linker.func_wrap(WASI, "proc_exit", |code: i32| -> Result<()> { Err(I32Exit(code).into()) })?;
    linker.allow_shadowing(false);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wasmtime::{Engine, Store};
    use wasmtime_wasi::p1;

    use super::*;
    use std::sync::Arc;

    use crate::runtime::Spec;
    use crate::runtime::host_functions::WASI_FUNCTIONS;

    #[test]
    fn the_table_has_what_wasmtime_wasi_has() {
        let engine = Engine::default();
        let mut store = Store::new(&engine, Ctx::new(Arc::new(Spec::default())));
        let mut names = |linker: &Linker<Ctx>| -> BTreeMap<String, String> {
            let all: Vec<_> = linker.iter(&mut store).map(|(_, name, item)| (name.to_owned(), item)).collect();
            all.into_iter().map(|(name, item)| (name, format!("{:?}", item.ty(&store)))).collect()
        };
        let (mut own, mut theirs) = (Linker::new(&engine), Linker::new(&engine));
        add(&mut own).unwrap();
        p1::add_to_linker_sync(&mut theirs, |ctx: &mut Ctx| &mut ctx.wasi.as_deref_mut().unwrap().p1).unwrap();
        let theirs = names(&theirs);
        assert!(theirs.len() > 40);
        assert_eq!(names(&own), theirs);
        assert!(theirs.keys().map(String::as_str).eq(WASI_FUNCTIONS), "{:?}", theirs.keys());
    }
}
