//! Filters: the expression language over records that `trace`, `stats`, `break`, `inject`, `export` and the pane share.
//!
//! `outcome != ok and (callee = cart* or depth > 2) and duration >= 5ms`. Names are globs and match the name, the id or
//! `id:name`; a bare word matches a call whose caller, callee or function it names, or both as `cart.total`. A quoted
//! word is meant to the letter. A running call is compared with what it has so far.
//!
//! The language is that of any [`Fields`]: [`parse`] makes an [`Expr`] of other tests for things that are no calls.

mod error;
mod expr;
mod fields;
mod glob;
mod lex;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;

pub use error::FilterError;
pub use expr::{AlsoNamed, Expr, LiteralName};
pub use fields::{Comparison, Fields};
pub use glob::Glob;
pub use lex::{FILTER_BYTES_MAX, Op};
pub use parse::{FIELDS, FILTER_DEPTH_MAX, parse};

use super::record::Record;
use expr::{Named, Test};
use parse::CallFields;

/// A compiled expression. Matching never allocates and never fails.
#[derive(Clone, Debug)]
pub struct Filter {
    source: Box<str>,
    expr: Expr<Test>,
}

impl Filter {
    /// Compiles `text`, at most [`FILTER_BYTES_MAX`] bytes and nested at most [`FILTER_DEPTH_MAX`] deep.
    pub fn parse(text: &str) -> Result<Filter, FilterError> {
        Ok(Filter { source: text.into(), expr: parse::<CallFields>(text)? })
    }

    /// Whether the record matches.
    pub fn matches(&self, record: &Record) -> bool {
        self.matches_also(record, AlsoNamed::default())
    }

    /// Whether a record matches whose processes have further names.
    pub fn matches_also(&self, record: &Record, also: AlsoNamed<'_>) -> bool {
        self.expr.matches(&Named { record, also })
    }

    /// Whether it asks for what is only known when a call has ended: its outcome, duration or output.
    pub fn needs_end(&self) -> bool {
        self.expr.needs_end()
    }

    /// The names that it compares with, where they are no globs, in the order of the text.
    pub fn literal_names(&self) -> Vec<LiteralName> {
        let mut names = Vec::new();
        self.expr.literal_names(&mut names);
        names
    }

    /// The expression as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.source)
    }
}

impl std::str::FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Filter, FilterError> {
        Filter::parse(text)
    }
}
