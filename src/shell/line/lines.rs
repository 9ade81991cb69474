//! A text as logical lines, each read only when its turn comes: by then the lines before it may have run.

use super::Grammar;
use super::ast::Script;
use super::error::SyntaxError;
use super::parser::{Mode, Parser, Stop};

/// Reads a whole text. Blank lines and comments are no statements.
///
/// # Errors
/// The first mistake; [`SyntaxError::incomplete`] when more lines could put it right.
pub fn parse(text: &str, grammar: &dyn Grammar) -> Result<Script, SyntaxError> {
    let mut script = Script::default();
    let mut lines = Lines::new(text);
    while let Some(line) = lines.next(grammar) {
        script.statements.extend(line?.statements);
    }
    Ok(script)
}

/// The logical lines of a text: what a shell reads before it runs anything. A line goes on over the line's end in quotes,
/// JSON and `$(`, after `|` and a backslash, and has the bodies of its here-documents with it.
pub struct Lines<'t> {
    text: &'t str,
    pos: usize,
    /// The line of `pos`, counted from 1.
    line: usize,
}

impl<'t> Lines<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, pos: 0, line: 1 }
    }

    /// Behind what was read so far, in bytes.
    pub fn pos(&self) -> usize {
        self.pos
    }

    /// The next logical line that has statements, or `None` at the end. After a mistake it goes on with the logical line
    /// behind the wrong one.
    ///
    /// # Errors
    /// The line's first mistake.
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
                Err(Stop::Error(error)) => {
                    // A lenient reading knows where the wrong line ends: a mistake must not turn the body of its
                    // here-document into commands.
                    let (result, lenient_end) = self.read(grammar, Mode::Lenient);
                    let end = if result.is_ok() { lenient_end } else { self.line_end(lenient_end.max(end)) };
                    self.move_to(end);
                    return Some(Err(error));
                }
                Err(Stop::Cursor) => return None,
            }
        }
        None
    }

    /// Reads the logical line at `pos`, and says where the reading ended.
    fn read(&self, grammar: &dyn Grammar, mode: Mode) -> (Result<Script, Stop>, usize) {
        let mut parser = Parser::new(self.text, self.pos, self.line, grammar, mode);
        let result = parser.line();
        (result, parser.scan.pos())
    }

    /// Behind the end of the line in which `pos` is.
    fn line_end(&self, pos: usize) -> usize {
        let rest = self.text.as_bytes().get(pos..).unwrap_or_default();
        rest.iter().position(|byte| *byte == b'\n').map_or(self.text.len(), |newline| pos + newline + 1)
    }

    fn move_to(&mut self, pos: usize) {
        let passed = self.text.as_bytes().get(self.pos..pos).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        // A reading that got nowhere must not be repeated for ever.
        self.pos = pos.max(self.pos + 1);
    }
}
