//! Why a call, a load or a request failed: the call, the cause and the path apart, as values, and the line that they
//! make. A failed call can end its process, whose end fails later calls: the reasons of ends stand here too.

use std::fmt;
use std::sync::Arc;

use super::cause::Cause;
use super::job_error::JobError;
use super::label::{ProcessId, ProcessLabel};
use super::lookup_error::LookupError;
use super::policy::Denial;
use super::watch_error::WatchError;
use crate::journal::{FailedCall, RecordedError};
use crate::limits::Limit;
use crate::runtime::{Advice, Explained, Failure, ItemType, NodeEnd, Worded, Wording};
use crate::secrets::owned_without_secrets;
use crate::text::{escape_control, many_lines, quoted_within};

/// Most characters of a type in an error.
const TYPE_CHARS_MAX: usize = 200;

/// Why a call, a load or a request failed. In a line: `2:cart.total: killed by the shell (1:front.run → 2:cart.total)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFailure {
    /// The call that is to blame; `None` where the cause names its subject.
    call: Option<FailedCall>,
    cause: FailureCause,
    /// The path of the chain, outermost first; empty where there is none.
    path: String,
    /// The words for the cause.
    wording: Wording,
}

impl CallFailure {
    /// A failure of this cause, in these words.
    pub fn new(call: Option<FailedCall>, cause: impl Into<FailureCause>, wording: Wording) -> Self {
        CallFailure { call, cause: cause.into(), path: String::new(), wording }
    }

    /// The failure in a chain of this path.
    pub fn with_path(self, path: String) -> Self {
        CallFailure { path, ..self }
    }

    /// The cause in a line, without the call and the path.
    pub fn cause_line(&self) -> String {
        self.cause.line(self.wording)
    }

    /// The line, with the tail of the plugin's standard error.
    pub fn with_reason(&self) -> String {
        format!("{self}{}", stderr_words(&self.stderr_lines()))
    }

    /// The line with the tail of the plugin's standard error, for a reader who sees beside it which process failed.
    pub fn beside(&self, process: u32) -> String {
        match &self.call {
            Some(call) if call.process == process => {
                format!("{}: {}{}", call.function(), self.own_words(), stderr_words(&self.stderr_lines()))
            }
            _ => self.with_reason(),
        }
    }

    /// The failure with a guest's line breaks, without the tail of its standard error.
    pub fn lines(&self) -> String {
        let call = self.call.as_ref().map_or(String::new(), |call| format!("{call}: "));
        format!("{call}{}", self.on_path(self.cause.lines(self.wording)))
    }

    /// A few lines of the plugin's standard error, escaped; none where it wrote nothing.
    pub fn stderr_lines(&self) -> Vec<String> {
        self.cause.stderr_tail().map(lines_in).unwrap_or_default()
    }

    /// The failure as a record keeps it.
    pub fn recorded(&self) -> RecordedError {
        RecordedError::new(self.call.clone(), &(self.own_words() + &stderr_words(&self.stderr_lines())))
    }

    /// The way on for a process that this crash has ended for good.
    pub fn restart_advice(&self, process: ProcessId) -> Advice {
        Advice::Restart { process, crash: self.with_reason() }
    }

    /// The cause and the path.
    fn own_words(&self) -> String {
        self.on_path(self.cause_line())
    }

    fn on_path(&self, cause: String) -> String {
        if self.path.is_empty() { cause } else { format!("{cause} ({})", self.path) }
    }
}

/// Without the tail of the plugin's standard error.
impl fmt::Display for CallFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(call) = &self.call {
            write!(f, "{call}: ")?;
        }
        f.write_str(&self.own_words())
    }
}

