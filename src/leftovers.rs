//! What must not stay behind when a signal ends the program at once: temporary files and running programs, and a terminal that
//! one of them has. Every room may enter what it makes; only who hears of the signal calls [`clear`].

use std::collections::BTreeSet;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use parking_lot::Mutex;

/// How long programs are given to end by themselves.
const GRACE: Duration = Duration::from_millis(500);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Everything that is entered now; the size is bounded by what exists.
static ENTERED: Mutex<Entered> =
    Mutex::new(Entered { files: BTreeSet::new(), programs: BTreeSet::new(), take_terminal_back: None });

struct Entered {
    files: BTreeSet<PathBuf>,
    /// Their process groups.
    programs: BTreeSet<i32>,
    take_terminal_back: Option<fn()>,
}

/// An entry, which is taken out when this is dropped.
#[must_use]
pub struct Entry(Kind);

enum Kind {
    File(PathBuf),
    Program(i32),
    Terminal,
}

impl Entry {
    /// A file that is removed by [`clear`]. Entered before it is made, so that none is missed.
    pub fn file(path: &Path) -> Entry {
        ENTERED.lock().files.insert(path.to_owned());
        Entry(Kind::File(path.to_owned()))
    }

    /// Starts a program in a process group, or in a new one, all of which is ended by [`clear`].
    pub fn program(command: &mut Command, group: Option<i32>) -> io::Result<(Child, Entry)> {
        // Locked while it starts, so that none is missed.
        let mut entered = ENTERED.lock();
        let child = command.process_group(group.unwrap_or(0)).spawn()?;
        let group = group.map_or_else(|| i32::try_from(child.id()).map_err(io::Error::other), Ok)?;
        entered.programs.insert(group);
        Ok((child, Entry(Kind::Program(group))))
    }

    /// A terminal that a program has: `take_back` is called by [`clear`] once the programs have ended.
    pub fn terminal(take_back: fn()) -> Entry {
        ENTERED.lock().take_terminal_back = Some(take_back);
        Entry(Kind::Terminal)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut entered = ENTERED.lock();
        match &self.0 {
            Kind::File(path) => drop(entered.files.remove(path)),
            Kind::Program(group) => drop(entered.programs.remove(group)),
            Kind::Terminal => entered.take_terminal_back = None,
        }
    }
}

/// Removes the files, ends the programs and takes the terminal back. Nothing can be entered after it: the program must end
/// now.
pub fn clear() {
    let entered = ENTERED.lock();
    let signal = |group: &i32, signal: Option<Signal>| killpg(Pid::from_raw(*group), signal);
    for group in &entered.programs {
        // It may have ended just now. One that is stopped hears of it when it goes on.
        signal(group, Some(Signal::SIGTERM)).ok();
        signal(group, Some(Signal::SIGCONT)).ok();
    }
    for file in &entered.files {
        // Nobody is left who could be told.
        std::fs::remove_file(file).ok();
    }
    let until = Instant::now() + GRACE;
    while entered.programs.iter().any(|group| signal(group, None).is_ok()) && Instant::now() < until {
        thread::sleep(LOOK_EVERY);
    }
    for group in &entered.programs {
        signal(group, Some(Signal::SIGKILL)).ok();
    }
    if let Some(take_back) = entered.take_terminal_back {
        take_back();
    }
    // Held for what is left of the program: what another thread makes now would stay.
    std::mem::forget(entered);
}
