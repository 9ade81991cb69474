//! The parser's state, and its handling of errors. The grammar is in the files around this one, each an `impl Parser`:
//! statements, commands, words, `$`, INPUT.
//!
//! One parser has three modes, so that all read the same language: strict for running (stop at the first error),
//! lenient for highlighting and for the end of a wrong line (skip errors), and cursor for completion (skip errors, stop
//! at the cursor).

use std::ops::Range;

use super::Grammar;
use super::ast::{Part, Word};
use super::draft::{CursorPlace, Draft, Pending};
use super::error::{ErrorKind, SyntaxError};
use super::paint::{Class, Paint};
use super::scan::Scanner;
use super::{LINE_BYTES_MAX, PARTS_MAX};

/// The handling of errors.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// An error ends the parse.
    Strict,
    /// Errors are skipped; only unclosed syntax at the end of the text ends the parse.
    Lenient,
    /// Errors are skipped; the end of the text is the cursor, and ends the parse everywhere.
    Complete,
}

/// Why the parse ended early.
pub(super) enum ParseStop {
    Error(SyntaxError),
    /// The cursor was reached; the parser's state describes its place.
    AtCursor,
}

/// A result of the parser.
pub(super) type Parsed<T> = Result<T, ParseStop>;

/// The current command at one depth of substitutions.
#[derive(Default)]
pub(super) struct CommandFrame {
    pub words: Vec<Word>,
    /// The number of `|` before the command in its pipe.
    pub stage: usize,
    /// The offset of its end so far, before trailing blanks.
    pub end: usize,
    /// The current word.
    pub draft: Option<Draft>,
    /// The here-documents whose bodies start at the next line.
    pub pending: Vec<Pending>,
}

/// The state of a parse.
pub(super) struct Parser<'t> {
    pub scan: Scanner<'t>,
    pub grammar: &'t dyn Grammar,
    pub mode: Mode,
    pub frame: CommandFrame,
    /// The frames around `frame`, outermost first: at most `SUBSTITUTION_DEPTH_MAX`.
    pub outer: Vec<CommandFrame>,
    /// The bodies of the line's here-documents, in the order in which they were opened.
    pub bodies: Vec<Vec<Part>>,
    pub place: CursorPlace,
    pub paint: Option<Paint>,
    /// The number of open blocks.
    pub blocks: usize,
    /// The text is longer than [`LINE_BYTES_MAX`] from the start of the line.
    cut: bool,
    parts: usize,
    start: usize,
    /// An offset and its line.
    known_line: (usize, usize),
}

impl<'t> Parser<'t> {
    /// A parser for the logical line of `text` at the offset `start`, in the line `line`.
    pub fn new(text: &'t str, start: usize, line: usize, grammar: &'t dyn Grammar, mode: Mode) -> Self {
        let end = text.floor_char_boundary(start.saturating_add(LINE_BYTES_MAX));
        let cut = end < text.len();
        let text = text.get(..end).unwrap_or(text);
        Self {
            scan: Scanner::new(text, start),
            grammar,
            mode,
            frame: CommandFrame::default(),
            outer: Vec::new(),
            bodies: Vec::new(),
            place: CursorPlace::Command,
            paint: None,
            blocks: 0,
            cut,
            parts: 0,
            start,
            known_line: (start, line),
        }
    }

    /// Fails for one of these operators of other shells. True when the error was skipped; the operator's last character
    /// is not skipped.
    pub fn refuse_operator(&mut self, operators: &[&str]) -> Parsed<bool> {
        let Some(operator) = operators.iter().find(|operator| self.scan.looking_at(operator)) else {
            return Ok(false);
        };
        self.fail(ErrorKind::Unsupported((*operator).to_owned()), self.scan.pos())?;
        self.scan.advance(operator.len() - 1);
        Ok(true)
    }

    /// Skips an operator of `bytes` bytes.
    pub fn operator(&mut self, bytes: usize) {
        let start = self.scan.pos();
        self.scan.advance(bytes);
        self.paint_since(start, Class::Operator);
    }

    /// Sets the class of the text from `start` to here, where it has none.
    pub fn paint_since(&mut self, start: usize, class: Class) {
        if let Some(paint) = &mut self.paint {
            paint.fill(start..self.scan.pos(), class);
        }
    }

    /// Counts a part of a word against the line's bound.
    pub fn count_part(&mut self) -> Parsed<()> {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return Err(self.error(ErrorKind::TooManyParts { max: PARTS_MAX }, self.scan.pos()));
        }
        Ok(())
    }

    /// An error at `offset`: it ends a strict parse, and is skipped in other modes.
    pub fn fail(&mut self, kind: ErrorKind, offset: usize) -> Parsed<()> {
        if self.mode == Mode::Strict { Err(self.error(kind, offset)) } else { Ok(()) }
    }

    /// Ends the parse in unclosed syntax that opens at `offset`: with an error, or at the cursor with `place`. The rest
    /// of the text has the class `class`.
    pub fn incomplete<T>(&mut self, kind: ErrorKind, offset: usize, place: CursorPlace, class: Class) -> Parsed<T> {
        self.paint_since(offset, class);
        match self.mode {
            Mode::Complete => self.halt(place),
            Mode::Strict | Mode::Lenient if self.cut => Err(self.too_long()),
            Mode::Strict | Mode::Lenient => Err(self.error(kind, offset)),
        }
    }

    /// Ends the parse at the cursor.
    pub fn halt<T>(&mut self, place: CursorPlace) -> Parsed<T> {
        self.place = place;
        Err(if self.cut { self.too_long() } else { ParseStop::AtCursor })
    }

    /// An error that ends the parse in every mode.
    pub fn error(&mut self, kind: ErrorKind, offset: usize) -> ParseStop {
        let line = self.line_of(offset);
        let before = self.scan.before(offset);
        let column = offset - before.rfind('\n').map_or(0, |newline| newline + 1) + 1;
        ParseStop::Error(SyntaxError { kind, offset, line, column })
    }

    /// Fails for a logical line that is longer than [`LINE_BYTES_MAX`].
    pub fn refuse_cut(&mut self) -> Parsed<()> {
        let read_to_newline = self.scan.since(self.start).ends_with('\n');
        if self.cut && self.scan.at_end() && !read_to_newline { Err(self.too_long()) } else { Ok(()) }
    }

    fn too_long(&mut self) -> ParseStop {
        self.error(ErrorKind::TooLong { max_bytes: LINE_BYTES_MAX }, self.start)
    }

    /// The line of an offset. Cheap for ascending offsets.
    pub fn line_of(&mut self, offset: usize) -> usize {
        let (known, line) = if offset >= self.known_line.0 { self.known_line } else { (0, 1) };
        let newlines = |span: Range<usize>| {
            self.scan
                .before(span.end)
                .as_bytes()
                .get(span.start..)
                .map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count())
        };
        let line = line + newlines(known..offset);
        self.known_line = (offset, line);
        line
    }
}
