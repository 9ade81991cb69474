//! WASI preview 1, by wasmtime-wasi: no arguments, no environment, no standard input, only the allowed paths; standard
//! output and error go to the plugin's log. What can block (a sleep, a slow file) ends with the call that waits for it.

use std::io;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use wasmtime::{AsContextMut, Caller, Extern, Linker, Result};
use wasmtime_wasi::p1::{self, WasiP1Ctx, wasi_snapshot_preview1 as preview1};
use wasmtime_wasi::{DirPerms, FilePerms, I32Exit, WasiCtxBuilder};
use wiggle::GuestMemory;

use super::ctx::{Ctx, refused};
use super::files::Files;
use super::streams::Streams;
use crate::runtime::{AllowedPath, Failure, FailureKind, Spec, StandardStream, Upcalls};

/// The namespace.
pub const MODULE: &str = "wasi_snapshot_preview1";
/// How often a blocked call looks at its kill word.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// WASI's "too many open files".
const ERRNO_MFILE: i32 = 33;
/// WASI's "not supported".
const ERRNO_NOTSUP: i32 = 58;
/// The size of a `filestat`, and where in it the kind of file stands.
const FILESTAT_BYTES: usize = 64;
const FILETYPE_OFFSET: usize = 16;
const FILETYPE_UNKNOWN: u8 = 0;

/// The context of one instance: what of the host it may see.
pub fn context(spec: &Spec, streams: &Streams, files: &mut Files) -> Result<WasiP1Ctx, Failure> {
    let mut builder = WasiCtxBuilder::new();
    builder.stdout(streams.stream(StandardStream::Output));
    builder.stderr(streams.stream(StandardStream::Error));
    builder.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
    let mut paths: Vec<&AllowedPath> = spec.allowed_paths.iter().collect();
    // The SDK's order, from which a guest's libc chooses where two lead to the same place. It has `ro:` in the name.
    paths.sort_by_key(|path| format!("{}{}", if path.read_only { "ro:" } else { "" }, path.host.display()));
    for path in paths {
        if !files.take() {
            let why = format!("cannot open allowed path `{}`: plugins have too many files open", path.host.display());
            return Err(Failure::new(FailureKind::Denied, why));
        }
        spec.stays_put(path)?;
        let (dir, file) = match path.read_only {
            true => (DirPerms::READ, FilePerms::READ),
            false => (DirPerms::all(), FilePerms::all()),
        };
        builder.preopened_dir(&path.host, &path.guest, dir, file).map_err(|error| {
            let why = error.root_cause().to_string();
            Failure::new(FailureKind::Load, format!("cannot open allowed path `{}`: {why}", path.host.display()))
        })?;
        // Again, so that a link which was there only while it was opened is noticed too.
        spec.stays_put(path)?;
    }
    Ok(builder.build_p1())
}

/// Adds all of WASI preview 1; the functions that can block are ours, around wasmtime-wasi's own.
pub fn add(linker: &mut Linker<Ctx>) -> Result<()> {
    p1::add_to_linker_sync(linker, |ctx: &mut Ctx| match ctx.wasi.as_deref_mut() {
        Some(wasi) => wasi,
        // An image that links WASI makes a context for every instance, so this is never reached by a guest.
        None => unreachable!("an instance without a WASI context calls WASI"),
    })?;
    linker.allow_shadowing(true);
    macro_rules! interruptible {
        ($($name:ident($($arg:ident: $ty:ty),*);)*) => {$(
            linker.func_wrap(MODULE, stringify!($name), |mut caller: Caller<'_, Ctx>, $($arg: $ty),*| -> Result<i32> {
                let Parts { data, wasi, up } = parts(&mut caller)?;
                let mut memory = GuestMemory::Unshared(data);
                wait(&up, preview1::$name(wasi, &mut memory, $($arg),*))
            })?;
        )*};
    }
    interruptible! {
        poll_oneoff(subscriptions: i32, events: i32, count: i32, stored: i32);
        fd_read(fd: i32, iovs: i32, iovs_len: i32, read: i32);
        fd_pread(fd: i32, iovs: i32, iovs_len: i32, offset: i64, read: i32);
        fd_write(fd: i32, iovs: i32, iovs_len: i32, written: i32);
        fd_pwrite(fd: i32, iovs: i32, iovs_len: i32, offset: i64, written: i32);
    }
    linker.func_wrap(MODULE, "path_open", counted_path_open)?;
    linker.func_wrap(MODULE, "fd_close", fd_close)?;
    // wasmtime-wasi's own refuses codes above 125, which many programs end with.
    linker.func_wrap(MODULE, "proc_exit", |code: i32| -> Result<()> { Err(I32Exit(code).into()) })?;
    linker.allow_shadowing(false);
    Ok(())
}

/// What a WASI function works on.
struct Parts<'a> {
    data: &'a mut [u8],
    wasi: &'a mut WasiP1Ctx,
    up: Arc<dyn Upcalls>,
}

