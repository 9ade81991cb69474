//! TOML with places: every key and value knows its line and column, and mistakes are collected, not only the first.

use std::borrow::Cow;
use std::ops::Range;

use serde::{Serialize, Serializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::shell::reply::ShellError;
use crate::text::{closest, escape_control, quoted};

/// Most mistakes of one file that are collected.
pub const MISTAKES_MAX: usize = 100;

/// A place in a file, both from 1; the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl Place {
    /// The place of a byte of a text.
    pub fn of(text: &str, offset: usize) -> Place {
        let before = text.get(..offset).unwrap_or(text);
        let line_begins = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_begins..).unwrap_or_default().chars().count() + 1;
        Place { line: before.matches('\n').count() + 1, column }
    }
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    pub at: Place,
    pub value: T,
}

/// A mistake in a part of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MistakeKind {
    /// Written wrong.
    Invalid,
    /// Something that is named and not there.
    Missing,
    /// A call that the policy would deny.
    Denied,
}

/// A mistake in a project's file, or in its policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file as it is shown.
    pub file: String,
    /// `None` where the whole file is meant.
    pub at: Option<Place>,
    pub kind: MistakeKind,
    /// One line, lower case.
    pub message: String,
}

impl Mistake {
    /// A mistake at a place of the file that is shown as `file`.
    pub fn new(file: &str, at: Option<Place>, kind: MistakeKind, message: impl Into<String>) -> Mistake {
        Mistake { file: file.to_owned(), at, kind, message: message.into() }
    }

    /// `plugsh.toml:3:7: message`.
    pub fn line(&self) -> String {
        match self.at {
            Some(Place { line, column }) => format!("{}:{line}:{column}: {}", self.file, self.message),
            None => format!("{}: {}", self.file, self.message),
        }
    }

    /// The mistake as the error of a command.
    pub fn error(&self) -> ShellError {
        ShellError { located: true, ..ShellError::failed(self.line()) }
    }
}

impl Serialize for Mistake {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct MistakeJson<'a> {
            file: &'a str,
            line: Option<usize>,
            column: Option<usize>,
            kind: MistakeKind,
            message: &'a str,
        }
        let (line, column) = (self.at.map(|at| at.line), self.at.map(|at| at.column));
        MistakeJson { file: &self.file, line, column, kind: self.kind, message: &self.message }.serialize(serializer)
    }
}

/// A file that is being read.
pub struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    mistakes: Vec<Mistake>,
}

/// A key of a table.
pub type Key<'t> = Spanned<Cow<'t, str>>;
/// A value of a table.
pub type Value<'t> = Spanned<DeValue<'t>>;

