//! Parsing of blocks: `for`, `repeat` and `if`, up to their `end`. Keywords are recognised unquoted, in the place of a
//! command's name.

use super::BLOCK_DEPTH_MAX;
use super::ast::{Block, Redirect, Script, Stage, Word, is_variable_name};
use super::draft::CursorPlace;
use super::error::ErrorKind;
use super::paint::Class;
use super::parser::{Mode, Parsed, Parser};
use super::statement::Until;

/// The words that open blocks, each with its meaning.
pub const BLOCKS: [(&str, &str); 3] = [
    ("for", "run lines once for each word"),
    ("repeat", "run lines N times"),
    ("if", "run lines if a command succeeds"),
];

impl Parser<'_> {
    /// The keyword at the current position, as a whole unquoted word. A cursor at the end of the word is inside the
    /// word.
    pub fn at_keyword(&self, keywords: &[&'static str]) -> Option<&'static str> {
        let rest = self.scan.rest();
        let stands = |keyword: &str| {
            let behind = rest.strip_prefix(keyword)?.bytes().next();
            let ends = behind.map_or(self.mode != Mode::Complete, |byte| b" \t\r\n;#)>|&".contains(&byte));
            ends.then_some(())
        };
        keywords.iter().copied().find(|keyword| stands(keyword).is_some())
    }

    /// Fails for `end` or `else` outside of a block.
    pub fn stray_keyword(&mut self, word: &'static str) -> Parsed<()> {
        self.fail(ErrorKind::StrayKeyword(word), self.scan.pos())?;
        self.keyword(word);
        Ok(())
    }

    /// Parses a block from its opening keyword to the redirect after `end`.
    pub fn block(&mut self, opener: &'static str) -> Parsed<(Option<Stage>, Option<Redirect>)> {
        let open = self.scan.pos();
        if self.blocks >= BLOCK_DEPTH_MAX {
            return Err(self.error(ErrorKind::BlockTooDeep { max: BLOCK_DEPTH_MAX }, open));
        }
        self.blocks += 1;
        let block = match opener {
            "for" => self.for_block(open)?,
            "repeat" => self.repeat_block(open)?,
            _ => self.if_block(open)?,
        };
        self.blocks -= 1;
        // The block's statements used this frame.
        self.frame.words.clear();
        self.frame.stage = 0;
        self.frame.end = self.scan.pos();
        self.scan.skip_blanks();
        let redirect = if self.scan.peek() == Some(b'>') { self.redirect()? } else { None };
        if redirect.is_some() {
            self.frame.end = self.scan.pos();
        }
        Ok((block.map(|block| Stage::Block(Box::new(block))), redirect))
    }

    fn for_block(&mut self, open: usize) -> Parsed<Option<Block>> {
        self.keyword("for");
        let header = self.header(open)?;
        let body = self.body("for", open)?;
        self.keyword("end");
        let mut words = header.into_iter();
        let name = words.next().and_then(|word| Some(word.literal_text()?.into_owned()));
        let name = name.filter(|name| is_variable_name(name) && name != "_");
        let has_in = words.next().is_some_and(|word| word.literal_start() == b"in" && word.parts.len() == 1);
        match name {
            Some(name) if has_in => Ok(Some(Block::For { name, words: words.collect(), body })),
            _ => self.fail(ErrorKind::BadFor, open).map(|()| None),
        }
    }

    fn repeat_block(&mut self, open: usize) -> Parsed<Option<Block>> {
        self.keyword("repeat");
        let mut words = self.header(open)?.into_iter();
        let body = self.body("repeat", open)?;
        self.keyword("end");
        match (words.next(), words.next()) {
            (Some(count), None) => Ok(Some(Block::Repeat { count, body })),
            _ => self.fail(ErrorKind::BadRepeat, open).map(|()| None),
        }
    }

    fn if_block(&mut self, open: usize) -> Parsed<Option<Block>> {
        let mut branches = Vec::new();
        loop {
            self.keyword("if");
            self.scan.skip_blanks();
            let condition = match self.scan.peek() {
                None if self.mode == Mode::Complete => return self.halt(CursorPlace::Command),
                None | Some(b'\n' | b';' | b'#') => self.fail(ErrorKind::BadIf, open).map(|()| None)?,
                Some(_) => self.statement()?,
            };
            if condition.as_ref().is_some_and(|condition| condition.background) {
                self.fail(ErrorKind::BadIf, open)?;
            }
            let body = self.body("if", open)?;
            branches.extend(condition.map(|condition| (condition, body)));
            if self.at_keyword(&["else"]).is_none() {
                break;
            }
            self.keyword("else");
            self.scan.skip_blanks();
            if self.at_keyword(&["if"]).is_none() {
                // `;` may follow `else`, as it ends the first line of `for`, `repeat` and `if`.
                if self.scan.peek() == Some(b';') {
                    self.operator(1);
                }
                let otherwise = self.body("else", open)?;
                self.keyword("end");
                return Ok((!branches.is_empty()).then_some(Block::If { branches, otherwise }));
            }
        }
        self.keyword("end");
        Ok((!branches.is_empty()).then(|| Block::If { branches, otherwise: Script::default() }))
    }

    /// Skips a keyword. The keyword may be missing after a syntax error that was skipped.
    fn keyword(&mut self, word: &str) {
        if self.scan.looking_at(word) {
            let start = self.scan.pos();
            self.scan.advance(word.len());
            self.paint_since(start, Class::Command);
        }
    }

    /// Parses statements up to the `else` or `end` of the block that opens at `open`; only `if` has an `else`.
    fn body(&mut self, opener: &'static str, open: usize) -> Parsed<Script> {
        let unclosed = if opener == "else" { "if" } else { opener };
        let mut statements = self.statements(Until::End(unclosed, open))?;
        while opener != "if" && self.at_keyword(&["else"]).is_some() {
            self.stray_keyword("else")?;
            statements.extend(self.statements(Until::End(unclosed, open))?);
        }
        Ok(Script { statements })
    }

    /// Parses the words of a block's first line, up to a newline or `;`.
    fn header(&mut self, open: usize) -> Parsed<Vec<Word>> {
        let mut words = Vec::new();
        loop {
            self.scan.skip_blanks();
            match self.scan.peek() {
                None if self.mode == Mode::Complete => return self.halt(CursorPlace::Argument),
                None | Some(b'\n' | b'#') => return Ok(words),
                Some(b')') if !self.outer.is_empty() => return Ok(words),
                Some(b';') => {
                    self.operator(1);
                    return Ok(words);
                }
                Some(b'{' | b'[') => words.push(self.json()?),
                Some(b'&' | b'|' | b'<' | b'>' | b'(' | b')') => {
                    let operator = self.scan.rest().chars().take(1).collect();
                    self.fail(ErrorKind::OperatorInHeader(operator), open)?;
                    self.scan.advance(1);
                }
                Some(_) => words.push(self.word(CursorPlace::Argument)?),
            }
        }
    }
}
