//! Supervision as data: the policy for a process that crashes. `supervise` carries it out.

use std::time::Duration;

/// The reaction to a crash: a trap, or running out of memory or fuel. An end from outside (a kill, a deadline, the
/// failure of a nested call) does not count as a crash.
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
    /// Calls fail until `restart`.
    Never,
    /// A fresh instance starts, unless more crashes than this fell within a window of time; `None`: always.
    OnCrash(Option<CrashesMax>),
}

/// The most crashes within a window after which a process is still started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrashesMax {
    pub crashes_max: u32,
    pub window: Duration,
}

/// Upper bound for the count of crashes in a window.
pub const CRASHES_MAX_MAX: u32 = 1_000;

impl Default for Restart {
    fn default() -> Self {
        Restart::OnCrash(None)
    }
}

/// The supervision of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Supervision {
    pub on_crash: OnCrash,
    pub restart: Restart,
}
