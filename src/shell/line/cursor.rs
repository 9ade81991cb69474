//! The syntax before a cursor, for completion and hints. Parsing to a cursor never fails and is independent of
//! commands.

use std::borrow::Cow;
use std::ops::Range;

use super::Grammar;
use super::ast::{Part, Quote, Word};
use super::draft::CursorPlace;
use super::parser::{Mode, ParseStop, Parser};

/// The syntax before a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletionContext {
    pub place: CursorPlace,
    /// The finished words of the command that the cursor is in, its name first.
    pub words: Vec<Word>,
    /// The text of the incomplete word up to the cursor, without quotes and escapes. Variables and substitutions keep
    /// their source text.
    pub typed: String,
    /// The bytes that a completion replaces: the incomplete word with its quotes, without a leading `@` or `$`.
    pub span: Range<usize>,
    /// The open quote.
    pub quote: Option<Quote>,
    /// The command is after a `|`.
    pub piped: bool,
}

/// Parses `text` up to the cursor at byte `pos`, which is moved down to a character boundary in the text.
pub fn complete_at(text: &str, pos: usize, grammar: &dyn Grammar) -> CompletionContext {
    let text = text.get(..text.floor_char_boundary(pos)).unwrap_or(text);
    let mut start = 0;
    loop {
        let mut parser = Parser::new(text, start, 1, grammar, Mode::Complete);
        match parser.line() {
            Ok(_) if parser.scan.pos() > start => start = parser.scan.pos(),
            Err(ParseStop::AtCursor) => return CompletionContext::of(parser, text),
            Ok(_) | Err(ParseStop::Error(_)) => return CompletionContext::at(CursorPlace::Unknown, text.len()),
        }
    }
}

impl CompletionContext {
    /// A cursor with only a place.
    fn at(place: CursorPlace, pos: usize) -> Self {
        Self { place, words: Vec::new(), typed: String::new(), span: pos..pos, quote: None, piped: false }
    }

    /// The cursor at the end of `text`, from the state of the stopped parser.
    fn of(parser: Parser<'_>, text: &str) -> Self {
        let (frame, place) = (parser.frame, parser.place);
        let mut cursor = Self::at(place, text.len());
        cursor.words = frame.words;
        cursor.piped = frame.stage > 0;
        if place == CursorPlace::System {
            cursor.span.start = text.rfind([' ', '\t', '!']).map_or(0, |blank| blank + 1);
            cursor.typed = text.get(cursor.span.clone()).unwrap_or_default().to_owned();
        }
        let Some(draft) = frame.draft else { return cursor };
        cursor.quote = draft.quote;
        match draft.variable_start {
            Some(start) => {
                cursor.span.start = start;
                cursor.typed = text.get(start..).unwrap_or_default().to_owned();
            }
            None => {
                cursor.span.start = draft.text_start;
                cursor.typed = typed(&draft.parts);
            }
        }
        cursor
    }
}

fn typed(parts: &[Part]) -> String {
    let text = parts.iter().map(|part| match part {
        Part::Literal { bytes, .. } => String::from_utf8_lossy(bytes),
        Part::Variable(name) => Cow::Owned(format!("${{{name}}}")),
        Part::Substitution(script) => {
            let texts: Vec<&str> = script.statements.iter().map(|statement| statement.text.as_str()).collect();
            Cow::Owned(format!("$({})", texts.join("; ")))
        }
    });
    text.collect()
}
