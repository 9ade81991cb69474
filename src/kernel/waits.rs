//! Deadlock detection: a call waits for its turn in a busy process, or for the stub commands that answer it. A ring of
//! such waits is found before it closes.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::thread::{self, ThreadId};

use super::chain::Chain;
use super::process::Process;
use super::view::{JobId, ProcessLabel};
use crate::locks::{Mutex, Rank};
use crate::runtime::{Worded, Wording};

/// The waits of all chains, by the chain's id: each waits for at most one thing, each process is held by at most one
/// chain.
pub struct Waits {
    edges: Mutex<HashMap<u64, Edge>>,
    /// The chains whose stubs' commands run, by the threads that run them: the commands start their calls there, in
    /// chains of their own.
    answered: Mutex<HashMap<ThreadId, u64>>,
}

/// The object of a chain's wait.
enum Edge {
    /// Turn in a process.
    Turn(Arc<Process>),
    /// The calls of a stub's commands, which answer for `stubbed`.
    Stub { stubbed: ProcessLabel, calls: Option<Called> },
    /// The end of a call that it started.
    Join(Called),
}

/// A chain that another waits for: of a stub's commands, or of a started call.
#[derive(Clone, Copy)]
struct Called {
    chain: u64,
    job: JobId,
}

impl Default for Waits {
    fn default() -> Self {
        Waits { edges: Mutex::new(Rank::Waits, HashMap::new()), answered: Mutex::new(Rank::Answered, HashMap::new()) }
    }
}

impl Waits {
    /// Notes that a chain is about to wait for a process. The error describes the ring that the wait would close.
    ///
    /// The wait that closes a ring is the last one noted, so all other edges of the ring are in place by then.
    ///
    /// # Errors
    /// The ring of jobs that the wait would close.
    pub fn enter(&self, chain: u64, job: JobId, process: &Arc<Process>) -> Result<(), Ring> {
        let mut edges = self.edges.lock();
        let ring = Ring { links: vec![Link::Process(process.label())], jobs: BTreeSet::from([job]) };
        ring.closed_by(chain, holder(process), &edges)?;
        edges.insert(chain, Edge::Turn(process.clone()));
        Ok(())
    }

    /// Notes that a chain is about to wait for the end of one that it started. The error describes the ring that the
    /// wait would close.
    ///
    /// # Errors
    /// That ring.
    pub fn join(&self, chain: u64, job: JobId, started: &Chain) -> Result<(), Ring> {
        let mut edges = self.edges.lock();
        let called = Called { chain: started.id, job: started.job };
        let ring = Ring { links: Vec::new(), jobs: BTreeSet::from([job]) };
        ring.closed_by(chain, Some((called.chain, called.job)), &edges)?;
        edges.insert(chain, Edge::Join(called));
        Ok(())
    }

    /// Runs the commands of a stub on this thread. Until they end, `chain` waits for their calls.
    pub fn while_answered<T>(&self, chain: u64, stubbed: ProcessLabel, commands: impl FnOnce() -> T) -> T {
        self.edges.lock().insert(chain, Edge::Stub { stubbed, calls: None });
        let _answering = Answering { waits: self, chain, outer: self.set_answered(Some(chain)) };
        commands()
    }

    /// Whether nobody waits.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.edges.lock().is_empty()
    }

    /// Whether the commands of a stub run on this thread.
    pub fn is_answering(&self) -> bool {
        self.answered().is_some()
    }

    /// The chain whose stub's commands run on this thread.
    fn answered(&self) -> Option<u64> {
        self.answered.lock().get(&thread::current().id()).copied()
    }

    /// Sets the chain whose stub's commands run on this thread; gives the one before.
    fn set_answered(&self, chain: Option<u64>) -> Option<u64> {
        let (mut answered, thread) = (self.answered.lock(), thread::current().id());
        match chain {
            Some(chain) => answered.insert(thread, chain),
            None => answered.remove(&thread),
        }
    }

    /// Notes a chain that this thread starts and waits for. If a stub's commands run on this thread, the call that they
    /// answer waits for it too.
    pub fn begin(&self, chain: u64, job: JobId) {
        let Some(answered) = self.answered() else { return };
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

/// Runs of a stub's commands on this thread, until it is dropped: a panic in them ends it too.
struct Answering<'a> {
    waits: &'a Waits,
    chain: u64,
    /// The chain whose stub's commands started this one's.
    outer: Option<u64>,
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.waits.set_answered(self.outer);
        self.waits.leave(self.chain);
    }
}

/// The chain whose call has the process, and its job.
fn holder(process: &Process) -> Option<(u64, JobId)> {
    process.occupant().map(|occupant| (occupant.chain, occupant.job))
}

/// A ring of waits, or the part of one that was walked.
#[derive(Debug)]
pub struct Ring {
    links: Vec<Link>,
    jobs: BTreeSet<JobId>,
}

/// The aim of one wait of a ring.
#[derive(Debug, Clone)]
enum Link {
    Process(ProcessLabel),
    /// The stub that answers for the process.
    StubOf(ProcessLabel),
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Link::Process(label) => label.fmt(f),
            Link::StubOf(label) => write!(f, "the stub of {label}"),
        }
    }
}

impl Worded for Ring {
    fn write(&self, wording: Wording, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let links: Vec<String> = self.links.iter().chain(self.links.first()).map(Link::to_string).collect();
        let jobs: Vec<String> = self.jobs.iter().map(|job| wording.job(*job)).collect();
        let (links, jobs) = (links.join(" → "), jobs.join(", "));
        write!(f, "a circle of waiting jobs: {links} (jobs {jobs} wait for each other)")
    }
}

impl Ring {
    /// Walks from a chain along the waits. The error describes the ring, where the walk comes back to
    /// `chain`.
    fn closed_by(mut self, chain: u64, from: Option<(u64, JobId)>, edges: &HashMap<u64, Edge>) -> Result<(), Ring> {
        let mut seen = BTreeSet::new();
        let mut next = from;
        while let Some((id, holder_job)) = next.filter(|(id, _)| seen.insert(*id)) {
            if id == chain {
                return Err(self);
            }
            self.jobs.insert(holder_job);
            next = match edges.get(&id) {
                Some(Edge::Turn(process)) => {
                    self.links.push(Link::Process(process.label()));
                    holder(process)
                }
                Some(Edge::Stub { stubbed, calls }) => {
                    self.links.push(Link::StubOf(stubbed.clone()));
                    calls.map(|called| (called.chain, called.job))
                }
                Some(Edge::Join(called)) => Some((called.chain, called.job)),
                None => None,
            };
        }
        Ok(())
    }
}
