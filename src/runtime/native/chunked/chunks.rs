//! The chunk sizes of bulk instructions.

use crate::runtime::native::fuel::BYTES_OF_A_UNIT;

/// The default page size of a memory, as a power of two in bytes.
pub(super) const PAGE_SIZE_LOG2: u32 = 16;

/// The work between two checks of the epoch.
#[derive(Clone, Copy)]
pub struct Chunks {
    /// Bytes of a memory.
    pub(super) bytes: u32,
    /// Elements of a table or array.
    pub(super) elements: u32,
    /// Fuel of a chunk, without its instructions; 0 where fuel is not counted.
    pub(super) fuel: u32,
}

impl Chunks {
    /// Chunks of some ten microseconds.
    pub(super) const PLAIN: Chunks = Chunks { bytes: 64 << 10, elements: 4 << 10, fuel: 0 };
    /// A unit of fuel for each 64 bytes, or eight elements.
    pub(super) const FUELLED: Chunks =
        Chunks { bytes: 4 << 10, elements: 512, fuel: (4 << 10) / BYTES_OF_A_UNIT as u32 };

    /// The chunks of an engine with or without fuel.
    pub fn of(fuelled: bool) -> Self {
        if fuelled { Chunks::FUELLED } else { Chunks::PLAIN }
    }
}
