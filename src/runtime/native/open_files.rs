//! The budget of open files and sockets of plugins. The system bounds the whole shell, and a plugin that used up that
//! bound would leave none for the next load.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Most open files of one instance, directories included.
pub const FILES_MAX: usize = 256;
/// Most open files of all instances together where the system tells no bound.
const POOL_DEFAULT_MAX: usize = 512;

/// Most bytes of the bodies of all requests in progress, abandoned ones included. A body is a copy outside of its
/// plugin's memory limit.
pub const BODY_BYTES_MAX: u64 = 256 << 20;

/// The use of all instances together and its bounds.
#[derive(Debug)]
pub struct Pool {
    used: AtomicUsize,
    max: usize,
    body_bytes: AtomicU64,
}

/// Half of the system's bound; the shell has the rest for compiled modules, sockets and files it reads.
static POOL: LazyLock<Pool> =
    LazyLock::new(|| Pool::new(system_max().map_or(POOL_DEFAULT_MAX, |max| (max / 2).max(1))));

#[cfg(unix)]
fn system_max() -> Option<usize> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid `rlimit` and outlives the call.
    let status = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    (status == 0).then(|| usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
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

/// The count of one instance's open files, given back on drop.
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
    /// Counts one more file; false at a bound.
    pub fn take(&mut self) -> bool {
        if self.held >= FILES_MAX || !self.pool.take() {
            return false;
        }
        self.held += 1;
        true
    }

    /// The number of counted files.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.held
    }

    /// Counts a closed file.
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

/// The place of a request's socket and body, which may outlive the call and instance that abandoned it.
pub struct OpenFileSlot {
    pool: &'static Pool,
    body_bytes: u64,
}

impl OpenFileSlot {
    /// Reserves a place from the pool of open files; `None` when the pool or [`BODY_BYTES_MAX`] is used up.
    pub fn take(body_bytes: u64) -> Option<OpenFileSlot> {
        OpenFileSlot::of(&POOL, body_bytes)
    }

    fn of(pool: &'static Pool, body_bytes: u64) -> Option<OpenFileSlot> {
        let more = |sent: u64| sent.checked_add(body_bytes).filter(|sent| *sent <= BODY_BYTES_MAX);
        let mut place = pool.take().then(|| OpenFileSlot { pool, body_bytes: 0 })?;
        pool.body_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        place.body_bytes = body_bytes;
        Some(place)
    }
}

impl Drop for OpenFileSlot {
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
        let places = [OpenFileSlot::of(pool, 0), OpenFileSlot::of(pool, BODY_BYTES_MAX)];
        assert!(places.iter().all(Option::is_some) && OpenFileSlot::of(pool, 0).is_none());
        assert!(!OpenFiles { pool, held: 0 }.take(), "nor for a file");
        drop(places);
        let large = OpenFileSlot::of(pool, BODY_BYTES_MAX);
        assert!(large.is_some() && OpenFileSlot::of(pool, 1).is_none(), "no room for its body");
        assert!(OpenFileSlot::of(pool, 0).is_some(), "the one that was refused has no place");
    }
}
