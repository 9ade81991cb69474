//! The table of blocks: which stretches of the arena are allocated, and how long each is.
//!
//! A guest holds a block by its offset, its handle. Every handle that a guest hands over is looked up here before a byte
//! is touched, so a forged one is simply unknown. The table knows no memory: growing it is the caller's.

/// Where the first block begins: 0 is no handle.
const FIRST_OFFSET: u64 = 64;
/// The arena's end: wasm32's four gibibytes less a page, so that no sum of an offset and a load's width wraps.
pub const ARENA_BYTES_MAX: u64 = (1 << 32) - (1 << 16);
/// Most blocks of one call, freed ones included; at 24 bytes an entry the table stays under 100 MiB.
pub const BLOCKS_MAX: usize = 4_000_000;
/// Size classes: eight to an octave, so that a reused block wastes at most an eighth.
const CLASSES: usize = 29 * 8;
const NONE: u32 = u32::MAX;
/// Blocks whose place in the table is remembered; a power of two.
const RECENT: usize = 16;

#[derive(Clone, Copy)]
struct Block {
    offset: u32,
    /// What was asked for.
    length: u32,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Used,
    /// In its class's free list; the index of the next one there.
    Free {
        next: u32,
    },
}

/// The blocks of one instance. Handles go up in the order of the table, so a look-up is a binary search.
pub struct Blocks {
    table: Vec<Block>,
    end: u64,
    free: Box<[u32; CLASSES]>,
    any_free: bool,
    /// Where blocks were found or made last, by their handle: a call makes a few, and asks for each again and again.
    recent: [u32; RECENT],
}

/// The class of a length, and the capacity that blocks of that class have. Lengths up to [`ARENA_BYTES_MAX`].
fn class_of(length: u64) -> (usize, u64) {
    let length = length.max(8);
    let octave = 63 - length.leading_zeros();
    let step = 1u64 << (octave - 3);
    let eighths = (length - (1 << octave)).div_ceil(step);
    let capacity = (1 << octave) + eighths * step;
    let class = (octave as usize - 3) * 8 + eighths as usize;
    (class, (capacity + 7) & !7)
}

impl Default for Blocks {
    fn default() -> Self {
        Blocks {
            table: Vec::new(),
            end: FIRST_OFFSET,
            free: Box::new([NONE; CLASSES]),
            any_free: false,
            recent: [0; RECENT],
        }
    }
}

impl Blocks {
    /// A block of `length` bytes: its handle. `None` when the arena or the table is full. The memory may have to grow
    /// to [`Blocks::end`] before the block is touched. A length of 0 has no block: ask for at least 1.
    pub fn alloc(&mut self, length: u64) -> Option<u64> {
        if length == 0 || length > ARENA_BYTES_MAX {
            return None;
        }
        let (class, capacity) = class_of(length);
        let class = class.min(CLASSES - 1);
        if self.any_free
            && let Some(offset) = self.reuse(class, length)
        {
            return Some(offset);
        }
        let end = self.end.checked_add(capacity).filter(|end| *end <= ARENA_BYTES_MAX)?;
        if self.table.len() >= BLOCKS_MAX {
            return None;
        }
        let offset = self.end;
        *recent(&mut self.recent, offset as u32) = self.table.len() as u32;
        self.table.push(Block { offset: offset as u32, length: length as u32, state: State::Used });
        self.end = end;
        Some(offset)
    }

    fn reuse(&mut self, class: usize, length: u64) -> Option<u64> {
        let index = self.free[class];
        let block = self.table.get_mut(index as usize)?;
        // The last class is open-ended: what lies there need not be large enough.
        if let State::Free { next } = block.state {
            if class == CLASSES - 1 {
                return None;
            }
            self.free[class] = next;
            block.state = State::Used;
            block.length = length as u32;
            return Some(u64::from(block.offset));
        }
        None
    }

    /// The length of the block at a handle; `None` for what is no handle.
    pub fn length(&mut self, handle: u64) -> Option<u64> {
        self.find(handle).map(|index| u64::from(self.table[index].length))
    }

    /// Frees the block at a handle; false for what is no handle.
    pub fn free(&mut self, handle: u64) -> bool {
        let Some(index) = self.find(handle) else { return false };
        let block = &mut self.table[index];
        let class = class_of(u64::from(block.length)).0.min(CLASSES - 1);
        block.state = State::Free { next: self.free[class] };
        self.free[class] = index as u32;
        self.any_free = true;
        true
    }

