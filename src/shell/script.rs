//! Running texts of many lines: script files, `-c`, standard input, `source`. A line runs before the next is read, and
//! an error names its place.

use std::io::{self, BufRead, BufReader};
use std::os::fd::AsFd;

use super::cancellable_io::CancellableReader;
use super::incoming::Incoming;
use super::line::{Grammar, Lines, SyntaxError};
use super::reply::{ErrorKind, Line, Role, ShellError};
use super::session::Session;
use super::stdin::Stdin;
use crate::text::{io_cause, without_bom};

impl Session {
    /// Runs lines as they come in by standard input. Ctrl-C ends the wait for the next one.
    ///
    /// # Errors
    /// Standard input cannot be read, or a statement fails.
    pub fn run_standard_input(&mut self) -> Result<(), ShellError> {
        *self.front_and_stdin().1 = Stdin::Script;
        let (stdin, interrupt) = (std::io::stdin(), self.interrupt().clone());
        let is_cancelled = || interrupt.is_raised();
        let mut lines = BufReader::new(CancellableReader::new(stdin.as_fd(), &is_cancelled));
        self.run_incoming("stdin", &mut lines)
    }

    /// Runs a text. Errors name `name` and a line, counted from `first_line`. Stops at the first error; a session that
    /// keeps going shows errors, and gives the first at the end unless `exit` was run.
    ///
    /// # Errors
    /// A syntax error, or the first statement that fails; with its line.
    pub fn run_text(&mut self, name: &str, bytes: &[u8], first_line: usize) -> Result<(), ShellError> {
        let mut first_error = None;
        let mut line = first_line;
        let mut rest = if first_line == 1 { without_bom(bytes) } else { bytes };
        while !rest.is_empty() && self.exit_code().is_none() {
            let (text, bad_line, after) = split_at_bad_line(rest);
            self.in_text(name, line, |session| session.run_lines(name, text, line, &mut first_error))?;
            line += text.matches('\n').count();
            if let Some(bad_byte) = bad_line {
                let message = format!("not UTF-8 (byte 0x{bad_byte:02x})");
                self.line_failed(located(ShellError::failed(message), name, line), &mut first_error)?;
                line += 1;
            }
            rest = after;
        }
        self.kept_going(first_error)
    }

    /// Runs lines as they are run at a terminal: an error has no place.
    ///
    /// # Errors
    /// A syntax error, or the first statement that fails.
    pub fn run_typed(&mut self, text: &str) -> Result<(), ShellError> {
        let mut lines = Lines::new(text);
        while let Some(read) = lines.next(&self.grammar()) {
            let script = read.map_err(|error| syntax_error(&error))?;
            self.run_statements(&script)?;
            if self.exit_code().is_some() {
                break;
            }
        }
        Ok(())
    }

    /// The result of a text whose errors were shown already: the first error, unless `exit` was run.
    fn kept_going(&self, first_error: Option<ShellError>) -> Result<(), ShellError> {
        first_error.filter(|_| self.exit_code().is_none()).map_or(Ok(()), Err)
    }

