//! The first words of both sides: what a server is, and what a client wants to be.

use serde::{Deserialize, Serialize};

use super::PROTOCOL;

/// The server's first line, before anything is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The version of the wire.
    pub protocol: u32,
    /// The version of the program.
    pub plugsh: String,
    /// The name that is served.
    pub name: String,
    pub pid: u32,
}

/// The rights of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    #[default]
    Full,
    /// Look, and change nothing.
    ReadOnly,
}

/// The fields of `hello`. A client that does not send it has the defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hello {
    pub protocol: u32,
    /// The token of the server's file; only TCP asks for one.
    pub token: Option<String>,
    pub access: Access,
    /// A person types the lines: an error does not end what follows.
    pub interactive: bool,
    /// A person reads the output at a terminal.
    pub terminal: bool,
    pub colors: bool,
    /// The client carries out what the server asks it: programs of the system, the pane, its history.
    pub carries_out: bool,
    /// Answers are JSON values.
    pub json: bool,
    pub quiet: bool,
    pub keep_going: bool,
    pub echo: bool,
}

impl Default for Hello {
    fn default() -> Hello {
        Hello {
            protocol: PROTOCOL,
            token: None,
            access: Access::Full,
            interactive: false,
            terminal: false,
            colors: false,
            carries_out: false,
            json: false,
            quiet: false,
            keep_going: false,
            echo: false,
        }
    }
}
