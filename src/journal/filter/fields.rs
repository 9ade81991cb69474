//! The fields of an expression, and the test that a comparison makes.

use super::content::ContentTest;
use super::error::FilterError;
use super::op::Op;
use crate::name_glob::Glob;
use crate::text::quoted;

/// The fields of one kind of thing.
pub trait Fields {
    type Test;

    /// Every field, as it is written.
    const NAMES: &'static [&'static str];
    /// A comparison, for messages.
    const EXAMPLE: &'static str;

    /// The test of a bare word, which is a glob over names.
    fn named(glob: Glob) -> Self::Test;

    /// The fields that are texts or JSON.
    const CONTENT_NAMES: &'static [&'static str] = &[];

    /// A test of a call's content, whose field is one of [`Fields::CONTENT_NAMES`].
    fn content(_test: ContentTest) -> Option<Self::Test> {
        None
    }

    /// The test of a comparison, whose field is one of [`Fields::NAMES`].
    ///
    /// # Errors
    /// The field is not compared in this way, or not with such a value.
    fn test(comparison: &Comparison<'_>) -> Result<Self::Test, FilterError>;
}

/// `FIELD OP VALUE`, as it was read.
#[derive(Debug)]
pub struct Comparison<'a> {
    pub field: &'a str,
    pub op: Op,
    pub value: &'a str,
    pub(super) op_column: usize,
    pub(super) value_column: usize,
    /// The value was in quotes: it is no glob.
    pub(super) in_quotes: bool,
}

impl Comparison<'_> {
    /// The value as a glob.
    pub fn glob(&self) -> Glob {
        if self.in_quotes { Glob::literal(self.value) } else { Glob::new(self.value) }
    }

    /// Whether the operator is `=` (or else `!=`).
    ///
    /// # Errors
    /// The field has another kind.
    pub fn equality(&self) -> Result<bool, FilterError> {
        match self.op {
            Op::Equal => Ok(true),
            Op::NotEqual => Ok(false),
            _ => Err(FilterError::new(self.op_column, format!("`{}` is compared with `=` or `!=`", self.field))),
        }
    }

    /// The error of a value that the field cannot have.
    pub fn refused(&self, message: impl Into<String>) -> FilterError {
        FilterError::new(self.value_column, message)
    }

    /// A whole number.
    ///
    /// # Errors
    /// `text` is none.
    pub fn whole(&self, text: &str) -> Result<u64, FilterError> {
        text.parse().map_err(|_| self.refused(format!("`{}` is no number", quoted(text))))
    }
}
