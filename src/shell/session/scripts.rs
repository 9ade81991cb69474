//! The script that a session runs: its place, its depth among sourced files, the recording of its calls, and the
//! rewrites of its expectations.

use std::sync::Arc;

use super::Session;
use crate::shell::place::ScriptPlace;
use crate::shell::recording::{CallFile, Entry};

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

impl Session {
    /// Whether lines of a sourced file run now.
    pub(in crate::shell) fn is_sourcing(&self) -> bool {
        self.scripts.source_depth > 0
    }

    /// Runs `work` as a sourced file; `None` when [`SOURCE_DEPTH_MAX`] files source one another already.
    pub fn sourcing<T>(&mut self, work: impl FnOnce(&mut Session) -> T) -> Option<T> {
        if self.scripts.source_depth >= SOURCE_DEPTH_MAX {
            return None;
        }
        self.scripts.source_depth += 1;
        let result = work(self);
        self.scripts.source_depth -= 1;
        Some(result)
    }

    /// Where the lines stand that run now.
    pub(in crate::shell) fn place(&self) -> &ScriptPlace {
        &self.scripts.place
    }

    /// Runs `work`, whose lines stand at `place`.
    pub fn at_place<T>(&mut self, place: ScriptPlace, work: impl FnOnce(&mut Session) -> T) -> T {
        let before = std::mem::replace(&mut self.scripts.place, place);
        let result = work(self);
        self.scripts.place = before;
        result
    }

    /// The file that calls are written to.
    pub fn recording(&self) -> Option<&Arc<CallFile>> {
        self.scripts.recording.as_ref()
    }

    /// Sets the file that calls are written to, and gives back the one before.
    pub fn set_recording(&mut self, file: Option<Arc<CallFile>>) -> Option<Arc<CallFile>> {
        std::mem::replace(&mut self.scripts.recording, file)
    }

    /// Writes what was done to processes or stubs into the recording, where one runs.
    pub(in crate::shell) fn record(&self, entry: impl FnOnce() -> Entry) {
        if let Some(file) = &self.scripts.recording {
            file.write(&entry());
        }
    }

    /// Runs `work`; expectations that do not hold meanwhile are given back rewritten and do not fail.
    pub(in crate::shell) fn rewriting<E>(
        &mut self,
        work: impl FnOnce(&mut Session) -> Result<(), E>,
    ) -> Result<Vec<Rewrite>, E> {
        self.scripts.rewrites = Some(Vec::new());
        let result = work(self);
        let rewrites = self.scripts.rewrites.take().unwrap_or_default();
        result.map(|()| rewrites)
    }

    /// What expectations are rewritten to; `None` where they fail.
    pub(in crate::shell) fn rewrites(&mut self) -> Option<&mut Vec<Rewrite>> {
        self.scripts.rewrites.as_mut()
    }
}
