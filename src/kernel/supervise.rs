//! Supervision: what becomes of a process that crashes, and how its instance or its code is replaced while it keeps its
//! id, its name and its parent.
//!
//! A replacement is made whole before it takes the place of what is there: the new instance starts in a chain of its own,
//! so code that does not compile, or whose start function fails, changes nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Kernel;
use super::chain::Chain;
use super::error::CallError;
use super::frame::Cause;
use super::job;
use super::logbook::safe;
use super::process::{Birth, Code, Life, Occupant, Process, Slot};
use super::view::{ProcessId, ProcessLabel};
use crate::journal::Outcome;
use crate::runtime::{Failure, FailureKind, Guest, Program};

/// What is done when a process crashes: traps, runs out of memory or of fuel. An end from outside (a kill, a deadline, the
/// failure of a call that it made) is no crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnCrash {
    /// The instance is thrown away; the process stays.
    #[default]
    Reset,
    /// The process ends.
    Kill,
}

/// Whether the next call after a crash starts a fresh instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// It fails, until `restart`.
    Never,
    /// It does, but after more than so many crashes within a window of time; `None`: always.
    OnCrash(Option<CrashesMax>),
}

/// The most crashes within a window after which a process is still started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrashesMax {
    pub crashes_max: u32,
    pub window: Duration,
}

/// Most crashes that a window may count.
pub const CRASHES_MAX_MAX: u32 = 1_000;

impl Default for Restart {
    fn default() -> Self {
        Restart::OnCrash(None)
    }
}

/// How a process is looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Supervision {
    pub on_crash: OnCrash,
    pub restart: Restart,
}

/// A process whose code or instance was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    pub label: ProcessLabel,
    /// Calls whose state was lost with the old instance.
    pub calls_lost: u64,
    /// False when the new code is the old one, byte for byte.
    pub code_changed: bool,
    /// Functions that callers have used and that the new code lacks: only with force.
    pub functions_lost: Vec<String>,
}

/// An instance that waits for the call in its process to end, and what it has committed.
pub struct Fresh {
    guest: Option<Box<dyn Guest>>,
    bytes: u64,
    total_bytes: Arc<AtomicU64>,
}

impl Fresh {
    /// Makes it the instance of its process; the old one's memory must not be counted any more.
    pub fn adopt(mut self, process: &Process) -> Option<Box<dyn Guest>> {
        process.counters.committed_bytes.fetch_add(std::mem::take(&mut self.bytes), Ordering::Relaxed);
        self.guest.take()
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        self.total_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// On whose behalf new code is started.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// Whether Ctrl-C ends it.
    pub in_foreground: bool,
    /// Besides the process's own.
    pub timeout: Option<Duration>,
}

impl Start {
    fn at_prompt() -> Start {
        Start { in_foreground: true, timeout: None }
    }
}

impl Process {
    /// Notes a crash under the slot's lock; true when the process must end for it.
    pub fn note_crash(&self, slot: &mut Slot, why: &str) -> bool {
        if slot.fresh.is_some() {
            // What crashed is replaced already.
            return false;
        }
        let halted = match self.supervision.restart {
            Restart::Never => true,
            Restart::OnCrash(None) => false,
            Restart::OnCrash(Some(most)) => too_many(&mut slot.crashes, most, Instant::now()),
        };
        let ends = self.supervision.on_crash == OnCrash::Kill;
        if halted || ends {
            slot.halted = Some(why.to_owned());
        }
        ends
    }
}

fn too_many(crashes: &mut VecDeque<Instant>, most: CrashesMax, now: Instant) -> bool {
    crashes.push_back(now);
    while crashes.front().is_some_and(|first| now.saturating_duration_since(*first) > most.window) {
        crashes.pop_front();
    }
    let over = crashes.len() > most.crashes_max as usize;
    if over {
        crashes.pop_front();
    }
    over
}

impl Kernel {
    /// Starts a fresh instance in place of a process's own: state is lost, the call in it is ended, and it may be called
    /// again if it had crashed for good.
    pub fn restart(self: &Arc<Self>, id: ProcessId) -> Result<Replaced, CallError> {
        let process = self.living_or_error(id)?;
        let code = process.slot.lock().code.clone();
        let start = Start::at_prompt();
        let replaced =
            self.replace(&process, code, true, start).map_err(|failure| fails("restart", &process, &failure))?;
        process.counters.resets.fetch_add(1, Ordering::Relaxed);
        Ok(replaced)
    }

    /// Replaces a process's code by another program's, and its instance by one of that. The call in it goes on in the old
    /// one; the next call finds the new one. Refuses a program that lacks a function which callers have used, unless
    /// `force`d. What the process may have stays as it was granted.
    pub fn reload(self: &Arc<Self>, id: ProcessId, program: &Arc<Program>, force: bool) -> Result<Replaced, CallError> {
        self.reload_as(id, program, force, Start::at_prompt())
    }

    /// The same on behalf of whoever `start` says.
    pub(super) fn reload_as(
        self: &Arc<Self>,
        id: ProcessId,
        program: &Arc<Program>,
        force: bool,
        start: Start,
    ) -> Result<Replaced, CallError> {
        let process = self.living_or_error(id)?;
        let old = process.slot.lock().code.clone();
        let reloaded = self.reload_code(&process, &old, program, force, start);
        reloaded.map_err(|failure| fails("reload", &process, &failure))
    }

