//! Calls that run beside their caller: one started call, from its start to its result. `parallel` starts and joins
//! them, `thread_pool` has their threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::chain::Chain;
use super::frame::PropagatingError;
use super::process::Process;
use super::started_budget::Reservation;
use super::view::ProcessId;
use crate::locks::{Condvar, Mutex, Rank};
use crate::thread_pool::{PoolSettings, ThreadPool};

/// Most threads of started calls. A call that finds none is run by its caller: at the join, or when it is asked whether
/// it has ended.
const THREADS_MAX: usize = 64;

/// Started calls that no thread has taken, bounded by the limit of started calls, and the threads that take them.
pub type StartedPool = ThreadPool<Arc<StartedCall>>;

/// A pool without threads.
pub fn pool() -> Arc<StartedPool> {
    let settings =
        PoolSettings { thread_name: "plugsh-call", threads_max: THREADS_MAX, idle_max: THREADS_MAX, rank: Rank::Pool };
    Arc::new(ThreadPool::new(settings))
}

/// A started call. Its caller holds it until it is joined, or until the caller ends.
pub struct StartedCall {
    /// The number of its record, by which its caller asks for it.
    pub ticket: u64,
    /// The depth of its caller among the frames of the caller's chain.
    pub caller_depth: u16,
    pub chain: Arc<Chain>,
    /// The process that is called; 0: there is none.
    pub callee: ProcessId,
    /// The call's place among the started calls, and the bytes that are counted for it.
    pub reservation: Reservation,
    state: Mutex<Progress>,
    ended: Condvar,
}

/// The process, function and input of a started call.
pub struct Work {
    pub process: Arc<Process>,
    pub function: String,
    pub input: Box<[u8]>,
}

/// The output of a started call, or its error.
pub type StartedResult = Result<Box<[u8]>, PropagatingError>;

/// How far a started call is.
enum Progress {
    /// No thread has it yet: whoever takes the work does it.
    Waiting(Work),
    Running,
    Ended(StartedResult),
    /// The caller has taken the result.
    Taken,
}

impl StartedCall {
    /// A call of `caller_depth` that no thread has taken yet; `Err`: one that has failed already.
    pub fn new(
        ticket: u64,
        caller_depth: u16,
        chain: Arc<Chain>,
        reservation: Reservation,
        work: Result<Work, PropagatingError>,
    ) -> Arc<StartedCall> {
        let callee = work.as_ref().map_or(0, |work| work.process.id);
        let state = match work {
            Ok(work) => Progress::Waiting(work),
            Err(error) => Progress::Ended(Err(error)),
        };
        Arc::new(StartedCall {
            ticket,
            caller_depth,
            chain,
            callee,
            reservation,
            state: Mutex::new(Rank::StartedCall, state),
            ended: Condvar::new(),
        })
    }

    /// Takes the work, to do it on this thread; `None` where another thread has it.
    pub fn claim(&self) -> Option<Work> {
        let mut state = self.state.lock();
        match std::mem::replace(&mut *state, Progress::Running) {
            Progress::Waiting(work) => Some(work),
            other => {
                *state = other;
                None
            }
        }
    }

    /// Notes the call's result and wakes its caller.
    pub fn end(&self, given: StartedResult) {
        *self.state.lock() = Progress::Ended(given);
        self.ended.notify_all();
    }

    /// Whether a join would not wait.
    pub fn has_ended(&self) -> bool {
        matches!(*self.state.lock(), Progress::Ended(_) | Progress::Taken)
    }

    /// Waits for the end, and takes the call's result; `None` where it was taken before.
    pub fn take(&self) -> Option<StartedResult> {
        let mut state = self.state.lock();
        while matches!(*state, Progress::Waiting(_) | Progress::Running) {
            self.ended.wait(&mut state);
        }
        match std::mem::replace(&mut *state, Progress::Taken) {
            Progress::Ended(given) => Some(given),
            Progress::Waiting(_) | Progress::Running | Progress::Taken => None,
        }
    }
}

/// The started calls of one chain's calls that are not joined. Only the thread that runs the chain changes it.
pub struct StartedCalls {
    calls: Mutex<Vec<Arc<StartedCall>>>,
    /// The count of `calls`, which each call's end reads without the lock.
    count: AtomicUsize,
}

impl Default for StartedCalls {
    fn default() -> Self {
        StartedCalls { calls: Mutex::new(Rank::StartedCalls, Vec::new()), count: AtomicUsize::new(0) }
    }
}

impl StartedCalls {
    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// How many there are of the call at `depth`.
    pub fn count_of(&self, depth: u16) -> usize {
        self.calls.lock().iter().rev().take_while(|call| call.caller_depth == depth).count()
    }

    /// Adds one.
    pub fn add(&self, call: Arc<StartedCall>) {
        self.calls.lock().push(call);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// The started call with this ticket, if the call at `depth` started it.
    pub fn get(&self, depth: u16, ticket: u64) -> Option<Arc<StartedCall>> {
        let calls = self.calls.lock();
        calls.iter().find(|call| call.caller_depth == depth && call.ticket == ticket).cloned()
    }

    /// Removes one.
    pub fn remove(&self, call: &Arc<StartedCall>) {
        self.calls.lock().retain(|other| !Arc::ptr_eq(other, call));
        self.count.fetch_sub(1, Ordering::Relaxed);
    }

    /// Removes all of the call at `depth`, which ends.
    pub fn take_of(&self, depth: u16) -> Vec<Arc<StartedCall>> {
        let mut calls = self.calls.lock();
        let taken: Vec<_> = calls.extract_if(.., |call| call.caller_depth == depth).collect();
        self.count.fetch_sub(taken.len(), Ordering::Relaxed);
        taken
    }
}
