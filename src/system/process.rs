//! Processes and log lines as a product sees them: plain data with the fields that it can rely on.

use std::time::Duration;

use super::{LogLevel, ProcessId};
use crate::kernel::view::LogLine;
use crate::kernel::{CallError, Kernel, ProcessState, ProcessView};
use crate::runtime::Worded;

/// A process, by its id or by a name: `1`, `"front"`, `"1:front"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessRef<'a> {
    Id(ProcessId),
    Name(&'a str),
}

impl ProcessRef<'_> {
    /// The process's id.
    ///
    /// # Errors
    /// No living process has the name. An id is taken as it is.
    pub(super) fn find(self, kernel: &Kernel) -> Result<ProcessId, CallError> {
        match self {
            ProcessRef::Id(id) => Ok(id),
            ProcessRef::Name(name) => kernel.find(name),
        }
    }
}

impl From<ProcessId> for ProcessRef<'_> {
    fn from(id: ProcessId) -> Self {
        ProcessRef::Id(id)
    }
}

impl<'a> From<&'a str> for ProcessRef<'a> {
    fn from(name: &'a str) -> Self {
        ProcessRef::Name(name)
    }
}

impl<'a> From<&'a String> for ProcessRef<'a> {
    fn from(name: &'a String) -> Self {
        ProcessRef::Name(name)
    }
}

/// The state of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activity {
    /// Nothing, so that it can be called at once.
    Idle,
    Running,
    /// A breakpoint holds its call.
    Held,
    /// A call in it waits for another process.
    Waiting {
        on: ProcessId,
    },
    /// The last call left it without an instance, with this error; the next one starts it afresh.
    Crashed {
        error: String,
    },
    /// The process has ended, for this reason.
    Ended {
        reason: String,
    },
}

/// One process. Counters include running calls and failed ones.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessInfo {
    pub id: ProcessId,
    pub name: String,
    /// The process that loaded it; `None` for one that the product loaded.
    pub parent: Option<ProcessId>,
    pub activity: Activity,
    pub calls: u64,
    /// Calls that did not end well.
    pub errors: u64,
    /// How often it was started afresh.
    pub resets: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// The time inside of its calls, without what they called.
    pub self_time: Duration,
    /// The time inside of its calls.
    pub busy_time: Duration,
    pub age: Duration,
    pub memory_bytes: u64,
    /// The origin of its module, without credentials.
    pub source: String,
}

impl ProcessInfo {
    /// The information in a view.
    pub(super) fn of(view: ProcessView) -> ProcessInfo {
        let activity = match view.state {
            ProcessState::Idle => Activity::Idle,
            ProcessState::Running => Activity::Running,
            ProcessState::Held => Activity::Held,
            ProcessState::Waiting { on } => Activity::Waiting { on },
            ProcessState::Crashed { crash } => Activity::Crashed { error: crash.to_string() },
            ProcessState::Dead { reason } => Activity::Ended { reason: reason.words(super::wording::PRODUCT) },
        };
        ProcessInfo {
            id: view.id,
            name: view.name,
            parent: (view.parent != 0).then_some(view.parent),
            activity,
            calls: view.calls,
            errors: view.errors,
            resets: view.resets,
            bytes_in: view.bytes_in,
            bytes_out: view.bytes_out,
            self_time: view.self_time,
            busy_time: view.busy,
            age: view.age,
            memory_bytes: view.memory.total_bytes(),
            source: view.source,
        }
    }
}

/// One line that a plugin logged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogEntry {
    /// From 1, in the order of writing.
    pub seq: u64,
    /// Since the system was built.
    pub at: Duration,
    pub process: ProcessId,
    pub name: String,
    /// The number of the call that wrote it; `None` for a start, and for what plugsh says of the plugin.
    pub call_seq: Option<u64>,
    pub level: LogLevel,
    /// Without control characters.
    pub text: String,
}

impl LogEntry {
    /// The entry of a line.
    pub(super) fn of(line: LogLine) -> LogEntry {
        LogEntry {
            seq: line.seq,
            at: line.at,
            process: line.process.id,
            name: line.process.name,
            call_seq: line.call_seq,
            level: line.level,
            text: line.text,
        }
    }
}
