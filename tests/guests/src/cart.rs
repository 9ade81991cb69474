//! A cart: calls `tax`, and takes its failures as they come or as a value.

#[link(wasm_import_module = "extism:host/user")]
unsafe extern "C" {
    fn find_plugin(name: u64) -> u64;
    fn call_plugin(id: u64, function: u64, input: u64) -> u64;
    fn try_call_plugin(id: u64, function: u64, input: u64) -> u64;
}

#[link(wasm_import_module = "extism:host/env")]
unsafe extern "C" {
    fn alloc(length: u64) -> u64;
    fn store_u8(at: u64, byte: u32);
    fn input_length() -> u64;
    fn input_load_u8(at: u64) -> u32;
}

fn block(length: u64, byte: impl Fn(u64) -> u32) -> u64 {
    // The host checks each handle.
    let handle = unsafe { alloc(length) };
    for at in 0..length {
        unsafe { store_u8(handle + at, byte(at)) };
    }
    handle
}

#[inline(never)]
fn ask_tax(call: unsafe extern "C" fn(u64, u64, u64) -> u64) -> u64 {
    let tax = unsafe { find_plugin(block(3, |at| "tax".as_bytes().get(at as usize).copied().unwrap_or(0).into())) };
    let function = block(unsafe { input_length() }, |at| unsafe { input_load_u8(at) });
    unsafe { call(tax, function, 0) }
}

#[unsafe(no_mangle)]
pub extern "C" fn total() -> i32 {
    let tax = ask_tax(call_plugin);
    tax as i32 * 0
}

#[unsafe(no_mangle)]
pub extern "C" fn estimate() -> i32 {
    let tax = ask_tax(try_call_plugin);
    tax as i32 * 0
}
