//! Watched processes and the state of their files at the last scan.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::call_failure::CallFailure;
use super::view::ProcessId;
use super::watch_error::{WATCHED_MAX, WatchError};
use crate::locks::{Mutex, Rank};
use crate::runtime::source::FileSet;

/// The watched processes.
pub struct WatchList {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    watched: BTreeMap<ProcessId, Watched>,
    /// True while the scanning thread runs.
    running: bool,
}

/// One watched process.
pub struct Watched {
    /// Path of the file that the process came from.
    pub source: String,
    /// Hashes of the code that the process runs or that a reload last tried.
    pub tried_hashes: Vec<String>,
    /// The files as of the last scan.
    pub files: FileSet,
    state: FileState,
    /// The reason in the last notice that the process keeps its code; an equal one is not sent again.
    pub last_complaint: Option<Arc<CallFailure>>,
}

/// State of a process's files.
#[derive(Clone, Copy, PartialEq)]
pub enum FileState {
    /// The files are as they were last read.
    Same,
    /// The files have changed; they are read once a scan finds no further change.
    Changed,
    /// The files are read again at that time, or earlier after a change.
    Failed(Instant),
    /// The files are being read, or the process is being reloaded.
    Reloading,
}

/// Result of reading files again.
pub struct RereadFiles {
    /// The files as they were read; as before when reading failed.
    pub files: FileSet,
    /// Hashes of the code that was loaded; `None` when the process runs that code, or when reading failed.
    pub tried_hashes: Option<Vec<String>>,
    /// State from which the next scan continues.
    pub state: FileState,
    /// The reason in the last notice that the process keeps its code.
    pub last_complaint: Option<Arc<CallFailure>>,
}

impl FileState {
    /// State of files that were just read. Files written within the clock's resolution count as changed, since more may
    /// have been written since.
    pub fn of(files: &FileSet) -> FileState {
        if files.are_settled() { FileState::Same } else { FileState::Changed }
    }
}

impl Default for WatchList {
    fn default() -> Self {
        WatchList { inner: Mutex::new(Rank::Watches, Inner::default()) }
    }
}

impl WatchList {
    /// Adds a process; `start` starts the scanning thread if none runs.
    ///
    /// # Errors
    /// [`WATCHED_MAX`] processes are watched, or the thread could not be started.
    pub fn add(
        &self,
        id: ProcessId,
        watched: Watched,
        start: impl FnOnce() -> io::Result<()>,
    ) -> Result<(), WatchError> {
        let mut inner = self.inner.lock();
        if inner.watched.len() >= WATCHED_MAX {
            return Err(WatchError::TooMany);
        }
        if !inner.running {
            start().map_err(|error| WatchError::NoThread(error.to_string()))?;
            inner.running = true;
        }
        inner.watched.insert(id, watched);
        Ok(())
    }

    /// Whether a process is in the list.
    pub fn has(&self, id: ProcessId) -> bool {
        self.inner.lock().watched.contains_key(&id)
    }

    /// All watched processes.
    pub fn ids(&self) -> Vec<ProcessId> {
        self.inner.lock().watched.keys().copied().collect()
    }

    /// Scans the files of every watched process, after removing the `dead` ones. `reload` starts reading files that
    /// have changed, and returns false if it could not. Returns false when no process is watched, which ends the
    /// scanning thread.
    pub fn scan(&self, dead: &[ProcessId], mut reload: impl FnMut(ProcessId, &Watched) -> bool) -> bool {
        let mut inner = self.inner.lock();
        inner.watched.retain(|id, _| !dead.contains(id));
        for (id, watched) in &mut inner.watched {
            if watched.is_due() && reload(*id, watched) {
                watched.state = FileState::Reloading;
            }
        }
        inner.running = !inner.watched.is_empty();
        inner.running
    }

    /// Stores the result of reading a process's files.
    pub fn store_read(&self, id: ProcessId, read: RereadFiles) {
        if let Some(watched) = self.inner.lock().watched.get_mut(&id) {
            watched.files = read.files;
            watched.tried_hashes = read.tried_hashes.unwrap_or_else(|| std::mem::take(&mut watched.tried_hashes));
            (watched.state, watched.last_complaint) = (read.state, read.last_complaint);
        }
    }
}

impl Watched {
    /// A newly watched process, with the hashes of its code.
    pub fn new(source: String, files: FileSet, tried_hashes: Vec<String>) -> Watched {
        Watched { source, tried_hashes, state: FileState::of(&files), files, last_complaint: None }
    }

    /// Whether the files are due to be read.
    fn is_due(&mut self) -> bool {
        if self.state == FileState::Reloading {
            return false;
        }
        let now = self.files.now();
        let same = now.are_as(&self.files);
        self.files = now;
        match self.state {
            _ if !same => {
                self.state = FileState::Changed;
                false
            }
            FileState::Changed => true,
            FileState::Failed(again) => again <= Instant::now(),
            FileState::Same | FileState::Reloading => false,
        }
    }
}
