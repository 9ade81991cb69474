//! Parsing of `$`: variables and substitutions.

use super::SUBSTITUTION_DEPTH_MAX;
use super::ast::{Part, is_variable_name};
use super::draft::CursorPlace;
use super::error::ErrorKind;
use super::paint::Class;
use super::parser::{Mode, Parsed, Parser};

/// The prefix of environment variables, before `.` and the name.
const ENVIRONMENT: &str = "env";

impl<'t> Parser<'t> {
    /// Parses a part that starts with `$`: a variable, `$1` to `$9` and `$@` (a script's arguments), `$?`, `$env.NAME`,
    /// `$(COMMAND)`. Any other `$` is text, as in POSIX; plugsh lacks the other special parameters of POSIX (`$$`,
    /// `$#`, …), so that these are text.
    pub fn dollar(&mut self, quoted: bool) -> Parsed<()> {
        let start = self.scan.pos();
        self.scan.advance(1);
        match self.scan.peek() {
            Some(b'(') => self.dollar_parenthesis(start),
            Some(b'{') => self.dollar_brace(start, quoted),
            Some(b'?' | b'@' | b'1'..=b'9') => {
                self.scan.advance(1);
                let name = self.scan.since(start + 1);
                self.variable(start, name)
            }
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                let name = self.variable_name(start + 1)?;
                self.variable(start, name)
            }
            None if self.mode == Mode::Complete => self.variable_name(start + 1).map(drop),
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
        let name = match self.scan.peek() {
            Some(b'?' | b'@') => {
                self.scan.advance(1);
                self.scan.since(start + 2)
            }
            Some(b'1'..=b'9') => self.scan.take_while(|byte| byte.is_ascii_digit()),
            _ => self.variable_name(start + 2)?,
        };
        if self.scan.peek() == Some(b'}') && is_readable_name(name) {
            self.scan.advance(1);
            return self.variable(start, name);
        }
        // The message names the text up to `}`.
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

    /// Parses a variable's name that starts at `start`; the name of an environment variable follows `env.`. The cursor
    /// may be inside the name.
    fn variable_name(&mut self, start: usize) -> Parsed<&'t str> {
        let mut name = self.scan.take_while(is_name_byte);
        let continues = |byte: Option<u8>| byte.is_none_or(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if name == ENVIRONMENT && self.scan.peek() == Some(b'.') && continues(self.scan.peek_at(1)) {
            self.scan.advance(1);
            self.scan.take_while(is_name_byte);
            name = self.scan.since(start);
        }
        if self.mode == Mode::Complete && self.scan.at_end() {
            self.draft().variable_start = Some(start);
            return self.halt(CursorPlace::Variable);
        }
        Ok(name)
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether `${NAME}` accepts the name: a variable, an environment variable, an argument of the script, `@` or `?`.
fn is_readable_name(name: &str) -> bool {
    let argument = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let environment = name.strip_prefix(ENVIRONMENT).and_then(|rest| rest.strip_prefix('.'));
    matches!(name, "?" | "@") || argument || is_variable_name(environment.unwrap_or(name))
}
