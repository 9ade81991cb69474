//! The table of blocks in the order of their addresses: found by handle, pushed at the end, split in the middle, and
//! searched for the first free one that is large enough. Memory, and when a block may be
//! reused, are the caller's.

/// Blocks of one chunk, and children of one node of the tree of maxima.
const FANOUT: usize = 64;
/// Blocks whose place is remembered; a power of two.
const RECENT: usize = 16;
/// Entries that the vectors keep from one call to the next.
const KEPT_ENTRIES: usize = 64;

/// Where a block is in the table. Valid until the next [`BlockIndex::split`] or [`BlockIndex::clear`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlockSlot {
    chunk: u32,
    at: u32,
}

/// The result of the last search: no free block before `slot` has `length` bytes. A `length` of 0: no search is known.
#[derive(Clone, Copy)]
struct Floor {
    slot: BlockSlot,
    length: u32,
}

const NO_FLOOR: Floor = Floor { slot: BlockSlot { chunk: 0, at: 0 }, length: 0 };

impl Default for Floor {
    fn default() -> Self {
        NO_FLOOR
    }
}

/// A block. A block with `used` 0 is free: none in use is empty.
#[derive(Clone, Copy, Default)]
struct Block {
    offset: u32,
    size: u32,
    used: u32,
}

/// Up to [`FANOUT`] neighbours.
struct Chunk {
    len: usize,
    blocks: [Block; FANOUT],
}

/// The table. A search for a free block is logarithmic in the number of blocks, whatever was freed in which order.
#[derive(Default)]
#[expect(clippy::vec_box, reason = "a chunk that comes in between moves pointers, not blocks")]
pub struct BlockIndex {
    /// In chunks, so that a split moves few neighbours.
    chunks: Vec<Box<Chunk>>,
    /// The offset of each chunk's first block.
    firsts: Vec<u32>,
    /// Upper bounds of free block sizes: of each chunk, then of each [`FANOUT`] entries of the level before. The last
    /// level has at most [`FANOUT`] entries. Taking a block leaves the bounds; a search that finds one too high lowers
    /// it.
    largest: Vec<Vec<u32>>,
    floor: Floor,
    blocks: usize,
    /// A cache of the last positions by handle: a call makes few blocks and looks each up many times.
    recent: [u32; RECENT],
}

impl Chunk {
    fn new() -> Box<Self> {
        Box::new(Chunk { len: 0, blocks: [Block::default(); FANOUT] })
    }

    fn blocks(&self) -> &[Block] {
        &self.blocks[..self.len]
    }

    fn insert(&mut self, at: usize, block: Block) {
        self.blocks.copy_within(at..self.len, at + 1);
        self.blocks[at] = block;
        self.len += 1;
    }

    /// Moves the upper half to a new chunk.
    fn halve(&mut self) -> Box<Self> {
        let mut upper = Chunk::new();
        let middle = self.len / 2;
        upper.len = self.len - middle;
        upper.blocks[..upper.len].copy_from_slice(&self.blocks[middle..self.len]);
        self.len = middle;
        upper
    }

    fn largest_free(&self) -> u32 {
        let sizes = self.blocks().iter().map(|block| if block.used == 0 { block.size } else { 0 });
        sizes.max().unwrap_or(0)
    }

    #[inline]
    fn first_fit(&self, from: usize, length: u32) -> Option<usize> {
        let blocks = self.blocks().get(from..)?;
        Some(from + blocks.iter().position(|block| block.used == 0 && block.size >= length)?)
    }
}

impl BlockIndex {
    /// Count of blocks, free ones included.
    #[inline]
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// The size of the table, in bytes.
    #[inline]
    pub fn table_bytes(&self) -> u64 {
        let chunk = size_of::<Chunk>() + size_of::<Box<Chunk>>() + 2 * size_of::<u32>();
        (self.chunks.len() * chunk) as u64
    }

    /// Adds a block in use after all others: `offset` is beyond theirs.
    #[inline]
    pub fn push(&mut self, offset: u32, size: u32) {
        if self.chunks.last().is_none_or(|chunk| chunk.len == FANOUT) {
            self.add_chunk(offset);
        }
        let number = self.chunks.len() - 1;
        let chunk = &mut self.chunks[number];
        let at = chunk.len;
        chunk.blocks[at] = Block { offset, size, used: size };
        chunk.len = at + 1;
        self.blocks += 1;
        self.recent[place(offset)] = (number * FANOUT + at) as u32;
    }

