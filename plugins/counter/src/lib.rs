//! Keeps a number in its own memory from call to call: it is gone when the instance is reset, which makes resets visible.

use core::sync::atomic::{AtomicI64, Ordering};

use extism_pdk::{plugin_fn, FnResult};

plugsh_guest::report_panics!();
plugsh_guest::about! {
    "keeps a number in memory from call to call";
    add("2"): "adds its input, or 1, and gives the new value";
    get(): "the value";
    reset(): "sets the value to 0 and gives what it was";
}

static VALUE: AtomicI64 = AtomicI64::new(0);

/// Adds its input, a whole number (1 when it is empty), and gives the new value.
#[plugin_fn]
pub fn add(input: String) -> FnResult<String> {
    let step: i64 = match input.trim() {
        "" => 1,
        number => number.parse()?,
    };
    let value = VALUE.load(Ordering::Relaxed).wrapping_add(step);
    VALUE.store(value, Ordering::Relaxed);
    Ok(value.to_string())
}

/// Gives the value.
#[plugin_fn]
pub fn get() -> FnResult<String> {
    Ok(VALUE.load(Ordering::Relaxed).to_string())
}

/// Sets the value to 0 and gives what it was.
#[plugin_fn]
pub fn reset() -> FnResult<String> {
    Ok(VALUE.swap(0, Ordering::Relaxed).to_string())
}
