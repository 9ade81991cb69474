//! The little that the plugins of the chain need of their host: input, output, numbers, and a call of another plugin.

use std::sync::atomic::{AtomicU64, Ordering};

#[link(wasm_import_module = "extism:host/user")]
unsafe extern "C" {
    fn register_plugin(name: u64) -> u64;
    fn call_plugin(id: u64, function: u64, input: u64) -> u64;
}

#[link(wasm_import_module = "extism:host/env")]
unsafe extern "C" {
    fn alloc(length: u64) -> u64;
    fn length(at: u64) -> u64;
    fn load_u8(at: u64) -> u32;
    fn store_u8(at: u64, byte: u32);
    fn input_length() -> u64;
    fn input_load_u8(at: u64) -> u32;
    fn output_set(at: u64, length: u64);
}

/// The input of the call.
#[inline(never)]
pub fn input() -> Vec<u8> {
    (0..unsafe { input_length() }).map(|at| unsafe { input_load_u8(at) } as u8).collect()
}

/// Sets the output of the call.
#[inline(never)]
pub fn output(bytes: &[u8]) {
    unsafe { output_set(block(bytes), bytes.len() as u64) };
}

/// The output of another plugin's function for an input. The plugin is started at the first call.
#[allow(dead_code, reason = "the last plugin calls nobody")]
#[inline(never)]
pub fn ask(plugin: &str, function: &str, input: &[u8]) -> Vec<u8> {
    static STARTED: AtomicU64 = AtomicU64::new(0);
    if STARTED.load(Ordering::Relaxed) == 0 {
        STARTED.store(unsafe { register_plugin(block(plugin.as_bytes())) }, Ordering::Relaxed);
    }
    let at = unsafe { call_plugin(STARTED.load(Ordering::Relaxed), block(function.as_bytes()), block(input)) };
    (0..unsafe { length(at) }).map(|place| unsafe { load_u8(at + place) } as u8).collect()
}

fn block(bytes: &[u8]) -> u64 {
    // The host checks each handle.
    let handle = unsafe { alloc(bytes.len() as u64) };
    for (at, byte) in bytes.iter().enumerate() {
        unsafe { store_u8(handle + at as u64, u32::from(*byte)) };
    }
    handle
}

/// The digits of a number.
#[allow(dead_code, reason = "one plugin hands them on")]
pub fn digits(mut number: u32) -> Vec<u8> {
    let mut digits = Vec::new();
    while number > 0 || digits.is_empty() {
        digits.insert(0, b'0' + (number % 10) as u8);
        number /= 10;
    }
    digits
}

/// The number of the digits in a text.
#[allow(dead_code, reason = "one plugin hands them on")]
pub fn number(text: &[u8]) -> u32 {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
}
