//! `extism:host/env`: the implementation of each [`ExtismFunction`]. The arena has the loads and stores.
//!
//! Arguments, results and frees follow the extism crate: its `pdk.rs`, and its kernel for `alloc` to `error_get`.

use std::sync::Arc;

use wasmtime::{Caller, Linker, Result};

use super::answered::{Answered, answered, block, mode, unfit};
use super::blocks::{HEADER_BYTES, ROOT_END};
use super::bulk;
use super::ctx::{Ctx, CtxStore, IN_USE, Span, refused};
use super::fuel;
use super::http;
use super::watched::{Details, watched};
use crate::runtime::block_error::BlockError;
use crate::runtime::host_answer::ANSWER_BYTES_MAX;
use crate::runtime::host_functions::{EXTISM, ExtismFunction};
use crate::runtime::{AnswerKind, AnswerMode, Failure, FailureKind, LogLevel, sha256_hex};

/// Longest key of a config value or var, in bytes; a key is read in one go.
pub const KEY_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Longest log message in bytes, above what the log keeps; a longer one is cut.
const LOG_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Longest key that stands in a recording as it is, in bytes.
const WORDS_BYTES_MAX: usize = 256;

/// Adds the functions of the namespace, without the arena's.
///
/// # Errors
/// The linker has one of the names already.
pub fn add(linker: &mut Linker<Ctx>) -> Result<()> {
    for function in ExtismFunction::ALL {
        add_function(linker, *function)?;
    }
    Ok(())
}

