//! Calls another plugin in a loop. Input of each: `PLUGIN_ID FUNCTION COUNT SIZE`; output: the bytes that came back, in
//! all, as text. `spam_all` takes several ids, `1,2,3`.

use extism_pdk::{plugin_fn, Error, FnResult, ManagedMemory, Memory};
use plugsh_guest::Plugin;

#[link(wasm_import_module = "extism:host/user")]
extern "C" {
    // Raw here, since this is what the guest crate is measured against.
    fn call_plugin(id: u64, function: u64, input: u64) -> u64;
}

struct Order {
    /// At least one.
    ids: Vec<u64>,
    function: String,
    count: u64,
    payload: Vec<u8>,
}

impl Order {
    fn parse(input: &str) -> Result<Self, Error> {
        let words: Vec<&str> = input.split_whitespace().collect();
        let &[id, function, count, size] = words.as_slice() else {
            return Err(Error::msg("input is `PLUGIN_ID FUNCTION COUNT SIZE`"));
        };
        let size: usize = size.parse()?;
        Ok(Self {
            ids: id.split(',').map(str::parse).collect::<Result<_, _>>()?,
            function: function.to_owned(),
            count: count.parse()?,
            payload: (0..size).map(|at| b'a' + (at % 26) as u8).collect(),
        })
    }
}

impl Order {
    fn id(&self) -> u64 {
        self.ids.first().copied().unwrap_or_default()
    }
}

/// Calls with a copy in and a copy out, eight bytes a step, as extism-pdk does; frees what it made and got.
#[plugin_fn]
pub fn spam(input: String) -> FnResult<String> {
    let order = Order::parse(&input)?;
    let mut total = 0;
    for _ in 0..order.count {
        let function = ManagedMemory::from(Memory::from_bytes(&order.function)?);
        let payload = ManagedMemory::from(Memory::from_bytes(&order.payload)?);
        // SAFETY: the host takes any number as a handle or an id, and checks it.
        let output = unsafe { call_plugin(order.id(), function.offset(), payload.offset()) };
        if let Some(output) = Memory::find(output) {
            total += ManagedMemory::from(output).as_ref().to_vec().len();
        }
    }
    Ok(total.to_string())
}

/// Like `spam`, but frees nothing: each call leaves its blocks behind.
#[plugin_fn]
pub fn spam_leak(input: String) -> FnResult<String> {
    let order = Order::parse(&input)?;
    let mut total = 0;
    for _ in 0..order.count {
        let function = Memory::from_bytes(&order.function)?;
        let payload = Memory::from_bytes(&order.payload)?;
        // SAFETY: as in `spam`.
        let output = unsafe { call_plugin(order.id(), function.offset(), payload.offset()) };
        total += Memory::find(output).map_or(0, |output| output.to_vec().len());
    }
    Ok(total.to_string())
}

/// Like `spam`, by the guest crate and its bulk path.
#[plugin_fn]
pub fn spam_bulk(input: String) -> FnResult<String> {
    let order = Order::parse(&input)?;
    let callee = plugin(order.id())?;
    let mut total = 0;
    for _ in 0..order.count {
        total += callee.call_bytes(&order.function, &order.payload).len();
    }
    Ok(total.to_string())
}

/// Like `spam_bulk`, with a call of each plugin at once: COUNT calls in all, rounded down to whole rounds.
#[plugin_fn]
pub fn spam_all(input: String) -> FnResult<String> {
    let order = Order::parse(&input)?;
    let callees: Vec<Plugin> = order.ids.iter().map(|id| plugin(*id)).collect::<Result<_, _>>()?;
    let mut started = Vec::with_capacity(callees.len());
    let mut total = 0;
    for _ in 0..order.count / callees.len() as u64 {
        started.extend(callees.iter().map(|callee| callee.start_bytes(&order.function, &order.payload)));
        total += started.drain(..).map(|call| call.join_bytes().len()).sum::<usize>();
    }
    Ok(total.to_string())
}

fn plugin(id: u64) -> Result<Plugin, Error> {
    Plugin::from_id(id).ok_or_else(|| Error::msg("no plugin has the id 0"))
}
