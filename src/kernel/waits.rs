//! Who waits for whom: a call into a busy process waits its turn, and a ring of such waits is found before it closes.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::chain::Chain;
use super::process::Process;

/// The waits of all chains: each waits for at most one process, each process is held by at most one chain.
#[derive(Default)]
pub struct Waits {
    edges: Mutex<HashMap<u64, Edge>>,
}

struct Edge {
    chain: Arc<Chain>,
    process: Arc<Process>,
}

impl Waits {
    /// Notes that a chain is about to wait for a process; the ring it would close, in words, if it would.
    ///
    /// Whoever closes a ring is the last to come here, and finds every other edge of it in place: they are all waiting.
    pub fn enter(&self, chain: &Arc<Chain>, process: &Arc<Process>) -> Result<(), String> {
        let mut edges = self.edges.lock();
        let mut ring = vec![process.clone()];
        while let Some(holder) = ring.last().and_then(|process| holder(process)) {
            if holder == chain.id {
                let jobs = ring_jobs(chain, &ring, &edges);
                let labels: Vec<String> = ring.iter().chain(ring.first()).map(|p| p.label().to_string()).collect();
                return Err(format!("{} ({jobs})", labels.join(" → ")));
            }
            let Some(edge) = edges.get(&holder) else { break };
            if ring.iter().any(|seen| seen.id == edge.process.id) {
                break;
            }
            ring.push(edge.process.clone());
        }
        edges.insert(chain.id, Edge { chain: chain.clone(), process: process.clone() });
        Ok(())
    }

    /// The chain waits no more.
    pub fn leave(&self, chain: &Chain) {
        // Dropped outside the lock: it may be the last owner of a chain or process.
        let edge = self.edges.lock().remove(&chain.id);
        drop(edge);
    }
}

/// The chain whose call has the process.
fn holder(process: &Process) -> Option<u64> {
    process.slot.lock().occupant.map(|occupant| occupant.chain)
}

fn ring_jobs(chain: &Chain, ring: &[Arc<Process>], edges: &HashMap<u64, Edge>) -> String {
    let mut jobs = vec![chain.job];
    for edge in edges.values() {
        if ring.iter().any(|process| process.id == edge.process.id) && !jobs.contains(&edge.chain.job) {
            jobs.push(edge.chain.job);
        }
    }
    jobs.sort_unstable();
    let jobs: Vec<String> = jobs.iter().map(|job| format!("%{job}")).collect();
    format!("jobs {} wait for each other", jobs.join(", "))
}
