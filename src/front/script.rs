//! The shell without a prompt: script files, `-c` and standard input; and the step from there to the prompt.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::console::{Color, Console, TypedLines};
use super::error_lines::error_lines;
use super::opening::{AfterScripts, PaneAtStart, RcFile, exit_code, open_screen};
use super::pane::{KernelSource, Pane};
use super::print::to_ansi;
use super::repl::paths;
use super::screen::Screen;
use super::{repl, signals, streams};
use crate::kernel::Kernel;
use crate::shell::command::{TABLE, find};
use crate::shell::front::PaneRequest;
use crate::shell::line::parse;
use crate::shell::place::ScriptPlace;
use crate::shell::reply::{ErrorKind, Line, Role};
use crate::shell::{SCRIPT_BYTES_MAX, Session, SessionOptions, ShellError, Stdin, start, syntax_error};
use crate::text::{did_you_mean, io_cause};

/// Subcommands of `plugsh`, which a missing script's name may have been meant as.
const MODES: [&str; 10] = ["call", "test", "up", "init", "serve", "attach", "ls", "dap", "help", "completions"];

/// The scripts to run, and whether a prompt follows.
#[derive(Debug)]
pub struct Scripts {
    /// A line of the shell that a subcommand stands for, run before the sources; its errors have no place.
    pub first: Option<&'static str>,
    pub sources: Vec<LineSource>,
    /// `$1`, `$2`, `$@` of the sources.
    pub arguments: Arc<[Vec<u8>]>,
    pub variables: Vec<(String, String)>,
    pub color: Color,
    pub after: AfterScripts,
    pub rc: RcFile,
    pub pane: PaneAtStart,
    pub options: SessionOptions,
}

/// A source of lines.
#[derive(Debug)]
pub enum LineSource {
    File(PathBuf),
    /// `-c`.
    Commands(String),
    /// `-`: standard input.
    Stdin,
}

/// Runs the scripts, then the prompt if one is wanted; returns the exit code.
///
/// # Errors
/// A script cannot be read or fails.
pub fn run(kernel: Arc<Kernel>, scripts: Scripts) -> Result<u8, ShellError> {
    let typed: TypedLines = Rc::new(RefCell::new(Vec::new()));
    let at_terminal = io::stdin().is_terminal();
    let has_prompt = at_terminal && (scripts.sources.is_empty() || scripts.after == AfterScripts::Stay);
    let screen = open_screen(has_prompt, scripts.pane)?;
    let mut session = open_session(kernel, screen.as_ref(), &scripts, &typed)?;
    let result = run_sources(&mut session, &scripts, at_terminal);
    if has_prompt && session.exit_code().is_none() {
        prepare_prompt(&mut session, &scripts, result);
        return repl::run(&mut session, screen, &typed);
    }
    let result = result.and_then(|()| finish(&mut session));
    if let Some(screen) = screen.filter(|_| at_terminal && scripts.pane == PaneAtStart::Open) {
        screen.browse();
    }
    Ok(exit_code(&mut session, result))
}

/// The session with its console, its keys, its variables, and its pane where one is wanted.
fn open_session(
    kernel: Arc<Kernel>,
    screen: Option<&Arc<Screen>>,
    scripts: &Scripts,
    typed: &TypedLines,
) -> Result<Session, ShellError> {
    if let Some(screen) = screen {
        screen.set_colors(scripts.color.is_enabled(true));
        screen.set_scene(Box::new(Pane::new(Box::new(KernelSource::new(Arc::clone(&kernel))))));
    }
    let console = Console::new(screen.cloned(), scripts.color, Rc::clone(typed)).picturing(Arc::clone(&kernel));
    if streams::is_enabled() {
        streams::show(&kernel, screen.cloned());
    }
    let is_script = scripts.sources.is_empty() && !io::stdin().is_terminal();
    let stdin = if is_script { Stdin::Script } else { Stdin::Free };
    let mut session = start(kernel, Box::new(console), scripts.options.clone(), stdin);
    match screen {
        Some(screen) => handle_keys(screen, &session),
        None => interruptible(&session)?,
    }
    for (name, value) in &scripts.variables {
        session.set(name, value.as_bytes())?;
    }
    if scripts.pane == PaneAtStart::Open {
        session.front().pane(PaneRequest::On)?;
    }
    Ok(session)
}

/// Shows how the scripts ended, and runs the rc file.
fn prepare_prompt(session: &mut Session, scripts: &Scripts, result: Result<(), ShellError>) {
    if let Err(error) = result {
        session.show_error(&error);
    }
    // An interrupt that ended the scripts must not end the rc file.
    session.interrupt().take();
    if scripts.sources.is_empty() {
        session.notice(welcome());
    }
    session.make_interactive();
    if scripts.rc == RcFile::Read {
        run_rc(session);
    }
}

/// Runs the rc file, unless another user can write it.
fn run_rc(session: &mut Session) {
    let Some(path) = paths::rc_file().filter(|path| path.exists()) else { return };
    // Commands in a file that another user can write would run as this user.
    if let Some(why) = paths::reason_not_to_run(&path) {
        session.notice(Line::new().with(Role::Bad, format!("`{}` is not run: {why}", path.display())));
        return;
    }
    let result = session
        .read_file(&path, SCRIPT_BYTES_MAX)
        .and_then(|text| session.run_text(&path.display().to_string(), &text, 1));
    if let Err(error) = result {
        session.show_error(&error);
    }
}

