//! Filters: the expression language over records that `trace`, `stats`, `break`, `inject`, `export` and the pane share.
//!
//! `outcome != ok and (callee = cart* or depth > 2) and duration >= 5ms`. Names are globs and match the name, the id or
//! `id:name`; a bare word matches a call whose caller, callee or function it names, or both as `cart.total`. A quoted
//! word is meant to the letter. A running call is compared with what it has so far.
//!
//! `input ~ '^[a-z]+$'`, `input./items/0/qty > 3` and `error contains disk` are about a call's content. Where the bytes
//! that would tell were not kept, such a test answers neither yes nor no, and neither it nor its `not` picks the call.
//!
//! The language is that of any [`Fields`]: `parse` makes an [`Expr`] of other tests for things that are no calls.

mod content;
mod error;
mod expr;
mod fields;
mod lex;
mod op;
mod parse;
mod pointer;
mod regex;
#[cfg(test)]
mod tests;

use std::fmt;

pub use content::{CallContent, ContentTest, ErrorContent, Part};
pub use error::FilterError;
pub use expr::{AlsoNamed, Expr, LiteralName};
pub use fields::{Comparison, Fields};
pub use lex::FILTER_BYTES_MAX;
pub use op::Op;
pub use parse::{FIELDS, FILTER_DEPTH_MAX, parse};

use super::record::{Record, RecordKind};
use expr::{Named, Test};
use parse::CallFields;

/// A compiled expression. Matching never fails, and allocates only where it reads payloads.
#[derive(Clone, Debug)]
pub struct Filter {
    source: Box<str>,
    expr: Expr<Test>,
}

impl Filter {
    /// Compiles `text`, at most [`FILTER_BYTES_MAX`] bytes and nested at most [`FILTER_DEPTH_MAX`] deep.
    ///
    /// # Errors
    /// The text is no expression, or beyond those bounds; with the column.
    pub fn parse(text: &str) -> Result<Filter, FilterError> {
        Ok(Filter { source: text.into(), expr: parse::<CallFields>(text)?.payloads_last() })
    }

    /// Whether the record matches.
    pub fn matches(&self, record: &Record) -> bool {
        self.matches_also(record, AlsoNamed::default())
    }

    /// Whether a record matches whose processes have further names.
    pub fn matches_also(&self, record: &Record, also: AlsoNamed<'_>) -> bool {
        self.matches_content(record, also, CallContent::of(record))
    }

    /// Whether a call matches whose bytes are at hand.
    pub fn matches_content(&self, record: &Record, also: AlsoNamed<'_>, content: CallContent<'_>) -> bool {
        self.expr.answer(&Named { record, also, content }) == Some(true)
    }

    /// Whether the record matches; `None` where its payload would tell, and the part of it that does was not kept.
    pub fn answer(&self, record: &Record) -> Option<bool> {
        self.expr.answer(&Named { record, also: AlsoNamed::default(), content: CallContent::of(record) })
    }

    /// Whether the record matches and counts: one that is no call does only where the expression asks for `kind`.
    pub fn counts(&self, record: &Record) -> bool {
        (record.kind == RecordKind::Call || self.expr.asks_kind()) && self.matches(record)
    }

    /// Whether the filter has a test that only the end of a call can answer: of its outcome, duration or output.
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

impl PartialEq for Filter {
    fn eq(&self, other: &Filter) -> bool {
        self.source == other.source
    }
}

impl Eq for Filter {}

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
