//! Other machines as the rooms above see them, whatever connects them: what is known of each, and what can be asked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Failure, Image, Program, Upcalls};
use crate::image_origin::ImageOrigin;
use crate::json::some_as_us;

/// The machines that can run programs for this one.
pub trait Nodes: Send + Sync {
    /// The image of a program on the least loaded node that fits `on`, a name or a glob. `up` may interrupt the wait.
    ///
    /// # Errors
    /// No node fits, it is lost, the program does not compile there, or the wait was interrupted.
    fn image(
        self: Arc<Self>,
        on: &str,
        program: &Program,
        up: &dyn Upcalls,
    ) -> Result<(Arc<dyn Image>, ImageOrigin), Failure>;
    /// Wakes every thread that waits for a node, so that it looks whether its call is to end.
    fn nudge(&self);
    /// The nodes by name, each asked how long it takes to answer.
    fn views(&self) -> Vec<NodeView>;
    /// The names of the nodes that are known, without asking them.
    fn names(&self) -> Vec<String>;
    /// Tells `watcher` of lost nodes from now on; set once.
    fn set_watcher(&self, watcher: Arc<dyn NodeWatcher>);
}

/// A receiver of lost nodes, on a thread of its own.
pub trait NodeWatcher: Send + Sync {
    /// A node is gone, with all instances of this incarnation.
    fn lost(&self, node: &str, incarnation: u64, end: NodeEnd);
}

/// The end of a node, for whoever had instances there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeEnd {
    /// Without a word.
    Lost,
    /// With a word.
    Ended,
}

/// The words after the node's name.
impl fmt::Display for NodeEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NodeEnd::Lost => "is lost",
            NodeEnd::Ended => "has ended",
        })
    }
}

/// Whether a node can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    Living,
    /// The node's heartbeats were missed, or nobody listens any more.
    Lost,
    /// The node said that it ends.
    Ended,
    /// Another version of the wire is spoken there.
    OtherVersion,
}

impl NodeState {
    /// The state's word in tables.
    pub fn word(self) -> &'static str {
        match self {
            NodeState::Living => "living",
            NodeState::Lost => "lost",
            NodeState::Ended => "ended",
            NodeState::OtherVersion => "other version",
        }
    }
}

/// One node as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeView {
    pub name: String,
    pub state: NodeState,
    /// The version of its program.
    pub version: String,
    #[serde(flatten)]
    pub figures: NodeFigures,
    /// The time of a question and its answer; `None` where it did not answer.
    #[serde(rename = "round_trip_us", serialize_with = "some_as_us")]
    pub round_trip: Option<Duration>,
}

/// The figures of a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeFigures {
    pub cores: u32,
    /// Calls that run now.
    pub running: u32,
    pub instances: u32,
    /// Memory that the instances have committed.
    pub memory_bytes: u64,
    /// Memory that is offered.
    pub memory_bytes_max: u64,
}
