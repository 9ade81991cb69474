//! Snapshots of the kernel for the rooms above: plain data, copied under short locks.

use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::call_failure::CallFailure;
use super::call_failure::ExitReason;
use super::crash::Crash;
pub use super::label::{JobId, OwnerId, ProcessId, ProcessLabel};
use super::supervision::Supervision;
use crate::journal::Symbol;
use crate::json::{as_ms, as_us};
use crate::runtime::about::About;
use crate::runtime::{Export, Host, ImportName, MemoryUse, Spec};

/// The activity of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessState {
    Idle,
    Running,
    /// The running call is held at a breakpoint.
    Held,
    /// In a nested call, or queueing for a busy process: `on` is the other process.
    Waiting {
        on: ProcessId,
    },
    /// The last call left it without an instance; the next call starts a fresh one.
    Crashed {
        crash: Crash,
    },
    Dead {
        reason: ExitReason,
    },
}

impl ProcessState {
    /// The state's word in tables.
    pub fn word(&self) -> &'static str {
        match self {
            ProcessState::Idle => "idle",
            ProcessState::Running => "running",
            ProcessState::Held => "held",
            ProcessState::Waiting { .. } => "waiting",
            ProcessState::Crashed { .. } => "crashed",
            ProcessState::Dead { .. } => "dead",
        }
    }

    /// The state's word in JSON, where a held process is a running one with `held` beside.
    pub fn json_word(&self) -> &'static str {
        if self.is_held() { ProcessState::Running.word() } else { self.word() }
    }

    /// Whether its running call is held at a breakpoint.
    pub fn is_held(&self) -> bool {
        matches!(self, ProcessState::Held)
    }
}

/// Three fields in JSON: the word, whether it is held, and the process that is waited for.
impl Serialize for ProcessState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct StateJson {
            state: &'static str,
            held: bool,
            waiting_on: Option<ProcessId>,
        }
        let waiting_on = if let ProcessState::Waiting { on } = self { Some(*on) } else { None };
        StateJson { state: self.json_word(), held: self.is_held(), waiting_on }.serialize(serializer)
    }
}

fn total_bytes<S: Serializer>(memory: &MemoryUse, serializer: S) -> Result<S::Ok, S::Error> {
    memory.total_bytes().serialize(serializer)
}

/// One row of `ps`. Counters include running calls and failed ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProcessView {
    pub id: ProcessId,
    pub name: String,
    /// The current parent; 0: the shell.
    pub parent: ProcessId,
    #[serde(flatten)]
    pub state: ProcessState,
    pub calls: u64,
    pub errors: u64,
    pub resets: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Wall time inside its calls, the running one and nested waits included, time held at breakpoints not.
    #[serde(rename = "busy_us", serialize_with = "as_us")]
    pub busy: Duration,
    /// Wall time inside its calls without nested calls.
    #[serde(rename = "self_us", serialize_with = "as_us")]
    pub self_time: Duration,
    /// Stops at death.
    #[serde(rename = "age_ms", serialize_with = "as_ms")]
    pub age: Duration,
    /// Memory it holds; for a running process, the figures from the end of its last call.
    #[serde(rename = "memory_bytes", serialize_with = "total_bytes")]
    pub memory: MemoryUse,
    pub source: String,
    #[serde(skip)]
    pub host: Host,
    /// The node that its instance is on; `None`: it is here, or has none.
    pub node: Option<String>,
}

impl ProcessView {
    /// `1:front`.
    pub fn label(&self) -> ProcessLabel {
        ProcessLabel { id: self.id, name: self.name.clone() }
    }

    /// Why it ended; `None` of a living process.
    pub fn exit_reason(&self) -> Option<&ExitReason> {
        if let ProcessState::Dead { reason } = &self.state { Some(reason) } else { None }
    }
}

