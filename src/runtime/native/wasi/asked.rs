//! Details of WASI calls for the trace of host requests: the path or descriptor, and the bytes.

use wasmtime::Caller;

use super::copy::{slice, word};
use super::parts::parts;
use crate::runtime::native::ctx::Ctx;
use crate::runtime::native::watched::Details;

/// The longest path that is read for the details, in bytes.
const PATH_BYTES_MAX: usize = 256;

/// A function's result as an errno; 0: success.
pub trait Errno: Sized {
    /// The errno of this result.
    fn errno(&self) -> i32;
    /// The result of an errno; `None`: the function has no such result.
    fn of(errno: i32) -> Option<Self>;
}

impl Errno for i32 {
    fn errno(&self) -> i32 {
        *self
    }

    fn of(errno: i32) -> Option<i32> {
        Some(errno)
    }
}

impl Errno for () {
    fn errno(&self) -> i32 {
        0
    }

    fn of(errno: i32) -> Option<()> {
        (errno == 0).then_some(())
    }
}

/// The details of a call that ended with `errno`.
pub fn details(caller: &mut Caller<'_, Ctx>, function: &str, arguments: &[i64], errno: i32) -> Details {
    let argument = |at: usize| arguments.get(at).map_or(0, |argument| *argument as u32);
    let text = match path_of_call(caller, function, arguments) {
        Some(path) => Some(path),
        None if function.starts_with("fd_") => Some(format!("fd {}", argument(0))),
        None => None,
    };
    let moved = match (function, errno) {
        ("fd_read" | "fd_write", 0) => number(caller, argument(3)),
        ("fd_pread" | "fd_pwrite" | "fd_readdir", 0) => number(caller, argument(4)),
        ("random_get", 0) => u64::from(argument(1)),
        ("clock_time_get" | "clock_res_get", 0) => 8,
        _ => 0,
    };
    let (bytes_in, bytes_out) = if function.contains("write") { (moved, 0) } else { (0, moved) };
    let error = (errno != 0).then(|| format!("errno {errno}"));
    Details { text: text.unwrap_or_default(), bytes_in, bytes_out, error }
}

/// The path that a call is about; `None` where it has none, or one outside of the memory.
pub fn path_of_call(caller: &mut Caller<'_, Ctx>, function: &str, arguments: &[i64]) -> Option<String> {
    let argument = |at: usize| arguments.get(at).map_or(0, |argument| *argument as u32);
    let at = path_of(function)?;
    path(caller, argument(at), argument(at + 1))
}

/// The place of a function's path among its arguments; the length follows it.
fn path_of(function: &str) -> Option<usize> {
    match function {
        "path_open" | "path_filestat_get" | "path_filestat_set_times" | "path_link" => Some(2),
        "path_symlink" => Some(3),
        function => function.starts_with("path_").then_some(1),
    }
}

fn path(caller: &mut Caller<'_, Ctx>, at: u32, length: u32) -> Option<String> {
    let parts = parts(caller).ok()?;
    let bytes = slice(parts.data, at, (length as usize).min(PATH_BYTES_MAX)).ok()?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}

fn number(caller: &mut Caller<'_, Ctx>, at: u32) -> u64 {
    parts(caller).and_then(|parts| word(parts.data, at)).map_or(0, u64::from)
}
