//! The threads of calls and compilations: one for each that is under way, since a guest waits on its thread for what it
//! asked of its home.

use std::sync::Arc;

use crate::locks::Rank;
use crate::runtime::WASM_STACK_BYTES_MAX;
use crate::thread_pool::{NoThread, PoolSettings, ThreadPool};

/// Most threads, and so most calls at once.
pub const WORKERS_MAX: usize = 2048;
/// Stack bytes of a thread: those of one guest, and of the host below and above it.
const STACK_BYTES: usize = WASM_STACK_BYTES_MAX + (5 << 20);

type Work = Box<dyn FnOnce() + Send>;

/// The threads.
pub struct Workers(Arc<ThreadPool<Work>>);

impl Default for Workers {
    fn default() -> Self {
        let settings = PoolSettings {
            thread_name: "plugsh-guest",
            threads_max: WORKERS_MAX,
            idle_max: WORKERS_MAX,
            rank: Rank::NodeWorkers,
        };
        Workers(Arc::new(ThreadPool::new(settings)))
    }
}

impl Workers {
    /// Runs `work` on a thread: an idle one, or a new one.
    ///
    /// # Errors
    /// [`WORKERS_MAX`] are at work, or the system gives no more.
    pub fn run(&self, work: impl FnOnce() + Send + 'static) -> Result<(), NoThread> {
        self.0.run(Box::new(work), STACK_BYTES, || |work: Work| work())
    }
}
