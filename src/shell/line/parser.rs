//! The parser's state, and what it does at a mistake. What it reads stands in the files beside this one, each an
//! `impl Parser`: statements, commands, words, `$`, INPUT.
//!
//! One parser serves three readers, so that they never drift apart: running (stop at the first mistake), finding where
//! a wrong line ends and colouring it (step over mistakes), and completion (step over mistakes, stop at the cursor).

use std::ops::Range;

use super::Grammar;
use super::ast::{Part, Word};
use super::draft::{Draft, Pending, Place};
use super::error::{ErrorKind, SyntaxError};
use super::paint::{Class, Paint};
use super::scan::Scanner;
use super::{LINE_BYTES_MAX, PARTS_MAX};

/// What a mistake does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It ends the reading.
    Strict,
    /// It is stepped over; only what the text's end cuts off ends the reading.
    Lenient,
    /// As `Lenient`, but the text's end is the cursor and ends the reading wherever it falls.
    Cursor,
}

/// Why the reading ended early.
pub(super) enum Stop {
    Error(SyntaxError),
    /// The cursor was reached; the parser's state says where that is.
    Cursor,
}

pub(super) type Parsed<T> = Result<T, Stop>;

/// The command that is being read: one a substitution deep.
#[derive(Default)]
pub(super) struct Frame {
    pub words: Vec<Word>,
    /// How many `|` stand before it in its pipe.
    pub stage: usize,
    /// Where what was read of it ends: before the blanks that follow.
    pub end: usize,
    /// The word that is being read.
    pub draft: Option<Draft>,
    /// The here-documents whose bodies start at the next line.
    pub pending: Vec<Pending>,
}

pub(super) struct Parser<'t> {
    pub scan: Scanner<'t>,
    pub grammar: &'t dyn Grammar,
    pub mode: Mode,
    pub frame: Frame,
    /// The frames around `frame`, outermost first: at most `SUBSTITUTION_DEPTH_MAX`.
    pub outer: Vec<Frame>,
    /// The bodies of the line's here-documents, in the order in which they were opened.
    pub bodies: Vec<Vec<Part>>,
    pub place: Place,
    pub paint: Option<Paint>,
    /// How many blocks are open here.
    pub blocks: usize,
    /// The text goes on after what this parser may look at.
    cut: bool,
    parts: usize,
    start: usize,
    /// An offset whose line is known, and that line.
    known_line: (usize, usize),
}

impl<'t> Parser<'t> {
    /// A parser for the logical line of `text` that starts at the offset `start`, which is in the line `line`.
    pub fn new(text: &'t str, start: usize, line: usize, grammar: &'t dyn Grammar, mode: Mode) -> Self {
        let end = text.floor_char_boundary(start.saturating_add(LINE_BYTES_MAX));
        let cut = end < text.len();
        let text = text.get(..end).unwrap_or(text);
        Self {
            scan: Scanner::new(text, start),
            grammar,
            mode,
            frame: Frame::default(),
            outer: Vec::new(),
            bodies: Vec::new(),
            place: Place::Command,
            paint: None,
            blocks: 0,
            cut,
            parts: 0,
            start,
            known_line: (start, line),
        }
    }

    /// Where one of these operators of other shells stands: a mistake. True when it was stepped over, up to its last
    /// character.
    pub fn refuse_operator(&mut self, operators: &[&str]) -> Parsed<bool> {
        let Some(operator) = operators.iter().find(|operator| self.scan.looking_at(operator)) else {
            return Ok(false);
        };
        self.fail(ErrorKind::Unsupported((*operator).to_owned()), self.scan.pos())?;
        self.scan.advance(operator.len() - 1);
        Ok(true)
    }

    /// Steps over an operator of `bytes` bytes.
    pub fn operator(&mut self, bytes: usize) {
        let start = self.scan.pos();
        self.scan.advance(bytes);
        self.paint_since(start, Class::Operator);
    }

    /// Colours what lies between `start` and here, as far as it has no colour yet.
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

    /// A mistake at `offset`: the end of a strict reading, nothing to the others.
    pub fn fail(&mut self, kind: ErrorKind, offset: usize) -> Parsed<()> {
        if self.mode == Mode::Strict { Err(self.error(kind, offset)) } else { Ok(()) }
    }

    /// Something that opens at `offset` is cut off by the text's end, or holds the cursor as `place`. What is left of the
    /// text is coloured as `class`.
    pub fn incomplete<T>(&mut self, kind: ErrorKind, offset: usize, place: Place, class: Class) -> Parsed<T> {
        self.paint_since(offset, class);
        match self.mode {
            Mode::Cursor => self.halt(place),
            Mode::Strict | Mode::Lenient if self.cut => Err(self.too_long()),
            Mode::Strict | Mode::Lenient => Err(self.error(kind, offset)),
        }
    }

    /// The cursor was reached.
    pub fn halt<T>(&mut self, place: Place) -> Parsed<T> {
        self.place = place;
        Err(if self.cut { self.too_long() } else { Stop::Cursor })
    }

    /// An error that ends every kind of reading.
    pub fn error(&mut self, kind: ErrorKind, offset: usize) -> Stop {
        let line = self.line_of(offset);
        let before = self.scan.before(offset);
        let column = offset - before.rfind('\n').map_or(0, |newline| newline + 1) + 1;
        Stop::Error(SyntaxError { kind, offset, line, column })
    }

    /// A line that was read to the end of what this parser may look at, and not to its own: a mistake.
    pub fn refuse_cut(&mut self) -> Parsed<()> {
        let read_to_newline = self.scan.since(self.start).ends_with('\n');
        if self.cut && self.scan.at_end() && !read_to_newline { Err(self.too_long()) } else { Ok(()) }
    }

    fn too_long(&mut self) -> Stop {
        self.error(ErrorKind::TooLong { max_bytes: LINE_BYTES_MAX }, self.start)
    }

    /// The line of an offset. Cheap as long as the offsets asked for go up.
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