    fn reload_code(
        self: &Arc<Self>,
        process: &Arc<Process>,
        old: &Arc<Code>,
        program: &Arc<Program>,
        force: bool,
        start: Start,
    ) -> Result<Replaced, Failure> {
        let mut program = Program::clone(program);
        program.spec = (*old.spec).clone();
        // What the command line linked it with is not in its source.
        let added = old.program.modules.iter().filter(|old| program.modules.iter().all(|new| new.name != old.name));
        let linked: Vec<_> = added.cloned().collect();
        program.modules.splice(0..0, linked);
        let program = Arc::new(program);
        let chain = self.start_chain(start);
        let image = self.images().get(process.host, &program, &*chain)?;
        let lost: Vec<String> = old.used().filter(|name| image.function(name).is_none()).map(str::to_owned).collect();
        if !lost.is_empty() && !force {
            let why =
                format!("the new code lacks `{}`, which was called before; `--force` takes it", lost.join("`, `"));
            return Err(Failure::new(FailureKind::Denied, why));
        }
        let code = Arc::new(Code::new(image, program, old.spec.clone()));
        code.mark_used_as(old);
        let code_changed = hashes(&code.program) != hashes(&old.program);
        let replaced = self.replace(process, code, false, start)?;
        Ok(Replaced { code_changed, functions_lost: lost, ..replaced })
    }

    /// Starts an instance of `code` and puts it in the process's slot; `cut` ends the call that runs there.
    fn replace(
        self: &Arc<Self>,
        process: &Arc<Process>,
        code: Arc<Code>,
        cut: bool,
        start: Start,
    ) -> Result<Replaced, Failure> {
        let chain = self.start_chain(start);
        let (kernel, own, of, new) = (self.clone(), chain.clone(), process.clone(), code.clone());
        let fresh = self.on_big_stack("plugsh-start", move || kernel.start_beside(&own, &of, &new, start.timeout))?;
        let label = process.label();
        let mut slot = process.slot.lock();
        slot.starting = None;
        if let Life::Dead { reason, .. } = &slot.life {
            return Err(Failure::new(FailureKind::Denied, format!("it died meanwhile: {reason}")));
        }
        slot.code = code;
        (slot.crashed, slot.halted) = (None, None);
        slot.crashes.clear();
        let calls_lost = std::mem::take(&mut slot.calls_of_instance);
        let occupant = slot.occupant;
        let spare = match occupant {
            Some(_) => {
                slot.fresh = Some(fresh);
                None
            }
            None => {
                process.forget_memory();
                std::mem::replace(&mut slot.guest, fresh.adopt(process))
            }
        };
        drop(slot);
        drop(spare);
        if let Some(occupant) = occupant.filter(|_| cut) {
            self.cut(occupant, Cause::Killed { by: "`restart`".into() });
        }
        Ok(Replaced { label, calls_lost, code_changed: false, functions_lost: Vec::new() })
    }

    /// Starts an instance for a process whose slot may be taken, in the name of a stand-in that only counts its memory.
    fn start_beside(
        self: &Arc<Self>,
        chain: &Arc<Chain>,
        process: &Process,
        code: &Arc<Code>,
        timeout: Option<Duration>,
    ) -> Result<Fresh, Failure> {
        let birth = Birth {
            id: process.id,
            name: process.name.clone(),
            host: process.host,
            parent: process.parent_id(),
            total_bytes: self.total_bytes().clone(),
            supervision: process.supervision,
        };
        let occupant = Occupant::new(chain, 1, chain.next_seq(Instant::now()));
        process.slot.lock().starting = Some(chain.clone());
        let stand_in = Arc::new(Process::new(birth, code.clone(), occupant));
        let started = self.start_instance(chain, &stand_in, code, timeout);
        let bytes = stand_in.counters.committed_bytes.swap(0, Ordering::Relaxed);
        let mut fresh = Fresh { guest: None, bytes, total_bytes: self.total_bytes().clone() };
        fresh.guest = Some(started?);
        Ok(fresh)
    }

    fn start_chain(self: &Arc<Self>, start: Start) -> Arc<Chain> {
        let chain = self.new_chain(0);
        if start.in_foreground {
            self.set_foreground(&chain);
        }
        chain
    }

    /// Runs guest code's start on a thread that has the stack for it, and waits.
    pub(super) fn on_big_stack<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let stack = job::stack_bytes(self.limits().depth_max);
        let thread = std::thread::Builder::new().name(name.to_owned()).stack_size(stack).spawn(work);
        let thread =
            thread.map_err(|error| Failure::new(FailureKind::Denied, format!("cannot start a thread: {error}")))?;
        let gave_up = || Err(Failure::new(FailureKind::Load, "the loader gave up on this module"));
        thread.join().unwrap_or_else(|_| gave_up())
    }
}

fn hashes(program: &Program) -> Vec<&str> {
    program.modules.iter().map(|module| module.sha256.as_str()).collect()
}

fn fails(what: &str, process: &Process, failure: &Failure) -> CallError {
    let outcome = match failure.kind {
        FailureKind::Interrupted => Outcome::Killed,
        kind => super::error::outcome_of(kind),
    };
    CallError::new(outcome, format!("cannot {what} `{}`: {}", process.label(), safe(&failure.message)))
}

#[cfg(test)]
mod tests;
