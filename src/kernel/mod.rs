//! The operating system of plugins: process table, call path, chains, jobs, limits. Knows no wasm.
//!
//! `state` holds the fields of a kernel, `api` lists where its public methods are. Below `state` stand the parts, which
//! do not import the kernel (`table`, `process`, `chain`, `job`, `job_table`, `waits`, `clock`, `hooks/rules`,
//! `policy`, …). Above it stand the files with `impl Kernel`, `impl Task` and `impl Entered`, which work on the parts.
//! Imports between files have no circles.
//!
//! Locks are held for moments, never while a guest runs, and taken in the order of [`Rank`](crate::locks::Rank).
//! Recorders and waiting chains are notified after the lock is released. Instances and images are dropped then too:
//! dropping one takes system calls.

mod api;
mod bench;
mod call;
mod call_failure;
mod call_path;
mod caller_ref;
mod cause;
mod chain;
pub mod clock;
mod code;
mod core_dumps;
mod crash;
mod debug;
pub mod error;
mod frame;
pub mod hooks;
mod host_answers;
mod host_requests;
mod host_trace;
mod inspect;
mod job;
mod job_error;
mod job_output;
mod job_table;
mod job_threads;
mod kill;
mod label;
mod launch;
mod leave;
mod life_log;
mod lifecycle;
pub mod lint;
mod load;
mod load_in_progress;
mod load_record;
mod load_refusal;
mod logbook;
mod lookup;
mod lookup_error;
mod memory_account;
pub mod names;
mod nodes;
mod notices;
mod owners;
mod parallel;
mod parent_call;
mod pauses;
mod pending_instance;
mod pipe;
mod plan;
pub mod policy;
mod process;
mod profile;
mod replace;
mod resolve;
mod spawn;
mod stack;
mod stack_log;
mod stand;
mod started;
mod started_budget;
mod started_error;
mod state;
mod supervise;
pub mod supervision;
mod table;
mod task;
mod upcalls;
pub mod view;
mod waits;
mod watch;
mod watch_error;
mod watch_list;

#[cfg(test)]
mod tests;

pub use crate::text::escape_control;
pub use bench::{Bench, BenchRound, BenchWork, RoundTimes};
pub use call_failure::{CallFailure, ExitReason, stderr_words};
pub use cause::Deadline;
pub use core_dumps::DumpError;
pub use crash::Crash;
pub use error::CallError;
pub use inspect::NotInspected;
pub use job::{Job, JobEnd, OutputSink, Waited};
pub use job_output::JobOutput;
pub use load::LoadRequest;
pub use notices::{Notice, ResetBy};
pub use plan::{CallPlan, CallStage};
pub use policy::Policy;
pub use profile::{ProfileOptions, ProfileRun};
pub use replace::ReplacementRequest;
pub use stack::{CallStack, PluginStack, StackView};
pub use state::{Kernel, KernelOptions, StreamTaker};
pub use supervision::{CrashesMax, OnCrash, Restart, Supervision};
pub use view::{
    FrameView, JobId, JobState, JobView, Killed, LifeChange, LifeEvent, LoadableView, LogLine, OwnerId, ProcessDetail,
    ProcessId, ProcessLabel, ProcessState, ProcessView, Replaced,
};
pub use watch::watchable;
