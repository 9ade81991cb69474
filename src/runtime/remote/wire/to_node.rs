//! The messages of a home to a node.

use serde::{Deserialize, Serialize};

use super::Look;
use crate::runtime::{Failure, LogLevel};

/// A message of a home to a node.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeMessage {
    /// Compile a program for a plugin of this name. The payload is its spec. Modules that the node lacks are asked for.
    Prepare { plugin: String, modules: Vec<ModuleName> },
    /// A module that was asked for, by its place. The payload is its bytes.
    Module { index: usize },
    /// Make an instance of a compiled program, for a plugin of this name. The payload is its spec.
    Instantiate { image: u64, plugin: String, run: RunContext },
    /// Call a function of an instance, by its place in the interface. The payload is the input.
    Call { instance: u64, function: u32, run: RunContext },
    /// The end of a request of the conversation's guest. The payload is its output.
    Answer(RequestAnswer),
    /// End the conversation's guest.
    Cancel,
    /// Stop the conversation's guest where it stands, and ask what then.
    Halt,
    /// Look into an instance that stands still. The payload is a variable's value.
    Look { instance: u64, look: Look },
    /// Drop an instance.
    Drop { instance: u64 },
    /// Answer with a pong.
    Ping,
}

/// A module of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleName {
    pub name: String,
    /// In hexadecimal.
    pub sha256: String,
}

/// A run, by its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunContext {
    /// The process that it is a call of.
    pub process: u64,
    /// The time that is left until its deadline, in microseconds.
    pub remaining_us: Option<u64>,
    /// The lowest level of log lines that is kept.
    pub log_level: LogLevel,
    /// Whether its requests to its host are to be noted.
    pub watches_host: bool,
    /// Whether somebody takes what it writes to WASI's standard streams.
    pub takes_streams: bool,
}

/// The end of a guest's request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequestAnswer {
    pub result: Result<u64, Failure>,
    /// Whether the guest is to end now.
    pub is_cancelled: bool,
    /// The time that is left, in microseconds: the request may have suspended the deadline.
    pub remaining_us: Option<u64>,
}
