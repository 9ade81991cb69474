//! The sizes in which bulk instructions work.

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
    /// Fuel that a chunk costs besides its instructions; 0 where fuel is not counted.
    pub(super) fuel: u32,
}

impl Chunks {
    /// Some ten microseconds' worth.
    pub(super) const PLAIN: Chunks = Chunks { bytes: 64 << 10, elements: 4 << 10, fuel: 0 };
    /// A unit of fuel for each 64 bytes, or eight elements.
    pub(super) const FUELLED: Chunks =
        Chunks { bytes: 4 << 10, elements: 512, fuel: (4 << 10) / BYTES_OF_A_UNIT as u32 };

    /// The chunks of an engine that counts fuel or does not.
    pub fn of(fuelled: bool) -> Self {
        if fuelled { Chunks::FUELLED } else { Chunks::PLAIN }
    }
}