fn parts<'a>(caller: &'a mut Caller<'_, Ctx>) -> Result<Parts<'a>> {
    let Some(memory) = caller.get_export("memory").and_then(Extern::into_memory) else {
        return Err(refused("it calls WASI, which needs its memory, and exports none as `memory`"));
    };
    // What one call may take of the host's memory; the functions made by wasmtime-wasi itself set it too.
    let fuel = caller.as_context_mut().hostcall_fuel();
    let (data, ctx) = memory.data_and_store_mut(caller);
    let up = ctx.up()?;
    let Some(wasi) = ctx.wasi.as_deref_mut() else { return Err(refused("this instance has no WASI")) };
    preview1::WasiSnapshotPreview1::set_hostcall_fuel(wasi, fuel);
    Ok(Parts { data, wasi, up })
}

/// `path_open` within the bound on open files.
#[allow(clippy::too_many_arguments, reason = "they are WASI's")]
fn counted_path_open(
    mut caller: Caller<'_, Ctx>,
    fd: i32,
    dirflags: i32,
    path: i32,
    path_len: i32,
    oflags: i32,
    rights: i64,
    inheriting: i64,
    fdflags: i32,
    opened: i32,
) -> Result<i32> {
    if !caller.data_mut().files.take() {
        return Ok(ERRNO_MFILE);
    }
    let errno = path_open(&mut caller, fd, dirflags, path, path_len, oflags, rights, inheriting, fdflags, opened)?;
    if errno != 0 {
        caller.data_mut().files.give_back();
    }
    Ok(errno)
}

/// `fd_close`, counted. What `fd_renumber` puts another in the place of stays open as long as the instance: it still counts.
fn fd_close(mut caller: Caller<'_, Ctx>, fd: i32) -> Result<i32> {
    let Parts { data, wasi, up } = parts(&mut caller)?;
    let mut memory = GuestMemory::Unshared(data);
    let errno = wait(&up, preview1::fd_close(wasi, &mut memory, fd))?;
    if errno == 0 {
        caller.data_mut().files.give_back();
    }
    Ok(errno)
}

/// `path_open`, but for FIFOs and sockets: opening a FIFO waits for its other end on a thread that nothing can end, and
/// wasmtime-wasi could not read from it anyway (it reads at offsets).
#[allow(clippy::too_many_arguments, reason = "they are WASI's")]
fn path_open(
    caller: &mut Caller<'_, Ctx>,
    fd: i32,
    dirflags: i32,
    path: i32,
    path_len: i32,
    oflags: i32,
    rights: i64,
    inheriting: i64,
    fdflags: i32,
    opened: i32,
) -> Result<i32> {
    let Parts { data, wasi, up } = parts(caller)?;
    wait(&up, async {
        let bytes = data.get(path as u32 as usize..).and_then(|rest| rest.get(..path_len as u32 as usize));
        // A path that lies outside of the memory is `path_open`'s to refuse.
        if let Some(bytes) = bytes
            && is_unheard_of(wasi, fd, dirflags, bytes).await?
        {
            return Ok(ERRNO_NOTSUP);
        }
        let mut memory = GuestMemory::Unshared(data);
        preview1::path_open(
            wasi,
            &mut memory,
            fd,
            dirflags,
            path,
            path_len,
            oflags,
            rights,
            inheriting,
            fdflags,
            opened,
        )
        .await
    })
}

/// Whether there is something at a path that WASI has no word for: a FIFO or a socket.
async fn is_unheard_of(wasi: &mut WasiP1Ctx, fd: i32, flags: i32, path: &[u8]) -> Result<bool> {
    let mut scratch = vec![0; FILESTAT_BYTES + path.len()];
    scratch[FILESTAT_BYTES..].copy_from_slice(path);
    let mut memory = GuestMemory::Unshared(&mut scratch);
    let errno =
        preview1::path_filestat_get(wasi, &mut memory, fd, flags, FILESTAT_BYTES as i32, path.len() as i32, 0).await?;
    Ok(errno == 0 && scratch[FILETYPE_OFFSET] == FILETYPE_UNKNOWN)
}

static WAITING: LazyLock<io::Result<tokio::runtime::Runtime>> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build());

/// Runs a WASI function to its end, or until the call is interrupted; what blocks is then abandoned.
fn wait(up: &Arc<dyn Upcalls>, function: impl Future<Output = Result<i32>>) -> Result<i32> {
    let runtime = WAITING.as_ref().map_err(|error| refused(format!("cannot start WASI's worker: {error}")))?;
    runtime.block_on(async {
        tokio::pin!(function);
        loop {
            tokio::select! {
                biased;
                done = &mut function => return done,
                () = tokio::time::sleep(LOOK_EVERY) => {
                    if up.interrupted() {
                        return Err(Failure::interrupted().into());
                    }
                }
            }
        }
    })
}