    #[cold]
    fn add_chunk(&mut self, first: u32) {
        self.chunks.push(Chunk::new());
        self.firsts.push(first);
        self.add_leaf();
    }

    /// The block at a handle, in use or free.
    #[inline]
    pub fn find(&mut self, handle: u64) -> Option<BlockSlot> {
        let handle = u32::try_from(handle).ok()?;
        let known = self.recent[place(handle)] as usize;
        let (chunk, at) = (known / FANOUT, known % FANOUT);
        if self.chunks.get(chunk).is_some_and(|chunk| at < chunk.len && chunk.blocks[at].offset == handle) {
            return Some(BlockSlot { chunk: chunk as u32, at: at as u32 });
        }
        self.search(handle)
    }

    fn search(&mut self, handle: u32) -> Option<BlockSlot> {
        let chunk = self.firsts.partition_point(|first| *first <= handle).checked_sub(1)?;
        let at = self.chunks[chunk].blocks().binary_search_by_key(&handle, |block| block.offset).ok()?;
        self.recent[place(handle)] = (chunk * FANOUT + at) as u32;
        Some(BlockSlot { chunk: chunk as u32, at: at as u32 })
    }

    /// The offset of a block.
    #[inline]
    pub fn offset(&self, slot: BlockSlot) -> u32 {
        self.chunks[slot.chunk as usize].blocks[slot.at as usize].offset
    }

    /// The capacity of a block.
    #[inline]
    pub fn size(&self, slot: BlockSlot) -> u32 {
        self.chunks[slot.chunk as usize].blocks[slot.at as usize].size
    }

    /// Used bytes of a block; 0 for a free one.
    #[inline]
    pub fn used(&self, slot: BlockSlot) -> u32 {
        self.chunks[slot.chunk as usize].blocks[slot.at as usize].used
    }

    /// Makes a block free, where it is in use; false where it is not.
    #[inline]
    pub fn free(&mut self, slot: BlockSlot) -> bool {
        let chunk = slot.chunk as usize;
        let block = &mut self.chunks[chunk].blocks[slot.at as usize];
        if block.used == 0 {
            return false;
        }
        block.used = 0;
        let size = block.size;
        if size > self.largest[0][chunk] {
            self.set_largest(chunk, size);
        }
        if slot < self.floor.slot && size >= self.floor.length {
            self.floor.slot = slot;
        }
        true
    }

    /// Takes a free block into use.
    #[inline]
    pub fn take(&mut self, slot: BlockSlot, used: u32) {
        self.chunks[slot.chunk as usize].blocks[slot.at as usize].used = used;
    }

    /// Shortens a free block to `size`, and makes a block in use of `used` bytes at `offset`.
    pub fn split(&mut self, slot: BlockSlot, size: u32, offset: u32, used: u32) {
        let (mut chunk, mut at) = (slot.chunk as usize, slot.at as usize);
        self.chunks[chunk].blocks[at].size = size;
        self.floor = NO_FLOOR;
        let part = Block { offset, size: used, used };
        if self.chunks[chunk].len == FANOUT {
            let upper = self.chunks[chunk].halve();
            self.firsts.insert(chunk + 1, upper.blocks[0].offset);
            self.chunks.insert(chunk + 1, upper);
            let half = self.chunks[chunk].len;
            if at >= half {
                (chunk, at) = (chunk + 1, at - half);
            }
            self.chunks[chunk].insert(at + 1, part);
            self.rebuild();
        } else {
            self.chunks[chunk].insert(at + 1, part);
        }
        self.blocks += 1;
        self.recent[place(offset)] = (chunk * FANOUT + at + 1) as u32;
    }

    /// The free block of the lowest address that `length` bytes fit into. `length` is not 0.
    #[inline]
    pub fn first_fit(&mut self, length: u32) -> Option<BlockSlot> {
        let Floor { slot, length: floor } = self.floor;
        if floor == 0 || length < floor {
            return self.first_fit_of_all(length);
        }
        let chunk = self.chunks.get(slot.chunk as usize)?;
        let Some(at) = chunk.first_fit(slot.at as usize, length) else { return self.first_fit_of_all(length) };
        let slot = BlockSlot { chunk: slot.chunk, at: at as u32 };
        if length == floor {
            self.floor.slot = slot;
        }
        Some(slot)
    }

