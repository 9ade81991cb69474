//! Watched processes (`load --watch`): a process is reloaded when the files of its program change, and so are its
//! descendants that came from files, from the first scan after their start.
//!
//! One thread scans the files while any process is watched; each reload has a thread of its own, so that a slow server
//! delays no other process. A change counts once two scans in a row find the same files, so that a half-written file is
//! not loaded. Code that cannot be used leaves the running code in place, and a notice says why. Modules that a
//! manifest names by URL are fetched when its files change, and are not scanned.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::Kernel;
use super::call_failure::{CallFailure, FailureCause};
use super::error::CallError;
use super::notices::Notice;
use super::replace::ReplacementRequest;
use super::view::ProcessId;
use super::watch_error::{WATCHED_MAX, WatchError};
use super::watch_list::{FileState, RereadFiles, Watched};
use crate::journal::Outcome;
use crate::runtime::source::FileSet;
use crate::runtime::{Program, Wording};

/// Interval of scans, with a `stat` for each file. Events of the file system are no replacement: mounts of networks and
/// containers send none, and an editor that renames a new file into place is an event of its directory alone.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Time until files that could not be read are read again though they did not change: a file that they name may have
/// been missing. After a request to a server they are read again only when they change.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// Time limit for the start of changed code, as nobody waits to interrupt it.
const START_TIMEOUT: Duration = Duration::from_secs(10);

fn code_hashes(program: &Program) -> Vec<String> {
    program.modules.iter().map(|module| module.sha256.clone()).collect()
}

/// Checks that a program came from a file, which can be scanned.
///
/// # Errors
/// The program came from no file.
pub fn watchable(program: &Program) -> Result<(), CallError> {
    if std::path::Path::new(&program.origin).is_file() {
        return Ok(());
    }
    Err(refused(&program.origin, WatchError::NoFile))
}

fn refused(source: &str, error: WatchError) -> CallError {
    let cause = FailureCause::Watch { source: source.to_owned(), error };
    CallError::new(Outcome::Error, cause, Wording::default())
}

impl Kernel {
    /// Reloads a process and its descendants whenever the files that they came from change, until they end.
    ///
    /// # Errors
    /// The process has ended, its program is no file, too many processes are watched, or no thread can be started.
    pub fn watch(self: &Arc<Self>, id: ProcessId) -> Result<(), CallError> {
        let process = self.living_or_error(id)?;
        let program = process.code().program.clone();
        let source = program.origin.clone();
        watchable(&program)?;
        let files = self.sources().files_of(&source);
        let watched = Watched::new(source.clone(), files, code_hashes(&program));
        let kernel = Arc::downgrade(self);
        let start = || {
            let thread = std::thread::Builder::new().name("plugsh-watch".into());
            thread.spawn(move || scan_until_idle(&kernel)).map(drop)
        };
        self.watches().add(id, watched, start).map_err(|error| refused(&source, error))
    }

    /// Scans every watched file once; false when no process is watched any more.
    fn scan_files(self: &Arc<Self>) -> bool {
        let ids = self.watches().ids();
        self.watch_descendants(&ids);
        let dead: Vec<ProcessId> = ids.into_iter().filter(|id| self.living(*id).is_none()).collect();
        self.watches().scan(&dead, |id, watched| self.start_reload(id, watched))
    }

    /// Watches the descendants of watched processes, without those that came from no file and those past
    /// [`WATCHED_MAX`]. Each scan tries the rest again, as their file may be there by now,
    /// or another process have ended: a `stat` for each, and none while the list is full.
    fn watch_descendants(self: &Arc<Self>, watched: &[ProcessId]) {
        if watched.len() >= WATCHED_MAX {
            return;
        }
        let below: BTreeSet<ProcessId> = {
            let table = self.table().read();
            watched.iter().flat_map(|id| table.subtree(*id)).collect()
        };
        for id in below.into_iter().filter(|id| !watched.contains(id)) {
            // The next scan tries again.
            self.watch(id).ok();
        }
    }

    /// Starts the thread of a reload; false on failure, which the next scan retries.
    fn start_reload(self: &Arc<Self>, id: ProcessId, watched: &Watched) -> bool {
        let (kernel, source, files) = (self.clone(), watched.source.clone(), watched.files.clone());
        let (tried_hashes, last_complaint) = (watched.tried_hashes.clone(), watched.last_complaint.clone());
        let reload = move || {
            let read = kernel.reread(id, &source, files, tried_hashes, last_complaint);
            kernel.watches().store_read(id, read);
        };
        std::thread::Builder::new().name("plugsh-reload".into()).spawn(reload).is_ok()
    }

    /// Reads the files of a process again, and reloads it if their code has other hashes than `tried_hashes`. `before`
    /// is the state of the files at the scan that found the change.
    fn reread(
        self: &Arc<Self>,
        id: ProcessId,
        source: &str,
        before: FileSet,
        tried_hashes: Vec<String>,
        last_complaint: Option<Arc<CallFailure>>,
    ) -> RereadFiles {
        let deadline = self.load_deadline(None);
        let mut asked_server = false;
        let read = self.sources().reread(source, &mut |_, _| {
            asked_server = true;
            self.living(id).is_some() && !deadline.is_some_and(|deadline| deadline.has_passed())
        });
        let (program, files) = match read {
            Ok(read) => read,
            Err(failure) => {
                let overdue = deadline.filter(|deadline| asked_server && deadline.has_passed());
                let failure = overdue.map_or(failure, |deadline| deadline.load_failure("fetched"));
                let why = self.load_error(source, failure, Outcome::Killed).failure;
                let state =
                    if asked_server { FileState::Same } else { FileState::Failed(Instant::now() + RETRY_INTERVAL) };
                return RereadFiles {
                    files: before,
                    tried_hashes: None,
                    state,
                    last_complaint: self.notify_keeps_code(id, last_complaint, why),
                };
            }
        };
        let state = FileState::of(&files);
        let found = code_hashes(&program);
        if found == tried_hashes {
            return RereadFiles { files, tried_hashes: None, state, last_complaint };
        }
        let what = ReplacementRequest::Reload { program, force: false };
        let last_complaint = match self.replace_in(&self.new_task(0), id, &what, Some(START_TIMEOUT)) {
            Ok(replaced) => {
                let (process, calls_lost) = (replaced.label, replaced.calls_lost);
                self.notify(Notice::Reloaded { process, source: source.to_owned(), calls_lost });
                None
            }
            Err(error) => self.notify_keeps_code(id, last_complaint, error.failure),
        };
        RereadFiles { files, tried_hashes: Some(found), state, last_complaint }
    }

    /// Sends a notice that a process keeps its code and why, unless it equals the last one. Returns the reason; `None`
    /// for a process that has ended.
    fn notify_keeps_code(
        &self,
        id: ProcessId,
        last_complaint: Option<Arc<CallFailure>>,
        why: Arc<CallFailure>,
    ) -> Option<Arc<CallFailure>> {
        // A process that ended meanwhile needs no notice.
        let process = self.living(id)?;
        if last_complaint.as_ref() != Some(&why) {
            self.notify(Notice::KeepsCode { process: process.label(), failure: why.clone() });
        }
        Some(why)
    }

    /// Whether a process is reloaded when its file changes.
    pub fn is_watched(&self, id: ProcessId) -> bool {
        self.watches().has(id)
    }
}

fn scan_until_idle(kernel: &Weak<Kernel>) {
    loop {
        std::thread::sleep(POLL_INTERVAL);
        match kernel.upgrade() {
            Some(kernel) if kernel.scan_files() => {}
            _ => return,
        }
    }
}
