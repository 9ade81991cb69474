//! The host functions as they are imported, and nothing else: safe names over them live in the other files.
//!
//! Handles are Extism memory offsets (0: no bytes), ids are numbers (0: none, or the shell). One item a function, so
//! that the linker drops those that a plugin does not use.

#[link(wasm_import_module = "extism:host/user")]
unsafe extern "C" {
    pub safe fn register_plugin(name: u64) -> u64;
    pub safe fn call_plugin(id: u64, function: u64, input: u64) -> u64;
    pub safe fn try_call_plugin(id: u64, function: u64, input: u64) -> u64;
    pub safe fn call_error() -> u64;
    pub safe fn start_call(id: u64, function: u64, input: u64) -> u64;
    pub safe fn poll_call(ticket: u64) -> u64;
    pub safe fn join_call(ticket: u64) -> u64;
    pub safe fn try_join_call(ticket: u64) -> u64;
    pub safe fn free_plugin(id: u64);
    pub safe fn find_plugin(name: u64) -> u64;
    pub safe fn self_plugin() -> u64;
    pub safe fn parent_plugin() -> u64;
}
