//! A compiled expression, and its evaluation on a record.

use std::fmt;
use std::io::Write;

use super::content::{CallContent, ContentTest, Side};
use super::op::Op;
use crate::journal::record::{Outcome, Record, RecordKind};
use crate::journal::symbol::{SYMBOL_BYTES_MAX, Symbol};
use crate::name_glob::Glob;

/// Names besides those of the record: of the plugins that caller and callee were loaded from.
#[derive(Clone, Copy, Debug, Default)]
pub struct AlsoNamed<'a> {
    pub caller: Option<&'a str>,
    pub callee: Option<&'a str>,
}

/// A record with all the names that it goes by.
pub(super) struct Named<'a> {
    pub(super) record: &'a Record,
    pub(super) also: AlsoNamed<'a>,
    pub(super) content: CallContent<'a>,
}

/// Tests put together.
#[derive(Clone, Debug)]
pub enum Expr<T> {
    Any(Vec<Expr<T>>),
    All(Vec<Expr<T>>),
    Not(Box<Expr<T>>),
    Test(T),
}

impl<T> Expr<T> {
    /// Whether it holds where `holds` says which tests do.
    pub fn is_true(&self, holds: &impl Fn(&T) -> bool) -> bool {
        self.truth(&|test| Some(holds(test))) == Some(true)
    }

    /// Whether it holds where `holds` says which tests do, or that it is unknown: `None` where that decides.
    pub fn truth(&self, holds: &impl Fn(&T) -> Option<bool>) -> Option<bool> {
        match self {
            Expr::Any(parts) => decided(parts, true, holds),
            Expr::All(parts) => decided(parts, false, holds),
            Expr::Not(inner) => inner.truth(holds).map(|truth| !truth),
            Expr::Test(test) => holds(test),
        }
    }
}

/// Whether one of the parts decides the whole by being `decisive`; unknown where one that is unknown might.
fn decided<T>(parts: &[Expr<T>], decisive: bool, holds: &impl Fn(&T) -> Option<bool>) -> Option<bool> {
    let mut truth = Some(!decisive);
    for part in parts {
        match part.truth(holds) {
            Some(part) if part == decisive => return Some(decisive),
            Some(_) => {}
            None => truth = None,
        }
    }
    truth
}

/// A comparison of one field of a call.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Name { field: NameField, glob: Glob, equal: bool },
    AnyName(Glob),
    Outcome { outcome: Outcome, equal: bool },
    Kind { kind: RecordKind, equal: bool },
    Number { field: NumberField, op: Op, value: u64 },
    Content(Box<ContentTest>),
}

/// A field whose value is a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameField {
    Caller,
    Callee,
    Function,
}

/// A field whose value is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberField {
    Depth,
    Job,
    BytesIn,
    BytesOut,
    Duration,
    Held,
    Grew,
    Fuel,
}

impl Expr<Test> {
    /// Whether the expression matches a call; `None` while a payload that decides it is not known.
    pub(super) fn answer(&self, call: &Named<'_>) -> Option<bool> {
        self.truth(&|test| match test {
            Test::Content(test) => test.answer(&call.content),
            test => Some(test.matches(call)),
        })
    }

    /// The expression with tests of payloads behind the others, which are cheap and may decide alone.
    pub(super) fn payloads_last(self) -> Expr<Test> {
        let ordered = |parts: Vec<Expr<Test>>| {
            let mut parts: Vec<_> = parts.into_iter().map(Expr::payloads_last).collect();
            parts.sort_by_key(Expr::reads_payloads);
            parts
        };
        match self {
            Expr::Any(parts) => Expr::Any(ordered(parts)),
            Expr::All(parts) => Expr::All(ordered(parts)),
            Expr::Not(inner) => Expr::Not(Box::new(inner.payloads_last())),
            Expr::Test(test) => Expr::Test(test),
        }
    }

    fn reads_payloads(&self) -> bool {
        match self {
            Expr::Any(parts) | Expr::All(parts) => parts.iter().any(Expr::reads_payloads),
            Expr::Not(inner) => inner.reads_payloads(),
            Expr::Test(test) => matches!(test, Test::Content(_)),
        }
    }

    /// Whether the expression has a field that is known only when a call has ended.
    pub(super) fn needs_end(&self) -> bool {
        match self {
            Expr::Any(parts) | Expr::All(parts) => parts.iter().any(Expr::needs_end),
            Expr::Not(inner) => inner.needs_end(),
            Expr::Test(Test::Outcome { .. }) => true,
            Expr::Test(Test::Number { field, .. }) => {
                use NumberField::{BytesIn, BytesOut, Depth, Duration, Fuel, Grew, Held, Job};
                match field {
                    Duration | Held | BytesOut | Grew | Fuel => true,
                    Depth | Job | BytesIn => false,
                }
            }
            Expr::Test(Test::Content(test)) => test.side != Side::Input,
            Expr::Test(Test::Name { .. } | Test::AnyName(_) | Test::Kind { .. }) => false,
        }
    }

    /// Whether it asks for the kind of a record.
    pub(super) fn asks_kind(&self) -> bool {
        match self {
            Expr::Any(parts) | Expr::All(parts) => parts.iter().any(Expr::asks_kind),
            Expr::Not(inner) => inner.asks_kind(),
            Expr::Test(test) => matches!(test, Test::Kind { .. }),
        }
    }
}

/// A name that an expression compares with, where it is no glob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiteralName {
    /// A caller or callee: its name, its id, or `id:name`.
    Process(String),
    Function(String),
    /// A bare word: of a process, of a function, or of a call, as `cart.total`.
    Any(String),
}

impl Expr<Test> {
    /// Adds the names that the expression compares with to `names`.
    pub(super) fn literal_names(&self, names: &mut Vec<LiteralName>) {
        match self {
            Expr::Any(parts) | Expr::All(parts) => parts.iter().for_each(|part| part.literal_names(names)),
            Expr::Not(inner) => inner.literal_names(names),
            Expr::Test(Test::Name { field: NameField::Function, glob, .. }) => {
                names.extend(glob.as_literal().map(LiteralName::Function));
            }
            Expr::Test(Test::Name { glob, .. }) => names.extend(glob.as_literal().map(LiteralName::Process)),
            Expr::Test(Test::AnyName(glob)) => names.extend(glob.as_literal().map(LiteralName::Any)),
            Expr::Test(Test::Outcome { .. } | Test::Kind { .. } | Test::Number { .. } | Test::Content(_)) => {}
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
            Test::Kind { kind, equal } => (call.record.kind == *kind) == *equal,
            Test::Number { field, op, value } => op.compare(field.of(call.record), *value),
            Test::Content(test) => test.answer(&call.content) == Some(true),
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
            NumberField::Held => record.held_ns,
            NumberField::Grew => record.grew.bytes().unwrap_or(0),
            NumberField::Fuel => record.fuel,
        }
    }
}

fn names(field: NameField, glob: &Glob, call: &Named<'_>) -> bool {
    let Named { record, also, .. } = call;
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
    let Named { record, also, .. } = call;
    let is_it = |label: &str| glob.matches(label) || label.split_once(':').is_some_and(|(_, call)| glob.matches(call));
    let of_plugin = |plugin| with_label(format_args!("{plugin}.{}", record.function), |label| glob.matches(label));
    glob.has_dot()
        && (with_label(format_args!("{}:{}.{}", record.callee, record.callee_name, record.function), is_it)
            || also.callee.is_some_and(of_plugin))
}
