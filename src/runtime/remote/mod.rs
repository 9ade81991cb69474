//! The third host: instances on other machines, the nodes of a system. This is the home's side, behind the same two
//! traits as the other hosts; the node's side is the room `node`.
//!
//! - `wire`: what both sides say. `transfer`: payloads in chunks, both ways. `payload`: one as it was received.
//! - `home`: the connection, what comes over it, and whom it is for. `node_table`: the known nodes.
//! - `mailbox`: the messages at one end of a conversation, here or there. `conversation`: one at the home.
//!   `request_handler`: it served to its end, the guest's requests with it.
//! - `image`, `guest`: a program on nodes, and one instance on one of them. `inspect`: looks into it.

mod conversation;
mod guest;
mod home;
mod image;
mod inspect;
pub mod mailbox;
mod node_table;
pub mod payload;
mod request_handler;
pub mod transfer;
pub mod wire;

pub use home::{Home, HomeOptions};
