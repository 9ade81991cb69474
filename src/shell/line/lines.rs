//! Logical lines of a text, parsed one at a time: a line may run before the next is parsed.

use super::Grammar;
use super::ast::Script;
use super::error::SyntaxError;
use super::parser::{Mode, ParseStop, Parser};

/// Parses a whole text. Blank lines and comments are no statements.
///
/// # Errors
/// The first syntax error; [`SyntaxError::incomplete`] when more lines could complete the text.
pub fn parse(text: &str, grammar: &dyn Grammar) -> Result<Script, SyntaxError> {
    let mut script = Script::default();
    let mut lines = Lines::new(text);
    while let Some(line) = lines.next(grammar) {
        script.statements.extend(line?.statements);
    }
    Ok(script)
}

/// The logical lines of a text, each the unit that a shell parses before it runs. A logical line continues over
/// newlines in quotes, JSON and `$(`, and after `|` and a backslash; it includes the bodies of its here-documents.
pub struct Lines<'t> {
    text: &'t str,
    pos: usize,
    /// The line of `pos`, counted from 1.
    line: usize,
}

impl<'t> Lines<'t> {
    /// The lines of a text, from its start.
    pub fn new(text: &'t str) -> Self {
        Self { text, pos: 0, line: 1 }
    }

    /// The offset after the parsed lines, in bytes.
    pub fn pos(&self) -> usize {
        self.pos
    }

    /// The next logical line with statements, or `None` at the end. After an error, parsing continues with the logical
    /// line after the wrong one.
    ///
    /// # Errors
    /// The line's first syntax error.
    pub fn next(&mut self, grammar: &dyn Grammar) -> Option<Result<Script, SyntaxError>> {
        while self.pos < self.text.len() {
            let (result, end) = self.read(grammar, Mode::Strict);
            match result {
                Ok(script) => {
                    self.move_to(end);
                    if !script.statements.is_empty() {
                        return Some(Ok(script));
                    }
                }
                Err(ParseStop::Error(error)) => {
                    // A lenient parse finds the end of the wrong line, so that the body of its here-document is not
                    // parsed as commands.
                    let (result, lenient_end) = self.read(grammar, Mode::Lenient);
                    let end = if result.is_ok() { lenient_end } else { self.line_end(lenient_end.max(end)) };
                    self.move_to(end);
                    return Some(Err(error));
                }
                Err(ParseStop::AtCursor) => return None,
            }
        }
        None
    }

    /// Parses the logical line at `pos`, and returns the offset of its end.
    fn read(&self, grammar: &dyn Grammar, mode: Mode) -> (Result<Script, ParseStop>, usize) {
        let mut parser = Parser::new(self.text, self.pos, self.line, grammar, mode);
        let result = parser.line();
        (result, parser.scan.pos())
    }

    /// The offset after the end of the line at `pos`.
    fn line_end(&self, pos: usize) -> usize {
        let rest = self.text.as_bytes().get(pos..).unwrap_or_default();
        rest.iter().position(|byte| *byte == b'\n').map_or(self.text.len(), |newline| pos + newline + 1)
    }

    fn move_to(&mut self, pos: usize) {
        let passed = self.text.as_bytes().get(self.pos..pos).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        // A parse without progress would repeat for ever.
        self.pos = pos.max(self.pos + 1);
    }
}
