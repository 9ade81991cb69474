//! Replies of commands: data with roles, never printed text. `plain` renders them for files, pipes and captures; the
//! front renders them for a terminal.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

pub use super::error::{DisplayState, ErrorKind, ShellError};
use crate::journal::Symbol;
pub use crate::text::{is_control_or_bidi, many_lines, one_line};

/// The result of a command.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Reply {
    #[default]
    Nothing,
    /// Bytes of a plugin or a program: written as they are. `raw`: no newline is added, even on standard output.
    Output {
        bytes: Arc<[u8]>,
        raw: bool,
    },
    Lines(Vec<Line>),
    /// Text that wraps between words, with the same as JSON.
    Prose {
        paragraphs: Vec<Paragraph>,
        json: Value,
    },
    Table(Table),
    /// One JSON value; an array is written with one element a line.
    Json(Value),
    /// News for the person, of a command that gives no data. Where standard output is no terminal the news goes to
    /// standard error, so that a program behind a `|` gets only data.
    News {
        lines: Vec<Line>,
        /// The news as JSON, for a program.
        json: Value,
    },
    /// Result of a command: lines of text, often none, and a value where JSON is wanted.
    Answer {
        lines: Vec<Line>,
        json: Value,
    },
    /// JSON values, one a line.
    JsonLines(Vec<Value>),
}

impl Reply {
    /// One line of plain text.
    pub fn line(text: impl Into<String>) -> Reply {
        Reply::Lines(vec![Line::from(text.into())])
    }

    /// One line of news.
    pub fn news(line: Line, json: Value) -> Reply {
        Reply::News { lines: vec![line], json }
    }

    /// Result of a command that prints nothing; `json` is for a program that asks.
    pub fn done(json: Value) -> Reply {
        Reply::Answer { lines: Vec::new(), json }
    }

    /// One line of plain text, and its value.
    pub fn answer(text: impl Into<String>, json: Value) -> Reply {
        Reply::line(text).with_json(json)
    }

    /// The reply with a value in place of its lines, where JSON is wanted.
    pub fn with_json(self, json: Value) -> Reply {
        match self {
            Reply::Nothing => Reply::done(json),
            Reply::Lines(lines) => Reply::Answer { lines, json },
            Reply::Prose { paragraphs, .. } => Reply::Prose { paragraphs, json },
            other => other,
        }
    }

    /// The reply where JSON is wanted: one value, or lines of them; `None` where nothing is said.
    pub fn into_json(self) -> Option<Reply> {
        Some(match self {
            Reply::Nothing => return None,
            Reply::Output { bytes, .. } => Reply::Json(match std::str::from_utf8(&bytes) {
                Ok(text) => text.into(),
                Err(_) => serde_json::json!({ "base64": STANDARD.encode(&bytes) }),
            }),
            Reply::Lines(lines) => Reply::Json(serde_json::json!({ "text": text_of(&lines) })),
            Reply::Prose { json, .. } => Reply::Json(json),
            Reply::Table(table) => Reply::Json(table.rows.iter().map(|row| object_of(&table, row)).collect()),
            Reply::News { json, .. } | Reply::Answer { json, .. } => Reply::Json(json),
            json @ (Reply::Json(_) | Reply::JsonLines(_)) => json,
        })
    }

    /// Paragraphs; [`Reply::with_json`] adds their JSON.
    pub fn prose(paragraphs: Vec<Paragraph>) -> Reply {
        Reply::Prose { paragraphs, json: Value::Null }
    }

    /// Lines of plain text.
    pub fn text(text: &str) -> Reply {
        Reply::Lines(text.lines().map(|line| Line::from(line.to_owned())).collect())
    }

    /// A view or row as JSON, its fields in their order.
    pub fn json(value: &impl Serialize) -> Reply {
        Reply::Json(json_value(value))
    }

    /// Views or rows as JSON, one a line.
    pub fn json_lines<T: Serialize>(values: impl IntoIterator<Item = T>) -> Reply {
        Reply::JsonLines(values.into_iter().map(|value| json_value(&value)).collect())
    }
}