/// The cause of a failure. Sources are as they are shown, functions as they were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureCause {
    /// The words of who failed: another kernel, or the room above.
    Text(String),
    /// The policy, the caller's grants or the rate of calls denies the call.
    Denied(Denial),
    /// The instance, the host or a limit failed the call, or its start.
    Failed(Box<Failure>),
    /// A cancel, of the call or of one above it.
    Cancelled(Cause),
    /// The called process has ended.
    Dead(DeadProcess),
    /// The called process has crashed for good.
    Halted {
        process: ProcessLabel,
        crash: Arc<CallFailure>,
    },
    /// The called process has no such function.
    NoFunction {
        process: ProcessLabel,
        function: Box<str>,
        advice: Box<Advice>,
    },
    /// The called export is no plugin function.
    NotCallable {
        process: ProcessLabel,
        function: Box<str>,
        ty: Box<ItemType>,
    },
    /// The call would close this circle of calls.
    Circle {
        path: Box<str>,
    },
    /// The chain is as deep as it may be.
    TooDeep {
        process: ProcessLabel,
        error: ChainTooDeep,
    },
    /// The chain has no call.
    NoCall,
    /// The process of a started call has another one in it.
    Busy,
    /// A process, or the target of a stand-in, is not there.
    Lookup(LookupError),
    /// A process is not below the one that frees it.
    NotDescendant {
        caller: ProcessLabel,
        target: ProcessLabel,
    },
    /// The node that the instance was on is gone.
    NodeLost {
        node: Box<str>,
        end: NodeEnd,
    },
    Job(JobError),
    Watch {
        source: String,
        error: WatchError,
    },
    /// A load of the shell.
    Load {
        source: String,
        failure: Box<Failure>,
    },
    /// A load of a guest.
    Register {
        source: String,
        failure: Box<Failure>,
    },
    Restart {
        process: ProcessLabel,
        failure: Box<Failure>,
    },
    Reload {
        process: ProcessLabel,
        failure: Box<Failure>,
    },
    /// A call in the stock SDK, outside of any process.
    InSdk {
        function: Box<str>,
        failure: Box<Failure>,
    },
}

/// Why a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExitReason {
    /// By a person.
    Killed,
    /// By an ancestor.
    Freed(ProcessLabel),
    /// The supervision ends the process after a crash.
    Crashed(Arc<CallFailure>),
    /// The start of the process failed.
    NotStarted,
}

/// A call or a command that names a dead process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadProcess {
    pub process: ProcessLabel,
    pub reason: ExitReason,
}

impl FailureCause {
    /// The cause that a failure of an instance, of the host or of a limit is.
    pub fn failed(failure: Failure) -> FailureCause {
        FailureCause::Failed(Box::new(failure.without_stack()))
    }

    /// The line without secrets in its URLs.
    fn line(&self, wording: Wording) -> String {
        owned_without_secrets(wording.line(&self.words(wording), self.advice().as_ref()))
    }

    /// The line with a guest's line breaks, where it has any; other control characters are escaped.
    fn lines(&self, wording: Wording) -> String {
        if let FailureCause::Failed(failure) = self {
            let line = failure.line(wording);
            if line.contains('\n') {
                return owned_without_secrets(many_lines(&line).into_owned());
            }
        }
        self.line(wording)
    }

    /// The way on; `None`: the words have it, or there is none.
    fn advice(&self) -> Option<Advice> {
        match self {
            FailureCause::Denied(denial) => denial.advice(),
            FailureCause::NoFunction { advice, .. } => Some((**advice).clone()),
            FailureCause::TooDeep { error, .. } => error.advice(),
            FailureCause::Halted { process, crash } => Some(crash.restart_advice(process.id)),
            FailureCause::Lookup(error) => error.advice(),
            FailureCause::Job(error) => error.advice(),
            _ => None,
        }
    }

    /// The tail of a standard error that may hold the reason; unescaped.
    fn stderr_tail(&self) -> Option<&str> {
        match self {
            FailureCause::Failed(failure)
            | FailureCause::Load { failure, .. }
            | FailureCause::InSdk { failure, .. } => failure.stderr_tail.as_deref(),
            _ => None,
        }
    }
}

