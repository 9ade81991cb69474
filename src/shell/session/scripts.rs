//! The script that a session runs: its place, its depth among sourced files, the recording of its calls, and the
//! rewrites of its expectations.

use std::sync::Arc;

use crate::shell::place::ScriptPlace;
use crate::shell::recording::CallFile;

/// The most files that may source one another: a script that sources itself ends here.
pub const SOURCE_DEPTH_MAX: usize = 32;

/// The state of a session that belongs to its scripts.
#[derive(Default)]
pub struct Scripts {
    /// The number of files that source one another now, at most [`SOURCE_DEPTH_MAX`].
    source_depth: usize,
    /// The place of the lines that run now.
    place: ScriptPlace,
    /// The file that calls are written to, between `record FILE` and `record off`.
    recording: Option<Arc<CallFile>>,
    /// How many expectations were looked at.
    expectations: u64,
    /// The new words of expectations that do not hold; `None`: they fail.
    rewrites: Option<Vec<Rewrite>>,
}

/// The last word with which an expectation holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rewrite {
    /// Bytes, as INPUT.
    Bytes(Vec<u8>),
    /// A word as it is typed.
    Word(String),
}

impl Scripts {
    /// Whether lines of a sourced file run now.
    pub fn is_sourcing(&self) -> bool {
        self.source_depth > 0
    }

    /// Counts a sourced file that begins; false when there are [`SOURCE_DEPTH_MAX`] already.
    pub fn begin_source(&mut self) -> bool {
        let fits = self.source_depth < SOURCE_DEPTH_MAX;
        self.source_depth += usize::from(fits);
        fits
    }

    /// Counts the end of a sourced file.
    pub fn end_source(&mut self) {
        self.source_depth = self.source_depth.saturating_sub(1);
    }

    pub fn place(&self) -> &ScriptPlace {
        &self.place
    }

    /// Sets the place of the lines that run next, and returns the place before.
    pub fn replace_place(&mut self, place: ScriptPlace) -> ScriptPlace {
        std::mem::replace(&mut self.place, place)
    }

    pub fn recording(&self) -> Option<&Arc<CallFile>> {
        self.recording.as_ref()
    }

    /// Sets the file that calls are written to, and returns the file before.
    pub fn replace_recording(&mut self, file: Option<Arc<CallFile>>) -> Option<Arc<CallFile>> {
        std::mem::replace(&mut self.recording, file)
    }

    /// Counts an expectation that is looked at.
    pub fn count_expectation(&mut self) {
        self.expectations += 1;
    }

    pub fn expectations(&self) -> u64 {
        self.expectations
    }

    /// Collects the new words of expectations from now on.
    pub fn begin_rewrites(&mut self) {
        self.rewrites = Some(Vec::new());
    }

    /// Ends the collection, and returns the new words.
    pub fn take_rewrites(&mut self) -> Vec<Rewrite> {
        self.rewrites.take().unwrap_or_default()
    }

    pub fn rewrites(&mut self) -> Option<&mut Vec<Rewrite>> {
        self.rewrites.as_mut()
    }
}
