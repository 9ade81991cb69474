//! Tests of a call's content: its input, its output, its error. A filter answers them last, and only where its
//! expression names them. A part that is not kept, or is cut before what would decide, gives no answer.

use std::borrow::Cow;

use super::op::Op;
use super::pointer::{Found, Number, Pointer, Value};
use super::regex::Regex;
use crate::journal::failed_call::{ERROR_BYTES_MAX, RecordedError};
use crate::journal::payload::{KeptBytes, KeptState};
use crate::journal::record::{Outcome, Record};
use crate::name_glob::Glob;

/// A cut error may be shorter than its bound by this: by the end of a character, and the `…`.
const CUT_SLACK_BYTES: usize = 8;

/// Bytes of a call, all or the beginning.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    pub bytes: &'a [u8],
    pub is_whole: bool,
}

/// The bytes of a call that are at hand; `None`: not kept, private, or not there yet.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallContent<'a> {
    pub input: Option<Part<'a>>,
    pub output: Option<Part<'a>>,
    pub error: Option<ErrorContent<'a>>,
}

/// The error of a call that has ended.
#[derive(Clone, Copy, Debug)]
pub enum ErrorContent<'a> {
    /// The call ended well.
    Nothing,
    Line(&'a str),
    Recorded(&'a RecordedError),
}

impl<'a> ErrorContent<'a> {
    fn line(self) -> Cow<'a, str> {
        match self {
            ErrorContent::Nothing => Cow::Borrowed(""),
            ErrorContent::Line(line) => Cow::Borrowed(line),
            ErrorContent::Recorded(error) => Cow::Owned(error.to_string()),
        }
    }
}

/// The part of a call that a test is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Input,
    Output,
    Error,
}

/// A test of one side, or of one JSON value in it.
#[derive(Clone, Debug)]
pub struct ContentTest {
    pub side: Side,
    pub pointer: Option<Pointer>,
    pub test: ValueTest,
}

/// The condition on a JSON value or a payload.
#[derive(Clone, Debug)]
pub enum ValueTest {
    /// A pointer leads somewhere.
    Exists,
    Matches {
        regex: Regex,
        equal: bool,
    },
    Contains(Box<str>),
    Compare {
        op: Op,
        value: Literal,
    },
}

/// The right side of a comparison: a number, `true`, `false`, `null`, or a text.
#[derive(Clone, Debug)]
pub enum Literal {
    Number(Number),
    Bool(bool),
    Null,
    Text(Glob),
}

