//! A connection to a NATS server, for threads: messages out from any thread, messages in on the thread that waits for
//! one. The only folder that names async-nats.
//!
//! This room knows subjects and bytes. What they mean, and who may send what, is above.

mod connection;
mod driver;
mod error;
mod settings;

pub use connection::{Connection, Incoming, Listener};
pub use driver::Signal;
pub use error::{ConnectError, NotSent};
pub use settings::NatsSettings;
