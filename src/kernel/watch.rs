//! `load --watch`: processes whose files are looked at, and which are reloaded when those have changed. One thread looks
//! while anything is watched. A change counts once the files have stayed the same from one look to the next, so that a
//! half-written one is let be; code that cannot be used leaves the old in place, and a notice says why.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::Kernel;
use super::error::CallError;
use super::replace::Replacement;
use super::view::ProcessId;
use crate::journal::Outcome;
use crate::runtime::Program;

/// How often the files are looked at: a `stat` each.
const LOOK_EVERY: Duration = Duration::from_millis(100);
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

#[derive(Clone)]
struct Watched {
    source: String,
    /// What the process runs, or was last tried with.
    tried: Vec<String>,
    /// What the last look found.
    seen: Vec<String>,
    /// The complaint that was last told, so that it is told once.
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

impl Kernel {
    /// Reloads a process whenever the file that it came from has changed, until it ends.
    pub fn watch(self: &Arc<Self>, id: ProcessId) -> Result<(), CallError> {
        let process = self.living_or_error(id)?;
        let program = process.slot.lock().code.program.clone();
        let source = program.origin.clone();
        let refused = |why: &str| CallError::new(Outcome::Error, format!("cannot watch `{source}`: {why}"));
        watchable(&program)?;
        let mut inner = self.watches().inner.lock();
        if inner.watched.len() >= WATCHED_MAX {
            return Err(refused(&format!("{WATCHED_MAX} processes are watched, the most that can be")));
        }
        let tried = hashes(&program);
        if !inner.running {
            let kernel = Arc::downgrade(self);
            let thread = std::thread::Builder::new().name("plugsh-watch".into());
            thread.spawn(move || look_on(&kernel)).map_err(|error| refused(&error.to_string()))?;
            inner.running = true;
        }
        inner.watched.insert(id, Watched { source, seen: tried.clone(), tried, told: None });
        Ok(())
    }

    /// Looks at every watched file once; false when nothing is watched any more.
    fn look_at_files(self: &Arc<Self>) -> bool {
        let watched: Vec<(ProcessId, Watched)> =
            self.watches().inner.lock().watched.iter().map(|(id, watched)| (*id, watched.clone())).collect();
        let looked: Vec<_> =
            watched.into_iter().map(|(id, watched)| (id, self.living(id).map(|_| self.look_at(id, watched)))).collect();
        let mut inner = self.watches().inner.lock();
        for (id, watched) in looked {
            match watched {
                Some(watched) => inner.watched.insert(id, watched),
                None => inner.watched.remove(&id),
            };
        }
        inner.running = !inner.watched.is_empty();
        inner.running
    }

    fn look_at(self: &Arc<Self>, id: ProcessId, mut watched: Watched) -> Watched {
        let program = match self.resolve(&watched.source, &mut |_, _| true) {
            Ok(program) => program,
            Err(error) => {
                self.complain(id, &mut watched, error.message);
                return watched;
            }
        };
        let found = hashes(&program);
        let settled = found == watched.seen;
        watched.seen = found;
        if !settled || watched.seen == watched.tried {
            return watched;
        }
        watched.tried = watched.seen.clone();
        match self.replace_in(&self.new_chain(0), id, &Replacement::Reload { program, force: false }, Some(START_MAX)) {
            Ok(replaced) => {
                watched.told = None;
                let label = &replaced.label;
                let lost = match replaced.calls_lost {
                    0 => String::new(),
                    1 => "; the state of 1 earlier call is lost".to_owned(),
                    calls => format!("; the state of {calls} earlier calls is lost"),
                };
                self.notify(format!("`{label}` was reloaded: `{}` has changed{lost}", watched.source));
            }
            Err(error) => self.complain(id, &mut watched, error.message),
        }
        watched
    }

    fn complain(&self, id: ProcessId, watched: &mut Watched, why: String) {
        // One that ended meanwhile has nothing to keep.
        let Some(process) = self.living(id) else { return };
        if watched.told.as_ref() != Some(&why) {
            self.notify(format!("`{}` keeps its old code: {why}", process.label()));
            watched.told = Some(why);
        }
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
