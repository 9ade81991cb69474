//! The memory that an instance may still grow by: what its home has granted and it has not used.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::locks::{Mutex, Rank};
use crate::runtime::remote::wire::LEASE_BYTES;

/// The lease of one instance.
pub struct Lease {
    left_bytes: Mutex<u64>,
    used_bytes: AtomicU64,
}

impl Default for Lease {
    fn default() -> Self {
        Lease { left_bytes: Mutex::new(Rank::NodeLease, 0), used_bytes: AtomicU64::new(0) }
    }
}

impl Lease {
    /// Takes `bytes` from the lease. What is missing is asked for, in whole leases; false where `ask` refuses it.
    pub fn grow(&self, bytes: u64, ask: impl FnOnce(u64) -> bool) -> bool {
        let mut left = self.left_bytes.lock();
        if *left < bytes {
            let Some(missing) = (bytes - *left).div_ceil(LEASE_BYTES).checked_mul(LEASE_BYTES) else { return false };
            if !ask(missing) {
                return false;
            }
            *left += missing;
        }
        *left -= bytes;
        self.used_bytes.fetch_add(bytes, Ordering::Relaxed);
        true
    }

    /// Gives `bytes` back to it.
    pub fn shrink(&self, bytes: u64) {
        *self.left_bytes.lock() += bytes;
        self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes that the instance has taken.
    pub fn used_bytes(&self) -> u64 {
        self.used_bytes.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_question_is_for_whole_leases() {
        let lease = Lease::default();
        assert!(lease.grow(1, |asked| asked == LEASE_BYTES));
        assert!(lease.grow(LEASE_BYTES - 1, |_| panic!("it has as much")));
        assert!(lease.grow(LEASE_BYTES + 1, |asked| asked == 2 * LEASE_BYTES));
        assert!(!lease.grow(LEASE_BYTES, |_| false), "refused");
        lease.shrink(1);
        assert!(lease.grow(LEASE_BYTES, |_| panic!("it has as much again")));
        assert!(!lease.grow(u64::MAX, |_| true), "more than can be counted");
        assert_eq!(lease.used_bytes(), 3 * LEASE_BYTES);
    }
}
