//! The operating system of plugins: process table, call path, chains, jobs, limits. Knows no wasm.

pub mod error;
pub mod view;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use error::CallError;
pub use view::{
    FrameView, JobId, JobState, JobView, Killed, LogLine, ProcessDetail, ProcessId, ProcessLabel, ProcessState,
    ProcessView,
};

use crate::journal::{Journal, Record};
use crate::runtime::{Host, LogLevel, Program, Spec};

/// What a kernel is made with.
#[derive(Debug, Clone, Default)]
pub struct KernelOptions {
    /// Directories searched for names, in order, before the built-in plugins.
    pub plugin_dirs: Vec<PathBuf>,
}

/// A process to start: what, under which name, in which host.
#[derive(Debug, Clone)]
pub struct LoadRequest {
    pub program: Arc<Program>,
    /// The program's spec as the command line changed it.
    pub spec: Spec,
    /// `--as`: taken is an error. Without it the program's stem, with `-2`, `-3` where taken.
    pub name: Option<String>,
    pub host: Host,
    /// For the start function and the constructors.
    pub timeout: Option<Duration>,
}

/// Calls to make, one after the other, each fed the output of the one before: a job.
#[derive(Debug, Clone)]
pub struct CallPlan {
    /// At least one.
    pub stages: Vec<CallStage>,
    pub input: Arc<[u8]>,
    /// How many times the whole is run; the output is the last one's. At least 1.
    pub repeat: u64,
    /// For each run of the whole.
    pub timeout: Option<Duration>,
    /// The line it was typed as, for `jobs`.
    pub text: String,
    pub background: bool,
}

/// One stage of a pipe of calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallStage {
    pub process: ProcessId,
    pub function: String,
}

/// How a job ended.
#[derive(Debug, Clone)]
pub struct JobEnd {
    pub result: Result<Vec<u8>, CallError>,
    pub duration: Duration,
    /// Runs that were completed, of `repeat`.
    pub runs: u64,
}

/// A running or ended job; cheap to clone.
#[derive(Clone)]
pub struct Job {}

impl Job {
    pub fn id(&self) -> JobId {
        todo!()
    }
    pub fn view(&self) -> JobView {
        todo!()
    }
    /// Runs completed so far, for progress.
    pub fn runs(&self) -> u64 {
        todo!()
    }
    /// Waits until it ends.
    pub fn wait(&self) -> JobEnd {
        todo!()
    }
    /// Waits until it ends, for `at_most`.
    pub fn wait_for(&self, _at_most: Duration) -> Option<JobEnd> {
        todo!()
    }
    /// Ends it: Ctrl-C (`by` is "interrupted") or `kill %N` ("killed by the shell").
    pub fn interrupt(&self) {
        todo!()
    }
    pub fn kill(&self) {
        todo!()
    }
}

/// The kernel of one shell.
pub struct Kernel {}

impl Kernel {
    pub fn new(_options: KernelOptions) -> anyhow::Result<Arc<Kernel>> {
        todo!()
    }
    /// A name, path or URL to a program, as `load` and `register_plugin` do it. One-line errors.
    pub fn resolve(&self, _source: &str) -> Result<Arc<Program>, CallError> {
        todo!()
    }
    /// Names that `load` accepts: the plugin directories' and the built-in ones, sorted.
    pub fn loadable(&self) -> Vec<String> {
        todo!()
    }
    /// Starts a process with the shell as parent. Interrupted by [`Kernel::interrupt_foreground`].
    pub fn load(self: &Arc<Self>, _request: LoadRequest) -> Result<ProcessLabel, CallError> {
        todo!()
    }
    /// Starts a job on a thread of its own.
    pub fn start(self: &Arc<Self>, _plan: CallPlan) -> Result<Job, CallError> {
        todo!()
    }
    /// Ctrl-C: interrupts the foreground job's chain (or load); true if there was one.
    pub fn interrupt_foreground(&self) -> bool {
        todo!()
    }
    /// Jobs that run, and background jobs that ended and were not yet waited for, by id.
    pub fn jobs(&self) -> Vec<Job> {
        todo!()
    }
    pub fn job(&self, _id: JobId) -> Option<Job> {
        todo!()
    }
    /// Forgets an ended job (after `wait %N` or `fg %N` has printed it).
    pub fn reap(&self, _id: JobId) {
        todo!()
    }
    /// All living processes in id order; with `dead` also those that ended (bounded).
    pub fn processes(&self, _dead: bool) -> Vec<ProcessView> {
        todo!()
    }
    pub fn process(&self, _id: ProcessId) -> Option<ProcessDetail> {
        todo!()
    }
    /// `1`, `front` or `1:front` to a living process; an error with "did you mean", or that it is dead and why.
    pub fn find(&self, _reference: &str) -> Result<ProcessId, CallError> {
        todo!()
    }
    /// Ends a process (with `subtree` all below it too). What ran on its behalf ends.
    pub fn kill(&self, _id: ProcessId, _subtree: bool) -> Result<Killed, CallError> {
        todo!()
    }
    /// Waits until a process ends; its exit reason. `None`: interrupted by Ctrl-C.
    pub fn wait_process(&self, _id: ProcessId) -> Option<String> {
        todo!()
    }
    pub fn journal(&self) -> &Arc<Journal> {
        todo!()
    }
    /// The calls that run now, as records with outcome `running`, by seq.
    pub fn running(&self) -> Vec<Record> {
        todo!()
    }
    /// Log lines after `seq`, oldest first (bounded book), of one process or all.
    pub fn logs(&self, _after_seq: u64, _process: Option<ProcessId>) -> Vec<LogLine> {
        todo!()
    }
    pub fn log_level(&self) -> LogLevel {
        todo!()
    }
    pub fn set_log_level(&self, _level: LogLevel) {
        todo!()
    }
    /// Notices for the person at the prompt (a reset that lost state, a background job's end), oldest first; taken once.
    pub fn take_notices(&self) -> Vec<String> {
        todo!()
    }
    /// Since the session began.
    pub fn uptime(&self) -> Duration {
        todo!()
    }
}
