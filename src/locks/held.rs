//! The locks that each thread holds, in debug builds and tests: a lock that is taken out of order is a panic.

use std::cell::RefCell;

use super::rank::Rank;

thread_local! {
    /// Locks that this thread holds, in the order in which they were taken.
    static HELD: RefCell<Vec<Rank>> = const { RefCell::new(Vec::new()) };
}

/// One lock that this thread holds, or waits for. Bound to the thread: its guard cannot leave it.
pub(super) struct HeldRank(Rank, std::marker::PhantomData<*const ()>);

impl HeldRank {
    /// Notes that a lock is taken.
    ///
    /// # Panics
    ///
    /// Where the thread holds one that comes after it, or another of its rank.
    pub(super) fn take(rank: Rank) -> HeldRank {
        // A thread that ends has no list any more.
        let _ = HELD.try_with(|held| {
            let held = held.borrow();
            let in_order = held.iter().all(|other| *other < rank);
            // A second panic would end the program without the words of the first.
            assert!(in_order || std::thread::panicking(), "lock order: {rank:?} is taken while {held:?} are held");
        });
        HeldRank::note(rank)
    }

    /// Notes that a lock is held, wherever it stands in the order.
    pub(super) fn note(rank: Rank) -> HeldRank {
        let _ = HELD.try_with(|held| held.borrow_mut().push(rank));
        HeldRank(rank, std::marker::PhantomData)
    }
}

impl Drop for HeldRank {
    fn drop(&mut self) {
        let _ = HELD.try_with(|held| {
            let mut held = held.borrow_mut();
            let at = held.iter().rposition(|rank| *rank == self.0);
            at.map(|at| held.remove(at));
        });
    }
}
