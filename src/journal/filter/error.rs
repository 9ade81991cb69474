//! Why an expression was refused.

use std::fmt;

/// Why an expression was refused, and where: the first character is column 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    pub column: usize,
    /// One line, without the column.
    pub message: String,
}

impl FilterError {
    /// An error at a column of the expression; the first character is column 1.
    pub(super) fn new(column: usize, message: impl Into<String>) -> FilterError {
        FilterError { column, message: message.into() }
    }

    /// A line with a `^` under the column, to stand below the expression.
    pub fn pointer(&self) -> String {
        format!("{:>1$}", "^", self.column)
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)
    }
}

impl std::error::Error for FilterError {}
