//! Incomplete parts of a line: the current word, here-documents without their bodies yet, and the place of a cursor.

use super::ast::{Part, Quote};

/// The place of a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorPlace {
    /// In or before the name of a command.
    Command,
    /// In or before a word of a command.
    Argument,
    /// In or before the word in INPUT's place (which may still become an option).
    Input,
    /// In the name of an `@FILE`.
    InputFile,
    /// In or before the file of `> FILE`.
    File,
    /// In the name of a variable.
    Variable,
    /// In JSON in INPUT's place.
    Json,
    /// In the end word or the body of a here-document.
    HereDoc,
    /// In `!COMMAND`.
    System,
    /// In a comment.
    Comment,
    /// In a text that is too long, or nested too deep, for the parser.
    Unknown,
}

/// The word that the parser is in.
#[derive(Default)]
pub(super) struct Draft {
    /// The offset of the word's text: after the `@` of `@FILE`.
    pub text_start: usize,
    pub parts: Vec<Part>,
    /// The open quote.
    pub quote: Option<Quote>,
    /// The offset of a variable's name that ends at the cursor.
    pub variable_start: Option<usize>,
}

impl Draft {
    /// A word whose text starts at `text_start`.
    pub fn at(text_start: usize) -> Self {
        Self { text_start, ..Self::default() }
    }

    /// Whether a part of the word is quoted.
    pub fn quoted(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Literal { quoted: true, .. }))
    }
}

/// A here-document whose body starts at the next line.
pub(super) struct Pending {
    /// The index of its body among those of the line.
    pub body: usize,
    /// The line that ends the body.
    pub end: String,
    /// `$` in the body is expanded: the end word is in double quotes.
    pub expands: bool,
    /// The offset of its `<<`.
    pub offset: usize,
}
