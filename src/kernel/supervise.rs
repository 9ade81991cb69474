//! Supervision: what becomes of a process that crashes. How its instance or code is exchanged is in `replace`.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::process::{Process, Slot};

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

#[cfg(test)]
mod tests;
