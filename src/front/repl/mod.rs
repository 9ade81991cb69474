//! The prompt: rustyline's editor around a shell.

mod helper;
mod history;
mod keys;
mod last_argument;
mod list;
pub mod paths;
mod shell;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{CompletionType, Config, EditMode, Editor, Event, EventContext};

use super::console::TypedLines;
use super::screen::{ESC_WAIT_MS, Screen};
use crate::shell::ShellError;
use crate::shell::reply::{Line, Role};
use crate::shell::session::EditMode as SessionEditMode;
use helper::ShellHelper;
use keys::LineKeys;
use last_argument::last_argument;
pub use shell::{Complete, Shell, TakeNotices};

const PROMPT: &str = "plugsh> ";
/// The prompt of a line that continues a quote, JSON or a here-document.
const PROMPT_CONTINUED: &str = "   ...> ";
/// The most entries that the history keeps.
const HISTORY_LINES_MAX: usize = 10_000;
/// Interval of notices while a line is edited.
const NOTICE_STEP: Duration = Duration::from_millis(100);

type ShellEditor = Editor<ShellHelper, DefaultHistory>;

/// Reads and runs lines until `exit` or Ctrl-D; returns the exit code.
///
/// # Errors
/// The editor cannot be made, or the terminal cannot be read.
pub fn run(shell: &mut dyn Shell, screen: Option<Arc<Screen>>, typed: &TypedLines) -> Result<u8, ShellError> {
    let mut prompt = Prompt::open(shell, screen, typed)?;
    while !prompt.may_exit(shell) {
        // An interrupt of the last line must not end the breakpoint commands that run now.
        shell.interrupt().take();
        shell.show_notices();
        prompt.follow(shell);
        match prompt.read(shell) {
            Ok(line) if line.trim().is_empty() => {}
            Ok(line) => {
                prompt.remember(&line, shell);
                let failed = shell.run_line(&line)?;
                prompt.note_result(&line, failed);
            }
            // Ctrl-C clears the line.
            Err(ReadlineError::Interrupted) => prompt.warned_of_jobs = false,
            Err(ReadlineError::Eof) => shell.exit(shell.last_code()),
            Err(error) => return Err(ShellError::failed(format!("cannot read from the terminal: {error}"))),
        }
    }
    Ok(shell.exit_code().unwrap_or(0))
}

struct Prompt {
    editor: ShellEditor,
    keys: LineKeys,
    screen: Option<Arc<Screen>>,
    typed: TypedLines,
    history: Option<std::path::PathBuf>,
    /// A line is being edited, so that the notice thread prints notices.
    is_at_prompt: Arc<AtomicBool>,
    /// The warning about running jobs was printed.
    warned_of_jobs: bool,
}

impl Prompt {
    fn open(shell: &mut dyn Shell, screen: Option<Arc<Screen>>, typed: &TypedLines) -> Result<Prompt, ShellError> {
        let failed = |error: ReadlineError| ShellError::failed(format!("cannot open the prompt: {error}"));
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .bracketed_paste(true)
            .keyseq_timeout(Some(ESC_WAIT_MS))
            .max_history_size(HISTORY_LINES_MAX)
            .map_err(failed)?
            .history_ignore_space(true)
            .auto_add_history(false)
            .build();
        let mut editor = ShellEditor::with_config(config).map_err(failed)?;
        let keys = LineKeys::default();
        editor.set_helper(Some(ShellHelper::new(shell, screen.clone(), keys.clone())));
        editor.set_max_history_size(HISTORY_LINES_MAX).map_err(failed)?;
        let history = paths::history_file();
        if let Some(path) = &history {
            load_history(shell, &mut editor, path);
        }
        *typed.borrow_mut() = editor.history().iter().cloned().collect();
        typed.borrow().iter().for_each(|line| keys.remember(last_argument(line, &shell.grammar())));
        let is_at_prompt = Arc::new(AtomicBool::new(false));
        if let Some(screen) = &screen {
            screen.attach(&mut editor, line_keys(keys.clone())).map_err(failed)?;
            print_notices(Arc::downgrade(screen), shell.notices(), Arc::clone(&is_at_prompt))?;
        }
        Ok(Prompt { editor, keys, screen, typed: typed.clone(), history, is_at_prompt, warned_of_jobs: false })
    }