impl<'a> Part<'a> {
    /// All of some bytes.
    pub fn whole(bytes: &'a [u8]) -> Part<'a> {
        Part { bytes, is_whole: true }
    }

    fn kept(kept: &'a KeptBytes) -> Option<Part<'a>> {
        match kept.state {
            KeptState::Whole | KeptState::Cut => Some(Part { bytes: &kept.bytes, is_whole: kept.is_whole() }),
            KeptState::Dropped | KeptState::Private => None,
        }
    }

    /// An error's line, which a record may have cut.
    fn error(error: &'a str) -> Part<'a> {
        Part {
            bytes: error.as_bytes(),
            is_whole: !(error.len() + CUT_SLACK_BYTES > ERROR_BYTES_MAX && error.ends_with('…')),
        }
    }
}

impl<'a> CallContent<'a> {
    /// Bytes and error of a call, as far as the journal keeps them.
    pub fn of(record: &'a Record) -> CallContent<'a> {
        let payload = record.kept();
        let nothing = Some(Part::whole(b""));
        CallContent {
            input: match payload {
                Some(payload) => Part::kept(&payload.input),
                None => nothing.filter(|_| record.bytes_in == 0),
            },
            output: match (record.outcome, payload) {
                (Outcome::Running | Outcome::Held, _) => None,
                (Outcome::Ok, Some(payload)) => Part::kept(&payload.output),
                (Outcome::Ok, None) => nothing.filter(|_| record.bytes_out == 0),
                _ => nothing,
            },
            error: record
                .outcome
                .is_ended()
                .then(|| record.error.as_ref().map_or(ErrorContent::Nothing, ErrorContent::Recorded)),
        }
    }
}

impl Side {
    /// The side that a field names.
    pub fn find(field: &str) -> Option<Side> {
        match field {
            "input" => Some(Side::Input),
            "output" => Some(Side::Output),
            "error" => Some(Side::Error),
            _ => None,
        }
    }
}

impl ContentTest {
    /// Whether it holds; `None` where the bytes at hand do not tell.
    pub fn answer(&self, content: &CallContent<'_>) -> Option<bool> {
        match self.side {
            Side::Input => self.answer_of(content.input?),
            Side::Output => self.answer_of(content.output?),
            Side::Error => self.answer_of(Part::error(&content.error?.line())),
        }
    }

    fn answer_of(&self, part: Part<'_>) -> Option<bool> {
        match &self.pointer {
            None => self.test.of_bytes(part),
            Some(pointer) => match pointer.find(part.bytes, part.is_whole, |value| self.test.of_value(value)) {
                Found::Value(holds) => Some(holds),
                Found::Nothing => Some(self.test.of_nothing()),
                Found::Unknown => None,
            },
        }
    }
}

impl ValueTest {
    /// The answer for a side as a whole: a text, or a number that it is in JSON.
    fn of_bytes(&self, part: Part<'_>) -> Option<bool> {
        match self {
            ValueTest::Exists => Some(true),
            ValueTest::Matches { regex, equal } => Some(regex.matches(part.bytes, part.is_whole)? == *equal),
            ValueTest::Contains(text) => match contains(part.bytes, text.as_bytes()) {
                false if !part.is_whole => None,
                found => Some(found),
            },
            ValueTest::Compare { .. } if !part.is_whole => None,
            ValueTest::Compare { op, value: Literal::Text(glob) } => {
                let equal = std::str::from_utf8(part.bytes).is_ok_and(|text| glob.matches(text));
                Some(equal == (*op == Op::Equal))
            }
            ValueTest::Compare { .. } => match Pointer::root().find(part.bytes, true, |value| self.of_value(value)) {
                Found::Value(holds) => Some(holds),
                Found::Nothing => Some(self.of_nothing()),
                Found::Unknown => None,
            },
        }
    }

    fn of_value(&self, value: Value<'_>) -> bool {
        match self {
            ValueTest::Exists => true,
            ValueTest::Matches { regex, equal } => {
                as_text(value, |text| regex.matches(text.as_bytes(), true)) == Some(*equal)
            }
            ValueTest::Contains(part) => as_text(value, |text| Some(text.contains(&**part))) == Some(true),
            ValueTest::Compare { op, value: literal } => literal.compare(*op, value),
        }
    }

    /// The answer for a value that is not there: it equals nothing.
    fn of_nothing(&self) -> bool {
        match self {
            ValueTest::Matches { equal, .. } => !equal,
            ValueTest::Compare { op, .. } => *op == Op::NotEqual,
            ValueTest::Exists | ValueTest::Contains(_) => false,
        }
    }
}

impl Literal {
    /// A value compares with one of its own type; of others it is known that they differ.
    fn compare(&self, op: Op, value: Value<'_>) -> bool {
        let equal = match (self, value) {
            (Literal::Number(Number::Integer(right)), Value::Number(Number::Integer(left))) => {
                return op.compare(left, *right);
            }
            (Literal::Number(right), Value::Number(left)) => return op.compare(left.as_f64(), right.as_f64()),
            (Literal::Bool(right), Value::Bool(left)) => left == *right,
            (Literal::Null, Value::Null) => true,
            (Literal::Text(glob), Value::Text(text)) => glob.matches(text),
            _ => false,
        };
        match op {
            Op::Equal => equal,
            Op::NotEqual => !equal,
            _ => false,
        }
    }
}

/// The result of `look` on a value as text; `None` for a value that is no text, number or truth.
fn as_text(value: Value<'_>, look: impl FnOnce(&str) -> Option<bool>) -> Option<bool> {
    match value {
        Value::Text(text) => look(text),
        Value::Bool(value) => look(if value { "true" } else { "false" }),
        Value::Number(number) => look(&number.to_string()),
        Value::Null | Value::Container => None,
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    match part.first() {
        None => true,
        Some(first) => bytes.windows(part.len()).any(|window| window.first() == Some(first) && window == part),
    }
}
