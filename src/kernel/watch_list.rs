//! Who is watched for changed files, and what the last look found.

use std::collections::BTreeMap;
use std::io;
use std::time::Instant;

use super::view::ProcessId;
use crate::locks::{Mutex, Rank};
use crate::runtime::source::FileSet;

/// Most processes that are watched.
pub const WATCHED_MAX: usize = 1_000;

/// Who is watched.
pub struct WatchList {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    watched: BTreeMap<ProcessId, Watched>,
    /// Whether the thread runs.
    running: bool,
}

/// One process that is watched.
pub struct Watched {
    pub source: String,
    /// What the process runs, or was last tried with.
    pub tried: Vec<String>,
    /// The files as the last look found them.
    pub files: FileSet,
    state: State,
    /// The complaint that was last told, so that it is told once.
    pub told: Option<String>,
}

/// What is known of a process's files.
#[derive(Clone, Copy, PartialEq)]
pub enum State {
    /// Nothing has changed since the files were last read.
    Same,
    /// Something has: they are read when the next look finds nothing new.
    Changed,
    /// They are read again at that time, if nothing changes before.
    Failed(Instant),
    /// They are being read, or the process is being reloaded.
    Reloading,
}

/// What came of reading files again.
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

    /// Whether a process is watched.
    pub fn has(&self, id: ProcessId) -> bool {
        self.inner.lock().watched.contains_key(&id)
    }

    /// All that are watched.
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

    /// Notes what came of reading a process's files.
    pub fn took(&self, id: ProcessId, read: Read) {
        if let Some(watched) = self.inner.lock().watched.get_mut(&id) {
            watched.files = read.files;
            watched.tried = read.tried.unwrap_or_else(|| std::mem::take(&mut watched.tried));
            (watched.state, watched.told) = (read.state, read.told);
        }
    }
}

impl Watched {
    /// A process that is watched from now on, with the hashes of what it runs.
    pub fn new(source: String, files: FileSet, tried: Vec<String>) -> Watched {
        Watched { source, tried, state: State::of(&files), files, told: None }
    }

    /// Whether its files are to be read now.
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
