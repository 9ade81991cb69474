//! A task: the state with which a chain's thread runs calls. Other threads see only the chain.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Instant;

use super::Kernel;
use super::cause::Cause;
use super::chain::{Chain, NewChain};
use super::parent_call::ParentCall;
use super::started::StartedCalls;
use super::view::{JobId, OwnerId};
use crate::journal::{Lane, Record};

/// A chain, the kernel that answers its calls, and its lane into the journal. On cache lines of its own, since each
/// call writes to the lane.
#[repr(align(128))]
pub struct Task {
    pub this: Weak<Task>,
    pub kernel: Arc<Kernel>,
    pub chain: Arc<Chain>,
    /// Only the chain's own thread writes.
    pub(super) lane: Arc<Lane>,
    /// The number of the chain's first call, where its starter gave it one: until that call takes it. 0: none.
    given_seq: AtomicU64,
    /// The calls that this chain's calls have started and not joined.
    pub(super) started: StartedCalls,
}

impl Task {
    fn new(kernel: &Arc<Kernel>, chain: Arc<Chain>, lane: Arc<Lane>, given_seq: u64) -> Arc<Task> {
        Arc::new_cyclic(|this| Task {
            this: this.clone(),
            kernel: kernel.clone(),
            chain,
            lane,
            given_seq: AtomicU64::new(given_seq),
            started: StartedCalls::default(),
        })
    }

    /// The task of a started chain, on a thread that writes to `lane`; `seq` is the number of its first call.
    pub(super) fn of_started(kernel: &Arc<Kernel>, chain: &Arc<Chain>, lane: &Arc<Lane>, seq: u64) -> Arc<Task> {
        Task::new(kernel, chain.clone(), lane.clone(), seq)
    }

    /// Number of the chain's next call. Only for the thread that runs it.
    pub fn next_seq(&self, now: Instant) -> u64 {
        match self.given_seq.load(Ordering::Relaxed) {
            0 => self.lane.next_seq(self.kernel.since_start_ns(now)),
            given => {
                self.given_seq.store(0, Ordering::Relaxed);
                given
            }
        }
    }

    /// Gives numbers back that the chain does not need while it waits or once it has ended, so that the next call of
    /// another chain gets them. Only for the thread that runs it.
    pub fn give_back_seqs(&self) {
        self.lane.give_back();
    }

    /// Writes a record of this chain. Only for the thread that runs it.
    pub fn note(&self, record: Record) {
        self.lane.push(record);
    }
}

impl Kernel {
    /// A task with an empty chain, for a job; 0: for none.
    pub(super) fn new_task(self: &Arc<Self>, job: JobId) -> Arc<Task> {
        let chain = self.new_chain(job, self.waits().is_answering(), None);
        Task::new(self, chain, Arc::new(Lane::open(self.journal())), 0)
    }

    /// An empty chain of a job, below the call that starts it, if one does.
    pub(super) fn new_chain(&self, job: JobId, answers: bool, parent: Option<ParentCall>) -> Arc<Chain> {
        let (id, depth_max) = (self.chain_table().take_id(), self.limits().depth_max);
        let (clock, epoch) = (self.clock(), self.started());
        let chain = Chain::new(NewChain { clock, epoch, depth_max, id, job, answers, parent });
        self.chain_table().add(&chain);
        chain
    }

    /// Makes this chain the owner's foreground one, which this thread waits for.
    pub(super) fn set_foreground(&self, owner: OwnerId, chain: &Arc<Chain>) {
        self.waits().begin(chain.id, chain.job);
        self.job_table().set_foreground(owner, chain);
    }

    /// A task of no job that the owner's Ctrl-C ends. `interrupted` is asked once it can, so that one that came just
    /// before is not lost.
    pub(super) fn foreground_task(self: &Arc<Self>, owner: OwnerId, interrupted: &dyn Fn() -> bool) -> Arc<Task> {
        let task = self.new_task(0);
        self.set_foreground(owner, &task.chain);
        if interrupted() {
            task.chain.end(Cause::Interrupted);
        }
        task
    }
}

/// A pending step moves to the chain that started this one; the step of a job ends with it.
impl Drop for Task {
    fn drop(&mut self) {
        let Some(step) = self.chain.with_frames(|frames| frames.debug.step.take()) else { return };
        let mut continues = false;
        if let Some(parent) = &self.chain.parent {
            parent.chain.visit_frames(&mut |frames| {
                continues = frames.debug.step.is_none();
                frames.debug.step.get_or_insert(step);
            });
        }
        if !continues {
            self.kernel.hooks().disarm();
        }
    }
}
