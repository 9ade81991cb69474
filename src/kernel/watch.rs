//! `load --watch`: processes whose files are looked at, and which are reloaded when those have changed; their descendants
//! that came from files are watched as well, from the first look after their start. One thread looks
//! while anything is watched, and each reload has a thread of its own, so that a server that is silent holds up nobody else.
//! A change counts once the files have stayed the same from one look to the next, so that a half-written one is let be; code
//! that cannot be used leaves the old in place, and a notice says why. What a manifest names on the network is fetched when
//! its files have changed, and is not looked at before.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::Kernel;
use super::error::CallError;
use super::notices::Notice;
use super::replace::Replacement;
use super::view::ProcessId;
use super::watch_list::{Read, State, Watched};
use crate::journal::Outcome;
use crate::runtime::Program;
use crate::runtime::source::FileSet;

/// Interval of scans, with a `stat` for each file.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How often files that could not be read are tried again while they stay as they are: one that they name may be missing.
/// Where a server was asked they are not.
const TRY_AGAIN_EVERY: Duration = Duration::from_secs(1);
/// Time limit for the start of changed code, as nobody waits to interrupt it.
const START_MAX: Duration = Duration::from_secs(10);

fn hashes(program: &Program) -> Vec<String> {
    program.modules.iter().map(|module| module.sha256.clone()).collect()
}

/// Whether a program came from a file that can be looked at; else the error.
pub fn watchable(program: &Program) -> Result<(), CallError> {
    if std::path::Path::new(&program.origin).is_file() {
        return Ok(());
    }
    Err(CallError::new(Outcome::Error, format!("cannot watch `{}`: it is no file", program.origin)))
}

impl Kernel {
    /// Reloads a process whenever the file that it came from has changed, until it ends, and its descendants likewise.
    pub fn watch(self: &Arc<Self>, id: ProcessId) -> Result<(), CallError> {
        let process = self.living_or_error(id)?;
        let program = process.code().program.clone();
        let source = program.origin.clone();
        let refused = |why: &str| CallError::new(Outcome::Error, format!("cannot watch `{source}`: {why}"));
        watchable(&program)?;
        let files = self.sources().files_of(&source);
        let watched = Watched::new(source.clone(), files, hashes(&program));
        let kernel = Arc::downgrade(self);
        let start = || {
            let thread = std::thread::Builder::new().name("plugsh-watch".into());
            thread.spawn(move || look_on(&kernel)).map(drop)
        };
        self.watches().add(id, watched, start).map_err(|why| refused(&why))
    }

    /// Scans every watched file once; false when no process is watched any more.
    fn look_at_files(self: &Arc<Self>) -> bool {
        let ids = self.watches().ids();
        self.watch_descendants(&ids);
        let dead: Vec<ProcessId> = ids.into_iter().filter(|id| self.living(*id).is_none()).collect();
        self.watches().look(&dead, |id, watched| self.start_reload(id, watched))
    }

    /// Watches what watched processes have started. One that came from no file is let be, as are those past the most that
    /// can be watched.
    fn watch_descendants(self: &Arc<Self>, watched: &[ProcessId]) {
        let below: BTreeSet<ProcessId> = {
            let table = self.table().read();
            watched.iter().flat_map(|id| table.subtree(*id)).collect()
        };
        for id in below.into_iter().filter(|id| !watched.contains(id)) {
            self.watch(id).ok();
        }
    }

    /// Starts the thread of a reload; false on failure, which the next scan retries.
    fn start_reload(self: &Arc<Self>, id: ProcessId, watched: &Watched) -> bool {
        let (kernel, source, files) = (self.clone(), watched.source.clone(), watched.files.clone());
        let (tried, told) = (watched.tried.clone(), watched.told.clone());
        let reload = move || {
            let read = kernel.reread(id, &source, files, tried, told);
            kernel.watches().took(id, read);
        };
        std::thread::Builder::new().name("plugsh-reload".into()).spawn(reload).is_ok()
    }

    /// Reads the files of a process again, and reloads it if that gives other code than was `tried`. `before` are the files as
    /// they are.
    fn reread(
        self: &Arc<Self>,
        id: ProcessId,
        source: &str,
        before: FileSet,
        tried: Vec<String>,
        told: Option<String>,
    ) -> Read {
        let deadline = self.load_deadline(None);
        let mut asked_a_server = false;
        let read = self.sources().reread(source, &mut |_, _| {
            asked_a_server = true;
            self.living(id).is_some() && !deadline.is_some_and(|deadline| deadline.has_passed())
        });
        let (program, files) = match read {
            Ok(read) => read,
            Err(failure) => {
                let overdue = deadline.filter(|deadline| asked_a_server && deadline.has_passed());
                let failure = overdue.map_or(failure, |deadline| deadline.load_failure("fetched"));
                let why = self.load_error(source, failure, Outcome::Killed).message;
                let state = if asked_a_server { State::Same } else { State::Failed(Instant::now() + TRY_AGAIN_EVERY) };
                return Read { files: before, tried: None, state, told: self.complain(id, told, why) };
            }
        };
        let state = State::of(&files);
        let found = hashes(&program);
        if found == tried {
            return Read { files, tried: None, state, told };
        }
        let what = Replacement::Reload { program, force: false };
        let told = match self.replace_in(&self.new_task(0), id, &what, Some(START_MAX)) {
            Ok(replaced) => {
                let (process, calls_lost) = (replaced.label, replaced.calls_lost);
                self.notify(Notice::Reloaded { process, source: source.to_owned(), calls_lost });
                None
            }
            Err(error) => self.complain(id, told, error.message),
        };
        Read { files, tried: Some(found), state, told }
    }

    /// Sends one notice of why a process keeps its code. Returns the last one.
    fn complain(&self, id: ProcessId, told: Option<String>, why: String) -> Option<String> {
        // A process that ended meanwhile needs no notice.
        let process = self.living(id)?;
        if told.as_ref() != Some(&why) {
            self.notify(Notice::KeepsCode { process: process.label(), why: why.clone() });
        }
        Some(why)
    }

    /// Whether a process is reloaded when its file changes.
    pub fn is_watched(&self, id: ProcessId) -> bool {
        self.watches().has(id)
    }
}

fn look_on(kernel: &Weak<Kernel>) {
    loop {
        std::thread::sleep(POLL_INTERVAL);
        match kernel.upgrade() {
            Some(kernel) if kernel.look_at_files() => {}
            _ => return,
        }
    }
}
