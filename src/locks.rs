//! Locks with a rank: the one table of the order in which the locks of the kernel and the journal are taken.
//!
//! A thread takes a lock only while all that it holds come before it in [`Rank`]. Debug builds and tests keep what a thread
//! holds and panic where the order is broken, so that a deadlock which needs two threads is found by one. Release builds
//! keep nothing: these are parking_lot's locks then, byte for byte.

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

/// The rank of a lock: locks are taken in this order. A thread never holds two of one rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// A plugin of the stock SDK while it is measured: the only lock that is held while guest code runs.
    StockPlugin,
    /// The jobs by their ids.
    Jobs,
    /// The waits of chains.
    Waits,
    /// The process table.
    Table,
    /// The chains by their ids.
    Chains,
    /// The chain of one job.
    JobChain,
    /// A process's slot.
    Slot,
    /// The resident memory of one process.
    Resident,
    /// The calls of one chain.
    Frames,
    /// How one job ended.
    JobEnd,
    /// The rules that are set on calls.
    Rules,
    /// The filter of requests to the host.
    HostTrace,
    /// The counters of one fault.
    Fault,
    /// The seed of faults.
    Seed,
    /// The loaded policy.
    Policy,
    /// The cached answers of a policy, or of one process's own grants.
    Allowed,
    /// The processes that are watched for changed files.
    Watches,
    /// The deadlines of the clock.
    Due,
    /// The chain that Ctrl-C ends.
    Foreground,
    /// The stacks of failed calls.
    Stacks,
    /// The profile that is being taken.
    Profile,
    /// The runner of stub commands.
    StubRunner,
    /// The log of spawns.
    Spawns,
    /// Notices for the prompt.
    Notices,
    /// Starts and ends of processes.
    LifeLog,
    /// The log of plugins.
    Logbook,
    /// The times of a bench.
    BenchTimes,
    /// The settings for payloads in the journal.
    PayloadSettings,
    /// The waits for new records.
    Doorbell,
    /// The lanes into the journal.
    Lanes,
    /// The emptying of one lane.
    LaneBuffer,
    /// The records.
    Store,
    /// Names that records have: interned under any other lock.
    Symbols,
}

/// A mutex with a rank.
pub struct Mutex<T: ?Sized> {
    #[cfg(any(test, debug_assertions))]
    rank: Rank,
    inner: parking_lot::Mutex<T>,
}

impl<T> Mutex<T> {
    /// A mutex that nobody holds.
    pub const fn new(rank: Rank, value: T) -> Self {
        #[cfg(not(any(test, debug_assertions)))]
        let _ = rank;
        Mutex {
            #[cfg(any(test, debug_assertions))]
            rank,
            inner: parking_lot::Mutex::new(value),
        }
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock and holds it until the guard is dropped.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        #[cfg(any(test, debug_assertions))]
        let held = HeldRank::take(self.rank);
        MutexGuard {
            guard: self.inner.lock(),
            #[cfg(any(test, debug_assertions))]
            _held: held,
        }
    }

    /// The value, through an exclusive reference.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }
}

/// A [`Mutex`] that is held.
pub struct MutexGuard<'a, T: ?Sized> {
    // Dropped first, so that the rank is removed after the lock was released.
    guard: parking_lot::MutexGuard<'a, T>,
    #[cfg(any(test, debug_assertions))]
    _held: HeldRank,
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// A wait for what another thread does under a [`Mutex`].
#[derive(Default)]
pub struct Condvar(parking_lot::Condvar);

impl Condvar {
    /// A condition that nobody waits for.
    pub const fn new() -> Self {
        Condvar(parking_lot::Condvar::new())
    }

    /// Releases the lock, waits for a notification, and takes the lock again.
    pub fn wait<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>) {
        self.0.wait(&mut guard.guard);
    }

    /// Waits as [`Condvar::wait`], for at most `at_most`.
    pub fn wait_for<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>, at_most: Duration) {
        self.0.wait_for(&mut guard.guard, at_most);
    }

    /// Waits as [`Condvar::wait`], at most until `until`.
    pub fn wait_until<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>, until: Instant) -> TimedOut {
        TimedOut(self.0.wait_until(&mut guard.guard, until).timed_out())
    }

    /// Wakes one that waits.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all that wait.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// The result of a wait with a time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedOut(bool);

