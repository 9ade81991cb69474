//! A shell as the prompt sees it: lines go in, and what the editor needs to know comes back. A session of this process
//! is one, and a session of a server that the prompt is attached to.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::kernel::{JobState, Kernel};
use crate::shell::completion::{Completions, Known, complete};
use crate::shell::edit_text::edit_text;
use crate::shell::line::Lines;
use crate::shell::reply::{ErrorKind, Line};
use crate::shell::session::ChosenFrame;
use crate::shell::session::EditMode;
use crate::shell::{AliasGrammar, Interrupt, Session, ShellError, syntax_error};

/// Takes the lines that are to be printed above the prompt, on a thread of its own.
pub type TakeNotices = Box<dyn Fn() -> Vec<Line> + Send>;

/// Completes lines.
pub trait Complete {
    /// The completions at byte `pos` of a line. `variables`: the names of the session's.
    fn complete(&self, grammar: &AliasGrammar, variables: &[String], line: &str, pos: usize) -> Completions;
}

/// The shell behind a prompt.
pub trait Shell {
    /// Writes a line to standard error.
    fn notice(&mut self, line: Line);
    /// Shows an error that nobody has shown.
    fn show_error(&mut self, error: &ShellError);
    /// Shows what has happened since the last line.
    fn show_notices(&mut self);
    /// Takes notices while a line is typed.
    fn notices(&self) -> TakeNotices;
    /// Ctrl-C, as a flag.
    fn interrupt(&self) -> Interrupt;
    /// The grammar of its lines.
    fn grammar(&self) -> AliasGrammar;
    /// The source of completions of its lines.
    fn completer(&mut self) -> Box<dyn Complete>;
    /// Whether the line may have colours.
    fn colors(&mut self) -> bool;
    /// The text as the person leaves it in an editor.
    ///
    /// # Errors
    /// The editor cannot be run or fails.
    fn edit_text(&mut self, text: &str) -> Result<String, ShellError>;
    /// The keys of the line editor.
    fn edit_mode(&self) -> EditMode;
    /// The names of its variables.
    fn variables(&self) -> Vec<String>;
    /// Runs a line. An error is shown and ends the line. Returns whether it failed.
    ///
    /// # Errors
    /// Nothing more can be shown or run.
    fn run_line(&mut self, text: &str) -> Result<bool, ShellError>;
    /// The code of the last line.
    fn last_code(&self) -> u8;
    /// The code to exit with, once it is asked for.
    fn exit_code(&self) -> Option<u8>;
    /// Asks for an exit with this code.
    fn exit(&mut self, code: u8);
    /// Takes the exit back.
    fn stay(&mut self);
    /// The background jobs that run, and what becomes of them at an exit: `None` where they go on.
    fn jobs_that_end(&self) -> Vec<String>;
}

/// The kernel of this process as what completes lines.
struct OfKernel {
    kernel: Arc<Kernel>,
    /// The project's file, where one was named.
    project: Option<PathBuf>,
    chosen: Arc<Mutex<Option<ChosenFrame>>>,
}

impl Complete for OfKernel {
    fn complete(&self, grammar: &AliasGrammar, variables: &[String], line: &str, pos: usize) -> Completions {
        let chosen = *self.chosen.lock();
        let known = Known { kernel: &self.kernel, grammar, variables, project: self.project.as_deref(), chosen };
        complete(&known, line, pos)
    }
}

impl Shell for Session {
    fn notice(&mut self, line: Line) {
        Session::notice(self, line);
    }

    fn show_error(&mut self, error: &ShellError) {
        Session::show_error(self, error);
    }

    fn show_notices(&mut self) {
        Session::show_notices(self);
    }

    fn notices(&self) -> TakeNotices {
        let feed = Session::notices(self).clone();
        Box::new(move || feed.take())
    }

    fn interrupt(&self) -> Interrupt {
        Session::interrupt(self).clone()
    }

    fn grammar(&self) -> AliasGrammar {
        Session::grammar(self)
    }

    fn completer(&mut self) -> Box<dyn Complete> {
        let (kernel, project) = (Arc::clone(self.kernel()), self.options().project.clone());
        Box::new(OfKernel { kernel, project, chosen: self.chosen_frames() })
    }

    fn colors(&mut self) -> bool {
        self.front().colors()
    }

    fn edit_text(&mut self, text: &str) -> Result<String, ShellError> {
        let interrupt = Session::interrupt(self).clone();
        edit_text(self.front(), &interrupt, text)
    }

    fn edit_mode(&self) -> EditMode {
        self.settings().edit_mode
    }

    fn variables(&self) -> Vec<String> {
        Session::variables(self).keys().cloned().collect()
    }

    fn run_line(&mut self, text: &str) -> Result<bool, ShellError> {
        let mut lines = Lines::new(text);
        while let Some(read) = lines.next(&Session::grammar(self)) {
            let result = match read {
                Ok(script) => self.run_statements(&script),
                Err(error) => Err(syntax_error(&error)),
            };
            match result {
                Ok(()) => {}
                Err(error) if error.kind == ErrorKind::BrokenPipe => return Err(error),
                Err(error) => {
                    self.set_last_code(error.code());
                    Session::show_error(self, &error);
                    return Ok(true);
                }
            }
            if Session::exit_code(self).is_some() {
                break;
            }
        }
        Ok(false)
    }

    fn last_code(&self) -> u8 {
        Session::last_code(self)
    }

    fn exit_code(&self) -> Option<u8> {
        Session::exit_code(self)
    }

    fn exit(&mut self, code: u8) {
        Session::exit(self, code);
    }

    fn stay(&mut self) {
        Session::stay(self);
    }

    fn jobs_that_end(&self) -> Vec<String> {
        let views = self.background_jobs().into_iter().map(|job| job.view());
        let running = views.filter(|view| matches!(view.state, JobState::Running | JobState::Held));
        running.map(|view| format!("%{}", view.id)).collect()
    }
}