    fn run_lines(
        &mut self,
        name: &str,
        text: &str,
        first_line: usize,
        first_error: &mut Option<ShellError>,
    ) -> Result<(), ShellError> {
        let mut lines = Lines::new(text);
        while let Some(read) = lines.next(&self.grammar()) {
            let statements = match read {
                Ok(script) => script.statements,
                Err(error) => {
                    let line = first_line + error.line - 1;
                    self.line_failed(located(syntax_error(&error), name, line), first_error)?;
                    continue;
                }
            };
            for statement in statements {
                let hidden = || text.lines().nth(statement.line - 1).is_some_and(|line| line.starts_with(' '));
                if self.options().echo && !hidden() {
                    let sign = if statement.background { " &" } else { "" };
                    self.notice(
                        Line::new()
                            .with(Role::Dim, "plugsh> ")
                            .with(Role::Code, statement.text.clone())
                            .with(Role::Code, sign),
                    );
                }
                if let Err(error) = self.run_statement(&statement) {
                    let line = first_line + error.line.unwrap_or(statement.line) - 1;
                    self.line_failed(located(error, name, line), first_error)?;
                }
                self.show_notices();
                if self.exit_code().is_some() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Ends the text at a failed line, or shows the error and keeps the first.
    fn line_failed(&mut self, error: ShellError, first: &mut Option<ShellError>) -> Result<(), ShellError> {
        self.set_last_code(error.code());
        let ends = matches!(error.kind, ErrorKind::Interrupted | ErrorKind::BrokenPipe);
        if ends || !self.options().keep_going {
            return Err(error);
        }
        self.show_error(&error);
        first.get_or_insert(error.shown());
        Ok(())
    }

    /// Shows an error as a notice, unless it was shown before.
    pub fn show_error(&mut self, error: &ShellError) {
        if !error.is_shown() {
            self.front().error(error);
        }
    }

    /// Runs lines as they come in, each as soon as it is whole.
    ///
    /// # Errors
    /// As of [`Session::run_text`], or the lines cannot be read.
    pub fn run_incoming(&mut self, name: &str, source: &mut dyn BufRead) -> Result<(), ShellError> {
        let mut incoming = Incoming::new(self.grammar());
        let mut first_error = None;
        while self.exit_code().is_none() {
            let mut line = Vec::new();
            let read = source.read_until(b'\n', &mut line).map_err(|error| match self.interrupt().is_raised() {
                true => ShellError::interrupted(),
                false => stdin_error(&error),
            })?;
            let whole = if read == 0 { incoming.finish() } else { incoming.add(&line) };
            if let Some((text, first_line)) = whole
                && let Err(error) = self.run_text(name, &text, first_line)
            {
                if !self.options().keep_going || error.kind == ErrorKind::Interrupted {
                    return Err(error);
                }
                first_error.get_or_insert(error);
            }
            if read == 0 {
                break;
            }
        }
        self.kept_going(first_error)
    }
}

/// The text before the first line that is not UTF-8, that line's bad byte, and the bytes after the line.
fn split_at_bad_line(bytes: &[u8]) -> (&str, Option<u8>, &[u8]) {
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => return (text, None, &[]),
        Err(error) => error.valid_up_to(),
    };
    let (before, from_bad) = bytes.split_at_checked(valid).unwrap_or((bytes, &[]));
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let text = before.get(..line_start).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or("");
    let line_end = from_bad.iter().position(|byte| *byte == b'\n').map_or(from_bad.len(), |newline| newline + 1);
    (text, from_bad.first().copied(), from_bad.get(line_end..).unwrap_or(&[]))
}

/// A mistake in a line as the shell's error.
pub fn syntax_error(error: &SyntaxError) -> ShellError {
    ShellError::usage(error.to_string())
}

/// Checks the syntax of commands that are stored to run later.
///
/// # Errors
/// A syntax error.
pub fn check_commands(grammar: &dyn Grammar, commands: &str) -> Result<(), ShellError> {
    let mut lines = Lines::new(commands);
    while let Some(read) = lines.next(grammar) {
        read.map_err(|error| syntax_error(&error))?;
    }
    Ok(())
}

/// The error with its place; an error of a sourced file keeps the place it has.
pub(super) fn located(mut error: ShellError, name: &str, line: usize) -> ShellError {
    if !error.located && !matches!(error.kind, ErrorKind::BrokenPipe) {
        error.message = format!("{name}:{line}: {}", error.message);
        error.located = true;
    }
    error
}

fn stdin_error(error: &io::Error) -> ShellError {
    ShellError::failed(format!("standard input: {}", io_cause(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Kernel, KernelOptions};
    use crate::shell::headless::Headless;
    use crate::shell::{SessionOptions, Stdin, start};

    #[test]
    fn a_session_that_keeps_going_shows_each_error_once() {
        let (front, collected) = Headless::new();
        let options = SessionOptions { keep_going: true, ..SessionOptions::default() };
        let mut session = start(Kernel::new(KernelOptions::default()), Box::new(front), options, Stdin::Used);
        let error = session.run_text("f", b"unset first\nunset second\n", 1).unwrap_err();
        assert!(error.is_shown());
        session.show_error(&error);
        let shown: Vec<String> = collected.lock().notices.iter().map(Line::to_string).collect();
        assert_eq!(shown.iter().map(|line| &line[..3]).collect::<Vec<_>>(), ["f:1", "f:2"], "{shown:?}");
    }

    #[test]
    fn a_line_that_is_not_utf8_is_set_apart() {
        assert_eq!(split_at_bad_line(b"a\nb\xff c\nd\n"), ("a\n", Some(0xff), &b"d\n"[..]));
        assert_eq!(split_at_bad_line(b"a\n"), ("a\n", None, &b""[..]));
        assert_eq!(split_at_bad_line(b"\xfe"), ("", Some(0xfe), &b""[..]));
    }
}
