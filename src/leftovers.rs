//! What must not stay behind when a signal ends the program at once: temporary files and running programs. Every room may
//! enter what it makes; only who hears of the signal calls [`clear`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use parking_lot::Mutex;

/// How long programs are given to end by themselves.
const GRACE: Duration = Duration::from_millis(500);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Everything that is entered now; the size is bounded by what exists.
static ENTERED: Mutex<Entered> = Mutex::new(Entered { files: BTreeSet::new(), programs: BTreeSet::new() });

struct Entered {
    files: BTreeSet<PathBuf>,
    programs: BTreeSet<Program>,
}

/// A program of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// It shares this program's process group.
    Alone(i32),
    /// It leads a group of its own, of all that it started.
    Group(i32),
}

impl Program {
    fn signal(self, signal: impl Into<Option<Signal>>) -> nix::Result<()> {
        match self {
            Program::Alone(pid) => kill(Pid::from_raw(pid), signal),
            Program::Group(pid) => killpg(Pid::from_raw(pid), signal),
        }
    }
}

/// An entry, which is taken out when this is dropped.
#[must_use]
pub struct Entry(Kind);

enum Kind {
    File(PathBuf),
    Program(Program),
}

impl Entry {
    /// A file that is removed by [`clear`]. Entered before it is made, so that none is missed.
    pub fn file(path: &Path) -> Entry {
        ENTERED.lock().files.insert(path.to_owned());
        Entry(Kind::File(path.to_owned()))
    }

    /// A program that is ended by [`clear`].
    pub fn program(program: Program) -> Entry {
        ENTERED.lock().programs.insert(program);
        Entry(Kind::Program(program))
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut entered = ENTERED.lock();
        match &self.0 {
            Kind::File(path) => entered.files.remove(path),
            Kind::Program(program) => entered.programs.remove(program),
        };
    }
}

/// Removes the files and ends the programs. Nothing can be entered after it: the program must end now.
pub fn clear() {
    let entered = ENTERED.lock();
    let programs: Vec<Program> = entered.programs.iter().copied().collect();
    for program in &programs {
        // It may have ended just now.
        program.signal(Signal::SIGTERM).ok();
    }
    for file in &entered.files {
        // Nobody is left who could be told.
        std::fs::remove_file(file).ok();
    }
    let until = Instant::now() + GRACE;
    while programs.iter().any(|program| program.signal(None).is_ok()) && Instant::now() < until {
        thread::sleep(LOOK_EVERY);
    }
    for program in &programs {
        program.signal(Signal::SIGKILL).ok();
    }
    // Held for what is left of the program: what another thread makes now would stay.
    std::mem::forget(entered);
}
