//! Running blocks: `for`, `repeat`, `if`. Their syntax is in `line::block`.

use std::sync::Arc;

use super::expand::words_of_lines;
use super::line::{Block, Script, Statement, Word};
use super::reply::{ErrorKind, ShellError};
use super::session::Session;

impl Session {
    /// Runs a block; the output of its statements is the session's output.
    ///
    /// # Errors
    /// The error of the first statement that fails, with its line. A failed condition of `if` is false and no error; a
    /// usage error in a condition is an error, so that a typo chooses no branch.
    pub(super) fn run_block(&mut self, block: &Block) -> Result<(), ShellError> {
        match block {
            Block::For { name, words, body } => {
                let values = self.values_of(words)?;
                for value in values {
                    self.set(name, value)?;
                    if !self.run_body(body)? {
                        break;
                    }
                }
                Ok(())
            }
            Block::Repeat { count, body } => {
                let text = self.expand_text(count)?;
                let runs: u64 = text.parse().map_err(|_| {
                    ShellError::usage(format!("`repeat {text}`: no count; write `repeat N`, lines, `end`"))
                })?;
                for _ in 0..runs {
                    if !self.run_body(body)? {
                        break;
                    }
                }
                Ok(())
            }
            Block::If { branches, otherwise } => {
                for (condition, body) in branches {
                    if self.holds_true(condition)? {
                        return self.run_body(body).map(drop);
                    }
                    if self.exit_code().is_some() {
                        return Ok(());
                    }
                }
                self.run_body(otherwise).map(drop)
            }
        }
    }

    /// The values of `for`: one a word, one an argument for `$@`, one a line for an unquoted `$(COMMAND)`.
    fn values_of(&mut self, words: &[Word]) -> Result<Vec<Arc<[u8]>>, ShellError> {
        let mut values = Vec::new();
        for word in words {
            if word.is_all_arguments() {
                values.extend(self.scripts().place().arguments().iter().map(|bytes| Arc::from(bytes.as_slice())));
                continue;
            }
            let bytes = self.expand(word)?;
            match word.is_unquoted_substitution() {
                true => values.extend(words_of_lines(&bytes).map(Arc::from)),
                false => values.push(Arc::from(bytes)),
            }
        }
        Ok(values)
    }

    /// Whether a condition succeeds.
    fn holds_true(&mut self, condition: &Statement) -> Result<bool, ShellError> {
        match self.asking(|session| session.run_statement(condition)) {
            Ok(()) => Ok(true),
            Err(error) => match error.kind {
                ErrorKind::Failed | ErrorKind::Timeout => Ok(false),
                ErrorKind::Usage | ErrorKind::Interrupted | ErrorKind::BrokenPipe => Err(error.in_line(condition.line)),
            },
        }
    }

    /// Runs the statements of a block once; false when `exit` ended them.
    fn run_body(&mut self, body: &Script) -> Result<bool, ShellError> {
        for statement in &body.statements {
            self.run_statement(statement).map_err(|error| error.in_line(statement.line))?;
            self.show_notices();
            if self.exit_code().is_some() {
                return Ok(false);
            }
        }
        // Ctrl-C also ends a loop without statements.
        if self.interrupt().is_raised() { Err(ShellError::interrupted()) } else { Ok(true) }
    }
}
