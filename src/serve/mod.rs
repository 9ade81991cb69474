//! The door to a running kernel: a server of sessions over a socket, and the client's side of it. Names no terminal
//! and no command: a server's session runs lines as any other does, and its front writes replies to the wire.
//!
//! `wire` holds the protocol, `place` where servers are found, `listen` the sockets. A server has a `connection` for
//! each client: one thread reads requests, one writes what the `outbox` holds where the client does not take it at
//! once, and one runs the lines of the client's session (`session_thread`), under a front (`wire_front`) that asks the
//! client where something is the client's to do (`asks`). `methods` answers what needs no session. `client` is the
//! other side.

pub mod client;
pub mod place;
pub mod server;
pub mod wire;

mod asks;
mod caller;
mod connection;
mod listen;
mod methods;
mod outbox;
mod peer;
mod session_thread;
mod shared;
mod stream;
mod token;
pub mod wire_front;

pub use server::Server;
