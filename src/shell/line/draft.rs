//! What of a line is being read: the word, the here-documents that wait for their bodies, and where a cursor would stand.

use super::ast::{Part, Quote};

/// Where a cursor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
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
    /// In a text that is too long or nested too deep to be read.
    Unknown,
}

/// A word that is being read.
#[derive(Default)]
pub(super) struct Draft {
    /// Where its text starts: behind the `@` of `@FILE`.
    pub text_start: usize,
    pub parts: Vec<Part>,
    /// The quote that is open.
    pub quote: Option<Quote>,
    /// Where the name of the variable starts that the cursor cut off.
    pub variable_start: Option<usize>,
}

impl Draft {
    /// A word whose text starts at `text_start`.
    pub fn at(text_start: usize) -> Self {
        Self { text_start, ..Self::default() }
    }

    pub fn quoted(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Literal { quoted: true, .. }))
    }
}

/// A here-document whose body starts at the next line.
pub(super) struct Pending {
    /// Which of the line's bodies it is.
    pub body: usize,
    /// The line that ends it.
    pub end: String,
    /// The end word stands in double quotes: `$` in the body is expanded.
    pub expands: bool,
    /// Where its `<<` stands.
    pub offset: usize,
}
