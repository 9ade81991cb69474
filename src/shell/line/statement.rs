//! Parsing of statements and pipes, in logical lines and in substitutions.

use std::mem;

use super::ast::{Block, Part, Pipe, Redirect, Script, Stage, Statement, Word, WordKind};
use super::draft::{CursorPlace, Pending};
use super::error::ErrorKind;
use super::paint::Class;
use super::parser::{Mode, Parsed, Parser};

/// The end of a list of statements.
#[derive(Clone, Copy)]
pub(super) enum Until {
    Newline,
    /// The `end` or `else` of the block with this keyword at this offset; the parser stops before it.
    End(&'static str, usize),
    /// The `)` of the substitution with its `$(` at this offset.
    Parenthesis(usize),
}

impl Parser<'_> {
    /// Parses one logical line, up to a newline outside of quotes, JSON, substitutions and pipes, with the bodies of
    /// its here-documents.
    pub fn line(&mut self) -> Parsed<Script> {
        let mut statements = self.statements(Until::Newline)?;
        if let Some(Pending { end, offset, .. }) = mem::take(&mut self.frame.pending).into_iter().next() {
            return self.unclosed_here_doc(end, offset);
        }
        self.refuse_cut()?;
        place_bodies(&mut statements, &mut mem::take(&mut self.bodies).into_iter());
        Ok(Script { statements })
    }

    /// Parses the inside of a `$(` at `open`, and its `)`.
    pub fn substitution(&mut self, open: usize) -> Parsed<Script> {
        self.outer.push(mem::take(&mut self.frame));
        let statements = self.statements(Until::Parenthesis(open))?;
        // Bodies of here-documents inside the parentheses may follow on the next line.
        let pending = mem::take(&mut self.frame.pending);
        self.frame = self.outer.pop().unwrap_or_default();
        self.frame.pending.extend(pending);
        Ok(Script { statements })
    }

    /// Parses statements up to `until`.
    pub(super) fn statements(&mut self, until: Until) -> Parsed<Vec<Statement>> {
        let mut statements = Vec::new();
        loop {
            self.frame.words.clear();
            self.frame.stage = 0;
            self.skip_blanks_and_comment()?;
            match (self.scan.peek(), until) {
                (None, _) if self.mode == Mode::Complete => return self.halt(CursorPlace::Command),
                (None, Until::Newline) => return Ok(statements),
                (None, Until::Parenthesis(open)) => {
                    return self.incomplete(ErrorKind::UnclosedSubstitution, open, CursorPlace::Command, Class::Plain);
                }
                (None, Until::End(opener, open)) => {
                    return self.incomplete(ErrorKind::UnclosedBlock(opener), open, CursorPlace::Command, Class::Plain);
                }
                (Some(b')'), Until::End(opener, open)) if !self.outer.is_empty() => {
                    self.fail(ErrorKind::UnclosedBlock(opener), open)?;
                    return Ok(statements);
                }
                (_, Until::End(..)) if self.at_keyword(&["end", "else"]).is_some() => return Ok(statements),
                (Some(b'\n'), _) => {
                    self.newline()?;
                    if let Until::Newline = until {
                        return Ok(statements);
                    }
                }
                (Some(b')'), Until::Parenthesis(_)) => {
                    self.operator(1);
                    return Ok(statements);
                }
                _ => statements.extend(self.statement()?),
            }
        }
    }

    /// Parses a statement and its terminator. `None` when only skipped errors were there.
    pub(super) fn statement(&mut self) -> Parsed<Option<Statement>> {
        let start = self.scan.pos();
        let line = self.line_of(start);
        let pipe = self.pipe()?;
        let span = start..self.frame.end;
        let text = self.scan.before(span.end).get(start..).unwrap_or_default().to_owned();
        self.scan.skip_blanks();
        let mut background = false;
        if self.refuse_operator(&["&&", "&>", "||"])? {
            self.scan.advance(1);
        }
        if let Some(byte @ (b';' | b'&')) = self.scan.peek() {
            background = byte == b'&';
            self.operator(1);
        }
        Ok(pipe.map(|pipe| Statement { pipe, background, line, text, span }))
    }