impl<'t> Reader<'t> {
    /// A reader of the text of the file that is shown as `file`.
    pub fn new(file: &'t str, text: &'t str) -> Reader<'t> {
        Reader { file, text, mistakes: Vec::new() }
    }

    /// The whole file as a table; `None` where it is no TOML.
    pub fn root(&mut self) -> Option<DeTable<'t>> {
        match DeTable::parse(self.text) {
            Ok(root) => Some(root.into_inner()),
            Err(error) => {
                let span = error.span().unwrap_or_default();
                self.wrong(&span, escape_control(error.message()));
                None
            }
        }
    }

    /// The mistakes that were found, in the order of their places.
    pub fn into_mistakes(mut self) -> Vec<Mistake> {
        self.mistakes.sort_by_key(|mistake| mistake.at);
        self.mistakes
    }

    /// The place of a span.
    pub fn place(&self, span: &Range<usize>) -> Place {
        Place::of(self.text, span.start)
    }

    /// Adds a mistake.
    pub fn wrong(&mut self, span: &Range<usize>, message: impl Into<String>) {
        if self.mistakes.len() < MISTAKES_MAX {
            let at = Some(self.place(span));
            self.mistakes.push(Mistake::new(self.file, at, MistakeKind::Invalid, message));
        }
    }

    /// Adds the mistake of a key that `of` does not have.
    pub fn unknown_key(&mut self, key: &Key<'t>, of: &str, known: &[&str]) {
        let name = key.get_ref();
        let way_on = match closest(&name.replace('-', "_"), known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", known.join(", ")),
        };
        self.wrong(&key.span(), format!("no key `{}` in {of}; {way_on}", quoted(name)));
    }

    /// A text, or a mistake.
    pub fn text(&mut self, key: &Key<'t>, value: &Value<'t>) -> Option<Placed<String>> {
        match value.get_ref() {
            DeValue::String(text) => Some(Placed { at: self.place(&value.span()), value: text.clone().into_owned() }),
            _ => {
                self.wrong(&value.span(), format!("`{}` wants a text in quotes", quoted(key.get_ref())));
                None
            }
        }
    }

    /// A text or an array of texts.
    pub fn texts(&mut self, key: &Key<'t>, value: &Value<'t>) -> Vec<Placed<String>> {
        match value.get_ref() {
            DeValue::Array(items) => items.iter().filter_map(|item| self.text(key, item)).collect(),
            _ => self.text(key, value).into_iter().collect(),
        }
    }

    /// A table, or a mistake.
    pub fn table<'a>(&mut self, key: &Key<'t>, value: &'a Value<'t>) -> Option<&'a DeTable<'t>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => {
                self.wrong(&value.span(), format!("`{}` is a table", quoted(key.get_ref())));
                None
            }
        }
    }
}

/// The entries of a table in the order of the file.
pub fn entries<'a, 't>(table: &'a DeTable<'t>) -> Vec<(&'a Key<'t>, &'a Value<'t>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// A number, a text, `true` or `false` as text; `None` for other values.
pub fn scalar(value: &DeValue<'_>) -> Option<String> {
    Some(match value {
        DeValue::String(text) => text.clone().into_owned(),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().trim_start_matches('+').to_owned(),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok()?.to_string(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(on) => on.to_string(),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => return None,
    })
}

/// The value as JSON. Its depth is bounded by the parser's.
pub fn json_of(value: &DeValue<'_>) -> serde_json::Value {
    match value {
        DeValue::Array(items) => items.iter().map(|item| json_of(item.get_ref())).collect(),
        DeValue::Table(table) => entries(table)
            .into_iter()
            .map(|(key, value)| (key.get_ref().to_string(), json_of(value.get_ref())))
            .collect(),
        DeValue::Boolean(on) => (*on).into(),
        DeValue::String(text) => text.to_string().into(),
        DeValue::Datetime(moment) => moment.to_string().into(),
        DeValue::Integer(_) | DeValue::Float(_) => {
            let text = scalar(value).unwrap_or_default();
            serde_json::from_str(&text).unwrap_or_else(|_| text.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_characters() {
        let text = "a = 1\n\"ä\" = 2";
        assert_eq!(Place::of(text, 0), Place { line: 1, column: 1 });
        let offset = text.find("= 2").unwrap();
        assert_eq!(Place::of(text, offset), Place { line: 2, column: 5 });
        assert_eq!(Place::of(text, 1_000).line, 2);
    }

    #[test]
    fn a_file_that_is_no_toml_has_one_mistake_with_its_place() {
        let mut reader = Reader::new("p.toml", "a = 1\nb = = 2\n");
        assert!(reader.root().is_none());
        let mistakes = reader.into_mistakes();
        assert_eq!(mistakes.len(), 1);
        assert!(mistakes[0].line().starts_with("p.toml:2:5: "), "{}", mistakes[0].line());
    }

    #[test]
    fn values_are_texts_and_json() {
        let table = DeTable::parse("a = 0x10\nb = 1_000\nc = [1, {d = true}]\ne = 1.5").unwrap();
        let json = json_of(&DeValue::Table(table.get_ref().clone()));
        assert_eq!(json, serde_json::json!({ "a": 16, "b": 1000, "c": [1, { "d": true }], "e": 1.5 }));
    }
}
