//! WASI functions whose answers are kept or replayed: the errno, the bytes that the function wrote to the guest's
//! memory, which its signature tells, and the fuel that it took.

use wasmtime::{Caller, Result};

use super::asked::{self, Errno};
use super::copy::{first_buffer, slice, word};
use super::fds::FdKind;
use super::parts::parts;
use super::wait::look;
use crate::runtime::host_answer::ANSWER_BYTES_MAX;
use crate::runtime::native::answered::{failure_of, fuel_left, keep, mode, take, unfit};
use crate::runtime::native::ctx::Ctx;
use crate::runtime::{AnswerKind, AnswerMode, GivenBytes, HostAnswer, sha256_hex};

/// Bytes of WASI's structures.
const FDSTAT_BYTES: u32 = 24;
const FILESTAT_BYTES: u32 = 64;
const PRESTAT_BYTES: u32 = 8;
const EVENT_BYTES: u32 = 32;
/// Digits of a hash that tell written data apart.
const HASH_DIGITS: usize = 16;

/// A range of the guest's memory that a function writes to.
struct Region {
    at: u32,
    bytes: Bytes,
}

/// Length of a region, in bytes.
enum Bytes {
    Exact(u32),
    /// As many as the count at an address says, of units of some bytes, at most `bytes_max`.
    Counted {
        count_at: u32,
        unit: u32,
        bytes_max: u32,
    },
}

/// Runs a function of WASI, keeps its answer, or replays that.
///
/// # Errors
/// `live` fails, or the recording has no answer to this request.
#[inline]
pub fn answered<'a, R: Errno>(
    caller: &mut Caller<'a, Ctx>,
    function: &'static str,
    arguments: &[i64],
    live: impl FnOnce(&mut Caller<'a, Ctx>) -> Result<R>,
) -> Result<R> {
    match mode(caller) {
        AnswerMode::Live => live(caller),
        _ if is_of_spec(function) => live(caller),
        AnswerMode::Kept => kept(caller, function, arguments, live),
        AnswerMode::Replayed => replayed(caller, function, arguments, live),
    }
}

/// Functions that answer from the process's start options or from nothing: they answer alike in every run.
fn is_of_spec(function: &str) -> bool {
    let exact = ["args_get", "args_sizes_get", "environ_get", "environ_sizes_get", "proc_exit", "proc_raise"];
    exact.contains(&function) || function == "sched_yield"
}

fn kept<'a, R: Errno>(
    caller: &mut Caller<'a, Ctx>,
    function: &'static str,
    arguments: &[i64],
    live: impl FnOnce(&mut Caller<'a, Ctx>) -> Result<R>,
) -> Result<R> {
    let asked = request(caller, function, arguments);
    let kind = if goes_to_log(caller, function, arguments) { AnswerKind::Repeated } else { AnswerKind::Whole };
    let regions = regions(caller, function, arguments);
    let before = fuel_left(caller);
    let result = live(caller);
    let after = fuel_left(caller);
    let fuel = before.zip(after).map_or(0, |(before, after)| before.saturating_sub(after));
    let mut answer = HostAnswer { function: function.to_owned(), asked, fuel, kind, ..HostAnswer::default() };
    match &result {
        Ok(done) => {
            answer.result = i64::from(done.errno());
            match given(caller, &regions).filter(|_| done.errno() == 0) {
                Some(given) => answer.given = given,
                None if done.errno() == 0 => answer.kind = AnswerKind::TooLong,
                None => {}
            }
        }
        Err(error) => answer.failure = Some(failure_of(error)),
    }
    keep(caller, answer);
    result
}

fn replayed<'a, R: Errno>(
    caller: &mut Caller<'a, Ctx>,
    function: &'static str,
    arguments: &[i64],
    live: impl FnOnce(&mut Caller<'a, Ctx>) -> Result<R>,
) -> Result<R> {
    look(&caller.data().up()?)?;
    let asked = request(caller, function, arguments);
    let is_repeated = goes_to_log(caller, function, arguments);
    let answer = match is_repeated {
        true => take_repeated(caller, function, &asked)?,
        false => take(caller, function, &asked)?,
    };
    if is_repeated != (answer.kind == AnswerKind::Repeated) {
        return Err(unfit(function));
    }
    if is_repeated {
        let done = live(caller)?;
        let is_same = i64::from(done.errno()) == answer.result;
        return if is_same { Ok(done) } else { Err(unfit(function)) };
    }
    let errno = i32::try_from(answer.result).map_err(|_| unfit(function))?;
    write(caller, function, arguments, &answer.given)?;
    R::of(errno).ok_or_else(|| unfit(function))
}

/// An answer to what is done again, which takes its fuel again.
fn take_repeated(caller: &mut Caller<'_, Ctx>, function: &str, asked: &str) -> Result<HostAnswer> {
    let up = caller.data().up()?;
    Ok(up.recorded_answer(function, asked)?)
}

