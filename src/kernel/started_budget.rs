//! The budget of started calls: how many there may be, and the bytes that they hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::memory_account::MemoryAccount;

/// The part of the budget that is reserved.
pub struct StartedBudget {
    /// Started calls that their callers have not joined.
    started: AtomicUsize,
    /// The bytes of inputs and outputs of started calls.
    account: MemoryAccount,
}

/// The bounds of started calls in all.
#[derive(Clone, Copy)]
pub struct BudgetMax {
    pub calls: usize,
    /// Bytes that all processes together may hold, started calls included.
    pub bytes: u64,
}

/// Why a call cannot be started.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum OverBudget {
    Calls,
    Bytes,
}

/// The part of one started call, until it is closed or dropped.
pub struct Reservation {
    budget: Arc<StartedBudget>,
    bytes: AtomicU64,
    is_open: AtomicBool,
}

impl StartedBudget {
    /// No call, whose bytes will count for `total_bytes`.
    pub fn new(total_bytes: Arc<AtomicU64>) -> Arc<StartedBudget> {
        Arc::new(StartedBudget { started: AtomicUsize::new(0), account: MemoryAccount::new(total_bytes) })
    }

    /// Reservation for one more started call with an input of so many bytes.
    ///
    /// # Errors
    /// The bound that is met.
    pub fn reserve(self: &Arc<Self>, bytes: u64, max: BudgetMax) -> Result<Reservation, OverBudget> {
        let more = |started: usize| (started < max.calls).then_some(started + 1);
        self.started.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).map_err(|_| OverBudget::Calls)?;
        // Dropped where the bytes do not fit: gives the call's place back.
        let reservation =
            Reservation { budget: self.clone(), bytes: AtomicU64::new(0), is_open: AtomicBool::new(true) };
        if reservation.add(bytes, max.bytes) { Ok(reservation) } else { Err(OverBudget::Bytes) }
    }

    /// Started calls that their callers have not joined.
    pub fn started_count(&self) -> usize {
        self.started.load(Ordering::Relaxed)
    }
}

impl Reservation {
    /// Counts more bytes for the call; false when all processes would hold more than `bytes_max`.
    pub fn add(&self, bytes: u64, bytes_max: u64) -> bool {
        let fits = self.budget.account.commit(bytes, bytes_max);
        if fits {
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        fits
    }

    /// Counts fewer bytes for the call.
    pub fn release(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.budget.account.uncommit(bytes);
    }

    /// Gives the place and its bytes back, once the call has ended.
    pub fn close(&self) {
        if self.is_open.swap(false, Ordering::Relaxed) {
            self.budget.account.uncommit(self.bytes.load(Ordering::Relaxed));
            self.budget.started.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.close();
    }
}