impl TimedOut {
    /// Whether the time ran out before a notification.
    pub fn timed_out(self) -> bool {
        self.0
    }
}

/// A lock for many readers or one writer, with a rank.
pub struct RwLock<T: ?Sized> {
    #[cfg(any(test, debug_assertions))]
    rank: Rank,
    inner: parking_lot::RwLock<T>,
}

impl<T> RwLock<T> {
    /// A lock that nobody holds.
    pub const fn new(rank: Rank, value: T) -> Self {
        #[cfg(not(any(test, debug_assertions)))]
        let _ = rank;
        RwLock {
            #[cfg(any(test, debug_assertions))]
            rank,
            inner: parking_lot::RwLock::new(value),
        }
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Takes the lock together with other readers. A second read on one thread breaks the order, because a writer may
    /// wait between the two.
    #[inline]
    pub fn read(&self) -> ReadGuard<'_, T> {
        #[cfg(any(test, debug_assertions))]
        let held = HeldRank::take(self.rank);
        ReadGuard {
            guard: self.inner.read(),
            #[cfg(any(test, debug_assertions))]
            _held: held,
        }
    }

    /// Takes the lock exclusively.
    #[inline]
    pub fn write(&self) -> WriteGuard<'_, T> {
        #[cfg(any(test, debug_assertions))]
        let held = HeldRank::take(self.rank);
        WriteGuard {
            guard: self.inner.write(),
            #[cfg(any(test, debug_assertions))]
            _held: held,
        }
    }

    /// The value, through an exclusive reference.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }
}

/// A [`RwLock`] that is held with other readers.
pub struct ReadGuard<'a, T: ?Sized> {
    guard: parking_lot::RwLockReadGuard<'a, T>,
    #[cfg(any(test, debug_assertions))]
    _held: HeldRank,
}

impl<T: ?Sized> Deref for ReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.guard
    }
}

/// A [`RwLock`] that is held alone.
pub struct WriteGuard<'a, T: ?Sized> {
    guard: parking_lot::RwLockWriteGuard<'a, T>,
    #[cfg(any(test, debug_assertions))]
    _held: HeldRank,
}

impl<T: ?Sized> Deref for WriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T: ?Sized> DerefMut for WriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(any(test, debug_assertions))]
use held::HeldRank;

#[cfg(any(test, debug_assertions))]
mod held {
    use std::cell::RefCell;

    use super::Rank;

    thread_local! {
        /// What this thread holds, in the order in which it was taken.
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
                let mut held = held.borrow_mut();
                let in_order = held.iter().all(|other| *other < rank);
                // A second panic would end the program without the words of the first.
                assert!(in_order || std::thread::panicking(), "lock order: {rank:?} is taken while {held:?} are held");
                held.push(rank);
            });
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_taken_in_the_order_of_their_ranks() {
        let (slot, frames) = (Mutex::new(Rank::Slot, 1), Mutex::new(Rank::Frames, 2));
        let table = RwLock::new(Rank::Table, 0);
        let reading = table.read();
        let (one, two) = (slot.lock(), frames.lock());
        assert_eq!(*reading + *one + *two, 3);
        drop(one);
        drop(reading);
        drop(two);
        // What was given back may be taken again, in whatever order it was given back.
        let _all = (table.write(), slot.lock(), frames.lock());
    }

    #[test]
    #[should_panic(expected = "lock order: Slot is taken while [Frames] are held")]
    fn a_lock_that_comes_before_one_that_is_held_is_refused() {
        let (slot, frames) = (Mutex::new(Rank::Slot, ()), Mutex::new(Rank::Frames, ()));
        let _frames = frames.lock();
        let _slot = slot.lock();
    }

    #[test]
    #[should_panic(expected = "lock order: Table is taken while [Table] are held")]
    fn two_of_one_rank_are_refused() {
        let table = RwLock::new(Rank::Table, ());
        let _one = table.read();
        let _other = table.read();
    }

    #[test]
    fn a_wait_gives_its_lock_back() {
        let state = std::sync::Arc::new((Mutex::new(Rank::JobEnd, false), Condvar::new()));
        let other = state.clone();
        let mut is_so = state.0.lock();
        let thread = std::thread::spawn(move || {
            *other.0.lock() = true;
            other.1.notify_all();
        });
        while !*is_so {
            state.1.wait(&mut is_so);
        }
        drop(is_so);
        thread.join().unwrap();
    }
}
