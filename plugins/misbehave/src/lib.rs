//! Does everything a plugin should not do, one function each: for tests of the host, and to see what it says.

use std::alloc::{alloc, Layout};
use std::hint::black_box;

use extism_pdk::{debug, error as log_error, info, plugin_fn, trace, warn, Error, FnResult, WithReturnCode};
use plugsh_guest::Plugin;

plugsh_guest::report_panics!();
plugsh_guest::about! {
    "does everything a plugin should not do";
    spin(): "never ends";
    crash(): "traps";
    panic("on purpose"): "panics with its input";
    grow(): "takes memory until there is none, then traps";
    recurse(): "calls itself until the stack is full";
    error("no luck"): "fails with its input as the message";
    exit("7"): "fails with its input as the return code";
    exit_with_message("7"): "fails with its input as the return code, and a message";
    log("a line"): "logs its input once at each level";
    storm("count_vowels"): "starts plugins of the name that is its input without end";
}

/// Never ends.
#[plugin_fn]
pub fn spin() -> FnResult<()> {
    let mut round = 0u64;
    loop {
        round = black_box(round.wrapping_add(1));
    }
}

/// Traps.
#[plugin_fn]
pub fn crash() -> FnResult<()> {
    core::arch::wasm32::unreachable()
}

/// Panics, which is how Rust plugins mostly crash.
#[plugin_fn]
pub fn panic(message: String) -> FnResult<()> {
    panic!("{message}")
}

/// Takes memory, a MiB at a time, until there is no more; then traps.
#[plugin_fn]
pub fn grow() -> FnResult<()> {
    let mib = Layout::from_size_align(1 << 20, 16)?;
    loop {
        // SAFETY: the layout is not empty; the block is written inside of its bounds and never freed.
        unsafe {
            let block = alloc(mib);
            if block.is_null() {
                core::arch::wasm32::unreachable();
            }
            black_box(block).write_bytes(1, mib.size());
        }
    }
}

/// Fails with its input as the message, or `as asked`.
#[plugin_fn]
pub fn error(message: String) -> FnResult<()> {
    let message = if message.is_empty() { "as asked".to_owned() } else { message };
    Err(Error::msg(message).into())
}

/// Fails with the return code that is its input (1 when empty) and without a message.
#[no_mangle]
pub extern "C" fn exit() -> i32 {
    let input = extism_pdk::input_bytes();
    let code = std::str::from_utf8(&input).ok().and_then(|text| text.trim().parse().ok());
    code.unwrap_or(1)
}

/// Fails with the return code that is its input (1 when empty) and a message that says so.
#[plugin_fn]
pub fn exit_with_message(input: String) -> FnResult<()> {
    let code = input.trim().parse().unwrap_or(1);
    Err(WithReturnCode::new(Error::msg(format!("left with code {code}")), code))
}

/// Calls itself until the stack is full.
#[plugin_fn]
pub fn recurse() -> FnResult<String> {
    Ok(deeper(0).to_string())
}

#[inline(never)]
fn deeper(level: u64) -> u64 {
    // Used after the call, so that it cannot become a loop.
    black_box(deeper as fn(u64) -> u64)(level + 1) ^ black_box(level)
}

/// Logs its input (or `as asked`) once at each level.
#[plugin_fn]
pub fn log(message: String) -> FnResult<()> {
    let message = if message.is_empty() { "as asked" } else { &message };
    trace!("{message}");
    debug!("{message}");
    info!("{message}");
    warn!("{message}");
    log_error!("{message}");
    Ok(())
}

/// Starts plugins of the name that is its input (or `count_vowels`) without end.
#[plugin_fn]
pub fn storm(name: String) -> FnResult<()> {
    let name = if name.is_empty() { "count_vowels" } else { &name };
    loop {
        Plugin::register(name)?;
    }
}
