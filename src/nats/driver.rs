//! The runtime of one connection, which the threads that wait for it drive: a thread that waits for an answer writes
//! its question to the socket and reads the answer from it, and no other thread stands between.
//!
//! A spare thread drives while nobody waits. It gives way to a thread that begins to wait alone, and comes back when no
//! thread has begun to wait for [`PAUSE`].

use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, Runtime};
use tokio::sync::{Notify, oneshot};
use tokio::task::block_in_place;

/// The longest that nobody drives after a thread has waited: messages that came meanwhile are that late.
const PAUSE: Duration = Duration::from_millis(1);

/// A wake-up for one thread that waits on a connection. One that comes before the wait ends it at once.
#[derive(Debug, Default)]
pub struct Signal(Notify);

impl Signal {
    /// Wakes the waiting thread, or the next one that waits.
    pub fn notify(&self) {
        self.0.notify_one();
    }
}

/// The runtime of a connection.
pub(super) struct Driver {
    /// `None` once it is dropped.
    runtime: Option<Runtime>,
    /// Threads that wait now.
    waiting: AtomicUsize,
    /// Waits until now.
    waits: AtomicU64,
    is_spare_driving: AtomicBool,
    give_way: Notify,
    spare: OnceLock<Thread>,
}

impl Driver {
    /// The driver of a runtime of one thread.
    pub(super) fn new(runtime: Runtime) -> Driver {
        Driver {
            runtime: Some(runtime),
            waiting: AtomicUsize::new(0),
            waits: AtomicU64::new(0),
            is_spare_driving: AtomicBool::new(true),
            give_way: Notify::new(),
            spare: OnceLock::new(),
        }
    }

    /// Tasks are spawned here.
    pub(super) fn handle(&self) -> Option<&Handle> {
        self.runtime.as_ref().map(Runtime::handle)
    }

    /// Drives the runtime on this thread until `future` is ready; `None` where the runtime is gone.
    pub(super) fn run<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        Some(self.runtime.as_ref()?.block_on(future))
    }

    /// Waits until `ready` gives a value; it is asked at each notification of `signal`. `None`: it gave none in time.
    pub(super) fn wait<T>(
        &self,
        signal: &Signal,
        until: Option<Instant>,
        mut ready: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        if let Some(value) = ready() {
            return Some(value);
        }
        self.waits.fetch_add(1, Ordering::Relaxed);
        if self.waiting.fetch_add(1, Ordering::SeqCst) == 0 && self.is_spare_driving.load(Ordering::SeqCst) {
            self.give_way.notify_one();
        }
        let waited = async {
            loop {
                let notified = signal.0.notified();
                match until {
                    None => notified.await,
                    Some(until) if tokio::time::timeout_at(until.into(), notified).await.is_err() => return ready(),
                    Some(_) => {}
                }
                if let Some(value) = ready() {
                    return Some(value);
                }
            }
        };
        // A guest's output comes from a thread of WASI's runtime, which another may not block without this.
        let value = block_in_place(|| self.run(waited)).flatten();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        value
    }

    /// Has the spare thread drive from now on: this thread does something else, and others may be written to.
    pub(super) fn leave_to_spare(&self) {
        if !self.is_spare_driving.load(Ordering::SeqCst)
            && let Some(spare) = self.spare.get()
        {
            spare.unpark();
        }
    }

    /// The spare thread's work, until `over`.
    pub(super) fn drive_spare(&self, mut over: oneshot::Receiver<()>) {
        // Set once, here.
        self.spare.get_or_init(std::thread::current);
        loop {
            self.is_spare_driving.store(true, Ordering::SeqCst);
            let is_over = self.run(async {
                tokio::select! {
                    // An error is a dropped connection.
                    _ = &mut over => true,
                    () = self.give_way.notified() => false,
                }
            });
            if is_over != Some(false) {
                return;
            }
            self.is_spare_driving.store(false, Ordering::SeqCst);
            self.pause();
        }
    }

    /// Returns when no thread has begun to wait for a while, or when it is told to.
    fn pause(&self) {
        let mut seen = self.waits.load(Ordering::Relaxed);
        loop {
            let parked_at = Instant::now();
            std::thread::park_timeout(PAUSE);
            let now = self.waits.load(Ordering::Relaxed);
            if now == seen || parked_at.elapsed() < PAUSE {
                return;
            }
            seen = now;
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A task that waits for a name to be resolved is left behind.
            runtime.shutdown_background();
        }
    }
}
