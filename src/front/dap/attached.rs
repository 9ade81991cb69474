//! The adapter of an editor that attaches to a served system: it stands at the server, and this hands messages on.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::dap::Outlet;
use crate::serve::client::{Client, Connect, connect};
use crate::shell::ShellError;

/// The fields of `attach` that name a server.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Target {
    /// A name that is served, a socket's path, or an address; without it the one that is served.
    name: Option<String>,
    /// The file of the token, for an address.
    token_file: Option<std::path::PathBuf>,
}

/// A system that is attached to.
pub struct Attached {
    client: Client,
}

impl Attached {
    /// Connects, and introduces the editor again: `initialize` is what it said before.
    ///
    /// # Errors
    /// The arguments of `attach` are wrong, nobody serves there, or only for looking.
    pub fn open(arguments: &Value, initialize: &Value, outlet: Outlet) -> Result<Attached, ShellError> {
        let target: Target = match arguments {
            Value::Null => Target::default(),
            given => serde_json::from_value(given.clone())
                .map_err(|error| ShellError::usage(format!("`attach`: {error}")))?,
        };
        let client = connect(&Connect { target: target.name, token_file: target.token_file, ..Connect::default() })?;
        let introduced = initialize.get("seq").cloned();
        let there = outlet.clone();
        client.on_dap(Box::new(move |message| {
            // The editor knows that already.
            let is_known = message.get("request_seq").is_some_and(|seq| introduced.as_ref() == Some(seq));
            if !is_known {
                there.relay(message);
            }
        }));
        client.on_gone(Box::new(move |_| outlet.event("terminated", json!({}))));
        let attached = Attached { client };
        attached.hand_on(initialize)?;
        Ok(attached)
    }

    /// Hands a message of the editor on.
    ///
    /// # Errors
    /// The server refuses it, or is gone.
    pub fn hand_on(&self, message: &Value) -> Result<(), ShellError> {
        let answer = self.client.request("dap", &json!({ "message": message })).wait();
        answer.map(drop).map_err(|error| error.into_shell())
    }
}
