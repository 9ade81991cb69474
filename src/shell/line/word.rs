//! Parsing of one word: literal text, quotes and escapes. `$` is in `dollar`.

use super::ast::{Part, Quote, Word, WordKind};
use super::draft::{CursorPlace, Draft};
use super::error::ErrorKind;
use super::paint::Class;
use super::parser::{Mode, Parsed, Parser};
use super::scan::ends_word;

impl Parser<'_> {
    /// Parses a plain word.
    pub fn word(&mut self, place: CursorPlace) -> Parsed<Word> {
        let start = self.scan.pos();
        let (parts, quoted) = self.parts_of_word(Draft::at(start), place)?;
        let word = Word { kind: WordKind::Plain { quoted }, parts, span: start..self.scan.pos() };
        let class = match place {
            CursorPlace::Command => Class::Command,
            _ if word.is_option() => Class::Option,
            _ => Class::Argument,
        };
        self.paint_since(start, class);
        Ok(word)
    }

    /// Parses the parts of a word up to its end; the flag is true when a part is quoted.
    pub fn parts_of_word(&mut self, draft: Draft, place: CursorPlace) -> Parsed<(Vec<Part>, bool)> {
        self.frame.draft = Some(draft);
        loop {
            if self.mode == Mode::Complete && self.scan.at_end() {
                return self.halt(place);
            }
            if self.scan.at_word_end() {
                break;
            }
            match self.scan.peek() {
                Some(b'\'') => self.single_quoted(place)?,
                Some(b'"') => self.double_quoted(place)?,
                Some(b'\\') => self.escaped(place)?,
                Some(b'$') => self.dollar(false)?,
                Some(b'`') => {
                    self.refuse_operator(&["`"])?;
                    self.plain_run()?;
                }
                _ => self.plain_run()?,
            }
        }
        let draft = self.frame.draft.take().unwrap_or_default();
        let quoted = draft.quoted();
        Ok((draft.parts, quoted))
    }

    /// Parses one character as text, and all ordinary characters after it.
    fn plain_run(&mut self) -> Parsed<()> {
        let from = self.scan.pos();
        self.scan.bump();
        self.scan.take_until(|byte| ends_word(byte) || matches!(byte, b'\'' | b'"' | b'\\' | b'$' | b'`' | b'\r'));
        let text = self.scan.since(from);
        self.push_literal(text.as_bytes(), false)
    }

    fn single_quoted(&mut self, place: CursorPlace) -> Parsed<()> {
        let open = self.scan.pos();
        self.scan.advance(1);
        self.draft().quote = Some(Quote::Single);
        let text = self.scan.take_until(|byte| byte == b'\'');
        self.push_literal(text.as_bytes(), true)?;
        if self.scan.at_end() {
            return self.incomplete(ErrorKind::UnclosedQuote(Quote::Single), open, place, Class::Quoted);
        }
        self.close_quote(open);
        Ok(())
    }

    fn double_quoted(&mut self, place: CursorPlace) -> Parsed<()> {
        let open = self.scan.pos();
        self.scan.advance(1);
        self.draft().quote = Some(Quote::Double);
        // An empty quoted part makes `""--x` data.
        self.push_literal(b"", true)?;
        loop {
            let text = self.scan.take_until(|byte| matches!(byte, b'"' | b'\\' | b'$'));
            if !text.is_empty() {
                self.push_literal(text.as_bytes(), true)?;
            }
            match self.scan.peek() {
                None => return self.incomplete(ErrorKind::UnclosedQuote(Quote::Double), open, place, Class::Quoted),
                Some(b'"') => break,
                Some(b'$') => self.dollar(true)?,
                Some(_) => self.escape_in_quotes(open, place)?,
            }
        }
        self.close_quote(open);
        Ok(())
    }

    fn close_quote(&mut self, open: usize) {
        self.scan.advance(1);
        self.draft().quote = None;
        self.paint_since(open, Class::Quoted);
    }

    /// Passes over a backslash that joins this line with the next; whether there is one here.
    fn joins_lines(&mut self) -> bool {
        let joined = self.scan.continuation_len();
        if joined > 0 {
            self.scan.advance(joined);
        }
        joined > 0
    }

    /// Parses an escape inside the double quotes that open at `open`.
    fn escape_in_quotes(&mut self, open: usize, place: CursorPlace) -> Parsed<()> {
        let start = self.scan.pos();
        if self.joins_lines() {
            return Ok(());
        }
        self.scan.advance(1);
        let byte = match self.scan.bump() {
            Some('n') => b'\n',
            Some('t') => b'\t',
            Some('\\') => b'\\',
            Some('"') => b'"',
            Some('$') => b'$',
            Some('x') => match self.hex_byte() {
                Some(byte) => byte,
                None => return self.bad_escape(start),
            },
            Some(_) => return self.bad_escape(start),
            None => return self.incomplete(ErrorKind::UnclosedQuote(Quote::Double), open, place, Class::Quoted),
        };
        self.push_literal(&[byte], true)
    }

    /// Parses two hexadecimal digits to a byte. `None` leaves the position before the first other character.
    fn hex_byte(&mut self) -> Option<u8> {
        let mut byte = 0_u8;
        for _ in 0..2 {
            let digit = char::from(self.scan.peek()?).to_digit(16)?;
            self.scan.advance(1);
            byte = byte << 4 | u8::try_from(digit).ok()?;
        }
        Some(byte)
    }

    /// Fails for an unknown escape from `start` to here; skipped, the escape is text.
    fn bad_escape(&mut self, start: usize) -> Parsed<()> {
        let text = self.scan.since(start);
        self.fail(ErrorKind::UnknownEscape(text.to_owned()), start)?;
        self.push_literal(text.as_bytes(), true)
    }

    /// Parses a backslash outside quotes and the character after it.
    fn escaped(&mut self, place: CursorPlace) -> Parsed<()> {
        let start = self.scan.pos();
        if self.joins_lines() {
            return Ok(());
        }
        self.scan.advance(1);
        let from = self.scan.pos();
        if self.scan.bump().is_none() {
            return self.incomplete(ErrorKind::TrailingBackslash, start, place, Class::Argument);
        }
        let text = self.scan.since(from);
        self.push_literal(text.as_bytes(), true)
    }

    /// Adds text to the word.
    pub fn push_literal(&mut self, text: &[u8], quoted: bool) -> Parsed<()> {
        if let Some(Part::Literal { bytes, quoted: before }) = self.draft().parts.last_mut()
            && *before == quoted
        {
            bytes.extend_from_slice(text);
            return Ok(());
        }
        self.push_part(Part::Literal { bytes: text.to_vec(), quoted })
    }

    /// Adds a part to the word.
    pub fn push_part(&mut self, part: Part) -> Parsed<()> {
        self.count_part()?;
        self.draft().parts.push(part);
        Ok(())
    }

    /// The current word, begun if there is none.
    pub fn draft(&mut self) -> &mut Draft {
        self.frame.draft.get_or_insert_default()
    }
}
