//! Jobs and chains of one kernel by id: the limit of running jobs, the foreground chain, remembered background jobs.
//! A single job is in `job` and `launch`, a single chain in `chain`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use super::chain::Chain;
use super::job::Job;
use super::job_error::JobError;
use super::view::{JobId, OwnerId};
use crate::locks::{Mutex, Rank};

/// Most ended background jobs that are kept for `wait`; the oldest are dropped first.
const ENDED_JOBS_MAX: usize = 64;

/// Running jobs, and ended background jobs that nobody has waited for.
pub struct JobTable {
    jobs: Mutex<BTreeMap<JobId, Job>>,
    /// The chain of each owner that its Ctrl-C ends.
    foreground: Mutex<BTreeMap<OwnerId, Weak<Chain>>>,
    next_id: AtomicU32,
}

impl Default for JobTable {
    fn default() -> Self {
        JobTable {
            jobs: Mutex::new(Rank::Jobs, BTreeMap::new()),
            foreground: Mutex::new(Rank::Foreground, BTreeMap::new()),
            next_id: AtomicU32::new(1),
        }
    }
}

impl JobTable {
    /// Allocates the next id.
    pub fn take_id(&self) -> JobId {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// All jobs, by id.
    pub fn all(&self) -> Vec<Job> {
        self.jobs.lock().values().cloned().collect()
    }

    /// A job by its id.
    pub fn get(&self, id: JobId) -> Option<Job> {
        self.jobs.lock().get(&id).cloned()
    }

    /// Removes a job.
    pub fn remove(&self, id: JobId) {
        self.jobs.lock().remove(&id);
    }

    /// Adds a job that is about to run; refused when `running_max` jobs run.
    ///
    /// # Errors
    /// `running_max` jobs run.
    pub fn admit(&self, job: Job, running_max: usize) -> Result<(), JobError> {
        let mut jobs = self.jobs.lock();
        let running = jobs.values().filter(|job| job.is_running()).count();
        if running >= running_max {
            return Err(JobError::TooMany { running_max });
        }
        let ended: Vec<JobId> = jobs.iter().filter(|(_, job)| !job.is_running()).map(|(id, _)| *id).collect();
        for id in ended.iter().rev().skip(ENDED_JOBS_MAX - 1) {
            jobs.remove(id);
        }
        jobs.insert(job.id(), job);
        Ok(())
    }

    /// The chain that an owner's Ctrl-C ends; dangling after its end.
    pub fn foreground(&self, owner: OwnerId) -> Weak<Chain> {
        self.foreground.lock().get(&owner).cloned().unwrap_or_default()
    }

    /// Makes a chain the foreground one of an owner, which its Ctrl-C ends.
    pub fn set_foreground(&self, owner: OwnerId, chain: &Arc<Chain>) {
        self.foreground.lock().insert(owner, Arc::downgrade(chain));
    }

    /// Restores an earlier foreground chain.
    pub fn restore_foreground(&self, owner: OwnerId, chain: Weak<Chain>) {
        self.foreground.lock().insert(owner, chain);
    }

    /// Removes a chain from the foreground, whoever has it there.
    pub fn unset_foreground(&self, chain: &Arc<Chain>) {
        self.foreground.lock().retain(|_, foreground| foreground.as_ptr() != Arc::as_ptr(chain));
    }

    /// Forgets the foreground of an owner who has left.
    pub fn forget_foreground(&self, owner: OwnerId) {
        self.foreground.lock().remove(&owner);
    }
}

/// Living chains, by weak references.
pub struct ChainTable {
    chains: Mutex<Vec<(u64, Weak<Chain>)>>,
    next_id: AtomicU64,
}

impl Default for ChainTable {
    fn default() -> Self {
        ChainTable { chains: Mutex::new(Rank::Chains, Vec::new()), next_id: AtomicU64::new(1) }
    }
}

impl ChainTable {
    /// Allocates the next id.
    pub fn take_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Adds a chain.
    pub fn add(&self, chain: &Arc<Chain>) {
        let mut chains = self.chains.lock();
        chains.retain(|(_, chain)| chain.strong_count() > 0);
        chains.push((chain.id, Arc::downgrade(chain)));
    }

    /// A living chain by its id.
    pub fn get(&self, id: u64) -> Option<Arc<Chain>> {
        let chains = self.chains.lock();
        chains.iter().find(|(known, _)| *known == id).and_then(|(_, chain)| chain.upgrade())
    }

    /// All living chains.
    pub fn all(&self) -> Vec<Arc<Chain>> {
        self.chains.lock().iter().filter_map(|(_, chain)| chain.upgrade()).collect()
    }
}