    fn first_fit_of_all(&mut self, length: u32) -> Option<BlockSlot> {
        loop {
            let chunk = self.first_chunk(length)?;
            if let Some(at) = self.chunks[chunk].first_fit(0, length) {
                let slot = BlockSlot { chunk: chunk as u32, at: at as u32 };
                if self.floor.length == 0 || length <= self.floor.length {
                    self.floor = Floor { slot, length };
                }
                return Some(slot);
            }
            // The bound is too high: blocks were taken since it was set.
            self.set_largest(chunk, self.chunks[chunk].largest_free());
        }
    }

    /// The first chunk that may have a free block of `length` bytes.
    fn first_chunk(&self, length: u32) -> Option<usize> {
        let fits = |size: &u32| *size >= length;
        let (top, below) = self.largest.split_last()?;
        let mut entry = top.iter().position(fits)?;
        for level in below.iter().rev() {
            let start = entry * FANOUT;
            let end = level.len().min(start + FANOUT);
            entry = start + level[start..end].iter().position(fits)?;
        }
        Some(entry)
    }

    /// Forgets every block. A call that made millions of blocks does not keep their table.
    #[inline]
    pub fn clear(&mut self) {
        self.blocks = 0;
        self.floor = NO_FLOOR;
        if self.chunks.len() > 1 {
            self.drop_all_but_one();
        }
        // The first block of each call has one offset, so the chunk's first offset stays.
        if let (Some(chunk), Some(largest)) = (self.chunks.first_mut(), self.largest.first_mut()) {
            chunk.len = 0;
            largest[0] = 0;
        }
    }

    #[cold]
    fn drop_all_but_one(&mut self) {
        self.chunks.truncate(1);
        self.chunks.shrink_to(KEPT_ENTRIES);
        self.firsts.truncate(1);
        self.firsts.shrink_to(KEPT_ENTRIES);
        self.largest.truncate(1);
        self.largest[0].truncate(1);
        self.largest[0].shrink_to(KEPT_ENTRIES);
    }

    /// One more chunk at the end, with nothing free in it.
    fn add_leaf(&mut self) {
        if self.largest.is_empty() {
            self.largest.push(Vec::new());
        }
        self.largest[0].push(0);
        for level in 1..self.largest.len() {
            if self.largest[level - 1].len() <= self.largest[level].len() * FANOUT {
                return;
            }
            self.largest[level].push(0);
        }
        self.add_levels();
    }

    /// Adds levels until the last one is short enough.
    fn add_levels(&mut self) {
        while let Some(top) = self.largest.last().filter(|top| top.len() > FANOUT) {
            let above = top.chunks(FANOUT).map(largest_of).collect();
            self.largest.push(above);
        }
    }

    /// Sets the largest free size of a chunk and of the levels above.
    fn set_largest(&mut self, chunk: usize, size: u32) {
        let (mut entry, mut size) = (chunk, size);
        for level in 0..self.largest.len() {
            let before = std::mem::replace(&mut self.largest[level][entry], size);
            let Some(above) = self.largest.get(level + 1) else { return };
            let parent = entry / FANOUT;
            if before == size || (size < before && before < above[parent]) || (size > before && size <= above[parent]) {
                return;
            }
            if size < before {
                let children = &self.largest[level][parent * FANOUT..];
                size = largest_of(&children[..children.len().min(FANOUT)]);
            }
            entry = parent;
        }
    }

    /// Computes all bounds anew, after a chunk was inserted.
    fn rebuild(&mut self) {
        self.largest.truncate(1);
        let leaves = &mut self.largest[0];
        leaves.clear();
        leaves.extend(self.chunks.iter().map(|chunk| chunk.largest_free()));
        self.add_levels();
    }
}

fn largest_of(sizes: &[u32]) -> u32 {
    sizes.iter().copied().max().unwrap_or(0)
}

/// The cache entry of a handle. Hashed by multiplication: blocks of one size lie at even steps.
fn place(handle: u32) -> usize {
    (handle.wrapping_mul(0x9e37_79b1) >> 28) as usize % RECENT
}

#[cfg(test)]
#[path = "block_index_tests.rs"]
mod tests;