fn add_function(linker: &mut Linker<Ctx>, function: ExtismFunction) -> Result<()> {
    use ExtismFunction as F;
    let name = function.row().name;
    match function {
        F::Alloc => linker.func_wrap(EXTISM, name, alloc),
        F::Free => linker.func_wrap(EXTISM, name, free),
        F::Length => linker.func_wrap(EXTISM, name, length),
        F::LengthUnsafe => linker.func_wrap(EXTISM, name, length_unsafe),
        F::OutputSet => linker.func_wrap(EXTISM, name, output_set),
        F::ErrorSet => linker.func_wrap(EXTISM, name, error_set),
        F::ErrorGet => linker.func_wrap(EXTISM, name, |caller: Caller<'_, Ctx>| caller.data().error as i64),
        F::MemoryBytes => linker.func_wrap(EXTISM, name, memory_bytes),
        F::ConfigGet => linker.func_wrap(EXTISM, name, config_get),
        F::VarGet => linker.func_wrap(EXTISM, name, var_get),
        F::VarSet => linker.func_wrap(EXTISM, name, var_set),
        F::HttpRequest => linker.func_wrap(EXTISM, name, http::request),
        F::HttpStatusCode => linker.func_wrap(EXTISM, name, http::status_code),
        F::HttpHeaders => linker.func_wrap(EXTISM, name, http::headers),
        F::LogTrace => linker.func_wrap(EXTISM, name, log_at(LogLevel::Trace)),
        F::LogDebug => linker.func_wrap(EXTISM, name, log_at(LogLevel::Debug)),
        F::LogInfo => linker.func_wrap(EXTISM, name, log_at(LogLevel::Info)),
        F::LogWarn => linker.func_wrap(EXTISM, name, log_at(LogLevel::Warn)),
        F::LogError => linker.func_wrap(EXTISM, name, log_at(LogLevel::Error)),
        F::GetLogLevel => linker.func_wrap(EXTISM, name, log_level),
    }?;
    Ok(())
}

fn alloc(mut caller: Caller<'_, Ctx>, length: i64) -> Result<i64> {
    // PDKs do not check for a failed allocation, and would write outside of any block.
    let span = caller.alloc(length as u64)?.ok_or_else(|| Failure::new(FailureKind::Oom, "oom"))?;
    Ok(span.offset as i64)
}

fn free(mut caller: Caller<'_, Ctx>, handle: i64) -> Result<()> {
    caller.free(handle as u64)
}

fn length(mut caller: Caller<'_, Ctx>, handle: i64) -> Result<i64> {
    if handle < 0 {
        return bulk::doorbell(&mut caller, handle as u64);
    }
    Ok(caller.data_mut().blocks.length(handle as u64).unwrap_or(0) as i64)
}

fn error_set(mut caller: Caller<'_, Ctx>, handle: i64) {
    let ctx = caller.data_mut();
    // The handle is validated when the call has ended.
    if ctx.blocks.has_place(handle as u64) {
        ctx.error = handle as u64;
    }
}

fn memory_bytes(caller: Caller<'_, Ctx>) -> i64 {
    caller.data().blocks.memory_bytes() as i64
}

/// The length in the header before a handle, unchecked: Extism's kernel does not validate the handle either. The host
/// never uses the answer.
fn length_unsafe(caller: Caller<'_, Ctx>, handle: i64) -> Result<i64> {
    let (ctx, handle) = (caller.data(), handle as u64);
    let end = ctx.blocks.end();
    if !(ROOT_END + HEADER_BYTES..end + HEADER_BYTES).contains(&handle) {
        return Ok(0);
    }
    let data = ctx.arena()?.memory.data(&caller);
    // The bytes beyond the last block are zeros in Extism's kernel; here an earlier call may have left others.
    let byte = |at: u64| data.get(at as usize).copied().filter(|_| at < end).unwrap_or(0);
    if byte(handle - HEADER_BYTES) != IN_USE {
        return Ok(0);
    }
    let used = [4, 3, 2, 1].map(|before| byte(handle - before));
    Ok(i64::from(u32::from_le_bytes(used)))
}

/// Sets the output as Extism's kernel does. A range outside of its memory leaves the output as it was; so does an empty
/// one at handle 0, which the PDK's macro sets for a function that returns nothing.
fn output_set(mut caller: Caller<'_, Ctx>, offset: i64, length: i64) -> Result<()> {
    let output = Span { offset: offset as u64, length: length as u64 };
    let blocks = &caller.data().blocks;
    if !blocks.has_stretch(output.offset, output.length) {
        return Ok(());
    }
    let end = output.offset + output.length;
    if end > blocks.end() {
        let dirty = blocks.dirty(blocks.end(), end);
        let arena = caller.data().arena()?;
        if !caller.reserve(arena, end)? {
            return Ok(());
        }
        caller.wipe(dirty)?;
    }
    caller.data_mut().output = output;
    Ok(())
}

fn config_get(mut caller: Caller<'_, Ctx>, key: i64) -> Result<i64> {
    watched(&mut caller, "config_get", |caller, details| {
        let key = key_span(caller, key as u64, "config key")?;
        let spec = caller.data().spec.clone();
        let arena = caller.data().arena()?.memory;
        let name = text(arena.data(&*caller), key, "config key")?;
        let value = spec.config.get(name);
        if let Some(details) = details {
            *details = Details::keyed(name, value.map_or(0, |value| value.len() as u64));
        }
        caller.free(key.offset)?;
        match value {
            Some(value) => Ok(caller.put(value.as_bytes())?.offset as i64),
            None => Ok(0),
        }
    })
}

fn var_get(mut caller: Caller<'_, Ctx>, key: i64) -> Result<i64> {
    watched(&mut caller, "var_get", |caller, details| {
        let key = key_span(caller, key as u64, "var key")?;
        let arena = caller.data().arena()?.memory;
        let name = text(arena.data(&*caller), key, "var key")?;
        let value = caller.data().vars.get(name).map(Arc::clone);
        let words = if mode(caller) == AnswerMode::Live { String::new() } else { words_of(name) };
        if let Some(details) = details {
            *details = Details::keyed(name, value.as_ref().map_or(0, |value| value.len() as u64));
        }
        let value = answered(caller, "var_get", |_| words, |_| Ok(value), VAR)?;
        caller.free(key.offset)?;
        match value {
            Some(value) => Ok(caller.put(&value)?.offset as i64),
            None => Ok(0),
        }
    })
}

/// How a variable's value is kept, and made again: no bytes for none.
const VAR: Answered<Option<Arc<Vec<u8>>>> = Answered {
    keep: |value, answer| match value {
        Some(value) if value.len() as u64 > ANSWER_BYTES_MAX => answer.kind = AnswerKind::TooLong,
        Some(value) => answer.given = vec![block(value)],
        None => {}
    },
    replay: |answer| Ok(answer.given.into_iter().next().map(|given| Arc::new(given.bytes))),
};

/// How a level is kept, and made again.
const LEVEL: Answered<LogLevel> = Answered {
    keep: |level, answer| answer.result = *level as i64,
    replay: |answer| {
        let level = LogLevel::ALL.into_iter().find(|level| *level as i64 == answer.result);
        level.ok_or_else(|| unfit(&answer.function))
    },
};

/// A key in the words of a recording: a hash stands for what is long.
fn words_of(key: &str) -> String {
    if key.len() > WORDS_BYTES_MAX { sha256_hex(key.as_bytes()) } else { format!("{key:?}") }
}

/// The lowest level that is kept. What a log line costs depends on it, so it is an answer too.
fn level_kept(caller: &mut Caller<'_, Ctx>) -> Result<LogLevel> {
    let live = |caller: &mut Caller<'_, Ctx>| Ok(caller.data().up()?.log_level());
    answered(caller, "get_log_level", |_| String::new(), live, LEVEL)
}

/// Charges fuel for a key and returns its range.
fn key_span(caller: &mut Caller<'_, Ctx>, handle: u64, what: &'static str) -> Result<Span> {
    let span = caller.data_mut().span(handle, what)?;
    if span.length > KEY_BYTES_MAX {
        return Err(refused(BlockError::TooLong { what, bytes: span.length, bytes_max: KEY_BYTES_MAX }));
    }
    fuel::charge(caller, span.length)?;
    Ok(span)
}

/// A block's text, borrowed: a lookup copies no key.
fn text<'a>(data: &'a [u8], span: Span, what: &'static str) -> Result<&'a str> {
    if span.length == 0 {
        return Ok("");
    }
    std::str::from_utf8(span.of(data)?).map_err(|_| refused(BlockError::NotUtf8 { what }))
}

fn var_set(mut caller: Caller<'_, Ctx>, key: i64, value: i64) -> Result<()> {
    watched(&mut caller, "var_set", |caller, details| set_var(caller, details, key as u64, value as u64))
}

fn set_var(caller: &mut Caller<'_, Ctx>, details: Option<&mut Details>, key: u64, value: u64) -> Result<()> {
    caller.data().check_vars_enabled()?;
    let key = key_span(caller, key, "var key")?;
    let up = caller.data().up()?;
    let arena = caller.data().arena()?.memory;
    let (data, ctx) = arena.data_and_store_mut(&mut *caller);
    let name = text(data, key, "var key")?;
    if let Some(details) = details {
        *details = Details::keyed(name, 0);
        details.bytes_in += ctx.blocks.length(value).unwrap_or(0);
    }
    if value == 0 {
        ctx.remove_var(name, Some(&up));
        return caller.free(key.offset);
    }
    let value = ctx.span(value, "var value")?;
    ctx.set_var(name, value.of(data)?, Some(&up))?;
    fuel::charge(caller, value.length)?;
    caller.free(value.offset)?;
    caller.free(key.offset)
}

fn log_at(level: LogLevel) -> impl Fn(Caller<'_, Ctx>, i64) -> Result<()> + Send + Sync + 'static {
    move |mut caller, handle| log(&mut caller, level, handle as u64)
}

fn log(caller: &mut Caller<'_, Ctx>, level: LogLevel, handle: u64) -> Result<()> {
    let up = caller.data().up()?;
    if level >= level_kept(caller)? {
        watched(caller, log_function(level), |caller, details| {
            let mut span = caller.data_mut().span(handle, "log message")?;
            span.length = span.length.min(LOG_BYTES_MAX);
            let bytes = caller.bytes(span)?;
            let message = String::from_utf8_lossy(&bytes);
            up.log(level, &message);
            if let Some(details) = details {
                *details = Details { text: message.into_owned(), bytes_in: span.length, ..Details::default() };
            }
            Ok(())
        })?;
    }
    caller.free(handle)
}

/// The function that logs at a level.
fn log_function(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Trace => "log_trace",
        LogLevel::Debug => "log_debug",
        LogLevel::Info => "log_info",
        LogLevel::Warn => "log_warn",
        LogLevel::Error | LogLevel::Off => "log_error",
    }
}

/// The lowest kept level in the PDKs' numbers: trace 0 to error 4, off `i32::MAX`.
fn log_level(mut caller: Caller<'_, Ctx>) -> Result<i32> {
    Ok(match level_kept(&mut caller)? {
        LogLevel::Off => i32::MAX,
        level => level as i32,
    })
}
