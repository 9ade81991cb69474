//! What the rooms above see of the kernel: plain snapshots, taken under short locks and drawn without any.

use std::fmt;
use std::time::Duration;

use super::supervision::Supervision;
use crate::runtime::{Host, MemoryUse, Spec};

/// A process's number: from 1, never used twice. 0 is the shell.
pub type ProcessId = u32;
/// A job's number, from 1.
pub type JobId = u32;

/// A process as messages name it: `1:front`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessLabel {
    pub id: ProcessId,
    pub name: String,
}

impl fmt::Display for ProcessLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.id, self.name)
    }
}

/// What a process is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessState {
    Idle,
    Running,
    /// In a nested call, or queueing for a busy process: on whom.
    Waiting {
        on: ProcessId,
    },
    /// The last call left it without an instance; the next call starts a fresh one.
    Crashed {
        why: String,
    },
    Dead {
        reason: String,
    },
}

impl ProcessState {
    /// The state's word in tables and JSON.
    pub fn word(&self) -> &'static str {
        match self {
            ProcessState::Idle => "idle",
            ProcessState::Running => "running",
            ProcessState::Waiting { .. } => "waiting",
            ProcessState::Crashed { .. } => "crashed",
            ProcessState::Dead { .. } => "dead",
        }
    }
}

/// One row of `ps`. Counters include running calls and failed ones.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessView {
    pub id: ProcessId,
    pub name: String,
    /// The present parent; 0 the shell.
    pub parent: ProcessId,
    pub state: ProcessState,
    pub calls: u64,
    pub errors: u64,
    pub resets: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Wall time inside its calls, nested waits included, the running one too.
    pub busy: Duration,
    /// The same without nested calls.
    pub self_time: Duration,
    /// Stops at death.
    pub age: Duration,
    /// What it holds; of a running process, as it was when its last call ended.
    pub memory: MemoryUse,
    pub source: String,
    pub host: Host,
}

impl ProcessView {
    /// `1:front`.
    pub fn label(&self) -> ProcessLabel {
        ProcessLabel { id: self.id, name: self.name.clone() }
    }
}

/// All that `info` shows of one process.
#[derive(Debug, Clone)]
pub struct ProcessDetail {
    pub view: ProcessView,
    pub spec: Spec,
    /// Callable functions.
    pub functions: Vec<String>,
    pub exports: Vec<String>,
    pub imports: Vec<String>,
    /// SHA-256 of each module, with the name it is linked by.
    pub modules: Vec<(String, String)>,
    /// Of those that `--link` added: the name, and where it came from.
    pub links: Vec<(String, String)>,
    pub last_error: Option<String>,
    pub children: Vec<ProcessLabel>,
    pub supervision: Supervision,
    /// Whether it is reloaded when its file changes.
    pub is_watched: bool,
}

/// One call of a running chain, outermost first.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameView {
    pub seq: u64,
    pub process: ProcessLabel,
    pub function: String,
    pub depth: u16,
    pub elapsed: Duration,
}

/// What a job is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    Running,
    /// At a breakpoint.
    Held,
    Done,
    Failed,
}

/// One row of `jobs`.
#[derive(Debug, Clone, PartialEq)]
pub struct JobView {
    pub id: JobId,
    /// The line it was started with.
    pub text: String,
    pub background: bool,
    pub state: JobState,
    pub elapsed: Duration,
    pub chain: Vec<FrameView>,
}

/// What a kill did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Killed {
    /// Who ended, the named one first.
    pub ended: Vec<ProcessLabel>,
    /// Who moved to which parent (`None`: the shell).
    pub moved: Vec<(ProcessLabel, Option<ProcessLabel>)>,
}

/// One line that a plugin logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Place in the log, from 1.
    pub seq: u64,
    /// Since the session began.
    pub at: Duration,
    pub process: ProcessLabel,
    pub level: crate::runtime::LogLevel,
    /// Made safe: no control characters, bounded.
    pub text: String,
}
