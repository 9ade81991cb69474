//! The budget of memory maps for instances and compiled code. The system bounds a process's maps, and a thread without
//! one for its stack aborts the shell: so maps are reserved here first, and refused before the system runs out.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::outline::Holdings;
use crate::machine;
use crate::runtime::{Failure, FailureKind};

/// Maps kept free for thread stacks, the heap and libraries.
const MAPS_SPARED: usize = 3_072;
/// Maps of a linear memory: the initialized part, the rest, the reserved room to grow.
const MAPS_PER_MEMORY: usize = 3;
/// Maps of a compiled module: read-only data, code, memory images.
const MAPS_PER_MODULE: usize = 4;
/// Allocations from this size on have a map of their own, in bytes: glibc's threshold.
const LARGE_BYTES: u64 = 128 << 10;

/// Most maps of all instances and modules together.
static MAPS_MAX: LazyLock<usize> = LazyLock::new(|| machine::map_count_max().saturating_sub(MAPS_SPARED));
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// Reserved maps, given back on drop.
#[derive(Debug)]
pub struct Maps(usize);

impl Maps {
    /// Reserves `maps` maps.
    ///
    /// # Errors
    ///
    /// [`FailureKind::Denied`] when the budget is used up.
    pub fn take(maps: usize) -> Result<Self, Failure> {
        let more = |taken: usize| taken.checked_add(maps).filter(|taken| *taken <= *MAPS_MAX);
        match TAKEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => Ok(Maps(maps)),
            Err(_) => Err(Failure::new(
                FailureKind::Denied,
                format!(
                    "all instances together take as many memory maps as the system allows, and it takes {maps} more; raise \
                     `vm.max_map_count`, or end others first"
                ),
            )),
        }
    }
}

impl Drop for Maps {
    fn drop(&mut self) {
        TAKEN.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// Maps of an instance of these modules, its arena included.
pub fn maps_of_instance<'a>(modules: impl Iterator<Item = &'a Holdings>) -> usize {
    let mut heap = 0;
    let own = modules.map(|module| {
        heap |= usize::from(module.has_heap);
        let large = usize::from(module.instance_bytes >= LARGE_BYTES);
        module.memories.saturating_mul(MAPS_PER_MEMORY) + module.large_tables + large
    });
    let own: usize = own.sum();
    own + MAPS_PER_MEMORY * (1 + heap)
}

/// Maps of the code of `modules` modules.
pub fn maps_of_code(modules: usize) -> usize {
    modules.saturating_mul(MAPS_PER_MODULE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_taken_and_given_back() {
        let error = Maps::take(usize::MAX / 2).unwrap_err();
        assert!(error.message.contains("raise `vm.max_map_count`"), "{}", error.message);
        // Concurrent tests take far less than half.
        let half = *MAPS_MAX / 2;
        for _ in 0..10 {
            let taken = Maps::take(half).unwrap();
            assert!(Maps::take(half + MAPS_SPARED).is_err());
            drop(taken);
        }
    }

    #[test]
    fn memories_large_tables_and_heaps_are_counted() {
        let of = |memories, large_tables, has_heap, instance_bytes| {
            let module = Holdings { memories, large_tables, has_heap, has_start: false, instance_bytes };
            maps_of_instance([&module, &Holdings::default()].into_iter())
        };
        assert_eq!(of(0, 0, false, 0), 3, "the blocks");
        assert_eq!(of(1, 0, false, 1_000), 6, "as `scripts/bench-scale` measures it for a common plugin");
        assert_eq!(of(16, 2, true, 1 << 20), 3 + 48 + 2 + 3 + 1);
    }
}
