//! Locks with a rank: the one table of the order in which the locks of the screen, servers, the kernel, the journal and
//! nodes are taken.
//!
//! A thread takes a lock only while all that it holds come before it in [`Rank`]. Debug builds and tests keep what a
//! thread holds and panic where the order is broken, so that a deadlock which needs two threads is found by one.
//! Release builds keep nothing: these are parking_lot's locks then, byte for byte.

#[cfg(any(test, debug_assertions))]
mod held;
mod rank;
#[cfg(test)]
mod tests;

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

#[cfg(any(test, debug_assertions))]
use held::HeldRank;
pub use rank::Rank;

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

    /// Waits for the lock for at most `at_most`. A wait that ends breaks no order, so the rank is kept and not checked.
    pub fn try_lock_for(&self, at_most: Duration) -> Option<MutexGuard<'_, T>> {
        let guard = self.inner.try_lock_for(at_most)?;
        Some(MutexGuard {
            guard,
            #[cfg(any(test, debug_assertions))]
            _held: HeldRank::note(self.rank),
        })
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
    pub fn wait_for<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>, at_most: Duration) -> TimedOut {
        TimedOut(self.0.wait_for(&mut guard.guard, at_most).timed_out())
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
