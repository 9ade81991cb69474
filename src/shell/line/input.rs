//! Parsing of the special forms of INPUT: JSON as typed, `@FILE`, `@-` and here-documents.

use std::mem;
use std::ops::Range;

use super::ast::{Part, Word, WordKind};
use super::draft::{CursorPlace, Draft, Pending};
use super::error::ErrorKind;
use super::paint::Class;
use super::parser::{Mode, Parsed, Parser};
use super::statement::place_in_parts;

impl Parser<'_> {
    /// Parses JSON from its `{` or `[` to the matching bracket. Text that touches the bracket is an error.
    pub fn json(&mut self) -> Parsed<Word> {
        let start = self.scan.pos();
        self.json_value(start)?;
        let span = start..self.scan.pos();
        let text = self.scan.since(start);
        self.paint_since(start, Class::Json);
        self.scan.skip_continuations();
        if !self.scan.at_word_end() {
            let offset = self.scan.pos();
            let word = self.word(CursorPlace::Argument)?;
            let touching = self.scan.since(word.span.start).to_owned();
            self.fail(ErrorKind::TextAfterJson(touching), offset)?;
        }
        self.count_part()?;
        let parts = vec![Part::Literal { bytes: text.as_bytes().to_vec(), quoted: true }];
        Ok(Word { kind: WordKind::Json, parts, span })
    }

    fn json_value(&mut self, start: usize) -> Parsed<()> {
        let mut closers = Vec::new();
        loop {
            self.scan.take_until(|byte| matches!(byte, b'{' | b'[' | b'}' | b']' | b'"'));
            let offset = self.scan.pos();
            match self.scan.bump() {
                None => {
                    let open = if self.scan.before(start + 1).ends_with('{') { '{' } else { '[' };
                    return self.incomplete(ErrorKind::UnclosedJson(open), start, CursorPlace::Json, Class::Json);
                }
                Some('"') => {
                    if !self.json_string(offset)? {
                        return Ok(());
                    }
                }
                Some('{') => closers.push('}'),
                Some('[') => closers.push(']'),
                Some(closer) => {
                    if let Some(expected) = closers.pop()
                        && expected != closer
                    {
                        self.fail(ErrorKind::MismatchedJson { closer, expected }, offset)?;
                    }
                    if closers.is_empty() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Skips the string that opens at `open`. JSON strings are on one line: a string that its line leaves open is an
    /// error, and more lines are not asked for. False when that error was skipped.
    fn json_string(&mut self, open: usize) -> Parsed<bool> {
        loop {
            self.scan.take_until(|byte| matches!(byte, b'"' | b'\\' | b'\n'));
            match self.scan.peek() {
                Some(b'"') => {
                    self.scan.advance(1);
                    return Ok(true);
                }
                Some(b'\\') => {
                    self.scan.advance(1);
                    if self.scan.peek() != Some(b'\n') {
                        self.scan.bump();
                    }
                }
                None if self.mode == Mode::Complete => return self.halt(CursorPlace::Json),
                _ => return self.fail(ErrorKind::UnclosedJsonString, open).map(|()| false),
            }
        }
    }

    /// Parses `@FILE` or `@-`.
    pub fn at_file(&mut self) -> Parsed<Word> {
        let start = self.scan.pos();
        self.scan.advance(1);
        let (mut parts, _) = self.parts_of_word(Draft::at(start + 1), CursorPlace::InputFile)?;
        if parts.is_empty() {
            self.fail(ErrorKind::AtWithoutFile, start)?;
            parts.push(Part::Literal { bytes: Vec::new(), quoted: false });
        }
        self.paint_since(start, Class::InputFile);
        let stdin = matches!(parts.as_slice(), [Part::Literal { bytes, quoted: false }] if bytes == b"-");
        let kind = if stdin { WordKind::AtStdin } else { WordKind::AtFile };
        Ok(Word { kind, parts, span: start..self.scan.pos() })
    }

    /// Parses `<<END`, and queues its body. `None` when an error was skipped.
    pub fn here_doc(&mut self, in_place: bool) -> Parsed<Option<Word>> {
        let start = self.scan.pos();
        if self.refuse_operator(&["<<<", "<<-"])? {
            self.scan.advance(1);
            return Ok(None);
        }
        if !in_place {
            self.fail(ErrorKind::HereDocOutOfPlace, start)?;
        }
        self.scan.advance(2);
        self.scan.skip_blanks();
        if self.scan.at_word_end() && !self.scan.at_end() {
            self.fail(ErrorKind::HereDocWithoutEnd, start)?;
            return Ok(None);
        }
        let word_start = self.scan.pos();
        let (parts, _) = self.parts_of_word(Draft::at(word_start), CursorPlace::HereDoc)?;
        self.paint_since(start, Class::HereDoc);
        let end = Word { kind: WordKind::HereDoc, parts, span: start..self.scan.pos() };
        let expands = self.scan.since(word_start).starts_with('"');
        let text = end.literal_text().filter(|text| !text.contains(['\n', '\r'])).map(String::from);
        let Some(text) = text else {
            self.fail(ErrorKind::HereDocBadEnd, start)?;
            return Ok(None);
        };
        if end.parts.is_empty() {
            self.fail(ErrorKind::HereDocWithoutEnd, start)?;
        }
        self.frame.pending.push(Pending { body: self.bodies.len(), end: text, expands, offset: start });
        self.bodies.push(Vec::new());
        Ok(Some(end))
    }

    /// Skips a newline, and parses the bodies of here-documents that start after it.
    pub fn newline(&mut self) -> Parsed<()> {
        self.scan.advance(self.scan.newline_len());
        for pending in mem::take(&mut self.frame.pending) {
            self.here_doc_body(pending)?;
        }
        Ok(())
    }

    fn here_doc_body(&mut self, pending: Pending) -> Parsed<()> {
        let start = self.scan.pos();
        while !self.scan.at_end() {
            let line_start = self.scan.pos();
            let line = self.scan.take_until(|byte| byte == b'\n');
            let found = line.strip_suffix('\r').unwrap_or(line) == pending.end;
            if !found {
                self.scan.advance(1);
                continue;
            }
            self.paint_since(start, Class::HereDoc);
            let parts = self.body_parts(start..line_start, pending.expands)?;
            if let Some(body) = self.bodies.get_mut(pending.body) {
                *body = parts;
            }
            self.scan.advance(self.scan.newline_len());
            return Ok(());
        }
        self.paint_since(start, Class::HereDoc);
        self.unclosed_here_doc(pending.end, pending.offset)
    }

    /// The parts of a body: its text, or, where `$` is expanded, literals, variables and substitutions. `\$` and `\\`
    /// are escapes there.
    fn body_parts(&mut self, span: Range<usize>, expands: bool) -> Parsed<Vec<Part>> {
        let text = self.scan.before(span.end);
        if !expands {
            let bytes = text.as_bytes().get(span.start..).unwrap_or_default().to_vec();
            return Ok(vec![Part::Literal { bytes, quoted: true }]);
        }
        let line = self.line_of(span.start);
        let mode = if self.mode == Mode::Strict { Mode::Strict } else { Mode::Lenient };
        let mut body = Parser::new(text, span.start, line, self.grammar, mode);
        body.push_literal(b"", true)?;
        while !body.scan.at_end() {
            let text = body.scan.take_until(|byte| matches!(byte, b'$' | b'\\'));
            body.push_literal(text.as_bytes(), true)?;
            match (body.scan.peek(), body.scan.peek_at(1)) {
                (Some(b'$'), _) => body.dollar(true)?,
                (Some(_), Some(sign @ (b'$' | b'\\'))) => {
                    body.scan.advance(2);
                    body.push_literal(&[sign], true)?;
                }
                (Some(_), _) => {
                    body.scan.advance(1);
                    body.push_literal(b"\\", true)?;
                }
                (None, _) => {}
            }
        }
        let mut parts = body.frame.draft.take().unwrap_or_default().parts;
        place_in_parts(&mut parts, &mut body.bodies.into_iter());
        Ok(parts)
    }

    /// Fails at a here-document whose line `end` is missing; `offset` is that of its opening.
    pub fn unclosed_here_doc<T>(&mut self, end: String, offset: usize) -> Parsed<T> {
        let line = self.line_of(offset);
        self.incomplete(ErrorKind::UnclosedHereDoc { end, line }, offset, CursorPlace::HereDoc, Class::Plain)
    }
}
