//! The operating system of plugins: process table, call path, chains, jobs, limits. Knows no wasm.
//!
//! `state` is what a kernel is made of, `api` what the rooms above may ask of it. Below `state` stand the parts, which know
//! no kernel (`table`, `process`, `chain`, `job`, `job_table`, `waits`, `clock`, `hooks/rules`, `policy`, …); above it stand
//! the files with `impl Kernel`, `impl Task` and `impl Entered`, which say what is done with them. No two files know each
//! other.
//!
//! Locks are held for moments, never while a guest runs, and taken in the order of [`Rank`](crate::locks::Rank). Recorders
//! and waiting chains are told, and instances and images dropped, after the lock is given back: a drop takes system calls.

mod api;
mod bench;
mod call;
mod chain;
mod clock;
mod code;
mod debug;
pub mod error;
mod frame;
pub mod hooks;
mod job;
mod job_output;
mod job_table;
mod kill;
mod launch;
pub mod limits;
mod load;
mod logbook;
mod lookup;
pub mod names;
mod notices;
mod pipe;
mod plan;
pub mod policy;
mod process;
mod replace;
mod spawn;
mod state;
mod supervise;
pub mod supervision;
mod table;
mod task;
mod upcalls;
pub mod view;
mod waits;
mod watch;
mod watch_list;

#[cfg(test)]
mod tests;

pub use crate::text::escape_control;
pub use bench::{Bench, BenchRound, BenchWork, RoundTimes};
pub use error::CallError;
pub use frame::Deadline;
pub use job::{Job, JobEnd, OutputSink, Waited};
pub use job_output::JobOutput;
pub use limits::{Amount, LimitView, Limits};
pub use load::LoadRequest;
pub use notices::Notice;
pub use plan::{CallPlan, CallStage};
pub use policy::Policy;
pub use replace::Replacement;
pub use state::{Kernel, KernelOptions, StreamTaker};
pub use supervision::{CrashesMax, OnCrash, Restart, Supervision};
pub use view::{
    FrameView, JobId, JobState, JobView, Killed, LoadableView, LogLine, ProcessDetail, ProcessId, ProcessLabel,
    ProcessState, ProcessView, Replaced,
};
pub use watch::watchable;
