//! Failures of loads, and how text from outside is shown in them.

use std::fmt::Display;

use crate::runtime::{Failure, FailureKind, Problem};
use crate::text::quoted_within;

/// Most characters of a source that an error shows.
const SHOWN_CHARS_MAX: usize = 200;

/// A failure of kind `Load`.
pub(super) fn load_failure(problem: impl Into<Problem>) -> Failure {
    Failure::new(FailureKind::Load, problem)
}

/// A failure of kind `Load` whose message names a file, a URL or a name: `no file `, `x.wasm` and nothing.
pub(super) fn failure_about(before: &str, subject: &str, after: impl Display) -> Failure {
    load_failure(format!("{before}`{subject}`{after}")).about(subject)
}

/// A source or a remark about one, for an error. Longer than [`crate::text::quoted`] allows: paths and URLs are long.
pub(super) fn quoted(text: &str) -> String {
    quoted_within(text, SHOWN_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn hostile_text_is_shown_on_one_short_line() {
        assert_eq!(quoted("a\nb\u{1b}[31m"), "a\\nb\\x1b[31m");
        assert_eq!(quoted("x\u{202e}y"), "x\\u{202e}y");
        assert_eq!(quoted(&"x".repeat(500)).chars().count(), 201);
    }
}
