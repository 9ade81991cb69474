//! Running aliases: the alias's line, with the words behind its name added to its last command.

use std::sync::Arc;

use super::alias::{ALIAS_DEPTH_MAX, Alias, plain_text};
use super::command::Inner;
use super::line::{Pipe, Stage, Statement, Word, quote};
use super::redirect::OutputFile;
use super::reply::{Reply, ShellError};
use super::session::Session;

impl Session {
    /// The alias that a word in a command's place is, with its name. In its own line an alias's name is a command's.
    pub(super) fn alias_of(&self, word: &Word) -> Option<(String, Arc<Alias>)> {
        let name = plain_text(word)?;
        let settings = self.settings();
        let alias = settings.aliases.get(name).filter(|_| !settings.aliases_in_use.iter().any(|used| used == name))?;
        Some((name.to_owned(), alias))
    }

    /// Runs an alias's line in the place of `inner`'s first word. `into`: the file that a background job's output goes
    /// to.
    ///
    /// # Errors
    /// The error of a command of the line, or words behind an alias that ends with something that takes none.
    pub(super) fn run_alias(
        &mut self,
        name: &str,
        alias: &Alias,
        inner: &Inner<'_>,
        into: Option<OutputFile>,
    ) -> Result<Reply, ShellError> {
        if self.settings().aliases_in_use.len() >= ALIAS_DEPTH_MAX {
            return Err(ShellError::failed(format!(
                "`{name}`: more than {ALIAS_DEPTH_MAX} aliases within one another"
            )));
        }
        let Some((last, before)) = alias.script.statements.split_last() else { return Ok(Reply::Nothing) };
        self.settings_mut().aliases_in_use.push(name.to_owned());
        let result = self.run_all_but_last(before).and_then(|continues| match continues {
            true => self.run_last(name, last, inner, into),
            false => Ok(Reply::Nothing),
        });
        self.settings_mut().aliases_in_use.pop();
        result
    }

    /// False when `exit` was among the statements.
    fn run_all_but_last(&mut self, statements: &[Statement]) -> Result<bool, ShellError> {
        for statement in statements {
            self.run_statement(statement)?;
            if self.exit_code().is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn run_last(
        &mut self,
        name: &str,
        last: &Statement,
        inner: &Inner<'_>,
        into: Option<OutputFile>,
    ) -> Result<Reply, ShellError> {
        let words = inner.words.get(1..).unwrap_or_default();
        let mut stages = last.pipe.stages.clone();
        self.add_words(name, stages.last_mut(), words, inner)?;
        add_stages(name, &mut stages, inner.rest)?;
        let redirect = last.pipe.redirect.clone();
        if redirect.is_some() && !(words.is_empty() && inner.rest.is_empty()) {
            return Err(ShellError::usage(format!("`{name}` ends with `>`, and takes no more words")));
        }
        let statement = Statement {
            pipe: Pipe { stages, redirect },
            background: last.background || inner.background,
            line: last.line,
            text: inner.text.to_owned(),
            span: 0..0,
        };
        if statement.pipe.redirect.is_some() {
            return self.run_redirected(&statement).map(|()| Reply::Nothing);
        }
        match statement.pipe.stages.split_first() {
            // The spans of the words are of two texts.
            Some((Stage::Command(words), rest)) => self.run_inner_into(
                &Inner { words, rest, text: inner.text, text_start: None, background: statement.background },
                into,
            ),
            _ => self.run_pipe(&statement, into),
        }
    }

    /// Adds words to the last stage of an alias's line.
    fn add_words(
        &mut self,
        name: &str,
        stage: Option<&mut Stage>,
        words: &[Word],
        inner: &Inner<'_>,
    ) -> Result<(), ShellError> {
        match stage {
            _ if words.is_empty() => {}
            Some(Stage::Command(front)) => front.extend_from_slice(words),
            Some(Stage::System(text)) => {
                text.push(' ');
                match inner.source_of(words) {
                    Some(source) => text.push_str(source),
                    None => text.push_str(&self.quoted_values(words)?),
                }
            }
            Some(Stage::Block(_)) | None => {
                return Err(ShellError::usage(format!("`{name}` ends with a block, which takes no words")));
            }
        }
        Ok(())
    }

    /// The words' values as the system's shell reads them, where the words as typed are not at hand.
    ///
    /// # Errors
    /// A word cannot be expanded.
    pub(super) fn quoted_values(&mut self, words: &[Word]) -> Result<String, ShellError> {
        let values = words.iter().map(|word| self.expand(word).map(|bytes| quote(&bytes)));
        values.collect::<Result<Vec<String>, ShellError>>().map(|values| values.join(" "))
    }
}

/// Adds the stages behind an alias to its own; two programs of the system become one pipe of the system's shell.
fn add_stages(name: &str, stages: &mut Vec<Stage>, rest: &[Stage]) -> Result<(), ShellError> {
    match (stages.last_mut(), rest) {
        (Some(Stage::System(program)), [Stage::System(next)]) => program.push_str(&format!(" | {next}")),
        (Some(Stage::System(_)), [_, ..]) => {
            return Err(ShellError::usage(format!("`{name}` ends with a program of the system, which must come last")));
        }
        _ => stages.extend_from_slice(rest),
    }
    Ok(())
}
