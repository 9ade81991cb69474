//! Temporary files, child programs and a lent terminal, which must not stay behind when a signal ends the program.
//! Every room registers what it makes; only the signal handlers call [`clear`].

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

/// Time that programs have to end after SIGTERM.
const GRACE: Duration = Duration::from_millis(500);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Everything registered; bounded by the existing files and programs.
static ENTERED: Mutex<Entered> =
    Mutex::new(Entered { files: BTreeSet::new(), programs: BTreeSet::new(), take_terminal_back: None });

struct Entered {
    files: BTreeSet<PathBuf>,
    /// The programs' process groups.
    programs: BTreeSet<i32>,
    take_terminal_back: Option<fn()>,
}

/// A registration, removed on drop.
#[must_use]
pub struct Entry(Kind);

enum Kind {
    File(PathBuf),
    Program(i32),
    Terminal,
}

impl Entry {
    /// Registers a file that [`clear`] removes. Called before the file is created.
    pub fn file(path: &Path) -> Entry {
        ENTERED.lock().files.insert(path.to_owned());
        Entry(Kind::File(path.to_owned()))
    }

    /// Starts a program in the process group `group`, or in a new one; [`clear`] ends the whole group.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn program(command: &mut Command, group: Option<i32>) -> io::Result<(Child, Entry)> {
        // Locked during the start, so that `clear` misses no program.
        let mut entered = ENTERED.lock();
        let child = command.process_group(group.unwrap_or(0)).spawn()?;
        let group = group.map_or_else(|| i32::try_from(child.id()).map_err(io::Error::other), Ok)?;
        entered.programs.insert(group);
        Ok((child, Entry(Kind::Program(group))))
    }

    /// Registers a terminal lent to a program: [`clear`] calls `take_back` once the programs have ended.
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

/// Removes the files, ends the programs and takes the terminal back. Nothing can be registered afterwards: the program
/// must exit now.
pub fn clear() {
    let entered = ENTERED.lock();
    let signal = |group: &i32, signal: Option<Signal>| killpg(Pid::from_raw(*group), signal);
    for group in &entered.programs {
        // Errors are ignored: the group may have ended. A stopped program gets the signal when it continues.
        signal(group, Some(Signal::SIGTERM)).ok();
        signal(group, Some(Signal::SIGCONT)).ok();
    }
    for file in &entered.files {
        // Errors are ignored: nothing is left that could report them.
        std::fs::remove_file(file).ok();
    }
    let until = Instant::now() + GRACE;
    while entered.programs.iter().any(|group| signal(group, None).is_ok()) && Instant::now() < until {
        thread::sleep(POLL_INTERVAL);
    }
    for group in &entered.programs {
        signal(group, Some(Signal::SIGKILL)).ok();
    }
    if let Some(take_back) = entered.take_terminal_back {
        take_back();
    }
    // The lock stays held until the exit, so that no other thread registers anything.
    std::mem::forget(entered);
}
