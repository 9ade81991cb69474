//! Deadlock detection: a call waits for its turn in a busy process, or for the stub commands that answer it. A ring of
//! such waits is found before it closes.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::process::Process;
use super::view::{JobId, ProcessLabel};
use crate::locks::{Mutex, Rank};

/// The waits of all chains, by the chain's id: each waits for at most one thing, each process is held by at most one chain.
pub struct Waits {
    edges: Mutex<HashMap<u64, Edge>>,
}

/// The object of a chain's wait.
enum Edge {
    /// Turn in a process.
    Turn(Arc<Process>),
    /// The calls of a stub's commands, which answer for `stubbed`.
    Stub { stubbed: ProcessLabel, calls: Option<Called> },
}

/// The chain of a stub's commands that runs now.
#[derive(Clone, Copy)]
struct Called {
    chain: u64,
    job: JobId,
}

thread_local! {
    /// The chain whose stub's commands run on this thread: they start their calls here, in chains of their own.
    static ANSWERED: Cell<Option<u64>> = const { Cell::new(None) };
}

impl Default for Waits {
    fn default() -> Self {
        Waits { edges: Mutex::new(Rank::Waits, HashMap::new()) }
    }
}

impl Waits {
    /// Notes that a chain is about to wait for a process. The error describes the ring that the wait would close.
    ///
    /// The wait that closes a ring is the last one noted, so all other edges of the ring are in place by then.
    ///
    /// # Errors
    /// The wait would close a ring of jobs; the text describes it.
    pub fn enter(&self, chain: u64, job: JobId, process: &Arc<Process>) -> Result<(), String> {
        let mut edges = self.edges.lock();
        let mut ring = Ring { labels: vec![process.label().to_string()], jobs: BTreeSet::from([job]) };
        let mut seen = BTreeSet::new();
        let mut next = holder(process);
        while let Some((id, holder_job)) = next.filter(|(id, _)| seen.insert(*id)) {
            if id == chain {
                return Err(ring.words());
            }
            ring.jobs.insert(holder_job);
            next = match edges.get(&id) {
                Some(Edge::Turn(process)) => {
                    ring.labels.push(process.label().to_string());
                    holder(process)
                }
                Some(Edge::Stub { stubbed, calls }) => {
                    ring.labels.push(format!("the stub of {stubbed}"));
                    calls.map(|called| (called.chain, called.job))
                }
                None => None,
            };
        }
        edges.insert(chain, Edge::Turn(process.clone()));
        Ok(())
    }

    /// Runs the commands of a stub on this thread. Until they end, `chain` waits for their calls.
    pub fn while_answered<T>(&self, chain: u64, stubbed: ProcessLabel, commands: impl FnOnce() -> T) -> T {
        self.edges.lock().insert(chain, Edge::Stub { stubbed, calls: None });
        let outer = ANSWERED.replace(Some(chain));
        let result = commands();
        ANSWERED.set(outer);
        self.leave(chain);
        result
    }

    /// Whether nobody waits.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.edges.lock().is_empty()
    }

    /// Whether the commands of a stub run on this thread.
    pub fn is_answering() -> bool {
        ANSWERED.get().is_some()
    }

    /// Notes a chain that this thread starts and waits for. If a stub's commands run on this thread, the call that they
    /// answer waits for it too.
    pub fn begin(&self, chain: u64, job: JobId) {
        let Some(answered) = ANSWERED.get() else { return };
        if let Some(Edge::Stub { calls, .. }) = self.edges.lock().get_mut(&answered) {
            *calls = Some(Called { chain, job });
        }
    }

    /// Removes the chain's wait.
    pub fn leave(&self, chain: u64) {
        // Dropped outside the lock: it may be the last owner of a chain or process.
        let edge = self.edges.lock().remove(&chain);
        drop(edge);
    }
}

/// The chain whose call has the process, and its job.
fn holder(process: &Process) -> Option<(u64, JobId)> {
    process.occupant().map(|occupant| (occupant.chain, occupant.job))
}

/// The walk along a ring.
struct Ring {
    labels: Vec<String>,
    jobs: BTreeSet<JobId>,
}

impl Ring {
    fn words(mut self) -> String {
        self.labels.extend(self.labels.first().cloned());
        let jobs: Vec<String> = self.jobs.iter().map(|job| format!("%{job}")).collect();
        format!("{} (jobs {} wait for each other)", self.labels.join(" → "), jobs.join(", "))
    }
}
