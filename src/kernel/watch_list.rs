//! Watched processes and the state of their files at the last scan.

use std::collections::BTreeMap;
use std::io;
use std::time::Instant;

use super::view::ProcessId;
use crate::locks::{Mutex, Rank};
use crate::runtime::source::FileSet;

/// Most watched processes.
pub const WATCHED_MAX: usize = 1_000;

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
    pub source: String,
    /// Hashes of the code that the process runs or that a reload last tried.
    pub tried: Vec<String>,
    /// The files as of the last scan.
    pub files: FileSet,
    state: State,
    /// The last complaint in a notice, which is not repeated.
    pub told: Option<String>,
}

/// State of a process's files.
#[derive(Clone, Copy, PartialEq)]
pub enum State {
    /// Nothing has changed since the files were last read.
    Same,
    /// The files have changed; they are read once a scan finds no further change.
    Changed,
    /// The files are read again at that time, or earlier after a change.
    Failed(Instant),
    /// The files are being read, or the process is being reloaded.
    Reloading,
}

/// Result of reading files again.
pub struct Read {
    pub files: FileSet,
    pub tried: Option<Vec<String>>,
    pub state: State,
    pub told: Option<String>,
}

impl State {
    /// What files are that were just read: what was read of one that had just been written may not be all.
    pub fn of(files: &FileSet) -> State {
        if files.are_settled() { State::Same } else { State::Changed }
    }
}

impl Default for WatchList {
    fn default() -> Self {
        WatchList { inner: Mutex::new(Rank::Watches, Inner::default()) }
    }
}

impl WatchList {
    /// Adds a process; `start` starts the thread that looks, where none runs. Refused past [`WATCHED_MAX`], and where there is
    /// no thread: why.
    pub fn add(&self, id: ProcessId, watched: Watched, start: impl FnOnce() -> io::Result<()>) -> Result<(), String> {
        let mut inner = self.inner.lock();
        if inner.watched.len() >= WATCHED_MAX {
            return Err(format!("{WATCHED_MAX} processes are watched, the most that can be"));
        }
        if !inner.running {
            start().map_err(|error| error.to_string())?;
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

    /// Looks at the files of all but the `dead`, who are watched no more; `reload` begins to read those that have changed, and
    /// is false where it could not. False when nothing is watched any more: the thread that looks ends then.
    pub fn look(&self, dead: &[ProcessId], mut reload: impl FnMut(ProcessId, &Watched) -> bool) -> bool {
        let mut inner = self.inner.lock();
        inner.watched.retain(|id, _| !dead.contains(id));
        for (id, watched) in &mut inner.watched {
            if watched.is_due() && reload(*id, watched) {
                watched.state = State::Reloading;
            }
        }
        inner.running = !inner.watched.is_empty();
        inner.running
    }

    /// Stores the result of reading a process's files.
    pub fn took(&self, id: ProcessId, read: Read) {
        if let Some(watched) = self.inner.lock().watched.get_mut(&id) {
            watched.files = read.files;
            watched.tried = read.tried.unwrap_or_else(|| std::mem::take(&mut watched.tried));
            (watched.state, watched.told) = (read.state, read.told);
        }
    }
}

impl Watched {
    /// A newly watched process, with the hashes of its code.
    pub fn new(source: String, files: FileSet, tried: Vec<String>) -> Watched {
        Watched { source, tried, state: State::of(&files), files, told: None }
    }

    /// Whether the files are due to be read.
    fn is_due(&mut self) -> bool {
        if self.state == State::Reloading {
            return false;
        }
        let now = self.files.now();
        let same = now.are_as(&self.files);
        self.files = now;
        match self.state {
            _ if !same => {
                self.state = State::Changed;
                false
            }
            State::Changed => true,
            State::Failed(again) => again <= Instant::now(),
            State::Same | State::Reloading => false,
        }
    }
}
