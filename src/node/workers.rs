//! The threads of calls and compilations: one for each that is under way, since a guest waits on its thread for what it
//! asked of its home. A thread without work is kept for a while.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::runtime::WASM_STACK_BYTES_MAX;

/// Most threads, and so most calls at once.
pub const WORKERS_MAX: usize = 2048;
/// How long a thread without work is kept.
const IDLE_MAX: Duration = Duration::from_secs(5);
/// Stack bytes of a thread: those of one guest, and of the host below and above it.
const STACK_BYTES: usize = WASM_STACK_BYTES_MAX + (5 << 20);

type Work = Box<dyn FnOnce() + Send>;

/// The threads.
#[derive(Default)]
pub struct Workers {
    waiting: Mutex<Waiting>,
    wanted: Condvar,
}

#[derive(Default)]
struct Waiting {
    work: VecDeque<Work>,
    threads: usize,
    idle: usize,
}

/// No thread can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoWorker;

impl Workers {
    /// Runs `work` on a thread: an idle one, or a new one.
    ///
    /// # Errors
    /// [`WORKERS_MAX`] are at work, or the system gives no more.
    pub fn run(self: &Arc<Self>, work: impl FnOnce() + Send + 'static) -> Result<(), NoWorker> {
        let mut waiting = self.waiting.lock();
        if waiting.idle > waiting.work.len() {
            waiting.work.push_back(Box::new(work));
            self.wanted.notify_one();
            return Ok(());
        }
        if waiting.threads >= WORKERS_MAX {
            return Err(NoWorker);
        }
        waiting.threads += 1;
        drop(waiting);
        let own = WorkerThread(self.clone());
        let thread = std::thread::Builder::new().name("plugsh-guest".into()).stack_size(STACK_BYTES);
        let made = thread.spawn(move || {
            work();
            while let Some(work) = own.0.next() {
                work();
            }
        });
        made.map(drop).map_err(|_| NoWorker)
    }

    fn next(&self) -> Option<Work> {
        let until = Instant::now() + IDLE_MAX;
        let mut waiting = self.waiting.lock();
        waiting.idle += 1;
        let work = loop {
            if let Some(work) = waiting.work.pop_front() {
                break Some(work);
            }
            if self.wanted.wait_until(&mut waiting, until).timed_out() {
                break waiting.work.pop_front();
            }
        };
        waiting.idle -= 1;
        work
    }
}

/// Counts a thread until it ends, or could not be started.
struct WorkerThread(Arc<Workers>);

impl Drop for WorkerThread {
    fn drop(&mut self) {
        self.0.waiting.lock().threads -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn work_that_waits_for_other_work_does_not_hinder_it() {
        let workers = Arc::new(Workers::default());
        let (first, second) = (channel::<()>(), channel::<()>());
        workers
            .run(move || {
                first.1.recv().unwrap();
                second.0.send(()).unwrap();
            })
            .unwrap();
        workers.run(move || first.0.send(()).unwrap()).unwrap();
        second.1.recv_timeout(Duration::from_secs(20)).unwrap();
    }
}
