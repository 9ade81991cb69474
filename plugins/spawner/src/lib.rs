//! Starts, finds, calls and ends other plugins: one function each, so that a person or a test can do what a plugin may.

use extism_pdk::{plugin_fn, Error, FnResult, Json, ToBytes};
use plugsh_guest::{CallError, Pending, Plugin};
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
    join_all(): "starts a call for each line `ID FUNCTION INPUT`, joins them in order, and gives their outputs as lines";
    try_join_all(): "like `join_all`, with a line `ok: OUTPUT` or `failed: MESSAGE` each";
    poll_all(): "like `try_join_all`, but joins whichever has ended: the lines are in the order of their ends";
    start_all(): "starts the calls of its lines and joins none";
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
    Ok(told(plugin.try_call_bytes(function, input)))
}

/// Starts a call for each line `ID FUNCTION INPUT` and joins them in order; gives their outputs as lines. The first that
/// fails stops this call.
#[plugin_fn]
pub fn join_all(orders: String) -> FnResult<Vec<u8>> {
    let outputs: Vec<Vec<u8>> = started(&orders)?.into_iter().map(Pending::join_bytes).collect();
    Ok(outputs.join(&b'\n'))
}

/// Like `join_all`, with a line `ok: OUTPUT` or `failed: MESSAGE` for each.
#[plugin_fn]
pub fn try_join_all(orders: String) -> FnResult<Vec<u8>> {
    let outputs: Vec<Vec<u8>> = started(&orders)?.into_iter().map(|call| told(call.try_join_bytes())).collect();
    Ok(outputs.join(&b'\n'))
}

/// Like `try_join_all`, but joins whichever has ended: the lines are in the order of their ends.
#[plugin_fn]
pub fn poll_all(orders: String) -> FnResult<Vec<u8>> {
    let (mut waiting, mut outputs) = (started(&orders)?, Vec::new());
    while !waiting.is_empty() {
        for call in std::mem::take(&mut waiting) {
            if call.has_ended() {
                outputs.push(told(call.try_join_bytes()));
            } else {
                waiting.push(call);
            }
        }
    }
    Ok(outputs.join(&b'\n'))
}

/// Starts a call for each line `ID FUNCTION INPUT` and joins none: they end with this call.
#[plugin_fn]
pub fn start_all(orders: String) -> FnResult<()> {
    drop(started(&orders)?);
    Ok(())
}

fn started(orders: &str) -> Result<Vec<Pending>, Error> {
    let start = |order| parse(order).map(|(plugin, function, input)| plugin.start_bytes(function, input));
    orders.lines().map(start).collect()
}

fn told(tried: Result<Vec<u8>, CallError>) -> Vec<u8> {
    match tried {
        Ok(bytes) => [b"ok: ".as_slice(), bytes.as_slice()].concat(),
        Err(error) => format!("failed: {error}").into_bytes(),
    }
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
