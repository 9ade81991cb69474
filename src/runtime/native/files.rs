//! How many files plugins hold open. The system lets the whole shell have so many, and a plugin that took them all would
//! leave none for the next load.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Most files that one instance holds open, its directories included.
pub const FILES_MAX: usize = 256;
/// Most that all hold together where the system does not say what it allows.
const POOL_DEFAULT_MAX: usize = 512;

/// What all instances may hold together, and do.
pub struct Pool {
    used: AtomicUsize,
    max: usize,
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
        Pool { used: AtomicUsize::new(0), max }
    }
}

/// The open files of one instance; given back with it.
pub struct Files {
    pool: &'static Pool,
    held: usize,
}

impl Default for Files {
    fn default() -> Self {
        Files { pool: &POOL, held: 0 }
    }
}

impl Files {
    /// Counts one more; false when there may be no more.
    pub fn take(&mut self) -> bool {
        let more = |used: usize| (used < self.pool.max).then_some(used + 1);
        if self.held >= FILES_MAX || self.pool.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
            return false;
        }
        self.held += 1;
        true
    }

    /// Counts one less: it was closed.
    pub fn give_back(&mut self) {
        // Standard input and the like are closed too, and were never counted.
        if let Some(held) = self.held.checked_sub(1) {
            self.held = held;
            self.pool.used.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.pool.used.fetch_sub(self.held, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(files: &mut Files) -> usize {
        std::iter::repeat_with(|| files.take()).take_while(|taken| *taken).count()
    }

    #[test]
    fn one_has_a_bound_and_so_have_all_together() {
        let pool: &'static Pool = Box::leak(Box::new(Pool::new(FILES_MAX + 10)));
        let files = || Files { pool, held: 0 };
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
}
