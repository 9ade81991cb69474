//! `extism:host/env`: the functions of Extism's ABI that are the host's to answer. The loads and stores are the arena's.
//!
//! What each takes, gives and frees follows the extism crate (its `pdk.rs`, and its kernel for `alloc` to `error_get`).

use wasmtime::{Caller, Linker, Result};

use super::bulk;
use super::ctx::{Ctx, CtxStore, Span, refused};
use super::http;
use crate::runtime::{Failure, FailureKind, LogLevel};

/// The namespace of Extism's own functions.
pub const MODULE: &str = "extism:host/env";
/// Longest config or var key, in bytes.
const KEY_BYTES_MAX: u64 = 64 * 1024;
/// What one var costs besides its key and value, as the extism crate counts it: a `String` and a `Vec<u8>`.
const VAR_OVERHEAD_BYTES: u64 = (size_of::<String>() + size_of::<Vec<u8>>()) as u64;
/// Longest log message that is read, in bytes; what is longer is cut.
const LOG_BYTES_MAX: u64 = 64 * 1024;

/// Adds every function of the namespace.
pub fn add(linker: &mut Linker<Ctx>) -> Result<()> {
    add_blocks(linker)?;
    add_data(linker)?;
    add_logs(linker)?;
    http::add(linker)
}

fn add_blocks(linker: &mut Linker<Ctx>) -> Result<()> {
    linker.func_wrap(MODULE, "alloc", |mut caller: Caller<'_, Ctx>, length: i64| -> Result<i64> {
        // PDKs do not look whether they were given a block, and would write into nothing.
        let span = caller.alloc(length as u64)?.ok_or_else(|| Failure::new(FailureKind::Oom, "oom"))?;
        Ok(span.offset as i64)
    })?;
    linker.func_wrap(MODULE, "free", |mut caller: Caller<'_, Ctx>, handle: i64| -> Result<()> {
        free(&mut caller, handle)
    })?;
    linker.func_wrap(MODULE, "length", |mut caller: Caller<'_, Ctx>, handle: i64| -> Result<i64> {
        if handle < 0 {
            return bulk::doorbell(&mut caller, handle as u64);
        }
        Ok(caller.data_mut().blocks.length(handle as u64).unwrap_or(0) as i64)
    })?;
    linker.func_wrap(MODULE, "length_unsafe", |mut caller: Caller<'_, Ctx>, handle: i64| -> i64 {
        caller.data_mut().blocks.length(handle as u64).unwrap_or(0) as i64
    })?;
    linker.func_wrap(MODULE, "output_set", |mut caller: Caller<'_, Ctx>, offset: i64, length: i64| {
        let (offset, length) = (offset as u64, length as u64);
        let ctx = caller.data_mut();
        // As in Extism's kernel, a stretch that is not in the arena leaves the output as it was; nothing is empty.
        if length == 0 {
            ctx.output = Span::default();
        } else if ctx.blocks.covers(offset, length) {
            ctx.output = Span { offset, length };
        }
    })?;
    linker.func_wrap(MODULE, "error_set", |mut caller: Caller<'_, Ctx>, handle: i64| {
        let ctx = caller.data_mut();
        if handle == 0 || ctx.blocks.length(handle as u64).is_some() {
            ctx.error = handle as u64;
        }
    })?;
    linker.func_wrap(MODULE, "error_get", |caller: Caller<'_, Ctx>| caller.data().error as i64)?;
    linker.func_wrap(MODULE, "memory_bytes", |caller: Caller<'_, Ctx>| -> Result<i64> {
        Ok(caller.data().arena()?.memory.data_size(&caller) as i64)
    })?;
    Ok(())
}

fn free(caller: &mut Caller<'_, Ctx>, handle: i64) -> Result<()> {
    let ctx = caller.data_mut();
    let freed = ctx.blocks.free(handle as u64);
    if freed && ctx.input.offset == handle as u64 {
        caller.set_input_span(Span { offset: handle as u64, length: 0 })?;
    }
    Ok(())
}

