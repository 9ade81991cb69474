//! Starts, finds, calls and ends other plugins: one function each, so that a person or a test can do what a plugin may.

use extism_pdk::{plugin_fn, Error, FnResult, Json, ToBytes};
use plugsh_guest::Plugin;
use serde::Serialize;

plugsh_guest::report_panics!();
plugsh_guest::about! {
    "starts, calls and ends plugins by hand";
    spawn("text"): "starts the plugin named by its input and gives its id";
    find("text"): "the id of the living plugin named by its input, 0 for none";
    free(): "ends the plugin whose id is its input";
    whoami(): "its own id and its parent's";
    call(): "calls a plugin: `ID FUNCTION INPUT`";
    try_call(): "calls a plugin and gives `ok: OUTPUT` or `failed: MESSAGE`";
}

/// Starts the plugin named by its input; gives its id.
#[plugin_fn]
pub fn spawn(name: String) -> FnResult<String> {
    Ok(Plugin::register(name.trim())?.id().to_string())
}

/// Gives the id of the living plugin named by its input, 0 for none.
#[plugin_fn]
pub fn find(name: String) -> FnResult<String> {
    Ok(Plugin::find(name.trim()).map_or(0, |plugin| plugin.id()).to_string())
}

/// Ends the plugin whose id is its input.
#[plugin_fn]
pub fn free(id: String) -> FnResult<()> {
    plugin(&id)?.free();
    Ok(())
}

#[derive(Serialize, ToBytes)]
#[encoding(Json)]
pub struct Kin {
    id: u64,
    parent: u64,
}

/// Gives its own id and its parent's, 0 for the shell: `{"id":2,"parent":1}`.
#[plugin_fn]
pub fn whoami() -> FnResult<Kin> {
    let id = |plugin: Option<Plugin>| plugin.map_or(0, |plugin| plugin.id());
    Ok(Kin { id: id(Plugin::current()), parent: id(Plugin::parent()) })
}

/// Calls a plugin. Input: `ID FUNCTION INPUT`, where all after the second blank is the callee's input.
#[plugin_fn]
pub fn call(order: String) -> FnResult<Vec<u8>> {
    let (plugin, function, input) = parse(&order)?;
    Ok(plugin.call_bytes(function, input))
}

/// Calls a plugin as `call` does, but gives `ok: OUTPUT` or `failed: MESSAGE`.
#[plugin_fn]
pub fn try_call(order: String) -> FnResult<Vec<u8>> {
    let (plugin, function, input) = parse(&order)?;
    let output = match plugin.try_call_bytes(function, input) {
        Ok(bytes) => [b"ok: ".as_slice(), bytes.as_slice()].concat(),
        Err(error) => format!("failed: {error}").into_bytes(),
    };
    Ok(output)
}

fn parse(order: &str) -> Result<(Plugin, &str, &str), Error> {
    let mut words = order.splitn(3, ' ');
    let id = words.next().unwrap_or_default();
    let function = words.next().ok_or_else(|| Error::msg("input is `ID FUNCTION INPUT`"))?;
    Ok((plugin(id)?, function, words.next().unwrap_or_default()))
}

fn plugin(id: &str) -> Result<Plugin, Error> {
    Plugin::from_id(id.trim().parse()?).ok_or_else(|| Error::msg("no plugin has the id 0"))
}
