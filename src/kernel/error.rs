//! Errors of calls, loads and requests, as the kernel's users see them: an outcome, a failure, where the plugins stood.

use std::fmt;
use std::sync::Arc;

use super::call_failure::{CallFailure, FailureCause};
use super::job_error::JobError;
use super::stack::CallStack;
use crate::journal::Outcome;
use crate::runtime::{Failure, FailureKind, Wording};

/// The error of what the room above does for the kernel, in one line: of the sink of a job's output, of the runner of a
/// stub's commands.
pub type HandlerError = Box<dyn std::error::Error + Send + Sync>;

/// The error of a call, a load or a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// Outcome of the failing call; never `Ok`, `Running` or `Held`.
    pub outcome: Outcome,
    /// Shared with the state of its process, and with the errors of the callers that fail with it.
    pub failure: Arc<CallFailure>,
    /// The guest's return code or WASI exit code, if any.
    pub code: Option<i32>,
    /// Where the plugins stood.
    pub stack: Option<Box<CallStack>>,
}

impl CallError {
    /// An error of this cause, which names its subject; secrets in its URLs are not shown.
    pub fn new(outcome: Outcome, cause: impl Into<FailureCause>, wording: Wording) -> Self {
        CallError::from_failure(outcome, CallFailure::new(None, cause, wording))
    }

    /// The error of a failure outside of any chain.
    pub fn of(failure: Failure, wording: Wording) -> Self {
        let (code, outcome) = (failure.code, outcome_of(failure.kind));
        CallError { code, ..CallError::new(outcome, FailureCause::failed(failure), wording) }
    }

    /// The error of a job that is not that of one of its calls.
    pub fn of_job(error: JobError, wording: Wording) -> Self {
        CallError::new(error.outcome(), error, wording)
    }

    /// An error of this failure.
    pub fn from_failure(outcome: Outcome, failure: impl Into<Arc<CallFailure>>) -> Self {
        CallError { outcome, failure: failure.into(), code: None, stack: None }
    }

    /// The error in a chain of this path.
    pub fn with_path(self, path: String) -> Self {
        let failure = Arc::unwrap_or_clone(self.failure).with_path(path);
        CallError { failure: Arc::new(failure), ..self }
    }

    /// A nested call's error on its way through the caller's host function. The chain keeps the error itself.
    pub fn as_nested(&self) -> Failure {
        Failure::new(FailureKind::Nested, self.to_string())
    }

    /// The line, with the tail of the plugin's standard error.
    pub fn with_reason(&self) -> String {
        self.failure.with_reason()
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failure.fmt(f)
    }
}

impl std::error::Error for CallError {}

/// Outcome of a call that failed with this kind of failure.
pub fn outcome_of(kind: FailureKind) -> Outcome {
    match kind {
        FailureKind::Guest | FailureKind::Nested | FailureKind::Load => Outcome::Error,
        FailureKind::Trap => Outcome::Trap,
        FailureKind::Interrupted => Outcome::Killed,
        FailureKind::Oom => Outcome::Oom,
        FailureKind::Fuel => Outcome::Fuel,
        FailureKind::Denied => Outcome::Denied,
        FailureKind::Lost => Outcome::Lost,
    }
}
