//! A failed call and its error as a record keeps them: the call and the cause apart, bounded.

use std::fmt;

use super::symbol::Symbol;
use crate::text::{bounded, escape_control};

/// The most bytes of an error that a record keeps.
pub const ERROR_BYTES_MAX: usize = 2048;

/// The call that an error is about. In a line: `2:cart.total`, with the function escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCall {
    /// The called process.
    pub process: u32,
    /// The process's name. A symbol would not do: numbered names such as `echo-70000` have none of their own.
    pub name: Box<str>,
    pub function: Symbol,
}

impl FailedCall {
    /// The function as messages show it.
    pub fn function(&self) -> String {
        escape_control(self.function.as_str())
    }
}

impl fmt::Display for FailedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}.{}", self.process, self.name, self.function())
    }
}

/// The error of a record. Boxed: a record, which few calls need it for, has eight bytes for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedError(Box<Parts>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    call: Option<FailedCall>,
    cause: Box<str>,
}

impl RecordedError {
    /// An error of `call`, whose line takes at most [`ERROR_BYTES_MAX`]: a longer cause is cut, with `…` at its end.
    pub fn new(call: Option<FailedCall>, cause: &str) -> Self {
        let label_bytes = call.as_ref().map_or(0, |call| call.to_string().len() + SEPARATOR.len());
        let cause = bounded(cause, ERROR_BYTES_MAX.saturating_sub(label_bytes));
        RecordedError(Box::new(Parts { call, cause: cause.as_ref().into() }))
    }

    /// The cause without the call.
    pub fn cause(&self) -> &str {
        &self.0.cause
    }

    /// The line for a reader who sees the call of `function` in `process` beside it: without that call's name.
    pub fn beside(&self, process: u32, function: Symbol) -> String {
        let is_that = |call: &FailedCall| call.process == process && call.function == function;
        if self.0.call.as_ref().is_some_and(is_that) { self.cause().to_owned() } else { self.to_string() }
    }
}

/// The text between a call and its cause in a line.
const SEPARATOR: &str = ": ";

impl From<&str> for RecordedError {
    fn from(cause: &str) -> Self {
        RecordedError::new(None, cause)
    }
}

impl fmt::Display for RecordedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(call) = &self.0.call {
            write!(f, "{call}{SEPARATOR}")?;
        }
        f.write_str(self.cause())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total() -> FailedCall {
        FailedCall { process: 2, name: "cart".into(), function: Symbol::intern("total") }
    }

    #[test]
    fn a_line_names_the_call_unless_the_reader_sees_it() {
        let error = RecordedError::new(Some(total()), "no disk");
        let function = Symbol::intern("total");
        assert_eq!(error.to_string(), "2:cart.total: no disk");
        assert_eq!((error.beside(2, function), error.beside(1, function)), ("no disk".to_owned(), error.to_string()));
        assert_eq!(RecordedError::from("no function `x`").beside(2, function), "no function `x`");
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        for call in [None, Some(total())] {
            let line = RecordedError::new(call, &"é".repeat(ERROR_BYTES_MAX)).to_string();
            assert!(line.len() <= ERROR_BYTES_MAX && line.ends_with('…'), "{} bytes", line.len());
        }
    }
}