/// Sets the handlers of Ctrl-C and Ctrl-Z while a command runs.
fn handle_keys(screen: &Screen, session: &Session) {
    let interrupter = session.interrupter();
    let stopper = interrupter.clone();
    screen.on_interrupt(Box::new(move || {
        interrupter.interrupt();
    }));
    screen.on_stop(Box::new(move || stopper.stop()));
}

/// The first line at the prompt.
fn welcome() -> Line {
    let version = env!("CARGO_PKG_VERSION");
    let text = format!("plugsh {version}: `help` says how to begin, Ctrl-D leaves");
    Line::new().with(Role::Dim, text)
}

/// Runs the sources, and standard input where no terminal and no source gives lines.
///
/// # Errors
/// A source cannot be read, or a line fails.
pub fn run_sources(session: &mut Session, scripts: &Scripts, at_terminal: bool) -> Result<(), ShellError> {
    let first = scripts.first.map_or(Ok(()), |line| run_first(session, line));
    let first = first.map_err(|error| keep_going_after(session, error));
    if let Some(error) = first.as_ref().err().filter(|error| !error.is_shown()) {
        return Err(error.clone());
    }
    for source in &scripts.sources {
        match source {
            LineSource::File(path) => {
                let text = session.read_file(path, SCRIPT_BYTES_MAX).map_err(|error| no_script(path, error))?;
                let place = ScriptPlace::of(Some(path), Arc::clone(&scripts.arguments));
                session.at_place(place, |session| session.run_text(&path.display().to_string(), &text, 1))?;
            }
            LineSource::Commands(text) => {
                let place = ScriptPlace::of(None, Arc::clone(&scripts.arguments));
                session.at_place(place, |session| session.run_text("-c", text.as_bytes(), 1))?;
            }
            LineSource::Stdin => {
                let place = ScriptPlace::of(None, Arc::clone(&scripts.arguments));
                session.at_place(place, Session::run_standard_input)?;
            }
        }
        if session.exit_code().is_some() {
            return Ok(());
        }
    }
    if !at_terminal && (scripts.sources.is_empty() || scripts.after == AfterScripts::Stay) {
        session.run_standard_input()?;
    }
    first
}

/// The error of a line after which the scripts go on, shown; an error that ends them stays as it is.
fn keep_going_after(session: &mut Session, error: ShellError) -> ShellError {
    if !session.options().keep_going || matches!(error.kind, ErrorKind::Interrupted | ErrorKind::BrokenPipe) {
        return error;
    }
    session.show_error(&error.diagnostic());
    error.shown()
}

/// Runs the line of a subcommand.
fn run_first(session: &mut Session, line: &str) -> Result<(), ShellError> {
    let script = parse(line, &session.grammar()).map_err(|error| syntax_error(&error))?;
    let result = session.run_statements(&script);
    session.show_notices();
    result
}

/// Runs one line that a subcommand stands for, and nothing else; returns the exit code.
///
/// # Errors
/// Ctrl-C cannot be listened for. A failure of the line is shown, and is the code.
pub fn run_line(kernel: Arc<Kernel>, line: &str, color: Color, options: SessionOptions) -> Result<u8, ShellError> {
    let typed: TypedLines = Rc::new(RefCell::new(Vec::new()));
    let console = Console::new(None, color, typed);
    let mut session = start(kernel, Box::new(console), options, Stdin::Free);
    interruptible(&session)?;
    let result = run_first(&mut session, line);
    Ok(exit_code(&mut session, result))
}

/// The error for a script that cannot be read, with a suggestion if its name is a subcommand.
fn no_script(path: &Path, error: ShellError) -> ShellError {
    let word = path.to_string_lossy();
    if path.exists() || word.contains('/') {
        return error;
    }
    if find(TABLE, &word).is_some() {
        return ShellError::usage(format!("`{word}` is no file, but a command of the shell: `plugsh -c '{word} ...'`"));
    }
    let near = did_you_mean(&word, MODES);
    if near.is_empty() { error } else { ShellError::usage(format!("{error}{near}")) }
}

/// Waits for the script's jobs; a failed job is an error.
fn finish(session: &mut Session) -> Result<(), ShellError> {
    if session.exit_code().is_some() {
        return Ok(());
    }
    let result = session.finish_jobs();
    session.show_notices();
    result
}

/// Makes Ctrl-C interrupt the session.
///
/// # Errors
/// The signal handler cannot be installed.
pub fn interruptible(session: &Session) -> Result<(), ShellError> {
    let interrupter = session.interrupter();
    signals::on_interrupt(move || interrupter.interrupt())
        .map_err(|error| ShellError::failed(format!("cannot listen for Ctrl-C: {error}")))
}

/// Writes to standard output; returns the exit code. A closed pipe is not an error.
///
/// # Errors
/// Standard output cannot be written.
pub fn print(bytes: &[u8]) -> Result<u8, ShellError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(ShellError::failed(format!("standard output: {}", io_cause(&error))))
        }
        _ => Ok(0),
    }
}

/// Writes an error to standard error.
pub fn print_error(error: &ShellError) {
    error_lines(&error.diagnostic()).into_iter().for_each(|line| print_error_line(Role::Bad, line));
}

/// Writes a warning to standard error, before anything runs.
pub fn notice(text: &str) {
    print_error_line(Role::Warn, format!("plugsh: {text}"));
}

fn print_error_line(role: Role, text: String) {
    let color = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let line = Line::new().with(role, text);
    // A closed standard error is ignored.
    writeln!(io::stderr(), "{}", to_ansi(&line, color)).ok();
}
