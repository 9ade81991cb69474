//! The allocator of the arena. It follows Extism's kernel rule by rule, so that a guest gets the handles and finds the
//! bytes that the stock host would give it.
//!
//! Blocks lie one after the other, each behind a header. A freed block stays as it is: it is given out again, lowest
//! address first, only where the memory would have to grow instead. The kernel keeps its table in the headers, where a
//! guest can forge it. Here [`BlockIndex`] holds it, out of the guest's reach, and the headers are written for the
//! guest to read. The caller grows the memory and writes the headers.

use super::block_index::BlockIndex;
use crate::runtime::PAGE_BYTES;

/// The offset of the first header, behind the kernel's root. 0 is no handle.
pub const ROOT_END: u64 = 65;
/// The header before each block: a status byte at 0, the size at 4, the used part at 8.
pub const HEADER_BYTES: u64 = 12;
/// The size of the kernel's root, which Extism's kernel counts neither as used nor as free memory.
const ROOT_BYTES: u64 = 64;
/// A freed block is split when at least as much would be left over.
const SPLIT_BYTES_MIN: u64 = 128;
/// The arena's end: 4 GiB less a page, so that an offset plus a load's width never wraps.
pub const ARENA_BYTES_MAX: u64 = (1 << 32) - (1 << 16);
/// Most blocks of one call, freed ones included; at 12 to 24 bytes a block the table stays under 100 MiB.
pub const BLOCKS_MAX: usize = 4_000_000;

/// The blocks of one instance.
pub struct Blocks {
    index: BlockIndex,
    /// The bytes of headers and blocks, after the root.
    position: u64,
    /// The length of the memory as the kernel counts it.
    memory_bytes: u64,
    /// The end of the memory that earlier calls may have written. Zeros follow.
    dirty_end: u64,
}

/// A freed block, or a part of one, for reuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reused {
    pub handle: u64,
    /// The free block that it was split from, and the rest of that.
    pub rest: Option<(u64, u64)>,
}

impl Default for Blocks {
    fn default() -> Self {
        Blocks { index: BlockIndex::default(), position: 0, memory_bytes: PAGE_BYTES - ROOT_BYTES, dirty_end: ROOT_END }
    }
}

impl Blocks {
    /// Reuses a freed block where a new one would need more memory and a freed one is large enough. `length`
    /// is at least 1.
    #[inline]
    pub fn reuse(&mut self, length: u64) -> Option<Reused> {
        let with_header = length.checked_add(HEADER_BYTES)?;
        if with_header < self.left() || with_header > self.position { None } else { self.reuse_first_fit(length) }
    }

    fn reuse_first_fit(&mut self, length: u64) -> Option<Reused> {
        let slot = self.index.first_fit(length as u32)?;
        let (offset, size) = (u64::from(self.index.offset(slot)), u64::from(self.index.size(slot)));
        if size - length < SPLIT_BYTES_MIN {
            self.index.take(slot, length as u32);
            return Some(Reused { handle: offset, rest: None });
        }
        if self.index.blocks() >= BLOCKS_MAX {
            return None;
        }
        let (handle, rest) = (offset + size - length, size - length - HEADER_BYTES);
        self.index.split(slot, rest as u32, handle as u32, length as u32);
        Some(Reused { handle, rest: Some((offset, rest)) })
    }

    /// The memory's end that a new block of `length` bytes needs; `None` where the arena or the table is full.
    #[inline]
    pub fn end_after(&self, length: u64) -> Option<u64> {
        let end = length.checked_add(self.end() + HEADER_BYTES)?;
        (end <= ARENA_BYTES_MAX && self.index.blocks() < BLOCKS_MAX).then_some(end)
    }

    /// A new block after all others: its handle. Its end is [`Blocks::end_after`]'s.
    #[inline]
    pub fn push(&mut self, length: u64) -> u64 {
        let with_header = length + HEADER_BYTES;
        let left = self.left();
        if with_header >= left {
            self.memory_bytes += (with_header - left).next_multiple_of(PAGE_BYTES);
        }
        let handle = self.end() + HEADER_BYTES;
        self.index.push(handle as u32, length as u32);
        self.position += with_header;
        handle
    }

    /// The length of the living block at a handle; `None` for any other number.
    #[inline]
    pub fn length(&mut self, handle: u64) -> Option<u64> {
        let slot = self.index.find(handle)?;
        Some(u64::from(self.index.used(slot))).filter(|used| *used > 0)
    }

    /// Frees the living block at a handle; false for any other number.
    #[inline]
    pub fn free(&mut self, handle: u64) -> bool {
        self.index.find(handle).is_some_and(|slot| self.index.free(slot))
    }

    /// True when `length` bytes from `offset` lie in the memory as the kernel sees it. As there, a stretch of nothing
    /// needs a byte before it.
    #[inline]
    pub fn has_stretch(&self, offset: u64, length: u64) -> bool {
        let inside = |at: u64| at >= ROOT_END && at < self.memory_bytes + ROOT_END;
        inside(offset) && inside(offset.wrapping_add(length).wrapping_sub(1))
    }

