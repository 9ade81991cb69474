//! Gives back what it gets, and calls others: the plugin to measure calls and to build chains with.
//!
//! `echo` and `spam` move bytes as extism-pdk does, `echo_bulk` and `spam_bulk` by the bulk path; `spam_leak` frees
//! nothing, as simple guests do.

mod relay;
mod spam;

use extism_pdk::{plugin_fn, FnResult};
use plugsh_guest::bulk::{self, Bulk};

plugsh_guest::report_panics!();
plugsh_guest::about! {
    "gives back its input, and calls others";
    echo("hello"): "its input";
    echo_bulk("hello"): "its input, by the bulk path";
    nothing(): "takes its input and gives nothing";
    relay(r#"{"to":["text"],"function":"upper","input":"hi"}"#): "what a function gives at the end of a way through other plugins";
    spam(): "calls a function again and again: `PLUGIN_ID FUNCTION COUNT SIZE`; gives the bytes in all";
    spam_bulk(): "spam by the bulk path";
    spam_leak(): "spam that frees nothing";
    spam_all(): "spam by calls that run side by side, of several plugins: `ID,ID FUNCTION COUNT SIZE`";
}

/// Gives its input back.
#[plugin_fn]
pub fn echo(input: Vec<u8>) -> FnResult<Vec<u8>> {
    Ok(input)
}

/// Gives its input back by the bulk path.
#[plugin_fn]
pub fn echo_bulk() -> FnResult<Bulk<Vec<u8>>> {
    Ok(Bulk(bulk::input()))
}

/// Takes its input, gives nothing: a call with as little to do as there can be.
#[plugin_fn]
pub fn nothing() -> FnResult<()> {
    Ok(())
}