/// The request in words: the arguments, the path, and a hash of data for a file.
fn request(caller: &mut Caller<'_, Ctx>, function: &str, arguments: &[i64]) -> String {
    let mut text = arguments.iter().map(i64::to_string).collect::<Vec<String>>().join(" ");
    if let Some(path) = asked::path_of_call(caller, function, arguments) {
        text.push_str(&format!(" {path:?}"));
    }
    if function.contains("write")
        && let Ok(parts) = parts(caller)
        && let Ok((at, length)) = first_buffer(parts.data, argument(arguments, 1) as i32, argument(arguments, 2) as i32)
        && let Ok(bytes) = slice(parts.data, at, length)
    {
        text.push_str(&format!(" {length} bytes {}", &sha256_hex(bytes)[..HASH_DIGITS]));
    }
    text
}

/// Whether a call writes to the plugin's log.
fn goes_to_log(caller: &Caller<'_, Ctx>, function: &str, arguments: &[i64]) -> bool {
    let kind = caller.data().wasi.as_deref().and_then(|wasi| wasi.fds.kind(argument(arguments, 0)));
    function == "fd_write" && kind == Some(FdKind::Stdio)
}

fn argument(arguments: &[i64], at: usize) -> u32 {
    arguments.get(at).map_or(0, |argument| *argument as u32)
}

/// The ranges that a successful call may write to, before it is made: a read may change its own list of buffers.
fn regions(caller: &mut Caller<'_, Ctx>, function: &str, arguments: &[i64]) -> Vec<Region> {
    let of = |at: usize| argument(arguments, at);
    let exact = |at: usize, bytes: u32| vec![Region { at: of(at), bytes: Bytes::Exact(bytes) }];
    let counted = |buffer: u32, bytes_max: u32, unit: u32, count: usize| {
        let bytes = Bytes::Counted { count_at: of(count), unit, bytes_max };
        vec![Region { at: buffer, bytes }, Region { at: of(count), bytes: Bytes::Exact(4) }]
    };
    match function {
        "clock_res_get" | "fd_tell" => exact(1, 8),
        "clock_time_get" => exact(2, 8),
        "fd_seek" => exact(3, 8),
        "fd_fdstat_get" => exact(1, FDSTAT_BYTES),
        "fd_filestat_get" => exact(1, FILESTAT_BYTES),
        "path_filestat_get" => exact(4, FILESTAT_BYTES),
        "fd_prestat_get" => exact(1, PRESTAT_BYTES),
        "fd_prestat_dir_name" => exact(1, of(2)),
        "random_get" => exact(0, of(1)),
        "fd_write" => exact(3, 4),
        "fd_pwrite" | "sock_send" => exact(4, 4),
        "path_open" => exact(8, 4),
        "sock_accept" => exact(2, 4),
        "fd_readdir" => counted(of(1), of(2), 1, 4),
        "path_readlink" => counted(of(3), of(4), 1, 5),
        "poll_oneoff" => counted(of(1), of(2).saturating_mul(EVENT_BYTES), EVENT_BYTES, 3),
        "fd_read" | "fd_pread" => {
            let lists = |parts: super::parts::Parts<'_>| first_buffer(parts.data, of(1) as i32, of(2) as i32);
            let (at, length) = parts(caller).and_then(lists).unwrap_or_default();
            counted(at, length as u32, 1, if function == "fd_read" { 3 } else { 4 })
        }
        _ => Vec::new(),
    }
}

/// Length of a region after a call, in bytes.
fn length_of(region: &Region, data: &mut [u8]) -> u32 {
    match region.bytes {
        Bytes::Exact(bytes) => bytes,
        Bytes::Counted { count_at, unit, bytes_max } => {
            word(data, count_at).map_or(0, |count| count.saturating_mul(unit)).min(bytes_max)
        }
    }
}

/// The bytes in the regions after a call; `None`: over [`ANSWER_BYTES_MAX`].
fn given(caller: &mut Caller<'_, Ctx>, regions: &[Region]) -> Option<Vec<GivenBytes>> {
    let Ok(parts) = parts(caller) else { return Some(Vec::new()) };
    let lengths: Vec<u32> = regions.iter().map(|region| length_of(region, parts.data)).collect();
    if lengths.iter().map(|length| u64::from(*length)).sum::<u64>() > ANSWER_BYTES_MAX {
        return None;
    }
    let of_region = |(region, length): (&Region, u32)| {
        let bytes = slice(parts.data, region.at, length as usize).ok()?.to_vec();
        Some(GivenBytes { at: region.at, bytes })
    };
    Some(regions.iter().zip(lengths).filter_map(of_region).collect())
}

/// Writes what a recording gives, as far as the function could have written it.
///
/// # Errors
/// The function writes elsewhere, or less.
fn write(caller: &mut Caller<'_, Ctx>, function: &str, arguments: &[i64], given: &[GivenBytes]) -> Result<()> {
    let regions = regions(caller, function, arguments);
    if given.is_empty() {
        return Ok(());
    }
    if given.len() != regions.len() {
        return Err(unfit(function));
    }
    for (given, region) in given.iter().zip(&regions) {
        let bytes_max = match region.bytes {
            Bytes::Exact(bytes) => bytes,
            Bytes::Counted { bytes_max, .. } => bytes_max,
        };
        if given.at != region.at || given.bytes.len() > bytes_max as usize {
            return Err(unfit(function));
        }
        let parts = parts(caller)?;
        slice(parts.data, given.at, given.bytes.len())?.copy_from_slice(&given.bytes);
    }
    Ok(())
}
