//! The class of each byte of a line, recorded by the parser for `highlight`.

use std::ops::Range;

/// The class of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Blanks and wrong text.
    Plain,
    /// The first word of a command.
    Command,
    Argument,
    /// An option.
    Option,
    /// Quoted text with its quotes.
    Quoted,
    /// `$NAME`.
    Variable,
    /// `;`, `&`, `|`, `>`, `>>`, `$(` and its `)`.
    Operator,
    /// JSON in INPUT's place.
    Json,
    /// `@FILE` in INPUT's place.
    InputFile,
    /// `<<END`, and its body with the last line.
    HereDoc,
    /// `!COMMAND`.
    System,
    Comment,
}

/// The class of each byte. The first class of a byte stays: inner pieces are parsed before the pieces around them.
#[derive(Default)]
pub(super) struct Paint {
    classes: Vec<Class>,
}

impl Paint {
    /// `bytes` bytes without a class.
    pub fn of(bytes: usize) -> Self {
        Self { classes: vec![Class::Plain; bytes] }
    }

    /// The number of bytes.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Sets the class of the bytes of `span` that have no class.
    pub fn fill(&mut self, span: Range<usize>, class: Class) {
        let end = span.end.min(self.classes.len());
        let bytes = self.classes.get_mut(span.start.min(end)..end).unwrap_or_default();
        bytes.iter_mut().filter(|byte| **byte == Class::Plain).for_each(|byte| *byte = class);
    }

    /// The pieces of a text of `text_len` bytes, in order and without gaps.
    pub fn pieces(&self, text_len: usize) -> Vec<(Range<usize>, Class)> {
        let mut pieces: Vec<(Range<usize>, Class)> = Vec::new();
        for pos in 0..text_len {
            let class = self.classes.get(pos).copied().unwrap_or(Class::Plain);
            match pieces.last_mut() {
                Some((span, last)) if *last == class => span.end = pos + 1,
                _ => pieces.push((pos..pos + 1, class)),
            }
        }
        pieces
    }
}
