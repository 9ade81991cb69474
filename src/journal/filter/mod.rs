//! Filters: the expression language over records that `trace`, `stats`, `break`, `inject`, `export` and the pane share.
//!
//! `outcome != ok and (callee = cart* or depth > 2) and duration >= 5ms`. Names are globs and match the name, the id or
//! `id:name`; a bare word matches a call whose caller, callee or function it names, or both as `cart.total`. A quoted word is
//! meant to the letter.
//! A running call is compared with what it has so far.

mod glob;
mod lex;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::Write;

pub use glob::Glob;
pub use lex::FILTER_BYTES_MAX;
pub use parse::{FIELDS, FILTER_DEPTH_MAX};

use super::record::Record;
use super::symbol::{SYMBOL_BYTES_MAX, Symbol};
use lex::Op;

/// Names besides those of the record: of the plugins that caller and callee were loaded from.
#[derive(Clone, Copy, Debug, Default)]
pub struct AlsoNamed<'a> {
    pub caller: Option<&'a str>,
    pub callee: Option<&'a str>,
}

/// A record with all the names that it goes by.
struct Named<'a> {
    record: &'a Record,
    also: AlsoNamed<'a>,
}

/// A compiled expression. Matching never allocates and never fails.
#[derive(Clone, Debug)]
pub struct Filter {
    source: Box<str>,
    expr: Expr,
}

#[derive(Clone, Debug)]
enum Expr {
    Any(Vec<Expr>),
    All(Vec<Expr>),
    Not(Box<Expr>),
    Test(Test),
}

#[derive(Clone, Debug)]
enum Test {
    Name { field: NameField, glob: Glob, equal: bool },
    AnyName(Glob),
    Outcome { outcome: super::record::Outcome, equal: bool },
    Number { field: NumberField, op: Op, value: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NameField {
    Caller,
    Callee,
    Function,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NumberField {
    Depth,
    Job,
    BytesIn,
    BytesOut,
    Duration,
}

impl Filter {
    /// Compiles `text`, at most [`FILTER_BYTES_MAX`] bytes and nested at most [`FILTER_DEPTH_MAX`] deep.
    pub fn parse(text: &str) -> Result<Filter, FilterError> {
        Ok(Filter { source: text.into(), expr: parse::parse(text)? })
    }

    /// Whether the record is one that the expression asks for.
    pub fn matches(&self, record: &Record) -> bool {
        self.matches_also(record, AlsoNamed::default())
    }

    /// The same, for a record whose processes go by other names too.
    pub fn matches_also(&self, record: &Record, also: AlsoNamed<'_>) -> bool {
        self.expr.matches(&Named { record, also })
    }

    /// Whether it asks for what is only known when a call has ended: its outcome, duration or output.
    pub fn needs_end(&self) -> bool {
        self.expr.needs_end()
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

impl Expr {
    fn matches(&self, call: &Named<'_>) -> bool {
        match self {
            Expr::Any(parts) => parts.iter().any(|part| part.matches(call)),
            Expr::All(parts) => parts.iter().all(|part| part.matches(call)),
            Expr::Not(inner) => !inner.matches(call),
            Expr::Test(test) => test.matches(call),
        }
    }

    fn needs_end(&self) -> bool {
        match self {
            Expr::Any(parts) | Expr::All(parts) => parts.iter().any(Expr::needs_end),
            Expr::Not(inner) => inner.needs_end(),
            Expr::Test(Test::Outcome { .. }) => true,
            Expr::Test(Test::Number { field, .. }) => {
                matches!(field, NumberField::Duration | NumberField::BytesOut)
            }
            Expr::Test(Test::Name { .. } | Test::AnyName(_)) => false,
        }
    }
}

impl Test {
    fn matches(&self, call: &Named<'_>) -> bool {
        match self {
            Test::Name { field, glob, equal } => names(*field, glob, call) == *equal,
            Test::AnyName(glob) => {
                let named = |field| names(field, glob, call);
                [NameField::Callee, NameField::Function, NameField::Caller].into_iter().any(named)
                    || names_call(glob, call)
            }
            Test::Outcome { outcome, equal } => (call.record.outcome == *outcome) == *equal,
            Test::Number { field, op, value } => op.compare(field.of(call.record), *value),
        }
    }
}

impl NumberField {
    fn of(self, record: &Record) -> u64 {
        match self {
            NumberField::Depth => u64::from(record.depth),
            NumberField::Job => u64::from(record.job),
            NumberField::BytesIn => record.bytes_in,
            NumberField::BytesOut => record.bytes_out,
            NumberField::Duration => record.duration_ns,
        }
    }
}

fn names(field: NameField, glob: &Glob, call: &Named<'_>) -> bool {
    let Named { record, also } = call;
    let also_named = |name: Option<&str>| name.is_some_and(|name| glob.matches(name));
    match field {
        NameField::Function => glob.matches(record.function.as_str()),
        NameField::Caller => {
            glob.matches(record.caller_name.as_str())
                || names_id(glob, record.caller, record.caller_name)
                || also_named(also.caller)
        }
        NameField::Callee if record.callee == 0 => glob.matches(record.callee_name.as_str()),
        NameField::Callee => {
            glob.matches(record.callee_name.as_str())
                || names_id(glob, record.callee, record.callee_name)
                || also_named(also.callee)
        }
    }
}

/// The longest `id:name.function`.
const LABEL_BYTES_MAX: usize = 12 + 2 * SYMBOL_BYTES_MAX;

/// Calls `matches` with a text that is put together without allocating; false when it is too long.
fn with_label(text: fmt::Arguments<'_>, matches: impl FnOnce(&str) -> bool) -> bool {
    let mut label = [0; LABEL_BYTES_MAX];
    let mut rest = &mut label[..];
    if rest.write_fmt(text).is_err() {
        return false;
    }
    let unused = rest.len();
    label.get(..label.len() - unused).and_then(|label| str::from_utf8(label).ok()).is_some_and(matches)
}

/// Whether the glob is of the id alone, or of `id:name`.
fn names_id(glob: &Glob, id: u32, name: Symbol) -> bool {
    with_label(format_args!("{id}:{name}"), |label| {
        glob.matches(label) || label.split_once(':').is_some_and(|(id, _)| glob.matches(id))
    })
}

/// Whether the glob is of the call as it is typed: `cart.total`, or `2:cart.total`.
fn names_call(glob: &Glob, call: &Named<'_>) -> bool {
    let Named { record, also } = call;
    let is_it = |label: &str| glob.matches(label) || label.split_once(':').is_some_and(|(_, call)| glob.matches(call));
    let of_plugin = |plugin| with_label(format_args!("{plugin}.{}", record.function), |label| glob.matches(label));
    glob.has_dot()
        && (with_label(format_args!("{}:{}.{}", record.callee, record.callee_name, record.function), is_it)
            || also.callee.is_some_and(of_plugin))
}

/// Why an expression was refused, and where: the first character is column 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    pub column: usize,
    /// One line, without the column.
    pub message: String,
}

impl FilterError {
    fn new(column: usize, message: impl Into<String>) -> FilterError {
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