    /// Whether `error_set` may be given this handle.
    pub fn has_place(&self, handle: u64) -> bool {
        handle == 0 || self.has_stretch(handle, 1)
    }

    /// The size of the table, in bytes.
    #[inline]
    pub fn table_bytes(&self) -> u64 {
        self.index.table_bytes()
    }

    /// The end of the last block.
    #[inline]
    pub fn end(&self) -> u64 {
        ROOT_END + self.position
    }

    /// The part of `start..end` that an earlier call may have written.
    #[inline]
    pub fn dirty(&self, start: u64, end: u64) -> std::ops::Range<u64> {
        start..end.min(self.dirty_end).max(start)
    }

    /// The memory's size as Extism's kernel reports it.
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

    /// Forgets every block. The memory keeps its length.
    #[inline]
    pub fn reset(&mut self) {
        self.dirty_end = self.dirty_end.max(self.end());
        self.position = 0;
        self.index.clear();
    }

    #[inline]
    fn left(&self) -> u64 {
        self.memory_bytes - self.position - ROOT_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A new block in a memory that can always grow.
    fn alloc(blocks: &mut Blocks, length: u64) -> u64 {
        blocks.reuse(length).map_or_else(|| blocks.push(length), |reused| reused.handle)
    }

    #[test]
    fn what_is_no_handle_has_no_length() {
        let mut blocks = Blocks::default();
        let handle = alloc(&mut blocks, 10);
        assert_eq!((handle, blocks.length(handle)), (77, Some(10)));
        for wild in [0, 1, handle - 1, handle + 1, handle + 8, u64::MAX, 1 << 32, handle | 1 << 32] {
            assert_eq!(blocks.length(wild), None, "{wild}");
            assert!(!blocks.free(wild), "{wild}");
        }
    }

    #[test]
    fn a_freed_block_waits_until_the_memory_would_grow() {
        let mut blocks = Blocks::default();
        let first = alloc(&mut blocks, 100);
        assert!(blocks.free(first));
        assert!(!blocks.free(first), "freed twice");
        assert_eq!(blocks.length(first), None);
        let rest = PAGE_BYTES - 2 * ROOT_BYTES - blocks.position - HEADER_BYTES - 1;
        assert_eq!(alloc(&mut blocks, rest), first + 100 + HEADER_BYTES);
        assert_eq!(alloc(&mut blocks, 97), first, "the page is full");
        assert_eq!((blocks.length(first), blocks.memory_bytes()), (Some(97), PAGE_BYTES - ROOT_BYTES));
        assert_ne!(alloc(&mut blocks, 97), first);
        assert_eq!(blocks.memory_bytes(), 2 * PAGE_BYTES - ROOT_BYTES);
    }

    #[test]
    fn a_large_freed_block_is_split_from_its_end() {
        let mut blocks = Blocks::default();
        let large = alloc(&mut blocks, 60_000);
        alloc(&mut blocks, 5_000);
        blocks.free(large);
        let part = blocks.reuse(1_000).unwrap();
        assert_eq!(part, Reused { handle: large + 59_000, rest: Some((large, 58_988)) });
        assert_eq!(blocks.reuse(58_988 - 127), Some(Reused { handle: large, rest: None }));
        assert_eq!(blocks.length(large), Some(58_988 - 127));
        assert_eq!(blocks.reuse(1), None);
    }

    #[test]
    fn random_use_never_overlaps() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut blocks = Blocks::default();
        let mut live: Vec<(u64, u64)> = Vec::new();
        for _ in 0..20_000 {
            if live.is_empty() || (live.len() < 200 && rng.bool()) {
                let length = rng.u64(1..5000);
                let handle = alloc(&mut blocks, length);
                for (other, other_length) in &live {
                    assert!(handle + length <= *other || other + other_length <= handle, "overlap at {handle}");
                }
                assert!(handle + length <= blocks.end() && blocks.end() <= blocks.memory_bytes() + ROOT_END);
                live.push((handle, length));
            } else {
                let (handle, length) = live.swap_remove(rng.usize(..live.len()));
                assert_eq!(blocks.length(handle), Some(length));
                assert!(blocks.free(handle));
            }
        }
        assert!(blocks.end() < 4_000_000, "it grew to {}", blocks.end());
    }

    #[test]
    fn there_are_only_so_many() {
        let mut blocks = Blocks::default();
        for _ in 0..BLOCKS_MAX {
            assert!(blocks.end_after(1).is_some());
            blocks.push(1);
        }
        assert_eq!(blocks.end_after(1), None);
        blocks.reset();
        assert!(blocks.end_after(1).is_some());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let blocks = Blocks::default();
        assert_eq!(blocks.end_after(ARENA_BYTES_MAX), None);
        assert!(!blocks.has_stretch(ROOT_END, u64::MAX));
        assert!(!blocks.has_stretch(0, 0));
        assert!(!blocks.has_stretch(ROOT_END, PAGE_BYTES));
        assert!(blocks.has_place(0) && !blocks.has_place(1) && !blocks.has_place(u64::MAX));
    }
}
