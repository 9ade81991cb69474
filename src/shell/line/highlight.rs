//! The colours' source: which class each piece of a text belongs to. Which colour a class gets is the front's choice.

use std::ops::Range;

use super::Grammar;
use super::LINE_BYTES_MAX;
use super::parser::{Mode, Parser};

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Blanks, and what is a mistake.
    Plain,
    /// The first word of a command.
    Command,
    Argument,
    /// A word that was typed as an option.
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
    /// `<<END`, and its body with the end.
    HereDoc,
    /// `!COMMAND`.
    System,
    Comment,
}

/// The classes of all pieces of a text, in order, without gaps: together they are the text. Never fails; a mistake leaves
/// what it hides [`Class::Plain`].
pub fn highlight(text: &str, grammar: &dyn Grammar) -> Vec<(Range<usize>, Class)> {
    let mut paint = Paint { classes: vec![Class::Plain; text.len().min(LINE_BYTES_MAX)] };
    let mut pos = 0;
    while pos < paint.classes.len() {
        let mut parser = Parser::new(text, pos, 1, grammar, Mode::Lenient);
        parser.paint = Some(paint);
        let done = parser.line().is_ok();
        let end = parser.scan.pos();
        paint = parser.paint.take().unwrap_or_default();
        if !done || end == pos {
            break;
        }
        pos = end;
    }
    paint.pieces(text.len())
}

/// The class of each byte. What is painted first stays: the inner of two pieces is read to its end first.
#[derive(Default)]
pub(super) struct Paint {
    classes: Vec<Class>,
}

impl Paint {
    /// Gives the bytes of `span` that have no class yet this one.
    pub fn fill(&mut self, span: Range<usize>, class: Class) {
        let end = span.end.min(self.classes.len());
        let bytes = self.classes.get_mut(span.start.min(end)..end).unwrap_or_default();
        bytes.iter_mut().filter(|byte| **byte == Class::Plain).for_each(|byte| *byte = class);
    }

    fn pieces(&self, text_len: usize) -> Vec<(Range<usize>, Class)> {
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
