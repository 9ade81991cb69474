//! Notices for the person at the prompt, as data.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::call_failure::CallFailure;
use super::core_dumps::DumpError;
use super::error::CallError;
use super::view::{JobId, ProcessLabel};
use crate::runtime::NoCompilerProcess;

/// An unrequested message for the person at the prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A process lost its state.
    Reset { process: ProcessLabel, calls_lost: u64, by: ResetBy },
    /// A process was ended by its supervision after a crash.
    Crashed { process: ProcessLabel, failure: Arc<CallFailure> },
    /// A background job is held at a breakpoint.
    Held { job: JobId },
    /// A background job has succeeded, with the size of its output.
    JobDone { job: JobId, took: Duration, output_bytes: u64, text: String },
    /// A background job has failed.
    JobFailed { job: JobId, took: Duration, error: CallError },
    /// A background job's output was truncated.
    OutputCut { job: JobId, output_bytes: u64, kept_bytes: u64 },
    /// A process was reloaded after a change of its file.
    Reloaded { process: ProcessLabel, source: String, calls_lost: u64 },
    /// A process keeps its code despite a change of its file, with the reason.
    KeepsCode { process: ProcessLabel, failure: Arc<CallFailure> },
    /// Heavy modules are compiled in this process.
    NoCompiler(NoCompilerProcess),
    /// The core dump of a trap was written.
    CoreDump { process: ProcessLabel, path: PathBuf },
    /// The core dump of a trap was not written, with the reason.
    NoCoreDump(DumpError),
    /// A recording ended by itself.
    RecordingEnded { file: String, why: String },
}

/// Why a process lost its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetBy {
    /// The process's call ended with its chain: a kill, a deadline, or a nested call that failed.
    Chain,
    /// The process's own call trapped, or met a limit.
    OwnFailure,
}
