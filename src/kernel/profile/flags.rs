//! Flags between a chain's thread and the sampling thread.

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

/// Flags of one chain. All false while no profile is taken.
#[derive(Default)]
pub struct SampleFlags {
    /// A look has not been answered yet.
    due: AtomicBool,
    /// The depth of the deepest call of which samples lack the frames of their callers; 0: none.
    open_depth: AtomicU16,
}

impl SampleFlags {
    /// Asks for a sample; true when the one before was not taken.
    pub fn ask(&self) -> bool {
        self.due.swap(true, Ordering::Relaxed)
    }

    /// Whether a sample is due; answered by [`SampleFlags::take`].
    pub fn is_due(&self) -> bool {
        self.due.load(Ordering::Relaxed)
    }

    /// Answers the look; true when there was one.
    pub fn take(&self) -> bool {
        self.is_due() && self.due.swap(false, Ordering::Relaxed)
    }

    /// Whether samples lack the frames of their callers.
    pub fn is_open(&self) -> bool {
        self.open_depth() > 0
    }

    /// The depth of the deepest call of which samples lack the frames of their callers; 0: none.
    pub fn open_depth(&self) -> u16 {
        self.open_depth.load(Ordering::Relaxed)
    }

    /// Sets the depth of the deepest call of which samples lack the frames of their callers.
    pub fn set_open_depth(&self, depth: u16) {
        self.open_depth.store(depth, Ordering::Relaxed);
    }
}
