//! Lines of errors on standard error: several at a terminal, one elsewhere.

use std::io::{self, IsTerminal};

use crate::shell::ShellError;

/// The lines of an error for standard error.
pub fn error_lines(error: &ShellError) -> Vec<String> {
    if io::stderr().is_terminal() { error.lines() } else { vec![error.to_string()] }
}
