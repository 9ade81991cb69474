//! The threads of started calls. A thread is made when none is idle, and ends after a while without work.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::started::StartedCall;
use crate::locks::{Condvar, Mutex, Rank};

/// How long a thread without work is kept.
const IDLE_MAX: Duration = Duration::from_secs(5);

/// Most threads. A call that finds none is run by its caller: at the join, or when it is asked whether it has ended.
const THREADS_MAX: usize = 64;

/// Runs a call that a thread of the pool has taken. Each thread makes its own with the pool's function.
pub type Runner = Box<dyn FnMut(&Arc<StartedCall>)>;

/// Calls that no thread has taken, and the threads that take them.
pub struct Pool {
    work: Mutex<Waiting>,
    wanted: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// In order of their start. Bounded by the limit of started calls.
    calls: VecDeque<Arc<StartedCall>>,
    threads: usize,
    /// Threads that wait for a call.
    idle: usize,
    over: bool,
}

impl Default for Pool {
    fn default() -> Self {
        Pool { work: Mutex::new(Rank::Pool, Waiting::default()), wanted: Condvar::new() }
    }
}

impl Pool {
    /// Gives a call to a thread of the pool. `runner` is run on a new thread, where one is made, and gives what runs
    /// calls there.
    pub fn add(
        self: &Arc<Self>,
        call: Arc<StartedCall>,
        stack_bytes: usize,
        runner: impl FnOnce() -> Runner + Send + 'static,
    ) {
        let is_made = {
            let mut work = self.work.lock();
            work.calls.push_back(call);
            let is_made = work.idle < work.calls.len() && work.threads < THREADS_MAX;
            work.threads += usize::from(is_made);
            is_made
        };
        if !is_made {
            // Outside of the lock, which the thread takes first.
            self.wanted.notify_one();
            return;
        }
        let pool = Arc::downgrade(self);
        let thread = std::thread::Builder::new().name("plugsh-call".into()).stack_size(stack_bytes);
        let made = thread.spawn(move || {
            let _thread = PoolThread(pool.clone());
            let mut run = runner();
            while let Some(call) = pool.upgrade().and_then(|pool| pool.next()) {
                run(&call);
            }
        });
        if made.is_err() {
            self.work.lock().threads -= 1;
        }
    }

    /// Whether a call may wait for a thread until another call has ended.
    pub fn is_full(&self) -> bool {
        let work = self.work.lock();
        work.idle == 0 && !work.calls.is_empty()
    }

    /// Takes back a call that its caller runs itself.
    pub fn withdraw(&self, call: &Arc<StartedCall>) {
        let mut work = self.work.lock();
        if let Some(at) = work.calls.iter().rposition(|waiting| Arc::ptr_eq(waiting, call)) {
            work.calls.remove(at);
        }
    }

    /// Ends the threads that are idle, and the others after their call.
    pub fn close(&self) {
        self.work.lock().over = true;
        self.wanted.notify_all();
    }

    /// The next call; `None` when the thread is to end.
    fn next(&self) -> Option<Arc<StartedCall>> {
        let until = Instant::now() + IDLE_MAX;
        let mut work = self.work.lock();
        loop {
            if let Some(call) = work.calls.pop_front() {
                return Some(call);
            }
            if work.over {
                return None;
            }
            work.idle += 1;
            let timed_out = self.wanted.wait_until(&mut work, until).timed_out();
            work.idle -= 1;
            if timed_out && work.calls.is_empty() {
                return None;
            }
        }
    }
}

/// Counts a thread of the pool until it ends.
struct PoolThread(Weak<Pool>);

impl Drop for PoolThread {
    fn drop(&mut self) {
        if let Some(pool) = self.0.upgrade() {
            pool.work.lock().threads -= 1;
        }
    }
}