fn text_of(lines: &[Line]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A row's cells by the titles of their columns.
fn object_of(table: &Table, row: &[Span]) -> Value {
    table
        .headings
        .iter()
        .zip(row)
        .map(|(heading, cell)| (heading.title.to_owned(), Value::String(cell.text.clone())))
        .collect()
}

/// Views and rows are plain fields, which JSON can always hold.
fn json_value(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// The role of a piece of text; the front chooses its look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    #[default]
    Plain,
    /// Titles, totals.
    Strong,
    /// Secondary text: units, guides, times.
    Dim,
    /// A process, command or option by name.
    Name,
    /// Text to type.
    Code,
    Good,
    Warn,
    Bad,
}

impl Role {
    fn is_plain(&self) -> bool {
        *self == Role::Plain
    }
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    #[serde(default, skip_serializing_if = "Role::is_plain")]
    pub role: Role,
    pub text: String,
}

/// One line of text with roles.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Line {
    pub spans: Vec<Span>,
}

impl Line {
    /// An empty line.
    pub fn new() -> Line {
        Line::default()
    }

    /// The line with a piece added.
    pub fn with(mut self, role: Role, text: impl Into<String>) -> Line {
        self.push(role, text);
        self
    }

    /// The line with plain text added.
    pub fn plain(self, text: impl Into<String>) -> Line {
        self.with(Role::Plain, text)
    }

    /// Adds text with its role to the end.
    pub fn push(&mut self, role: Role, text: impl Into<String>) {
        self.spans.push(Span { role, text: text.into() });
    }
}

impl From<String> for Line {
    fn from(text: String) -> Line {
        Line::new().plain(text)
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Line {
        Line::new().plain(text)
    }
}

/// A text that takes as many rows as it needs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Paragraph {
    pub line: Line,
    /// Blanks before its second row and those after it.
    pub hang: usize,
}

impl From<Line> for Paragraph {
    fn from(line: Line) -> Paragraph {
        Paragraph { line, hang: 0 }
    }
}

/// The line without roles, made safe: one line, no control characters.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spans.iter().try_for_each(|span| f.write_str(&one_line(&span.text)))
    }
}

/// The alignment of a column's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Align {
    Left,
    Right,
}

/// The text of a cell where the width is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Brevity {
    #[default]
    Whole,
    /// The last part of a path or URL.
    LastPart,
}

/// The importance of a column that is never left out.
pub const ESSENTIAL: u8 = u8::MAX;

/// A title as the program has it: of its text, or interned.
type Title = &'static str;

/// A column's title and side, and how it gives way where the width is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    #[serde(deserialize_with = "interned")]
    pub title: Title,
    pub align: Align,
    /// Columns of low importance are left out first; those of [`ESSENTIAL`] stay.
    pub importance: u8,
    pub brevity: Brevity,
}

/// A title that was read: kept as long as the program, among the bounded names.
fn interned<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Title, D::Error> {
    String::deserialize(deserializer).map(|title| Symbol::intern(&title).as_str())
}

impl Heading {
    /// A column that stays, with whole cells.
    pub const fn new(title: &'static str, align: Align) -> Heading {
        Heading { title, align, importance: ESSENTIAL, brevity: Brevity::Whole }
    }
}

/// Rows under headings; a row has a cell for each.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Table {
    pub headings: Vec<Heading>,
    pub rows: Vec<Vec<Span>>,
    /// A last row of sums.
    pub totals: Option<Vec<Span>>,
    /// Notes on the rows, for a person: shown below them at a terminal, and nowhere else.
    pub notes: Vec<Line>,
}

/// A cell with a role.
pub fn cell(role: Role, text: impl Into<String>) -> Span {
    Span { role, text: text.into() }
}

/// A cell of plain text.
pub fn plain(text: impl Into<String>) -> Span {
    cell(Role::Plain, text)
}
