//! Processes whose instances are on nodes: the connection to them, and what follows when one is lost.

use std::sync::{Arc, Weak};

use super::Kernel;
use super::call_failure::{CallFailure, FailureCause};
use super::cause::Cause;
use super::crash::Crash;
use super::process::{Life, Process};
use crate::runtime::{NodeEnd, NodeView, NodeWatcher, Nodes, Place};

impl Kernel {
    /// Connects this kernel with nodes: once.
    pub fn set_nodes(self: &Arc<Self>, nodes: Arc<dyn Nodes>) {
        nodes.set_watcher(Arc::new(LostNodes(Arc::downgrade(self))));
        self.images().set_nodes(nodes);
    }

    /// The nodes by name, each asked how long it takes to answer; `None` without a connection.
    pub fn nodes(&self) -> Option<Vec<NodeView>> {
        self.images().nodes().map(|nodes| nodes.views())
    }

    /// The names of the known nodes.
    pub fn node_names(&self) -> Vec<String> {
        self.images().nodes().map(|nodes| nodes.names()).unwrap_or_default()
    }

    /// Crashes the idle processes whose instances went with a node, and ends the calls in the others with all that they
    /// wait for. The innermost of a chain ends by itself.
    fn lose_node(&self, lost: Place<'_>, end: NodeEnd) {
        let node = lost.node;
        let living: Vec<Arc<Process>> = self.table().read().living().cloned().collect();
        let cause = FailureCause::NodeLost { node: node.into(), end };
        let failure = Arc::new(CallFailure::new(None, cause, self.wording()));
        for process in living {
            let (guest, ends) = {
                let mut slot = process.lock_slot();
                if !slot.is_in(lost) || matches!(slot.life, Life::Dead { .. }) {
                    continue;
                }
                if let Some(occupant) = slot.occupant {
                    drop(slot);
                    self.cancel(occupant, Cause::NodeLost { node: node.into(), end });
                    continue;
                }
                slot.note_place(None);
                slot.calls_of_instance = 0;
                slot.last_error = Some(failure.clone());
                slot.crashed = Some(Crash::Call(failure.clone()));
                (slot.guest.take(), process.note_crash(&mut slot, &failure))
            };
            drop(guest);
            process.account.release();
            if ends {
                self.end_crashed(&process, &failure);
            } else {
                self.note_crashed(&process, failure.clone());
            }
        }
    }
}

/// A kernel's receiver of lost nodes.
struct LostNodes(Weak<Kernel>);

impl NodeWatcher for LostNodes {
    fn lost(&self, node: &str, incarnation: u64, end: NodeEnd) {
        if let Some(kernel) = self.0.upgrade() {
            kernel.lose_node(Place { node, incarnation }, end);
        }
    }
}
