//! A pool of threads for work that waits for other work: a thread is made when none is idle, and ends after a while
//! without work.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::locks::{Condvar, Mutex, Rank};

/// How long a thread without work is kept.
const IDLE_MAX: Duration = Duration::from_secs(5);

/// Threads, and the work that none has taken. The threads end with the pool.
pub struct ThreadPool<W> {
    settings: PoolSettings,
    state: Mutex<PoolState<W>>,
    wanted: Condvar,
}

/// Properties of a pool.
#[derive(Debug, Clone, Copy)]
pub struct PoolSettings {
    /// The name of each thread.
    pub thread_name: &'static str,
    /// Most threads.
    pub threads_max: usize,
    /// Most threads without work; one more ends at its work's end.
    pub idle_max: usize,
    /// The rank of the pool's lock.
    pub rank: Rank,
}

struct PoolState<W> {
    /// In the order of arrival. Bounded by whoever queues it.
    waiting: VecDeque<W>,
    threads: usize,
    /// Threads that wait for work.
    idle: usize,
    is_closed: bool,
}

/// No thread can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoThread {
    /// All that the pool may have are at work.
    AtWork,
    /// The system gives no more, in its words.
    Refused(String),
}

impl<W: Send + 'static> ThreadPool<W> {
    /// A pool without threads.
    pub fn new(settings: PoolSettings) -> ThreadPool<W> {
        let state = PoolState { waiting: VecDeque::new(), threads: 0, idle: 0, is_closed: false };
        ThreadPool { settings, state: Mutex::new(settings.rank, state), wanted: Condvar::new() }
    }

    /// Gives work to a thread, now or when one has none. `runner` is called on a new thread, where one is made, and
    /// gives the function that does work there.
    pub fn queue<R: FnMut(W)>(
        self: &Arc<Self>,
        work: W,
        stack_bytes: usize,
        runner: impl FnOnce() -> R + Send + 'static,
    ) {
        let is_made = {
            let mut state = self.state.lock();
            state.waiting.push_back(work);
            let is_made = state.idle < state.waiting.len() && state.threads < self.settings.threads_max;
            state.threads += usize::from(is_made);
            is_made
        };
        if is_made {
            // Without the thread the work waits for another one.
            let _ = self.start(None, stack_bytes, runner);
        } else {
            // Outside of the lock, which the thread takes first.
            self.wanted.notify_one();
        }
    }

    /// Gives work to a thread now: an idle one, or a new one as of [`ThreadPool::queue`].
    ///
    /// # Errors
    /// All threads that the pool may have are at work, or the system gives no more. The work is dropped.
    pub fn run<R: FnMut(W)>(
        self: &Arc<Self>,
        work: W,
        stack_bytes: usize,
        runner: impl FnOnce() -> R + Send + 'static,
    ) -> Result<(), NoThread> {
        {
            let mut state = self.state.lock();
            if state.idle > state.waiting.len() {
                state.waiting.push_back(work);
                drop(state);
                self.wanted.notify_one();
                return Ok(());
            }
            if state.threads >= self.settings.threads_max {
                return Err(NoThread::AtWork);
            }
            state.threads += 1;
        }
        self.start(Some(work), stack_bytes, runner)
    }

    fn start<R: FnMut(W)>(
        self: &Arc<Self>,
        first: Option<W>,
        stack_bytes: usize,
        runner: impl FnOnce() -> R + Send + 'static,
    ) -> Result<(), NoThread> {
        let own = CountedThread(Arc::downgrade(self));
        let thread = std::thread::Builder::new().name(self.settings.thread_name.into()).stack_size(stack_bytes);
        let made = thread.spawn(move || {
            let mut run = runner();
            first.into_iter().for_each(&mut run);
            while let Some(work) = own.next() {
                run(work);
            }
        });
        made.map(drop).map_err(|error| NoThread::Refused(error.to_string()))
    }

    /// Whether work may wait for a thread until other work is done.
    pub fn is_full(&self) -> bool {
        let state = self.state.lock();
        state.idle == 0 && !state.waiting.is_empty()
    }

    /// Takes back the newest work that `is_meant` and that no thread has taken.
    pub fn withdraw(&self, is_meant: impl Fn(&W) -> bool) {
        let mut state = self.state.lock();
        if let Some(at) = state.waiting.iter().rposition(is_meant) {
            state.waiting.remove(at);
        }
    }

    /// Ends the threads that are idle, and the others after their work.
    pub fn close(&self) {
        self.state.lock().is_closed = true;
        self.wanted.notify_all();
    }

    /// The next work; `None` when the thread is to end.
    fn next(&self) -> Option<W> {
        let until = Instant::now() + IDLE_MAX;
        let mut state = self.state.lock();
        loop {
            if let Some(work) = state.waiting.pop_front() {
                return Some(work);
            }
            if state.is_closed || state.idle >= self.settings.idle_max {
                return None;
            }
            state.idle += 1;
            let timed_out = self.wanted.wait_until(&mut state, until).timed_out();
            state.idle -= 1;
            if timed_out && state.waiting.is_empty() {
                return None;
            }
        }
    }
}

