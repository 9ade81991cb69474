//! Parsing of one stage: the words of a command with its redirect, or the raw text of `!COMMAND`.

use std::mem;
use std::ops::Range;

use super::ast::{Part, Redirect, Stage, Word, WordKind};
use super::draft::CursorPlace;
use super::error::ErrorKind;
use super::paint::Class;
use super::parser::{Mode, Parsed, Parser};
use super::statement::redirect_operator;

impl Parser<'_> {
    /// Parses a stage up to its operator. The stage is `None` when only skipped errors were there.
    pub fn stage(&mut self) -> Parsed<(Option<Stage>, Option<Redirect>)> {
        if self.scan.peek() == Some(b'!') {
            return Ok((self.system()?.map(|(text, _)| Stage::System(text)), None));
        }
        match self.at_keyword(&["for", "repeat", "if", "end", "else"]).filter(|_| self.frame.stage == 0) {
            Some(word @ ("end" | "else")) => self.stray_keyword(word).map(|()| (None, None)),
            Some(opener) => self.block(opener),
            None => self.command(),
        }
    }

    fn command(&mut self) -> Parsed<(Option<Stage>, Option<Redirect>)> {
        let mut redirect: Option<Redirect> = None;
        loop {
            self.frame.end = self.scan.pos();
            self.scan.skip_blanks();
            let offset = self.scan.pos();
            match self.scan.peek() {
                None => break,
                Some(b'\n' | b';' | b'|' | b'&' | b'#') => break,
                Some(b')') if !self.outer.is_empty() => break,
                Some(b'>') => {
                    let next = self.redirect()?;
                    self.fail_after(&redirect, offset)?;
                    redirect = redirect.or(next);
                }
                Some(b'!') if self.grammar.command_next(&self.frame.words) => {
                    self.fail_after(&redirect, offset)?;
                    let program = self.system()?;
                    self.frame.words.extend(program.map(|(text, span)| system_word(text, span)));
                    break;
                }
                Some(_) => {
                    self.fail_after(&redirect, offset)?;
                    if let Some(word) = self.argument()? {
                        self.frame.words.push(word);
                    }
                }
            }
        }
        if self.mode == Mode::Complete && self.scan.at_end() {
            let place = self.place_of_next();
            return self.halt(place);
        }
        let words = mem::take(&mut self.frame.words);
        if words.is_empty() {
            self.fail_empty(&redirect)?;
            return Ok((None, redirect));
        }
        Ok((Some(Stage::Command(words)), redirect))
    }

    /// The place in the command of a word that starts here.
    fn place_of_next(&self) -> CursorPlace {
        match self.frame.words.as_slice() {
            [] => CursorPlace::Command,
            words if self.grammar.input_next(words) => CursorPlace::Input,
            _ => CursorPlace::Argument,
        }
    }

    /// Fails where a word or an operator follows a redirect.
    fn fail_after(&mut self, redirect: &Option<Redirect>, offset: usize) -> Parsed<()> {
        match redirect {
            Some(redirect) => self.fail(ErrorKind::RedirectNotLast(redirect_operator(redirect.append)), offset),
            None => Ok(()),
        }
    }

    /// Fails for a command without words.
    fn fail_empty(&mut self, redirect: &Option<Redirect>) -> Parsed<()> {
        let offset = self.scan.pos();
        if let Some(redirect) = redirect {
            return self.fail(ErrorKind::RedirectWithoutCommand(redirect_operator(redirect.append)), offset);
        }
        if self.refuse_operator(&["&&", "||", "&>"])? {
            return Ok(());
        }
        let operator = self.scan.rest().chars().take(1).collect();
        self.fail(ErrorKind::NoCommand(operator), offset)
    }

    /// Parses a word of a command. `None` when an error was skipped.
    fn argument(&mut self) -> Parsed<Option<Word>> {
        let offset = self.scan.pos();
        let special = matches!(self.scan.peek(), Some(b'{' | b'[' | b'@' | b'<'));
        // A lookup for each of a line's many words would be slow: the grammar is asked only about words whose first
        // character has a meaning as INPUT, and for completion.
        let place = if special || self.mode == Mode::Complete {
            self.place_of_next()
        } else if self.frame.words.is_empty() {
            CursorPlace::Command
        } else {
            CursorPlace::Argument
        };
        let input = place == CursorPlace::Input;
        match self.scan.peek() {
            Some(b'<') if self.scan.looking_at("<<") => return self.here_doc(input),
            Some(b'<' | b'(' | b')') => {
                self.refuse_operator(&["<", "(", ")"])?;
                self.scan.advance(1);
                return Ok(None);
            }
            Some(b'{' | b'[') if input => return self.json().map(Some),
            Some(b'@') if input => return self.at_file().map(Some),
            _ => {}
        }
        let word = self.word(place)?;
        if self.scan.peek() == Some(b'>') && is_descriptor(&word) {
            let operator = format!("{}>", word.literal_text().unwrap_or_default());
            self.fail(ErrorKind::Unsupported(operator), offset)?;
        }
        Ok(Some(word))
    }

    /// Parses `> FILE` or `>> FILE`. `None` when an error was skipped.
    pub fn redirect(&mut self) -> Parsed<Option<Redirect>> {
        let offset = self.scan.pos();
        if self.refuse_operator(&[">&"])? {
            return Ok(None);
        }
        let append = self.scan.looking_at(">>");
        self.operator(if append { 2 } else { 1 });
        self.scan.skip_blanks();
        if self.mode == Mode::Complete && self.scan.at_end() {
            return self.halt(CursorPlace::File);
        }
        if self.scan.at_word_end() || self.scan.peek() == Some(b'#') {
            self.fail(ErrorKind::RedirectWithoutFile(redirect_operator(append)), offset)?;
            return Ok(None);
        }
        let file = self.word(CursorPlace::File)?;
        Ok(Some(Redirect { append, file }))
    }

    /// Parses `!COMMAND`: raw text for the system's shell, with its operators, redirects and comments, up to the line's
    /// end or, inside `$(`, to the closing parenthesis. Quotes, backslashes and parentheses are tracked to find that
    /// end. Returns the text and its bytes with the `!`; `None` when an error was skipped.
    fn system(&mut self) -> Parsed<Option<(String, Range<usize>)>> {
        let start = self.scan.pos();
        self.scan.advance(1);
        let nested = !self.outer.is_empty();
        let mut depth = 0_usize;
        let mut quote = None;
        loop {
            self.scan.take_until(|byte| matches!(byte, b'\n' | b'\\' | b'\'' | b'"' | b'(' | b')'));
            match (self.scan.peek(), quote) {
                (None | Some(b'\n'), _) => break,
                (Some(b'\\'), None | Some(b'"')) => {
                    // A backslash escapes the next character, also a newline.
                    let joined = self.scan.continuation_len();
                    self.scan.advance(joined.max(1));
                    if joined == 0 && self.scan.bump().is_none() {
                        return self.incomplete(
                            ErrorKind::TrailingBackslash,
                            start,
                            CursorPlace::System,
                            Class::System,
                        );
                    }
                    continue;
                }
                (Some(byte @ (b'\'' | b'"')), None) => quote = Some(byte),
                (Some(byte), Some(open)) if byte == open => quote = None,
                (Some(b'('), None) => depth += 1,
                (Some(b')'), None) if depth > 0 => depth -= 1,
                (Some(b')'), None) if nested => break,
                _ => {}
            }
            self.scan.advance(1);
        }
        self.paint_since(start, Class::System);
        if self.mode == Mode::Complete && self.scan.at_end() {
            return self.halt(CursorPlace::System);
        }
        let raw = self.scan.since(start + 1);
        let raw = raw.strip_suffix('\r').unwrap_or(raw);
        self.frame.end = start + 1 + raw.len();
        let raw = raw.trim_start().to_owned();
        if raw.is_empty() {
            self.fail(ErrorKind::NoSystemCommand, start)?;
            return Ok(None);
        }
        self.count_part()?;
        Ok(Some((raw, start..self.frame.end)))
    }
}

fn system_word(text: String, span: Range<usize>) -> Word {
    Word { kind: WordKind::System, parts: vec![Part::Literal { bytes: text.into_bytes(), quoted: true }], span }
}

/// Whether a word before `>` is a file descriptor, as in `2>`.
fn is_descriptor(word: &Word) -> bool {
    match word.parts.as_slice() {
        [Part::Literal { bytes, quoted: false }] => {
            word.kind == (WordKind::Plain { quoted: false }) && bytes.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}
