//! The messages between a home and its nodes: types, versions, bounds. Shared by both sides, and plain data.
//!
//! A home is the plugsh that has the processes; a node holds instances for it. Each message is a header in JSON with
//! the bytes of a payload behind it ([`packet`]). A conversation ([`ConversationId`]) is one request of a home and all
//! that follows from it, in both directions. What comes from the other side is bounded before it is used.

mod beat;
mod interface;
mod look;
mod names;
mod packet;
mod to_home;
mod to_node;

pub use beat::{HomeBeat, NodeBeat};
pub use interface::WireInterface;
pub use look::{Look, LookAnswer, decode_variables, encode_variables};
pub use names::{NameError, NodeName, Subjects, SystemName};
pub use packet::{
    CHUNK_BYTES, HEADER_BYTES_MAX, MESSAGE_BYTES_MAX, PAYLOAD_BYTES_MAX, Packet, WireError, decode, encode,
};
pub use to_home::{EndedCall, HomeMessage, InstanceState, Note, Request};
pub use to_node::{ModuleName, NodeMessage, RequestAnswer, RunContext};

/// The version of all that is here. Sides of different versions do not talk.
pub const WIRE_VERSION: u32 = 1;

/// One request of a home and what follows from it: the home's number, and one that the home gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct ConversationId {
    pub home: u64,
    pub number: u64,
}

/// The time between two heartbeats.
pub const BEAT_INTERVAL: std::time::Duration = std::time::Duration::from_secs(1);
/// After so many missed heartbeats the other side is lost.
pub const BEATS_MISSED_MAX: u32 = 3;
/// The bytes by which a node asks for memory: one question for so much growth.
pub const LEASE_BYTES: u64 = 1 << 20;