/// The details of one process for `info`.
#[derive(Debug, Clone)]
pub struct ProcessDetail {
    pub view: ProcessView,
    pub spec: Spec,
    /// Callable functions.
    pub functions: Vec<String>,
    /// Functions that were called.
    pub called: Vec<String>,
    /// Growth of the instance; `None` while a call runs.
    pub growth: Option<InstanceGrowth>,
    pub exports: Vec<Export>,
    pub imports: Vec<ImportName>,
    /// SHA-256 of each module, with the name it is linked by.
    pub modules: Vec<(String, String)>,
    /// The modules that `--link` added: name and origin.
    pub links: Vec<(String, String)>,
    pub last_error: Option<Arc<CallFailure>>,
    pub children: Vec<ProcessLabel>,
    pub supervision: Supervision,
    /// Whether a change of its file reloads it.
    pub is_watched: bool,
}

/// The growth of an instance after its first call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct InstanceGrowth {
    /// Calls after the first.
    pub calls: u64,
    /// Bytes that it has committed in them.
    pub bytes: u64,
}

/// One call of a running chain, outermost first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FrameView {
    /// The number of the call's record; `None` for the start of an instance.
    pub seq: Option<u64>,
    #[serde(flatten)]
    pub process: ProcessLabel,
    pub function: String,
    #[serde(skip)]
    pub depth: u16,
    #[serde(skip)]
    pub elapsed: Duration,
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    Running,
    /// At a breakpoint.
    Held,
    Done,
    Failed,
}

impl JobState {
    /// The state's word in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            JobState::Running => "running",
            JobState::Held => "held",
            JobState::Done => "done",
            JobState::Failed => "failed",
        }
    }
}

/// One row of `jobs`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobView {
    #[serde(rename = "job")]
    pub id: JobId,
    pub state: JobState,
    pub background: bool,
    #[serde(rename = "elapsed_ms", serialize_with = "as_ms")]
    pub elapsed: Duration,
    /// Completed runs, of `runs_total`.
    pub runs_done: u64,
    /// Count of runs that the job was started for, with `--loop`; 1 without.
    pub runs_total: u64,
    /// Completed runs a second, the time at breakpoints left out.
    pub runs_per_second: f64,
    /// The command line that started it.
    pub text: String,
    pub chain: Vec<FrameView>,
}

/// A name that can be loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoadableView {
    pub name: String,
    /// The source that the name stands for; `None`: only a stub answers to it.
    pub source: Option<String>,
    /// Description that the module has of itself.
    #[serde(flatten)]
    pub about: About,
}

/// The effect of a kill.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Killed {
    /// The processes that ended, the named one first.
    pub ended: Vec<ProcessLabel>,
    /// The processes that moved, each with its new parent (`None`: the shell).
    pub moved: Vec<(ProcessLabel, Option<ProcessLabel>)>,
}

/// A process whose code or instance was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    pub label: ProcessLabel,
    /// Count of calls whose state was lost with the old instance.
    pub calls_lost: u64,
    /// False when the new code equals the old byte for byte.
    pub code_changed: bool,
    /// Functions that callers have used and the new code lacks; not empty only for a forced reload.
    pub functions_lost: Vec<String>,
}

/// A start, a crash or an end of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifeEvent {
    /// Nanoseconds since the session began.
    pub at_ns: u64,
    pub process: ProcessId,
    pub name: Symbol,
    pub change: LifeChange,
}

/// A change in a process's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LifeChange {
    /// The process can be called. `parent_name` is `None` for the shell, and for a parent that has ended.
    Started {
        parent: ProcessId,
        parent_name: Option<Symbol>,
    },
    /// The process continues with a fresh instance of its code.
    Restarted,
    /// The process continues with new code.
    Reloaded,
    /// A call left it without an instance.
    Crashed {
        failure: Arc<CallFailure>,
    },
    Ended {
        reason: ExitReason,
    },
}

/// One line that a plugin logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// Position in the log, from 1.
    pub seq: u64,
    /// Since the session began.
    #[serde(rename = "at_us", serialize_with = "as_us")]
    pub at: Duration,
    #[serde(flatten)]
    pub process: ProcessLabel,
    /// The number of the call that wrote it; `None`: the start of the process, or plugsh on its behalf.
    pub call_seq: Option<u64>,
    /// The function of that call.
    pub function: Option<&'static str>,
    pub level: crate::runtime::LogLevel,
    /// Escaped and bounded: without control characters.
    pub text: String,
}
