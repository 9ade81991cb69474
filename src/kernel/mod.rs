//! The operating system of plugins: process table, call path, chains, jobs, limits. Knows no wasm.
//!
//! Locks are held for moments, never while a guest runs, and taken in this order, each below those before it: the jobs; the
//! waits; the table; a process's slot; a chain's frames, the rules of the hooks, the policy's gate, the watches, what is
//! known to be resident; a job's end, the clock, the journal's lanes. The list of chains, the foreground, the notices and
//! the logbook have nothing below them. Who is to be told of something (a recorder, a waiting chain) is told when the lock
//! is given back, and an instance or an image is dropped then: that takes system calls.

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
