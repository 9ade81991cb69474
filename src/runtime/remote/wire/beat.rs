//! Heartbeats: that a side lives, which version it is, and what a node has to offer.

use serde::{Deserialize, Serialize};

use super::NodeName;
use crate::runtime::NodeFigures;

/// A node's heartbeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeBeat {
    /// The [`WIRE_VERSION`](super::WIRE_VERSION) of the node.
    pub wire: u32,
    /// The version of its program.
    pub version: String,
    pub name: NodeName,
    /// Chosen when the node starts: another one has none of its instances.
    pub incarnation: u64,
    /// How often its connection was lost.
    pub losses: u64,
    /// True of the last one: the node ends.
    #[serde(default)]
    pub is_last: bool,
    #[serde(flatten)]
    pub figures: NodeFigures,
}

/// A home's heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeBeat {
    pub wire: u32,
    pub version: String,
    /// Chosen when the home starts; 0: of nobody, a question which nodes there are.
    pub home: u64,
    /// How often its connection was lost.
    pub losses: u64,
    /// True of the last one: the home ends.
    pub is_last: bool,
}