impl Worded for FailureCause {
    fn write(&self, wording: Wording, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = |failure: &Failure| escape_control(&failure.line(wording));
        match self {
            FailureCause::Text(text) => f.write_str(text),
            FailureCause::Denied(denial @ Denial::RuleCall { .. }) => write!(f, "by the policy, {denial}"),
            FailureCause::Denied(denial) => fmt::Display::fmt(denial, f),
            FailureCause::Failed(failure) => f.write_str(&own(failure)),
            FailureCause::Cancelled(cause) => cause.write(wording, f),
            FailureCause::Dead(dead) => dead.write(wording, f),
            FailureCause::Halted { process, .. } => write!(f, "`{process}` crashed and is not started again"),
            FailureCause::NoFunction { process, function, .. } => {
                write!(f, "no function `{}` in `{process}`", escape_control(function))
            }
            FailureCause::NotCallable { process, function, ty } => {
                write!(f, "`{}` in `{process}` {}", escape_control(function), NotCallable(ty))
            }
            FailureCause::Circle { path } => write!(f, "call in a circle: {path}"),
            FailureCause::TooDeep { process, error } => write!(f, "cannot call `{process}`: {error}"),
            FailureCause::NoCall => f.write_str("the chain is empty"),
            FailureCause::Busy => f.write_str("it is busy"),
            FailureCause::Lookup(error) => fmt::Display::fmt(error, f),
            FailureCause::NotDescendant { caller, target } => {
                write!(f, "`{caller}` may not free `{target}`: it is no descendant of it")
            }
            FailureCause::NodeLost { node, end } => write!(f, "node `{node}` {end}"),
            FailureCause::Job(error) => fmt::Display::fmt(error, f),
            FailureCause::Watch { source, error } => write!(f, "cannot watch `{source}`: {error}"),
            FailureCause::Load { source, failure } if failure.is_about(source) => f.write_str(&own(failure)),
            FailureCause::Load { source, failure } => write!(f, "cannot load `{source}`: {}", own(failure)),
            FailureCause::Register { source, failure } => {
                write!(f, "cannot load `{source}`: {}", failure.line(wording))
            }
            FailureCause::Restart { process, failure } => write!(f, "cannot restart `{process}`: {}", own(failure)),
            FailureCause::Reload { process, failure } => write!(f, "cannot reload `{process}`: {}", own(failure)),
            FailureCause::InSdk { function, failure } => {
                write!(f, "`{}` in the SDK alone: {}", escape_control(function), failure.line(wording))
            }
        }
    }
}

impl Worded for DeadProcess {
    fn write(&self, wording: Wording, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process `{}` is dead: {}", self.process, self.reason.words(wording))
    }
}

impl Worded for ExitReason {
    fn write(&self, wording: Wording, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExitReason::Killed => write!(f, "killed by {}", wording.shell()),
            ExitReason::Freed(ancestor) => write!(f, "freed by `{ancestor}`"),
            ExitReason::Crashed(failure) => write!(f, "crashed: {failure}"),
            ExitReason::NotStarted => f.write_str("it could not start"),
        }
    }
}

/// The chain is as deep as it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainTooDeep {
    pub depth_max: u16,
}

impl fmt::Display for ChainTooDeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the chain is {} calls deep, the limit", self.depth_max)
    }
}

impl Explained for ChainTooDeep {
    fn advice(&self) -> Option<Advice> {
        Some(Advice::Raise(Limit::Depth))
    }
}

/// The words for an export that is no plugin function, after its name.
pub(super) struct NotCallable<'a>(pub &'a ItemType);

impl fmt::Display for NotCallable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.0 {
            ItemType::Function(_) => {
                "a plugin function takes no parameters and gives nothing or an i32; its input and output are Extism's"
            }
            _ => "only functions can be called",
        };
        write!(f, "is exported as {}; {why}", quoted_within(&self.0.to_string(), TYPE_CHARS_MAX))
    }
}

impl From<String> for FailureCause {
    fn from(text: String) -> FailureCause {
        FailureCause::Text(text)
    }
}

impl From<LookupError> for FailureCause {
    fn from(error: LookupError) -> FailureCause {
        FailureCause::Lookup(error)
    }
}

impl From<JobError> for FailureCause {
    fn from(error: JobError) -> FailureCause {
        FailureCause::Job(error)
    }
}

/// The words behind a message about lines of a plugin's standard error; empty where there are none.
pub fn stderr_words(lines: &[String]) -> String {
    if lines.is_empty() { String::new() } else { format!("; on its standard error: {}", lines.join(" | ")) }
}

/// A few lines of a standard error's tail. Languages differ in whether a panic's reason comes first or last.
fn lines_in(tail: &str) -> Vec<String> {
    const LINES_MAX: usize = 4;
    const LINE_CHARS_MAX: usize = 160;
    let lines: Vec<&str> = tail.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let shown = |line: &&str| quoted_within(line, LINE_CHARS_MAX);
    match lines.as_slice() {
        [first, .., before, last] if lines.len() > LINES_MAX => {
            vec![shown(first), "…".to_owned(), shown(before), shown(last)]
        }
        lines => lines.iter().map(shown).collect(),
    }
}

#[cfg(test)]
mod tests;
