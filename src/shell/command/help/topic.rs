//! A topic of `help` as data, and its paragraphs. The topics stand in files of their own.

use crate::shell::reply::{Line, Paragraph};

/// Blanks before a row, an example and a note.
const INDENT: usize = 2;

/// A text of `help` that is about no single command.
pub struct Topic {
    /// The word after `help`.
    pub name: &'static str,
    /// The column in which the meanings of its rows begin; a longer term moves its own.
    pub column: usize,
    pub parts: &'static [Part],
}

/// A part of a topic: its kind says how it is wrapped.
pub enum Part {
    /// The title of the parts that follow.
    Heading(&'static str),
    /// A paragraph.
    Text(&'static str),
    /// A paragraph below a heading, indented.
    Note(&'static str),
    /// A term and its meaning, which is wrapped in its column.
    Row(&'static str, &'static str),
    /// Lines as they are typed: each has a row of its own.
    Example(&'static [&'static str]),
    /// The paragraphs of a table that others read too.
    Table(fn() -> Vec<Paragraph>),
    Blank,
}

impl Topic {
    /// The topic's paragraphs, to be wrapped at a width.
    pub fn paragraphs(&self) -> Vec<Paragraph> {
        self.parts.iter().flat_map(|part| part.paragraphs(self.column)).collect()
    }

    /// The topic's text, a line for each paragraph.
    pub fn text(&self) -> String {
        let lines: Vec<String> = self.paragraphs().iter().map(|paragraph| paragraph.line.to_string()).collect();
        lines.join("\n")
    }
}

impl Part {
    fn paragraphs(&self, column: usize) -> Vec<Paragraph> {
        match self {
            Part::Heading(text) | Part::Text(text) => vec![Paragraph::text(*text)],
            Part::Note(text) => vec![indented(text)],
            Part::Row(term, meaning) => vec![row(term, meaning, column)],
            Part::Example(lines) => lines.iter().map(|line| indented(line)).collect(),
            Part::Table(paragraphs) => paragraphs(),
            Part::Blank => vec![Paragraph::default()],
        }
    }
}

/// Text behind [`INDENT`] and its own blanks, which stand before its further rows too.
pub fn indented(text: &str) -> Paragraph {
    let hang = INDENT + text.len() - text.trim_start().len();
    Paragraph { line: Line::from(format!("{:INDENT$}{text}", "")), hang }
}

/// A term and its meaning, which is wrapped in its column.
pub fn row(term: &str, meaning: &str, column: usize) -> Paragraph {
    let width = column.saturating_sub(INDENT + 1);
    Paragraph { line: Line::from(format!("{:INDENT$}{term:<width$} {meaning}", "")), hang: column }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(parts: &'static [Part], columns: usize) -> Vec<String> {
        let topic = Topic { name: "t", column: 8, parts };
        topic.paragraphs().iter().flat_map(|paragraph| paragraph.rows(columns)).map(|row| row.to_string()).collect()
    }

    #[test]
    fn each_kind_is_wrapped_in_its_way() {
        const PARTS: &[Part] = &[
            Part::Heading("Heading"),
            Part::Row("ps", "lists all processes"),
            Part::Note("a note of more words than fit"),
            Part::Example(&["for x in a", "  echo.echo a_long_word $x", "end"]),
            Part::Blank,
            Part::Text("some text that goes on"),
        ];
        let expected = [
            "Heading",
            "  ps    lists all",
            "        processes",
            "  a note of more",
            "  words than fit",
            "  for x in a",
            "    echo.echo",
            "    a_long_word $x",
            "  end",
            "",
            "some text that goes",
            "on",
        ];
        assert_eq!(rows(PARTS, 19), expected);
    }

    #[test]
    fn a_long_term_moves_its_meaning() {
        assert_eq!(rows(&[Part::Row("longer", "term")], 40), ["  longer term"]);
    }
}