    /// Reads a line and its continuation lines, up to the longest text that the parser reads. Ctrl-C discards all of
    /// them, Ctrl-D runs what was typed so far.
    fn read(&mut self, shell: &mut dyn Shell) -> rustyline::Result<String> {
        let mut text = self.read_line(shell, PROMPT)?;
        while self.editor.helper().is_some_and(|helper| helper.is_incomplete(&text)) {
            // Between two lines rustyline does not have the terminal, and Ctrl-C is a signal.
            if shell.interrupt().take() {
                return Err(ReadlineError::Interrupted);
            }
            text.push('\n');
            self.continue_after(&text);
            let more = self.read_line(shell, PROMPT_CONTINUED);
            self.continue_after("");
            match more {
                Ok(line) => text.push_str(&line),
                Err(ReadlineError::Eof) => {
                    text.pop();
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(text)
    }

    /// Reads one line; where it is left for an editor, what the editor leaves of it.
    fn read_line(&mut self, shell: &mut dyn Shell, prompt: &str) -> rustyline::Result<String> {
        let mut initial = String::new();
        loop {
            self.keys.begin_line();
            self.is_at_prompt.store(true, Ordering::Release);
            let line = match &self.screen {
                Some(screen) => screen.read_line(&mut self.editor, prompt, &initial),
                None => self.editor.readline_with_initial(prompt, (&initial, "")),
            };
            self.is_at_prompt.store(false, Ordering::Release);
            if !self.keys.take_editor_request() {
                return line;
            }
            let line = line?;
            initial = shell.edit_text(&line).unwrap_or_else(|error| {
                shell.show_error(&error);
                line
            });
        }
    }

    fn continue_after(&mut self, text: &str) {
        if let Some(helper) = self.editor.helper_mut() {
            helper.continue_after(text);
        }
    }

    fn note_result(&mut self, line: &str, failed: bool) {
        if let Some(helper) = self.editor.helper_mut() {
            helper.note_result(line, failed);
        }
    }

    /// Gives the editor the names and the keys that the session has now.
    fn follow(&mut self, shell: &dyn Shell) {
        self.editor.set_edit_mode(match shell.edit_mode() {
            SessionEditMode::Emacs => EditMode::Emacs,
            SessionEditMode::Vi => EditMode::Vi,
        });
        // rustyline sets a timeout of its own with the mode.
        self.editor.set_keyseq_timeout(Some(ESC_WAIT_MS));
        let names = shell.variables();
        if let Some(helper) = self.editor.helper_mut() {
            helper.set_variables(names);
        }
    }

    fn remember(&mut self, line: &str, shell: &mut dyn Shell) {
        match self.editor.add_history_entry(line) {
            Ok(true) => {
                self.typed.borrow_mut().push(line.to_owned());
                self.keys.remember(last_argument(line, &shell.grammar()));
            }
            Ok(false) => return,
            Err(error) => return shell.notice(warning(format!("history: {error}"))),
        }
        let Some(path) = &self.history else { return };
        let mut append =
            || paths::private_file(path).map_err(ReadlineError::from).and_then(|()| self.editor.append_history(path));
        // rustyline reads the file before it appends; another shell may have written bytes that are not UTF-8.
        let saved = append()
            .or_else(|error| if history::repair(path).is_ok_and(|lines| lines > 0) { append() } else { Err(error) });
        if let Err(error) = saved {
            shell.notice(warning(format!("`{}`: {error}; history is not kept", path.display())));
            self.history = None;
        }
    }

    /// Whether the prompt may exit. With running jobs the first attempt prints a warning instead.
    fn may_exit(&mut self, shell: &mut dyn Shell) -> bool {
        if shell.exit_code().is_none() {
            return false;
        }
        let running = shell.jobs_that_end();
        if running.is_empty() || self.warned_of_jobs {
            return true;
        }
        self.warned_of_jobs = true;
        shell.stay();
        shell.notice(warning(format!("still running: {}; leave again to end that", running.join(" "))));
        false
    }
}

fn load_history(shell: &mut dyn Shell, editor: &mut ShellEditor, path: &Path) {
    match history::repair(path) {
        Ok(0) => {}
        Ok(1) => shell.notice(warning(format!("`{}`: a line that was no text is left out", path.display()))),
        Ok(lines) => {
            shell.notice(warning(format!("`{}`: {lines} lines that were no text are left out", path.display())))
        }
        Err(error) => shell.notice(warning(error.to_string())),
    }
    if path.exists()
        && let Err(error) = editor.load_history(path)
    {
        shell.notice(warning(format!("`{}`: {error}", path.display())));
    }
}

fn warning(text: String) -> Line {
    Line::new().with(Role::Warn, text)
}

/// Prints the kernel's notices above the line that is being typed.
fn print_notices(screen: Weak<Screen>, take: TakeNotices, is_at_prompt: Arc<AtomicBool>) -> Result<(), ShellError> {
    let print = move || {
        while let Some(screen) = screen.upgrade() {
            if is_at_prompt.load(Ordering::Acquire) {
                for line in take() {
                    screen.notice(&format!("{line}\n"));
                }
            }
            drop(screen);
            thread::sleep(NOTICE_STEP);
        }
    };
    let started = thread::Builder::new().name("notices".to_owned()).spawn(print);
    started.map(drop).map_err(|error| ShellError::failed(format!("cannot start a thread: {error}")))
}

/// The handler of the keys that the screen leaves to the line.
fn line_keys(keys: LineKeys) -> super::screen::LineKeys {
    Arc::new(move |event: &Event, context: &EventContext<'_>| match (event.get(0), event.get(1)) {
        // The one sequence of keys is Ctrl-X Ctrl-E.
        (Some(_), Some(_)) => Some(keys.ask_for_editor()),
        (Some(key), None) => keys.command(key, context),
        (None, _) => None,
    })
}
