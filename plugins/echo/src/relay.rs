//! Builds a chain of calls: each relay hands the rest of the way to the next.

use extism_pdk::{json, plugin_fn, Error, FnResult};
use plugsh_guest::Plugin;
use serde::{Deserialize, Serialize};

/// The way that a relayed call takes. All but the last stop must have a `relay`; `echo` has.
#[derive(Serialize, Deserialize)]
struct Way {
    /// The stops. `"name"`: the living plugin of that name, started if there is none; `"+name"`: a new one in any case;
    /// a number: the plugin with that id.
    #[serde(default)]
    to: Vec<Stop>,
    /// What the last stop is called with.
    #[serde(default = "function")]
    function: String,
    #[serde(default)]
    input: String,
    /// Whether this relay turns a failure into the output `failed: MESSAGE`. The relays after it do not.
    #[serde(default, rename = "try")]
    tries: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stop {
    Id(u64),
    Name(String),
}

fn function() -> String {
    "echo".to_owned()
}

impl Stop {
    fn plugin(&self) -> Result<Plugin, Error> {
        match self {
            Self::Id(id) => Plugin::from_id(*id).ok_or_else(|| Error::msg("no plugin has the id 0")),
            Self::Name(name) => match name.strip_prefix('+') {
                Some(name) => Plugin::register(name),
                None => Plugin::find(name).map_or_else(|| Plugin::register(name), Ok),
            },
        }
    }
}

/// Relays a call: `{"to":["+echo","+echo","text"],"function":"upper","input":"hi"}` goes through two new `echo`s to
/// `text` and gives `HI`. Without stops the input comes back. With `"try":true` a failure is an output.
#[plugin_fn]
pub fn relay(input: String) -> FnResult<Vec<u8>> {
    let mut way: Way = json::from_str(&input)?;
    if way.to.is_empty() {
        return Ok(way.input.into_bytes());
    }
    let next = way.to.remove(0).plugin()?;
    let tries = std::mem::take(&mut way.tries);
    let (function, input) =
        if way.to.is_empty() { (way.function, way.input) } else { ("relay".to_owned(), json::to_string(&way)?) };
    if tries {
        let output = next.try_call_bytes(&function, input);
        return Ok(output.unwrap_or_else(|error| format!("failed: {error}").into_bytes()));
    }
    Ok(next.call_bytes(&function, input))
}
