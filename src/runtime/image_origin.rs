//! Where the image of a program came from.

/// Where an image came from. Of a program with several modules, the dearest of theirs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageOrigin {
    /// The image was compiled or read before, by this process.
    #[default]
    Memory,
    /// The image was compiled by an earlier process.
    Disk,
    Compiled,
}

impl ImageOrigin {
    /// Every origin, in the order of their numbers: the cheapest first.
    pub const ALL: [ImageOrigin; 3] = [ImageOrigin::Memory, ImageOrigin::Disk, ImageOrigin::Compiled];
}
