//! A node's refusals of requests for which it has no room, or no instance.

use std::fmt;

use crate::runtime::remote::wire::NodeName;
use crate::runtime::{Failure, FailureKind};

/// The reason of a refusal. Nothing ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeRefusal {
    /// As many conversations as a node may have are open.
    Requests { max: usize },
    /// As many homes as a node may have are known.
    Homes,
    /// As many calls as a node may run are running.
    Calls { max: usize },
    /// As many instances as a node may hold are held.
    Instances { max: usize },
    /// The instance was dropped.
    NoInstance,
    /// The instance runs, and cannot be looked into.
    InCall,
}

impl NodeRefusal {
    /// The failure that the home gets from the node of this name.
    pub fn failure(self, node: &NodeName) -> Failure {
        let kind = match self {
            NodeRefusal::NoInstance => FailureKind::Lost,
            NodeRefusal::Requests { .. }
            | NodeRefusal::Homes
            | NodeRefusal::InCall
            | NodeRefusal::Calls { .. }
            | NodeRefusal::Instances { .. } => FailureKind::Denied,
        };
        Failure::new(kind, format!("node `{node}` {self}"))
    }
}

/// The words after the node's name.
impl fmt::Display for NodeRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NodeRefusal::Requests { max } => write!(f, "has {max} requests"),
            NodeRefusal::Homes => f.write_str("has as many homes as it may"),
            NodeRefusal::Calls { max } => write!(f, "runs {max} calls"),
            NodeRefusal::Instances { max } => write!(f, "holds {max} instances"),
            NodeRefusal::NoInstance => f.write_str("does not hold the instance any more"),
            NodeRefusal::InCall => f.write_str("has it in a call, in which it cannot be looked into"),
        }
    }
}
