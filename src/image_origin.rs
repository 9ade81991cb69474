//! Where the image of a program came from: as a host gives it, and as the record of a load keeps it.

use serde::{Deserialize, Serialize};

/// Where an image came from. Of a program with several modules, the dearest of theirs. In the order of their cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageOrigin {
    /// The images and modules that this process has compiled or read before.
    #[default]
    Memory,
    /// The compiled modules of earlier processes.
    Disk,
    Compiled,
    /// The program is made of stubs, without a module.
    Stubs,
}

impl ImageOrigin {
    /// Every origin, in the order of their numbers.
    pub const ALL: [ImageOrigin; 4] =
        [ImageOrigin::Memory, ImageOrigin::Disk, ImageOrigin::Compiled, ImageOrigin::Stubs];

    /// The word for it, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            ImageOrigin::Memory => "memory",
            ImageOrigin::Disk => "disk",
            ImageOrigin::Compiled => "compiled",
            ImageOrigin::Stubs => "stubs",
        }
    }
}
