//! The threads of a kernel's jobs. A job has one to itself, and the next job may get it after that.

use std::sync::Arc;

use crate::locks::Rank;
use crate::thread_pool::{PoolSettings, ThreadPool};

/// A job, run to its end.
pub type JobWork = Box<dyn FnOnce() + Send>;

/// The threads of jobs.
pub type JobThreads = ThreadPool<JobWork>;

/// Most threads that wait for a job: as many as clients of a served system call at once.
const IDLE_THREADS_MAX: usize = 4;

/// The threads of a kernel's jobs, whose count the limit of running jobs bounds.
pub fn job_threads() -> Arc<JobThreads> {
    let (threads_max, idle_max) = (usize::MAX, IDLE_THREADS_MAX);
    Arc::new(ThreadPool::new(PoolSettings { thread_name: "plugsh-job", threads_max, idle_max, rank: Rank::Pool }))
}
