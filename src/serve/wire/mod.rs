//! The wire between a server and its clients: one JSON object a line, JSON-RPC 2.0. Types and their JSON alone; sockets
//! and sessions are elsewhere.

mod bytes;
mod error;
mod hello;
mod line_reader;
mod message;
pub mod reply;

pub use bytes::{bytes_of, put_bytes};
pub use error::{Fault, WireError};
pub use hello::{Access, Hello, Welcome};
pub use line_reader::{LineReader, ReadError};
pub use message::{Message, Mistake, notification, params_of, parse, request, response};

/// The version of the wire. A client and a server of different versions do not talk.
pub const PROTOCOL: u32 = 1;
/// The most bytes of one line, its newline not counted, in both directions.
pub const LINE_BYTES_MAX: usize = 16 << 20;
