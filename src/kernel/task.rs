//! A task: the state with which a chain's thread runs calls. Other threads see only the chain.

use std::sync::{Arc, Weak};
use std::time::Instant;

use super::Kernel;
use super::chain::Chain;
use super::frame::Cause;
use super::view::JobId;
use super::waits::Waits;
use crate::journal::{Lane, Record};

/// A chain, the kernel that answers its calls, and its lane into the journal. On cache lines of its own, since each call
/// writes to the lane.
#[repr(align(128))]
pub struct Task {
    pub this: Weak<Task>,
    pub kernel: Arc<Kernel>,
    pub chain: Arc<Chain>,
    /// Only the chain's own thread writes.
    lane: Lane,
}

impl Task {
    /// A task with an empty chain; `answers`: begun by the commands of a stub.
    fn new(kernel: &Arc<Kernel>, id: u64, job: JobId, answers: bool) -> Arc<Task> {
        let chain = Chain::new(kernel.clock(), kernel.started(), kernel.limits().depth_max, id, job, answers);
        let lane = Lane::open(kernel.journal());
        Arc::new_cyclic(|this| Task { this: this.clone(), kernel: kernel.clone(), chain, lane })
    }

    /// Number of the chain's next call. Only for the thread that runs it.
    pub fn next_seq(&self, now: Instant) -> u64 {
        self.lane.next_seq(self.kernel.since_start_ns(now))
    }

    /// Writes a record of this chain. Only for the thread that runs it.
    pub fn note(&self, record: Record) {
        self.lane.push(record);
    }
}

impl Kernel {
    /// A task with an empty chain, for a job; 0: for none.
    pub(super) fn new_task(self: &Arc<Self>, job: JobId) -> Arc<Task> {
        let task = Task::new(self, self.chain_table().take_id(), job, Waits::is_answering());
        self.chain_table().add(&task.chain);
        task
    }

    /// Makes this chain the foreground one, which this thread waits for.
    pub(super) fn set_foreground(&self, chain: &Arc<Chain>) {
        self.waits().begin(chain.id, chain.job);
        self.job_table().set_foreground(chain);
    }

    /// A task of no job that Ctrl-C ends. `interrupted` is asked once it can, so that one that came just before is not lost.
    pub(super) fn foreground_task(self: &Arc<Self>, interrupted: &dyn Fn() -> bool) -> Arc<Task> {
        let task = self.new_task(0);
        self.set_foreground(&task.chain);
        if interrupted() {
            task.chain.end(Cause::Interrupted);
        }
        task
    }
}

/// A pending step ends with its task.
impl Drop for Task {
    fn drop(&mut self) {
        if self.chain.with_frames(|frames| frames.debug.step.take().is_some()) {
            self.kernel.hooks().disarm();
        }
    }
}
