//! Keeps a number in its own memory from call to call: it is gone when the instance is reset, which makes resets visible.

use core::sync::atomic::{AtomicI64, Ordering};

use extism_pdk::{plugin_fn, FnResult};

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
