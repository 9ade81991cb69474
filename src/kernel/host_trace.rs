//! Whether requests of plugins to their host are kept as records, and which. Data only: `host_requests` makes the
//! records.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::journal::Filter;
use crate::locks::{Mutex, Rank};

/// Whether requests are kept, and which.
pub struct HostTrace {
    /// The only part that is read while it is off.
    on: AtomicBool,
    filter: Mutex<Option<Arc<Filter>>>,
}

impl Default for HostTrace {
    fn default() -> Self {
        HostTrace { on: AtomicBool::new(false), filter: Mutex::new(Rank::HostTrace, None) }
    }
}

impl HostTrace {
    /// Whether requests are kept: one relaxed load.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// The filter that a request must match.
    pub fn filter(&self) -> Option<Arc<Filter>> {
        self.filter.lock().clone()
    }

    /// Keeps the requests that the filter asks for, or all.
    pub fn start(&self, filter: Option<Filter>) {
        *self.filter.lock() = filter.map(Arc::new);
        self.on.store(true, Ordering::Relaxed);
    }

    /// Keeps none.
    pub fn stop(&self) {
        self.on.store(false, Ordering::Relaxed);
    }
}
