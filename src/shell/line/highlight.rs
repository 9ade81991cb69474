//! Syntax highlighting: the class of each piece of a text. The front chooses the colours.

use std::ops::Range;

use super::Grammar;
use super::LINE_BYTES_MAX;
use super::paint::{Class, Paint};
use super::parser::{Mode, Parser};

/// The classes of all pieces of a text, in order and without gaps. Never fails: wrong text is [`Class::Plain`].
pub fn highlight(text: &str, grammar: &dyn Grammar) -> Vec<(Range<usize>, Class)> {
    let mut paint = Paint::of(text.len().min(LINE_BYTES_MAX));
    let mut pos = 0;
    while pos < paint.len() {
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