fn add_data(linker: &mut Linker<Ctx>) -> Result<()> {
    linker.func_wrap(MODULE, "config_get", |mut caller: Caller<'_, Ctx>, key: i64| -> Result<i64> {
        let name = caller.text(key as u64, "config key", KEY_BYTES_MAX)?;
        caller.data_mut().blocks.free(key as u64);
        let spec = caller.data().spec.clone();
        match spec.config.get(&name) {
            Some(value) => Ok(caller.put(value.as_bytes())?.offset as i64),
            None => Ok(0),
        }
    })?;
    linker.func_wrap(MODULE, "var_get", |mut caller: Caller<'_, Ctx>, key: i64| -> Result<i64> {
        let name = caller.text(key as u64, "var key", KEY_BYTES_MAX)?;
        caller.data_mut().blocks.free(key as u64);
        // Taken out while it is copied, since the copy needs the whole store.
        let Some(value) = caller.data_mut().vars.get_mut(&name).map(std::mem::take) else { return Ok(0) };
        let span = caller.put(&value);
        caller.data_mut().vars.insert(name, value);
        Ok(span?.offset as i64)
    })?;
    linker.func_wrap(MODULE, "var_set", |mut caller: Caller<'_, Ctx>, key: i64, value: i64| -> Result<()> {
        var_set(&mut caller, key as u64, value as u64)
    })?;
    Ok(())
}

fn var_set(caller: &mut Caller<'_, Ctx>, key: u64, value: u64) -> Result<()> {
    if caller.data().spec.var_bytes_max == 0 {
        return Err(refused("vars are disabled for this plugin"));
    }
    let name = caller.text(key, "var key", KEY_BYTES_MAX)?;
    let cost = |name: &str, value: u64| name.len() as u64 + value + VAR_OVERHEAD_BYTES;
    let up = caller.data().up()?;
    let ctx = caller.data_mut();
    let old = ctx.vars.get(&name).map_or(0, |old| cost(&name, old.len() as u64));
    if value == 0 {
        ctx.vars.remove(&name);
        ctx.var_bytes -= old;
        ctx.limits.keep_vars(ctx.var_bytes, &up);
        ctx.blocks.free(key);
        return Ok(());
    }
    let span = ctx.span(value, "var value")?;
    let new = cost(&name, span.length);
    // As the extism crate counts: the old value of the same key is still there when the new one is weighed.
    if ctx.var_bytes + new > ctx.spec.var_bytes_max {
        return Err(refused("the var store is full; `--var-max` allows more"));
    }
    let after = ctx.var_bytes - old + new;
    if !ctx.limits.keep_vars(after, &up) {
        return Err(Failure::new(FailureKind::Oom, "oom").into());
    }
    let bytes = caller.bytes(span)?;
    let ctx = caller.data_mut();
    ctx.vars.insert(name, bytes);
    ctx.var_bytes = after;
    ctx.blocks.free(value);
    ctx.blocks.free(key);
    Ok(())
}

fn add_logs(linker: &mut Linker<Ctx>) -> Result<()> {
    for (name, level) in [
        ("log_trace", LogLevel::Trace),
        ("log_debug", LogLevel::Debug),
        ("log_info", LogLevel::Info),
        ("log_warn", LogLevel::Warn),
        ("log_error", LogLevel::Error),
    ] {
        linker.func_wrap(MODULE, name, move |mut caller: Caller<'_, Ctx>, handle: i64| -> Result<()> {
            log(&mut caller, level, handle as u64)
        })?;
    }
    // The numbers are the PDK's: trace 0 to error 4, and the largest number for "off".
    linker.func_wrap(MODULE, "get_log_level", |caller: Caller<'_, Ctx>| -> Result<i32> {
        Ok(match caller.data().up()?.log_level() {
            LogLevel::Off => i32::MAX,
            level => level as i32,
        })
    })?;
    Ok(())
}

fn log(caller: &mut Caller<'_, Ctx>, level: LogLevel, handle: u64) -> Result<()> {
    let up = caller.data().up()?;
    if level >= up.log_level() {
        let mut span = caller.data_mut().span(handle, "log message")?;
        span.length = span.length.min(LOG_BYTES_MAX);
        let bytes = caller.bytes(span)?;
        up.log(level, &String::from_utf8_lossy(&bytes));
    }
    caller.data_mut().blocks.free(handle);
    Ok(())
}
