//! Supervision as data: what is to become of a process that crashes. It is carried out in `supervise`.

use std::time::Duration;

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
