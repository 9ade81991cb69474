//! Processes whose instances are on nodes: the connection to them, and what follows when one is lost.

use std::sync::{Arc, Weak};

use super::Kernel;
use super::call_failure::CallFailure;
use super::crash::Crash;
use super::process::{Life, Process};
use crate::runtime::{NodeView, NodeWatcher, Nodes};

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

    /// Crashes the idle processes whose instances went with a node. Calls that run there end by themselves.
    fn lose_node(&self, node: &str, incarnation: u64) {
        let living: Vec<Arc<Process>> = self.table().read().living().cloned().collect();
        let failure = Arc::new(CallFailure::new(None, format!("node `{node}` is lost")));
        for process in living {
            let (guest, ends) = {
                let mut slot = process.lock_slot();
                let place = slot.guest.as_deref().and_then(|guest| guest.place());
                let is_there = place.is_some_and(|at| at.node == node && at.incarnation == incarnation);
                if !is_there || matches!(slot.life, Life::Dead { .. }) {
                    continue;
                }
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

/// Hears of lost nodes for a kernel.
struct LostNodes(Weak<Kernel>);

impl NodeWatcher for LostNodes {
    fn lost(&self, node: &str, incarnation: u64) {
        if let Some(kernel) = self.0.upgrade() {
            kernel.lose_node(node, incarnation);
        }
    }
}