/// Counts a thread until it ends, or could not be made.
struct CountedThread<W>(Weak<ThreadPool<W>>);

impl<W: Send + 'static> CountedThread<W> {
    fn next(&self) -> Option<W> {
        self.0.upgrade()?.next()
    }
}

impl<W> Drop for CountedThread<W> {
    fn drop(&mut self) {
        if let Some(pool) = self.0.upgrade() {
            pool.state.lock().threads -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    type Work = Box<dyn FnOnce() + Send>;

    const STACK_BYTES: usize = 256 << 10;

    fn pool(threads_max: usize) -> Arc<ThreadPool<Work>> {
        let settings = PoolSettings { thread_name: "plugsh-test", threads_max, idle_max: 1, rank: Rank::Pool };
        Arc::new(ThreadPool::new(settings))
    }

    fn runner() -> impl FnMut(Work) {
        |work: Work| work()
    }

    #[test]
    fn work_that_waits_for_other_work_does_not_hinder_it() {
        let pool = pool(2);
        let (first, second) = (channel::<()>(), channel::<()>());
        let waits = move || {
            first.1.recv().unwrap();
            second.0.send(()).unwrap();
        };
        pool.run(Box::new(waits), STACK_BYTES, runner).unwrap();
        pool.run(Box::new(move || first.0.send(()).unwrap()), STACK_BYTES, runner).unwrap();
        second.1.recv_timeout(Duration::from_secs(20)).unwrap();
    }

    #[test]
    fn work_beyond_the_threads_is_refused_or_waits() {
        let pool = pool(1);
        let (release, released) = channel::<()>();
        pool.run(Box::new(move || released.recv().unwrap()), STACK_BYTES, runner).unwrap();
        let refused = pool.run(Box::new(|| ()), STACK_BYTES, runner);
        assert!(matches!(refused, Err(NoThread::AtWork)), "{refused:?}");
        let (done, is_done) = channel::<()>();
        pool.queue(Box::new(move || done.send(()).unwrap()), STACK_BYTES, runner);
        assert!(pool.is_full(), "the only thread is at work");
        release.send(()).unwrap();
        is_done.recv_timeout(Duration::from_secs(20)).unwrap();
    }

    #[test]
    fn few_threads_stay_without_work() {
        let pool = pool(3);
        let gate = Arc::new(std::sync::Barrier::new(4));
        for _ in 0..3 {
            let gate = Arc::clone(&gate);
            let waits = move || {
                gate.wait();
            };
            pool.run(Box::new(waits), STACK_BYTES, runner).unwrap();
        }
        // Passed only where each has a thread.
        gate.wait();
        while pool.state.lock().threads > 1 {
            std::thread::yield_now();
        }
        assert!(pool.state.lock().idle <= 1);
    }

    #[test]
    fn work_that_was_withdrawn_is_not_done() {
        let pool = pool(0);
        pool.queue(Box::new(|| ()), STACK_BYTES, runner);
        assert!(pool.is_full());
        pool.withdraw(|_| true);
        assert!(!pool.is_full());
        pool.close();
    }
}
