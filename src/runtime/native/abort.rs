//! AssemblyScript's `env.abort`, where it is stubbed: the reason that it passes is told, not that a stub was called.

use wasmtime::{Caller, FuncType, ValType};

use super::ctx::{Ctx, refused};

/// Longest message or file name that is read, in UTF-16 units.
const UNITS_MAX: usize = 1024;
/// Offset of a string's length before the string, in bytes.
const LENGTH_BEFORE: u32 = 4;

/// Whether an import is AssemblyScript's: message, file, line and column, as two strings and two numbers.
pub fn is_abort(module: &str, name: &str, ty: &FuncType) -> bool {
    let mut params = ty.params();
    let takes_numbers = params.len() == 4 && params.all(|param| matches!(param, ValType::I32));
    (module, name) == ("env", "abort") && takes_numbers && ty.results().len() == 0
}

/// The failure of an abort.
pub fn aborted(caller: &mut Caller<'_, Ctx>, arguments: [u32; 4]) -> wasmtime::Error {
    let [message, file, line, column] = arguments;
    let message = string(caller, message).unwrap_or_else(|| "no message".to_owned());
    let place = string(caller, file).map(|file| format!(" at {file}:{line}:{column}")).unwrap_or_default();
    refused(format!("aborted{place}: {message}"))
}

/// A string in the guest's memory: UTF-16, after its length in bytes. `None` where there is none.
fn string(caller: &mut Caller<'_, Ctx>, at: u32) -> Option<String> {
    let length_at = at.checked_sub(LENGTH_BEFORE).filter(|_| at != 0)? as usize;
    let memory = caller.get_export("memory")?.into_memory()?;
    let data = memory.data(&*caller);
    let length = u32::from_le_bytes(*data.get(length_at..)?.first_chunk()?) as usize;
    let bytes = data.get(at as usize..)?.get(..length.min(2 * UNITS_MAX))?;
    let units: Vec<u16> = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
    Some(String::from_utf16_lossy(&units))
}