    fn pipe(&mut self) -> Parsed<Option<Pipe>> {
        let mut stages = Vec::new();
        let mut redirect = None;
        loop {
            self.frame.words.clear();
            let (stage, stage_redirect) = self.stage()?;
            stages.extend(stage);
            redirect = redirect.or(stage_redirect);
            self.scan.skip_blanks();
            if self.scan.peek() != Some(b'|') || self.scan.looking_at("||") {
                break;
            }
            if let Some(Redirect { append, .. }) = &redirect {
                self.fail(ErrorKind::RedirectNotLast(redirect_operator(*append)), self.scan.pos())?;
            }
            let offset = self.scan.pos();
            self.operator(1);
            self.frame.stage += 1;
            self.frame.words.clear();
            self.skip_lines()?;
            if self.scan.at_end() {
                return self.incomplete(ErrorKind::NothingAfterPipe, offset, CursorPlace::Command, Class::Plain);
            }
        }
        Ok(if stages.is_empty() { None } else { Some(Pipe { stages, redirect }) })
    }

    /// Skips blanks and a comment up to its newline.
    fn skip_blanks_and_comment(&mut self) -> Parsed<()> {
        self.scan.skip_blanks();
        if self.scan.peek() == Some(b'#') {
            let start = self.scan.pos();
            self.scan.take_until(|byte| byte == b'\n');
            self.paint_since(start, Class::Comment);
            if self.mode == Mode::Complete && self.scan.at_end() {
                return self.halt(CursorPlace::Comment);
            }
        }
        Ok(())
    }

    /// Skips newlines after `|`.
    fn skip_lines(&mut self) -> Parsed<()> {
        loop {
            self.skip_blanks_and_comment()?;
            if self.scan.peek() != Some(b'\n') {
                return Ok(());
            }
            self.newline()?;
        }
    }
}

/// The spelling of a redirect.
pub(super) fn redirect_operator(append: bool) -> &'static str {
    if append { ">>" } else { ">" }
}

/// Puts the bodies into their here-documents; both are in source order.
fn place_bodies(statements: &mut [Statement], bodies: &mut impl Iterator<Item = Vec<Part>>) {
    for Statement { pipe, .. } in statements {
        for stage in &mut pipe.stages {
            match stage {
                Stage::Command(words) => words.iter_mut().for_each(|word| place_in_word(word, bodies)),
                Stage::System(_) => {}
                Stage::Block(block) => place_in_block(block, bodies),
            }
        }
        pipe.redirect.iter_mut().for_each(|redirect| place_in_word(&mut redirect.file, bodies));
    }
}

fn place_in_word(word: &mut Word, bodies: &mut impl Iterator<Item = Vec<Part>>) {
    if word.kind == WordKind::HereDoc {
        // Here-documents inside the body have their bodies already.
        word.parts = bodies.next().unwrap_or_default();
        return;
    }
    place_in_parts(&mut word.parts, bodies);
}

/// Puts the bodies of here-documents into substitutions among the parts, in the order of their openings.
pub(super) fn place_in_parts(parts: &mut [Part], bodies: &mut impl Iterator<Item = Vec<Part>>) {
    for part in parts {
        if let Part::Substitution(script) = part {
            place_bodies(&mut script.statements, bodies);
        }
    }
}

fn place_in_block(block: &mut Block, bodies: &mut impl Iterator<Item = Vec<Part>>) {
    match block {
        Block::For { words, body, .. } => {
            words.iter_mut().for_each(|word| place_in_word(word, bodies));
            place_bodies(&mut body.statements, bodies);
        }
        Block::Repeat { count, body } => {
            place_in_word(count, bodies);
            place_bodies(&mut body.statements, bodies);
        }
        Block::If { branches, otherwise } => {
            for (condition, body) in branches {
                place_bodies(std::slice::from_mut(condition), bodies);
                place_bodies(&mut body.statements, bodies);
            }
            place_bodies(&mut otherwise.statements, bodies);
        }
    }
}
