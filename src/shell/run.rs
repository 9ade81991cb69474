//! Running statements: redirects, prefix commands (`time`, `watch`), pipes, and the lookup of commands.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::command::{ArgSlot, Arguments, Command, Inner, Run, describe, find};
use super::grammar::split_dotted;
use super::line::{Block, Redirect, Script, Stage, Statement, Word, WordKind};
use super::redirect::OutputFile;
use super::reply::{Reply, ShellError};
use super::session::{Session, Sink};
use crate::text::{panic_text, quoted, quoted_within};

/// Longest panic message that is shown, in characters.
const PANIC_CHARS_MAX: usize = 300;

impl Session {
    /// Runs statements one after the other, up to the first that fails.
    ///
    /// # Errors
    /// The first statement that fails.
    pub fn run_statements(&mut self, script: &Script) -> Result<(), ShellError> {
        for statement in &script.statements {
            self.run_statement(statement)?;
            if self.exit_code().is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Runs one statement; its output goes where the session's output goes. Sets `$?`.
    ///
    /// # Errors
    /// The statement fails; a panic in a command is such a failure.
    pub fn run_statement(&mut self, statement: &Statement) -> Result<(), ShellError> {
        let outer = self.scripts_mut().begin_statement();
        // Ctrl-C may arrive before the statement begins, or between two statements of a line.
        let result =
            if self.interrupt().is_raised() { Err(ShellError::interrupted()) } else { self.run_caught(statement) };
        // A statement that succeeded in spite of Ctrl-C still ends its script.
        let result = match result {
            Ok(()) if self.interrupt().is_raised() && self.in_script() => Err(ShellError::interrupted()),
            result => result,
        };
        let error = result.as_ref().err();
        self.scripts_mut().end_statement(outer, statement.line, &statement.text, error);
        self.set_last_code(error.map_or(0, ShellError::code));
        result
    }

    /// Catches panics outside of commands, which catch their own.
    fn run_caught(&mut self, statement: &Statement) -> Result<(), ShellError> {
        caught(|| self.run_redirected(statement))
    }

    /// Runs a statement whose output goes to a file, which is replaced only when the statement succeeds.
    ///
    /// # Errors
    /// The file cannot be written, or the statement fails.
    pub(super) fn run_redirected(&mut self, statement: &Statement) -> Result<(), ShellError> {
        let Some(redirect) = &statement.pipe.redirect else {
            let reply = self.run_pipe(statement, None)?;
            return self.emit(&reply);
        };
        self.check_touch("`>`")?;
        let Redirect { append, file } = redirect;
        let file = OutputFile { name: self.expand_file(file)?, append: *append };
        if statement.background {
            let reply = self.run_pipe(statement, Some(file))?;
            return self.emit(&reply);
        }
        let sink = Sink::File(file.open(&|| self.interrupt().is_raised())?);
        let (result, sink) = self.with_sink(sink, |session| {
            let reply = session.run_pipe(statement, None)?;
            session.emit(&reply)
        });
        result?;
        match sink {
            Some(Sink::File(file)) => file.commit(),
            _ => Ok(()),
        }
    }

    /// `into`: the file that a background job's output goes to.
    ///
    /// # Errors
    /// A stage fails.
    pub(super) fn run_pipe(&mut self, statement: &Statement, into: Option<OutputFile>) -> Result<Reply, ShellError> {
        let (first, rest) = statement.pipe.stages.split_first().ok_or_else(|| ShellError::usage("no command"))?;
        match first {
            Stage::System(_) if statement.background => Err(not_in_background("a program of the system")),
            Stage::System(text) => self.run_system(text, None),
            Stage::Block(_) if statement.background => Err(not_in_background("a block")),
            Stage::Block(block) => self.run_piped_block(block, rest),
            Stage::Command(words) => {
                let inner = Inner {
                    words,
                    rest,
                    text: &statement.text,
                    text_start: Some(statement.span.start),
                    background: statement.background,
                };
                self.run_inner_into(&inner, into)
            }
        }
    }

    /// Runs the command after a prefix command, such as `time`.
    ///
    /// # Errors
    /// There is no command, it is unknown, or it fails.
    pub fn run_inner(&mut self, inner: &Inner<'_>) -> Result<Reply, ShellError> {
        self.run_inner_into(inner, None)
    }

    /// Runs a command and the stages after it. `into`: the file that a background job's output goes to.
    ///
    /// # Errors
    /// There is no command, it is unknown, or it fails.
    pub(super) fn run_inner_into(&mut self, inner: &Inner<'_>, into: Option<OutputFile>) -> Result<Reply, ShellError> {
        let (name_word, words) = inner.words.split_first().ok_or_else(|| ShellError::usage("no command"))?;
        if name_word.kind == WordKind::System {
            return self.run_inner_system(inner);
        }
        if let Some((name, alias)) = self.alias_of(name_word) {
            return self.run_alias(&name, &alias, inner, into);
        }
        let name = self.expand_text(name_word)?;
        let Some(command) = find(self.table(), &name) else {
            return match split_dotted(&name) {
                Some(_) => {
                    self.check_touch(&format!("`{}`", quoted(&name)))?;
                    self.run_calls(inner, name, into)
                }
                None => Err(self.unknown_command(&name)),
            };
        };
        self.check_access(command, words)?;
        match command.run {
            Run::Call => caught(|| self.run_calls(inner, name, into)),
            _ if inner.background => Err(not_in_background(&format!("`{name}`"))),
            Run::Prefix(run) | Run::Keep(run) => self.run_prefix(command, run, inner, words),
            Run::Plain(run) => self.run_plain(command, run, inner, words),
        }
    }

    fn run_prefix(
        &mut self,
        command: &'static Command,
        run: fn(&mut Session, Arguments, &Inner<'_>) -> Result<Reply, ShellError>,
        outer: &Inner<'_>,
        words: &[Word],
    ) -> Result<Reply, ShellError> {
        let slots = command.shape().slots(words, 0);
        let split = slots.iter().position(|slot| *slot == ArgSlot::Inner).unwrap_or(words.len());
        let (own, inner) = words.split_at_checked(split).unwrap_or((words, &[]));
        let mut arguments = Arguments::new(command.shape(), self.expand_all(command, own)?, Vec::new());
        if arguments.asks_help() {
            return Ok(describe(command));
        }
        let json = arguments.take_json();
        if inner.is_empty() && matches!(command.run, Run::Prefix(_)) {
            return Err(ShellError::usage(format!("`{}` wants a COMMAND; usage: `{}`", command.name, command.usage())));
        }
        let inner = Inner { words: inner, ..*outer };
        let reply = self.asking_json(json, |session| run(session, arguments, &inner))?;
        Ok(if json { reply.into_json().unwrap_or_default() } else { reply })
    }

    fn run_plain(
        &mut self,
        command: &'static Command,
        run: fn(&mut Session, Arguments) -> Result<Reply, ShellError>,
        inner: &Inner<'_>,
        words: &[Word],
    ) -> Result<Reply, ShellError> {
        let program = match inner.rest {
            [] => None,
            [Stage::System(text)] => Some(text),
            [next, ..] => return Err(self.not_a_call(command.name, next)),
        };
        let mut arguments = Arguments::new(command.shape(), self.expand_all(command, words)?, Vec::new());
        if arguments.asks_help() {
            return Ok(describe(command));
        }
        let json = arguments.take_json();
        let run = |session: &mut Session| session.asking_json(json, |session| caught(|| run(session, arguments)));
        let answered = |reply: Reply| if json { reply.into_json().unwrap_or_default() } else { reply };
        let Some(program) = program else { return run(self).map(answered) };
        self.run_into_program(program, |session| {
            let reply = run(session).map(answered)?;
            session.emit(&reply)
        })
    }

    /// Runs the program of the system behind a prefix command. An alias adds the words and stages behind it.
    fn run_inner_system(&mut self, inner: &Inner<'_>) -> Result<Reply, ShellError> {
        if inner.background {
            return Err(not_in_background("a program of the system"));
        }
        let (program, words) = inner.words.split_first().ok_or_else(|| ShellError::usage("no command"))?;
        let mut text = program.literal_text().unwrap_or_default().into_owned();
        if !words.is_empty() {
            text = format!("{text} {}", self.quoted_values(words)?);
        }
        match inner.rest {
            [] => self.run_system(&text, None),
            [Stage::System(next)] => self.run_system(&format!("{text} | {next}"), None),
            [..] => Err(ShellError::usage("`!COMMAND` must come last in a pipe")),
        }
    }

    fn run_piped_block(&mut self, block: &Block, rest: &[Stage]) -> Result<Reply, ShellError> {
        match rest {
            [] => self.run_block(block).map(|()| Reply::Nothing),
            [Stage::System(program)] => self.run_into_program(program, |session| session.run_block(block)),
            [next, ..] => Err(self.not_a_call("a block", next)),
        }
    }

    /// Runs something, and a program of the system with its output as input.
    fn run_into_program(
        &mut self,
        program: &str,
        run: impl FnOnce(&mut Session) -> Result<(), ShellError>,
    ) -> Result<Reply, ShellError> {
        let (result, sink) = self.with_sink(Sink::Memory(Vec::new()), run);
        result?;
        let Some(Sink::Memory(bytes)) = sink else { return Ok(Reply::Nothing) };
        self.run_system(program, Some(Box::new(bytes)))
    }
}

/// The result of a command, or an error if it panics: the session goes on. Wraps the command alone, so that its callers
/// restore what they have changed for it.
fn caught<T>(command: impl FnOnce() -> Result<T, ShellError>) -> Result<T, ShellError> {
    let outer = CATCHING.replace(true);
    let ran = catch_unwind(AssertUnwindSafe(command));
    CATCHING.set(outer);
    ran.unwrap_or_else(|panic| Err(panicked(&*panic)))
}

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic on this thread becomes a command's error and does not end the program; panic hooks ask it.
pub fn panics_are_caught() -> bool {
    CATCHING.get()
}

/// A panic as an error.
fn panicked(panic: &(dyn Any + Send)) -> ShellError {
    let what = quoted_within(panic_text(panic).unwrap_or("for no reason that it gave"), PANIC_CHARS_MAX);
    ShellError::failed(format!(
        "the command panicked: {what}; this is a fault of plugsh {}: please report it, with this line and what you typed",
        env!("CARGO_PKG_VERSION")
    ))
}

/// The error of a command that cannot run in the background.
pub(super) fn not_in_background(what: &str) -> ShellError {
    ShellError::usage(format!("`&` runs calls in the background, and {what} is none"))
}

#[cfg(test)]
mod tests;
