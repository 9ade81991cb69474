//! Why a command failed: one line, its kind, and its form at a terminal.

use std::fmt;

use crate::kernel::{CallStack, stderr_words};
use crate::secrets::owned_without_secrets;
use crate::text::one_line;

/// Why a command failed: one line, and what kind of failure it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellError {
    pub kind: ErrorKind,
    /// One line, lower case, without a final full stop. A guest's own words in it may have line breaks.
    pub message: String,
    /// The last lines of a plugin's standard error, where they may hold the reason; escaped.
    pub stderr: Vec<String>,
    /// The message starts with `file:line: `.
    pub located: bool,
    /// The line in its source that failed, counted from 1, where it is not the first of its statement.
    pub line: Option<usize>,
    pub display: DisplayState,
    /// Where the plugins stood, for a call that failed.
    pub stack: Option<Box<CallStack>>,
}

/// Whether the person has read an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DisplayState {
    #[default]
    Pending,
    /// A session that keeps going has shown it: nobody shows it again.
    Shown,
}

/// Kinds of failure, as the exit code tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    Failed,
    Usage,
    Timeout,
    Interrupted,
    /// Standard output is closed: the shell ends silently, with its code.
    BrokenPipe,
}

impl ShellError {
    /// An error of a kind; secrets in its URLs are left out.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> ShellError {
        ShellError {
            kind,
            message: owned_without_secrets(message.into()),
            stderr: Vec::new(),
            located: false,
            line: None,
            display: DisplayState::Pending,
            stack: None,
        }
    }

    /// A command that was well formed and failed.
    pub fn failed(message: impl Into<String>) -> ShellError {
        ShellError::new(ErrorKind::Failed, message)
    }

    /// A command with a mistake in its words.
    pub fn usage(message: impl Into<String>) -> ShellError {
        ShellError::new(ErrorKind::Usage, message)
    }

    /// Ctrl-C.
    pub fn interrupted() -> ShellError {
        ShellError::new(ErrorKind::Interrupted, "interrupted")
    }

    /// The error of a statement within another one; the innermost line stays.
    pub fn in_line(self, line: usize) -> ShellError {
        ShellError { line: self.line.or(Some(line)), ..self }
    }

    /// The error after it was shown.
    pub fn shown(self) -> ShellError {
        ShellError { display: DisplayState::Shown, ..self }
    }

    /// Whether the error was shown already, so that it is not shown again.
    pub fn is_shown(&self) -> bool {
        self.display == DisplayState::Shown
    }

    /// The error, whose message starts with its place or the program's name.
    pub fn diagnostic(&self) -> ShellError {
        let message = if self.located { self.message.clone() } else { format!("plugsh: {}", self.message) };
        ShellError { message, ..self.clone() }
    }

    /// The error as a terminal shows it: a guest's lines are lines, all but the first indented, so that none of them
    /// looks like the shell's.
    pub fn lines(&self) -> Vec<String> {
        let stderr: &[String] = if self.stderr.len() > 1 { &self.stderr } else { &[] };
        let head = match stderr.is_empty() {
            true => self.joined(),
            false => format!("{}; on its standard error:", self.message),
        };
        let mut lines: Vec<String> = head.trim_end().lines().map(|line| one_line(line).into_owned()).collect();
        if lines.len() > LINES_MAX {
            lines.truncate(LINES_MAX);
            lines.push("…".to_owned());
        }
        lines.extend(stderr.iter().cloned());
        lines.iter_mut().skip(1).for_each(|line| line.insert_str(0, "  "));
        lines
    }

    fn joined(&self) -> String {
        format!("{}{}", self.message, stderr_words(&self.stderr))
    }

    /// The exit code of a shell that this error ends.
    pub fn code(&self) -> u8 {
        match self.kind {
            ErrorKind::Failed => 1,
            ErrorKind::Usage => 2,
            ErrorKind::Timeout => 124,
            ErrorKind::Interrupted => 130,
            // The code of a program that SIGPIPE ended.
            ErrorKind::BrokenPipe => 141,
        }
    }
}

/// Most lines of a message that a terminal shows.
const LINES_MAX: usize = 16;

impl fmt::Display for ShellError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&one_line(&self.joined()))
    }
}

impl std::error::Error for ShellError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_safe_line() {
        let error = ShellError::failed("1:x: \x1b[2Jgone\nsecond \u{202e}line");
        assert_eq!(error.to_string(), "1:x: \\x1b[2Jgone\\nsecond \\u{202e}line");
    }

    #[test]
    fn a_terminal_shows_a_guests_lines_as_lines() {
        let error = ShellError::failed("1:x: first\n\x1b[2Jsecond\n");
        assert_eq!(error.lines(), ["1:x: first", "  \\x1b[2Jsecond"]);
        let stderr = |lines: &[&str]| ShellError {
            stderr: lines.iter().map(|line| (*line).to_owned()).collect(),
            ..ShellError::failed("trap")
        };
        assert_eq!(stderr(&["why"]).lines(), ["trap; on its standard error: why"]);
        assert_eq!(stderr(&["a", "b"]).lines(), ["trap; on its standard error:", "  a", "  b"]);
        assert_eq!(stderr(&["a", "b"]).to_string(), "trap; on its standard error: a | b");
        assert_eq!(ShellError::failed("x\n".repeat(1000)).lines().len(), LINES_MAX + 1);
    }

    #[test]
    fn codes_are_those_of_the_readme() {
        assert_eq!(ShellError::failed("").code(), 1);
        assert_eq!(ShellError::usage("").code(), 2);
        assert_eq!(ShellError::interrupted().code(), 130);
        assert_eq!(ShellError::new(ErrorKind::BrokenPipe, "").code(), 141);
    }
}