    /// Takes back the newest block, for which there turned out to be no memory: freed, it would stay in the way of all
    /// that come after it.
    pub fn take_back(&mut self, handle: u64) {
        if self.table.pop_if(|block| u64::from(block.offset) == handle).is_some() {
            self.end = handle;
        }
    }

    /// True when `length` bytes from `offset` lie within what blocks have been given out.
    pub fn covers(&self, offset: u64, length: u64) -> bool {
        offset >= FIRST_OFFSET && offset.checked_add(length).is_some_and(|end| end <= self.end)
    }

    /// Where the arena's used part ends.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Forgets every block.
    pub fn reset(&mut self) {
        self.table.clear();
        self.end = FIRST_OFFSET;
        if self.any_free {
            self.free.fill(NONE);
            self.any_free = false;
        }
        // A call that made millions of blocks must not keep their table for ever.
        if self.table.capacity() > 65_536 {
            self.table.shrink_to(1024);
        }
    }

    fn find(&mut self, handle: u64) -> Option<usize> {
        let handle = u32::try_from(handle).ok()?;
        let known = recent(&mut self.recent, handle);
        let index = match self.table.get(*known as usize) {
            Some(block) if block.offset == handle => *known as usize,
            _ => {
                let index = self.table.binary_search_by_key(&handle, |block| block.offset).ok()?;
                *known = index as u32;
                index
            }
        };
        (self.table[index].state == State::Used).then_some(index)
    }
}

/// Where the place of a handle's block is remembered, if it is. Multiplied, since blocks of one size lie at even steps.
fn recent(places: &mut [u32; RECENT], handle: u32) -> &mut u32 {
    &mut places[(handle.wrapping_mul(0x9e37_79b1) >> 28) as usize % RECENT]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_holds_its_lengths_and_wastes_at_most_an_eighth() {
        for length in (1..100_000u64).chain([1 << 20, (1 << 20) + 1, 100_000_001, ARENA_BYTES_MAX]) {
            let (class, capacity) = class_of(length);
            assert!(capacity >= length, "{length}");
            assert!(capacity <= length + length / 8 + 8, "{length} got {capacity}");
            assert!(class <= CLASSES, "{length} has class {class}");
        }
    }

    #[test]
    fn blocks_of_one_class_have_one_capacity() {
        let mut seen = std::collections::HashMap::new();
        for length in 1..200_000u64 {
            let (class, capacity) = class_of(length);
            assert_eq!(*seen.entry(class).or_insert(capacity), capacity, "length {length}");
        }
    }

    #[test]
    fn what_is_no_handle_has_no_length() {
        let mut blocks = Blocks::default();
        let handle = blocks.alloc(10).unwrap();
        assert_eq!(blocks.length(handle), Some(10));
        for wild in [0, 1, handle - 1, handle + 1, handle + 8, u64::MAX, 1 << 32, handle | 1 << 32] {
            assert_eq!(blocks.length(wild), None, "{wild}");
            assert!(!blocks.free(wild), "{wild}");
        }
    }

    #[test]
    fn a_freed_block_is_given_out_again_and_never_twice() {
        let mut blocks = Blocks::default();
        let first = blocks.alloc(100).unwrap();
        assert!(blocks.free(first));
        assert!(!blocks.free(first), "freed twice");
        assert_eq!(blocks.length(first), None);
        let again = blocks.alloc(97).unwrap();
        let other = blocks.alloc(97).unwrap();
        assert_eq!(again, first);
        assert_ne!(other, first);
        assert_eq!(blocks.length(again), Some(97));
    }

    #[test]
    fn random_use_never_overlaps() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut blocks = Blocks::default();
        let mut live: Vec<(u64, u64)> = Vec::new();
        for _ in 0..20_000 {
            if live.is_empty() || rng.bool() {
                let length = rng.u64(1..5000);
                let handle = blocks.alloc(length).unwrap();
                for (other, other_length) in &live {
                    assert!(handle + length <= *other || other + other_length <= handle, "overlap at {handle}");
                }
                live.push((handle, length));
            } else {
                let (handle, length) = live.swap_remove(rng.usize(..live.len()));
                assert_eq!(blocks.length(handle), Some(length));
                assert!(blocks.free(handle));
            }
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let mut blocks = Blocks::default();
        assert_eq!(blocks.alloc(0), None);
        assert_eq!(blocks.alloc(u64::MAX), None);
        assert_eq!(blocks.alloc(1 << 32), None);
        assert!(!blocks.covers(FIRST_OFFSET, u64::MAX));
        assert!(!blocks.covers(0, 1));
    }
}
