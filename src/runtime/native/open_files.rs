//! How many files and sockets plugins hold open. The system lets the whole shell have so many, and a plugin that took them
//! all would leave none for the next load.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Most files that one instance holds open, its directories included.
pub const FILES_MAX: usize = 256;
/// Most that all hold together where the system does not say what it allows.
const POOL_DEFAULT_MAX: usize = 512;

/// Most bytes of the bodies of all requests that are under way, those that were given up included: each is copied out of its
/// plugin's memory, and counts there no more.
pub const BODY_BYTES_MAX: u64 = 256 << 20;

/// What all instances may hold together, and do.
#[derive(Debug)]
pub struct Pool {
    used: AtomicUsize,
    max: usize,
    body_bytes: AtomicU64,
}

/// Half of what the system allows: the rest is the shell's own, for compiled modules, sockets, what it reads.
static POOL: LazyLock<Pool> =
    LazyLock::new(|| Pool::new(system_max().map_or(POOL_DEFAULT_MAX, |max| (max / 2).max(1))));

#[cfg(unix)]
fn system_max() -> Option<usize> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place for what is asked for, and lives through the call.
    let told = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    (told == 0).then(|| usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
}

#[cfg(not(unix))]
fn system_max() -> Option<usize> {
    None
}

impl Pool {
    fn new(max: usize) -> Self {
        Pool { used: AtomicUsize::new(0), max, body_bytes: AtomicU64::new(0) }
    }

    fn take(&self) -> bool {
        let more = |used: usize| (used < self.max).then_some(used + 1);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }
}

/// The open files of one instance; given back with it.
#[derive(Debug)]
pub struct OpenFiles {
    pool: &'static Pool,
    held: usize,
}

impl Default for OpenFiles {
    fn default() -> Self {
        OpenFiles { pool: &POOL, held: 0 }
    }
}

impl OpenFiles {
    /// Counts one more; false when there may be no more.
    pub fn take(&mut self) -> bool {
        if self.held >= FILES_MAX || !self.pool.take() {
            return false;
        }
        self.held += 1;
        true
    }

    /// How many are counted.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.held
    }

    /// Counts one less: it was closed.
    pub fn give_back(&mut self) {
        if let Some(held) = self.held.checked_sub(1) {
            self.held = held;
            self.pool.used.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for OpenFiles {
    fn drop(&mut self) {
        self.pool.used.fetch_sub(self.held, Ordering::Relaxed);
    }
}

/// The place of one request and its body: its socket outlives the call, and the instance, that gave it up.
pub struct Place {
    pool: &'static Pool,
    body_bytes: u64,
}

impl Place {
    /// One of those that all may have together, with their files; `None` when they have them all, or too much to send.
    pub fn take(body_bytes: u64) -> Option<Place> {
        Place::of(&POOL, body_bytes)
    }

    fn of(pool: &'static Pool, body_bytes: u64) -> Option<Place> {
        let more = |sent: u64| sent.checked_add(body_bytes).filter(|sent| *sent <= BODY_BYTES_MAX);
        let mut place = pool.take().then(|| Place { pool, body_bytes: 0 })?;
        pool.body_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        place.body_bytes = body_bytes;
        Some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.pool.body_bytes.fetch_sub(self.body_bytes, Ordering::Relaxed);
        self.pool.used.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(files: &mut OpenFiles) -> usize {
        std::iter::repeat_with(|| files.take()).take_while(|taken| *taken).count()
    }

    #[test]
    fn one_has_a_bound_and_so_have_all_together() {
        let pool: &'static Pool = Box::leak(Box::new(Pool::new(FILES_MAX + 10)));
        let files = || OpenFiles { pool, held: 0 };
        let (mut first, mut second) = (files(), files());
        assert_eq!((count(&mut first), count(&mut second)), (FILES_MAX, 10));
        second.give_back();
        assert_eq!(count(&mut second), 1);
        drop(first);
        assert_eq!(count(&mut second), FILES_MAX - 10);
        for _ in 0..2 * FILES_MAX {
            second.give_back();
        }
        assert_eq!(pool.used.load(Ordering::Relaxed), 0, "no more is given back than was taken");
    }

    #[test]
    fn a_request_has_a_place_until_it_has_ended() {
        let pool: &'static Pool = Box::leak(Box::new(Pool::new(2)));
        let places = [Place::of(pool, 0), Place::of(pool, BODY_BYTES_MAX)];
        assert!(places.iter().all(Option::is_some) && Place::of(pool, 0).is_none());
        assert!(!OpenFiles { pool, held: 0 }.take(), "nor for a file");
        drop(places);
        let large = Place::of(pool, BODY_BYTES_MAX);
        assert!(large.is_some() && Place::of(pool, 1).is_none(), "no room for its body");
        assert!(Place::of(pool, 0).is_some(), "the one that was refused has no place");
    }
}
