//! The jobs of one kernel and the chains that run: who is in front, how many there may be, and what is remembered of those
//! that ended. One job is in `job` and `launch`, one chain in `chain`, and what its thread runs with in `task`.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use super::chain::Chain;
use super::error::CallError;
use super::frame::Cause;
use super::job::{Job, JobEnd, OutputSink};
use super::task::Task;
use super::view::JobId;
use super::waits::Waits;
use super::{CallPlan, Kernel};
use crate::journal::Outcome;
use crate::journal::units::{show_duration_ns, show_size};
use crate::runtime::{Advice, Problem};

/// Background jobs that have ended and were not waited for; older ones are forgotten first.
const ENDED_JOBS_MAX: usize = 64;

impl Kernel {
    /// Starts a job on a thread of its own.
    pub fn start(self: &Arc<Self>, plan: CallPlan) -> Result<Job, CallError> {
        Job::start(self, plan, None)
    }

    /// The same, and what it gives goes to `sink` as the last thing that the job does, whole.
    pub fn start_into(self: &Arc<Self>, plan: CallPlan, sink: OutputSink) -> Result<Job, CallError> {
        Job::start(self, plan, Some(sink))
    }

    /// Ctrl-C: ends the foreground job's chain (or load); true if there was one.
    pub fn interrupt_foreground(&self) -> bool {
        let chain = self.foreground.lock().upgrade();
        chain.is_some_and(|chain| {
            chain.end(Cause::Interrupted);
            true
        })
    }

    /// Jobs that run, and background jobs that ended and were not yet waited for, by id.
    pub fn jobs(&self) -> Vec<Job> {
        self.jobs.lock().values().cloned().collect()
    }

    /// A job of those.
    pub fn job(&self, id: JobId) -> Option<Job> {
        self.jobs.lock().get(&id).cloned()
    }

    /// Forgets an ended job (after `wait %N` or `fg %N` has printed it).
    pub fn reap(&self, id: JobId) {
        self.jobs.lock().remove(&id);
    }
}

/// What the kernel's own files ask of it.
impl Kernel {
    pub(super) fn next_job(&self) -> JobId {
        self.next_job.fetch_add(1, Ordering::Relaxed)
    }

    /// A task with an empty chain, for a job; 0: for none.
    pub(super) fn new_task(self: &Arc<Self>, job: JobId) -> Arc<Task> {
        let id = self.next_chain.fetch_add(1, Ordering::Relaxed);
        let task = Task::new(self, id, job, Waits::is_answering());
        let mut chains = self.chains.lock();
        chains.retain(|(_, chain)| chain.strong_count() > 0);
        chains.push((id, Arc::downgrade(&task.chain)));
        task
    }

    /// A chain that still lives.
    pub(super) fn chain(&self, id: u64) -> Option<Arc<Chain>> {
        let chains = self.chains.lock();
        chains.iter().find(|(known, _)| *known == id).and_then(|(_, chain)| chain.upgrade())
    }

    /// Ctrl-C is for this chain from now on, and this thread waits for it.
    pub(super) fn set_foreground(&self, chain: &Arc<Chain>) {
        self.waits.begin(chain.id, chain.job);
        *self.foreground.lock() = Arc::downgrade(chain);
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

    pub(super) fn unset_foreground(&self, chain: &Arc<Chain>) {
        let mut foreground = self.foreground.lock();
        if foreground.as_ptr() == Arc::as_ptr(chain) {
            *foreground = Weak::new();
        }
    }

    pub(super) fn admit_job(&self, job: Job) -> Result<(), CallError> {
        let mut jobs = self.jobs.lock();
        let running = jobs.values().filter(|job| job.is_running()).count();
        let most = self.limits.jobs_max;
        if running >= most {
            let problem = Problem::advised(format!("{most} jobs run, the limit"), Advice::WaitForJob);
            return Err(CallError::told(Outcome::Denied, problem, self.wording()));
        }
        let ended: Vec<JobId> = jobs.iter().filter(|(_, job)| !job.is_running()).map(|(id, _)| *id).collect();
        for id in ended.iter().rev().skip(ENDED_JOBS_MAX - 1) {
            jobs.remove(id);
        }
        jobs.insert(job.id(), job);
        Ok(())
    }

    /// A job's last act: a foreground one is forgotten, a background one tells of its end.
    pub(super) fn job_ended(&self, job: &Job, end: &JobEnd) {
        if !job.is_background() {
            self.reap(job.id());
            return;
        }
        let view = job.view();
        let took = show_duration_ns(u64::try_from(end.duration.as_nanos()).unwrap_or(u64::MAX));
        self.notify(match &end.result {
            Ok(output) => {
                let bytes = end.sunk_bytes.unwrap_or(output.len() as u64);
                format!("%{} done in {took}, {}: {}", view.id, show_size(bytes), view.text)
            }
            Err(error) => format!("%{} failed after {took}: {}", view.id, error.with_reason()),
        });
    }
}

impl Job {
    /// Makes it the foreground job: Ctrl-C is for it from now on.
    pub fn to_foreground(&self, kernel: &Kernel) {
        self.set_background(false);
        if let Some(chain) = self.running() {
            kernel.set_foreground(&chain);
        }
    }

    /// Makes it a background job: Ctrl-C is not for it any more.
    pub fn to_background(&self, kernel: &Kernel) {
        self.set_background(true);
        if let Some(chain) = self.running() {
            kernel.unset_foreground(&chain);
        }
    }
}
