//! A connection to a NATS server, for threads: messages out from any thread, messages in on the one thread of its
//! runtime. The only folder that names async-nats.
//!
//! This room knows subjects and bytes. What they mean, and who may send what, is above.

mod connection;
mod error;
mod settings;

pub use connection::{Connection, Incoming, Listener};
pub use error::{ConnectError, NotSent};
pub use settings::NatsSettings;
