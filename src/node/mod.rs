//! The node's side of a system: a program that holds compiled programs and instances for the homes of its system,
//! and no processes. What its guests ask of other plugins goes to their home.
//!
//! - `state`: its instances, conversations and messages. `server`: the messages of the connection.
//! - `homes`: who lives. `conversation`: one conversation.
//! - `programs`: modules by their hashes, programs by their numbers. `prepare`: one is compiled.
//! - `instances`: those that are held. `calls`: one is made, or called. `caller`: what its guest asks of its home.
//! - `looks`: variables and memory of one that stands still.
//! - `lease`: the memory that a home has granted. `grants`: what the node's own policy leaves of a spec.
//! - `workers`: the threads of all that waits. `refusal`: the reasons of refused requests.

mod caller;
mod calls;
mod conversation;
mod grants;
mod homes;
mod instances;
mod lease;
mod looks;
mod prepare;
mod programs;
mod refusal;
mod server;
mod state;
mod workers;

pub use state::{Node, NodeError, NodeEvent, NodeOptions};
