//! The memory that is counted for one process: committed bytes, their part in the sum of all processes, and the last
//! figure of resident ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::locks::{Mutex, Rank};
use crate::runtime::{Guest, MemoryUse};

/// The account of one process.
pub struct MemoryAccount {
    /// Bytes that its memories and tables have committed.
    committed: AtomicU64,
    /// Bytes that all processes of the kernel have committed.
    total: Arc<AtomicU64>,
    resident: Mutex<Option<Resident>>,
}

/// The system's last answer for a process's memory.
struct Resident {
    bytes: u64,
    /// Count of calls and committed bytes at that time: the answer holds while both are unchanged.
    after_call: u64,
    of: u64,
}

impl MemoryAccount {
    /// An empty account that adds to `total`.
    pub fn new(total: Arc<AtomicU64>) -> Self {
        MemoryAccount { committed: AtomicU64::new(0), total, resident: Mutex::new(Rank::Resident, None) }
    }

    /// The counted bytes.
    pub fn committed_bytes(&self) -> u64 {
        self.committed.load(Ordering::Relaxed)
    }

    /// Counts memory that the instance commits; false when all processes together would exceed `max`.
    pub fn commit(&self, bytes: u64, max: u64) -> bool {
        // The total never exceeds `max`, not even for a moment: a concurrent small growth would be refused.
        let more = |total: u64| total.checked_add(bytes).filter(|total| *total <= max);
        if self.total.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
            return false;
        }
        self.committed.fetch_add(bytes, Ordering::Relaxed);
        true
    }

    /// Releases counted memory after a growth that failed.
    pub fn uncommit(&self, bytes: u64) {
        self.committed.fetch_sub(bytes, Ordering::Relaxed);
        self.total.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Releases all counted memory, after the instance is gone.
    pub fn release(&self) {
        self.total.fetch_sub(self.take(), Ordering::Relaxed);
    }

    /// Empties the account and leaves its bytes in the total, for another account to [`adopt`](Self::adopt).
    pub fn take(&self) -> u64 {
        self.committed.swap(0, Ordering::Relaxed)
    }

    /// Releases all counted memory, and counts bytes that are in the total already.
    pub fn adopt(&self, bytes: u64) {
        self.release();
        self.committed.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Memory use with `beside` more bytes: by kind for an idle instance, as a sum without one. The system is asked for
    /// resident memory once after each call, whose count is `after_call`; a running call has the previous figure.
    pub fn memory(&self, guest: Option<&dyn Guest>, is_running: bool, after_call: u64, beside: u64) -> MemoryUse {
        let mut known = self.resident.lock();
        let Some(guest) = guest else {
            let committed_bytes = self.committed_bytes();
            let known = known.as_ref().filter(|_| is_running).map(|known| known.bytes.min(committed_bytes));
            let guest_bytes = committed_bytes + beside;
            return MemoryUse { guest_bytes, resident_bytes: known, ..MemoryUse::default() };
        };
        let memory = guest.memory();
        let of = memory.committed_bytes();
        if known.as_ref().is_none_or(|known| (known.after_call, known.of) != (after_call, of)) {
            *known = guest.resident_bytes().map(|bytes| Resident { bytes, after_call, of });
        }
        let guest_bytes = memory.guest_bytes + beside;
        MemoryUse { guest_bytes, resident_bytes: known.as_ref().map(|known| known.bytes), ..memory }
    }
}
