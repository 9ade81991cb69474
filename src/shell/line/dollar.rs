//! Reading what starts with `$`: variables and substitutions.

use super::SUBSTITUTION_DEPTH_MAX;
use super::ast::{Part, is_variable_name};
use super::draft::Place;
use super::error::ErrorKind;
use super::paint::Class;
use super::parser::{Mode, Parsed, Parser};

impl<'t> Parser<'t> {
    /// Reads what starts with the `$` here. Where no name, `{`, `(` or `?` follows, the `$` is text, as POSIX has it;
    /// the positional parameters (`$1`) and the other special ones (`$$`, `$#`, `$@`, …) do not exist here, so that they
    /// are text too.
    pub fn dollar(&mut self, quoted: bool) -> Parsed<()> {
        let start = self.scan.pos();
        self.scan.advance(1);
        match self.scan.peek() {
            Some(b'(') => self.dollar_parenthesis(start),
            Some(b'{') => self.dollar_brace(start, quoted),
            Some(b'?') => {
                self.scan.advance(1);
                self.variable(start, "?")
            }
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                let name = self.variable_name()?;
                self.variable(start, name)
            }
            None if self.mode == Mode::Cursor => self.variable_name().map(drop),
            _ => self.push_literal(b"$", quoted),
        }
    }

    fn dollar_parenthesis(&mut self, start: usize) -> Parsed<()> {
        if self.outer.len() >= SUBSTITUTION_DEPTH_MAX {
            return Err(self.error(ErrorKind::TooDeep { max: SUBSTITUTION_DEPTH_MAX }, start));
        }
        self.scan.advance(1);
        self.paint_since(start, Class::Operator);
        let script = self.substitution(start)?;
        self.push_part(Part::Substitution(script))
    }

    fn dollar_brace(&mut self, start: usize, quoted: bool) -> Parsed<()> {
        self.scan.advance(1);
        let name = if self.scan.peek() == Some(b'?') {
            self.scan.advance(1);
            "?"
        } else {
            self.variable_name()?
        };
        if self.scan.peek() == Some(b'}') && (name == "?" || is_variable_name(name)) {
            self.scan.advance(1);
            return self.variable(start, name);
        }
        // Only for the message: what was meant as the whole.
        self.scan.take_until(|byte| matches!(byte, b'}' | b'\n' | b'"' | b'\''));
        if self.scan.peek() == Some(b'}') {
            self.scan.advance(1);
        }
        let text = self.scan.since(start);
        self.fail(ErrorKind::BadVariable(text.to_owned()), start)?;
        self.push_literal(text.as_bytes(), quoted)
    }

    fn variable(&mut self, start: usize, name: &str) -> Parsed<()> {
        self.paint_since(start, Class::Variable);
        self.push_part(Part::Variable(name.to_owned()))
    }

    /// Takes a variable's name. The cursor may stand in it.
    fn variable_name(&mut self) -> Parsed<&'t str> {
        let start = self.scan.pos();
        let name = self.scan.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if self.mode == Mode::Cursor && self.scan.at_end() {
            self.draft().variable_start = Some(start);
            return self.halt(Place::Variable);
        }
        Ok(name)
    }
}
