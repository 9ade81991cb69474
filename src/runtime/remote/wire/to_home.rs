//! The messages of a node to a home.

use serde::{Deserialize, Serialize};

use super::LookAnswer;
use crate::image_origin::ImageOrigin;
use crate::runtime::{Backtrace, Cost, Failure, LogLevel, MemoryUse, StandardStream};

/// A message of a node in a conversation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HomeMessage {
    /// The node lacks these modules, by their places.
    Lacks { modules: Vec<usize> },
    /// The program is compiled. The payload is its interface.
    Prepared { image: u64, code_bytes: u64, origin: ImageOrigin },
    /// The instance is made.
    Made { instance: u64, usage: InstanceState },
    /// The guest sends a request and waits. The payload is an input.
    Request(Request),
    /// The guest sends a note and runs on. The payload is a text, or the bytes that it wrote.
    Note(Note),
    /// The call is over. The payload is its output.
    Ended(EndedCall),
    /// The result of a look. The payload is as [`LookAnswer`] says.
    Looked(LookAnswer),
    /// The request cannot be done: nothing ran.
    Refused(Failure),
    /// The node is there.
    Pong,
}

/// A request of a guest, as in [`Upcalls`](crate::runtime::Upcalls).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    Register {
        name: String,
    },
    Call {
        id: u64,
        function: String,
    },
    Start {
        id: u64,
        function: String,
    },
    HasEnded {
        ticket: u64,
    },
    Join {
        ticket: u64,
    },
    Free {
        id: u64,
    },
    Find {
        name: String,
    },
    Parent,
    /// The names of a process, for this node's policy. The answer's payload has them in JSON; 0: no such process.
    Names {
        id: u64,
    },
    Import {
        index: usize,
    },
    /// A lease of memory.
    Grow {
        bytes: u64,
    },
    /// The guest stopped where it stands, as it was asked to.
    Stopped {
        at: Backtrace,
    },
}

/// A note of a guest, which needs no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    Log {
        level: LogLevel,
    },
    Wrote {
        stream: StandardStream,
    },
    /// Start functions took this long.
    RanStart {
        took_us: u64,
    },
    /// The guest took a failed call's error as a value.
    Caught {
        at: Backtrace,
    },
    /// The guest asked its host for something, which took this long.
    AskedHost {
        function: String,
        bytes_in: u64,
        bytes_out: u64,
        took_us: u64,
        error: Option<String>,
    },
}

/// The end of a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EndedCall {
    pub result: Result<(), Failure>,
    pub cost: Cost,
    pub usage: InstanceState,
    /// The time in the guest, without its requests, in nanoseconds.
    pub guest_ns: u64,
}

/// The state of an instance after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceState {
    pub memory: MemoryUse,
    /// True after the instance ended by itself.
    pub spent: bool,
    /// False when the instance was dropped: it failed in the middle.
    pub kept: bool,
}
