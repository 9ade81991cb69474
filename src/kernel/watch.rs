//! `load --watch`: processes whose files are looked at, and which are reloaded when those have changed. One thread looks
//! while anything is watched, and each reload has a thread of its own, so that a server that is silent holds up nobody else.
//! A change counts once the files have stayed the same from one look to the next, so that a half-written one is let be; code
//! that cannot be used leaves the old in place, and a notice says why. What a manifest names on the network is fetched when
//! its files have changed, and is not looked at before.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Kernel;
use super::error::CallError;
use super::replace::Replacement;
use super::view::ProcessId;
use crate::journal::Outcome;
use crate::runtime::Program;
use crate::runtime::source::FileSet;

/// How often the files are looked at: a `stat` each.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often files that could not be read are tried again while they stay as they are: one that they name may be missing.
/// Where a server was asked they are not.
const TRY_AGAIN_EVERY: Duration = Duration::from_secs(1);
/// Nobody waits for the start of code that changed, so nobody would end one that never ends.
const START_MAX: Duration = Duration::from_secs(10);
/// Most processes that are watched.
pub const WATCHED_MAX: usize = 1_000;

/// Who is watched.
#[derive(Default)]
pub struct Watches {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    watched: BTreeMap<ProcessId, Watched>,
    /// Whether the thread runs.
    running: bool,
}

struct Watched {
    source: String,
    /// What the process runs, or was last tried with.
    tried: Vec<String>,
    /// The files as the last look found them.
    files: FileSet,
    state: State,
    /// The complaint that was last told, so that it is told once.
    told: Option<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
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
struct Read {
    files: FileSet,
    tried: Option<Vec<String>>,
    state: State,
    told: Option<String>,
}

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

impl Watched {
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

impl Kernel {
    /// Reloads a process whenever the file that it came from has changed, until it ends.
    pub fn watch(self: &Arc<Self>, id: ProcessId) -> Result<(), CallError> {
        let process = self.living_or_error(id)?;
        let program = process.slot.lock().code.program.clone();
        let source = program.origin.clone();
        let refused = |why: &str| CallError::new(Outcome::Error, format!("cannot watch `{source}`: {why}"));
        watchable(&program)?;
        let files = self.sources().files_of(&source);
        // What was read of a file that had just been written may not be all.
        let state = if files.are_settled() { State::Same } else { State::Changed };
        let mut inner = self.watches().inner.lock();
        if inner.watched.len() >= WATCHED_MAX {
            return Err(refused(&format!("{WATCHED_MAX} processes are watched, the most that can be")));
        }
        if !inner.running {
            let kernel = Arc::downgrade(self);
            let thread = std::thread::Builder::new().name("plugsh-watch".into());
            thread.spawn(move || look_on(&kernel)).map_err(|error| refused(&error.to_string()))?;
            inner.running = true;
        }
        inner.watched.insert(id, Watched { source, files, tried: hashes(&program), state, told: None });
        Ok(())
    }

    /// Looks at every watched file once; false when nothing is watched any more.
    fn look_at_files(self: &Arc<Self>) -> bool {
        let ids: Vec<ProcessId> = self.watches().inner.lock().watched.keys().copied().collect();
        let dead: Vec<ProcessId> = ids.into_iter().filter(|id| self.living(*id).is_none()).collect();
        let mut inner = self.watches().inner.lock();
        inner.watched.retain(|id, _| !dead.contains(id));
        for (id, watched) in &mut inner.watched {
            if watched.is_due() && self.start_reload(*id, watched) {
                watched.state = State::Reloading;
            }
        }
        inner.running = !inner.watched.is_empty();
        inner.running
    }

    /// False when there is no thread for it: the next look tries again.
    fn start_reload(self: &Arc<Self>, id: ProcessId, watched: &Watched) -> bool {
        let (kernel, source, files) = (self.clone(), watched.source.clone(), watched.files.clone());
        let (tried, told) = (watched.tried.clone(), watched.told.clone());
        let reload = move || {
            let read = kernel.reread(id, &source, files, tried, told);
            if let Some(watched) = kernel.watches().inner.lock().watched.get_mut(&id) {
                watched.files = read.files;
                watched.tried = read.tried.unwrap_or_else(|| std::mem::take(&mut watched.tried));
                (watched.state, watched.told) = (read.state, read.told);
            }
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
        let state = if files.are_settled() { State::Same } else { State::Changed };
        let found = hashes(&program);
        if found == tried {
            return Read { files, tried: None, state, told };
        }
        let what = Replacement::Reload { program, force: false };
        let told = match self.replace_in(&self.new_task(0), id, &what, Some(START_MAX)) {
            Ok(replaced) => {
                let label = &replaced.label;
                let lost = match replaced.calls_lost {
                    0 => String::new(),
                    1 => "; the state of 1 earlier call is lost".to_owned(),
                    calls => format!("; the state of {calls} earlier calls is lost"),
                };
                self.notify(format!("`{label}` was reloaded: `{source}` has changed{lost}"));
                None
            }
            Err(error) => self.complain(id, told, error.message),
        };
        Read { files, tried: Some(found), state, told }
    }

    /// Says once why a process keeps its code; what was told last.
    fn complain(&self, id: ProcessId, told: Option<String>, why: String) -> Option<String> {
        // One that ended meanwhile has nothing to keep.
        let process = self.living(id)?;
        if told.as_ref() != Some(&why) {
            self.notify(format!("`{}` keeps its old code: {why}", process.label()));
        }
        Some(why)
    }

    /// Whether a process is reloaded when its file changes.
    pub fn is_watched(&self, id: ProcessId) -> bool {
        self.watches().inner.lock().watched.contains_key(&id)
    }
}

fn look_on(kernel: &Weak<Kernel>) {
    loop {
        std::thread::sleep(LOOK_EVERY);
        match kernel.upgrade() {
            Some(kernel) if kernel.look_at_files() => {}
            _ => return,
        }
    }
}
