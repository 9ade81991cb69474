//! A plugin that starts another and calls it, with the two functions in their raw form. The other plugins use the
//! `plugsh-guest` crate, which hides all of this.

use extism_pdk::{plugin_fn, FnResult, Memory};

/// What plugsh shows of this plugin, as the guest crate's `about!` writes it.
#[cfg_attr(target_family = "wasm", link_section = "plugsh-about")]
#[used]
static ABOUT: [u8; ABOUT_JSON.len()] = *ABOUT_JSON;
const ABOUT_JSON: &[u8; 153] = br#"{"summary":"starts a plugin, which counts vowels","functions":[{"name":"run","summary":"what `count_vowels` says of its input","input":"Hello, World!"}]}"#;

/// What is counted when there is no input.
const GREETING: &[u8] = b"Hello, World!";

// Without a module name the imports are looked up in `env`.
extern "C" {
    /// Starts the plugin whose name is in the block `name`; gives its id.
    fn register_plugin(name: u64) -> u64;
    /// Calls a function of a plugin; gives the block with its output, 0 for none.
    fn call_plugin(id: u64, func: u64, input: u64) -> u64;
}

/// Starts `count_vowels`, calls it with its own input (or a greeting), and gives what came back.
#[plugin_fn]
pub fn run(input: Vec<u8>) -> FnResult<Memory> {
    let name = Memory::from_bytes("count_vowels")?;
    // SAFETY: the host takes any number as a handle or an id, and checks it.
    let id = unsafe { register_plugin(name.offset()) };

    let function = Memory::from_bytes("count_vowels")?;
    let input = Memory::from_bytes(if input.is_empty() { GREETING } else { &input })?;
    // SAFETY: as above.
    let output = unsafe { call_plugin(id, function.offset(), input.offset()) };
    Ok(Memory::find(output).unwrap_or_else(Memory::null))
}
