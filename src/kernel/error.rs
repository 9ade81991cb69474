//! Errors of calls, loads and requests, as the kernel's users see them: an outcome, a line, the path of the chain.

use std::fmt;

use super::stack::CallStack;
use crate::journal::Outcome;
use crate::runtime::{Failure, FailureKind, Problem, Wording};
use crate::secrets::owned_without_secrets;
use crate::text::quoted_within;

/// The error of a call, a load or a request. The message is the whole line, path included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// Outcome of the failing call; never `Ok`, `Running` or `Held`.
    pub outcome: Outcome,
    /// One line: `2:cart.total: killed by the shell (1:front.run → 2:cart.total)`.
    pub message: String,
    /// The guest's return code or WASI exit code, if any.
    pub code: Option<i32>,
    /// Tail of the failing call's WASI standard error, if it may hold the reason; unescaped.
    pub stderr_tail: Option<String>,
    /// Where the plugins stood.
    pub stack: Option<Box<CallStack>>,
}

impl CallError {
    /// An error with its whole line; secrets in URLs are removed.
    pub fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        CallError {
            outcome,
            message: owned_without_secrets(message.into()),
            code: None,
            stderr_tail: None,
            stack: None,
        }
    }

    /// An error of a problem, with its advice in words.
    pub fn worded(outcome: Outcome, problem: impl Into<Problem>, wording: Wording) -> Self {
        CallError::new(outcome, problem.into().line(wording))
    }

    /// The error of a failure outside of any chain.
    pub fn of(failure: Failure, wording: Wording) -> Self {
        let error = CallError::new(outcome_of(failure.kind), failure.line(wording));
        CallError { code: failure.code, stderr_tail: failure.stderr_tail, ..error }
    }

    /// The message and the tail of the plugin's standard error, on one line.
    pub fn with_reason(&self) -> String {
        let reason = self.stderr_tail.as_deref().map(reason_in).filter(|reason| !reason.is_empty());
        match reason {
            Some(reason) => format!("{}; on its standard error: {reason}", self.message),
            None => self.message.clone(),
        }
    }
}

/// Summary of a standard error's tail: a few lines, joined. Languages differ in whether a panic's reason comes first or
/// last.
fn reason_in(tail: &str) -> String {
    const LINES_MAX: usize = 4;
    const LINE_CHARS_MAX: usize = 160;
    let lines: Vec<&str> = tail.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let shown = |line: &&str| quoted_within(line, LINE_CHARS_MAX);
    match lines.as_slice() {
        [first, .., before, last] if lines.len() > LINES_MAX => {
            [shown(first), "…".to_owned(), shown(before), shown(last)].join(" | ")
        }
        lines => lines.iter().map(shown).collect::<Vec<_>>().join(" | "),
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_few_safe_lines() {
        let told = |tail: &str| {
            let error = CallError { stderr_tail: Some(tail.to_owned()), ..CallError::new(Outcome::Trap, "trap") };
            error.with_reason()
        };
        assert_eq!(told("index 9\n  out of 3\n\n"), "trap; on its standard error: index 9 | out of 3");
        assert_eq!(told("\n \n"), "trap");
        assert_eq!(told("1\n2\n3\n4\n5"), "trap; on its standard error: 1 | … | 4 | 5");
        assert_eq!(told("\x1b[2J"), "trap; on its standard error: \\x1b[2J");
        assert!(told(&"x".repeat(100_000)).len() < 300);
    }
}
