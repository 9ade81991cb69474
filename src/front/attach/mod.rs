//! `plugsh attach`: a prompt, a script or `-c` whose lines run in a session of a server. Editing, colours, pane and
//! programs of the system are on this side.

pub mod call;
pub mod list;
mod pane;
mod remote;
mod source;

use std::cell::RefCell;
use std::io::{self, IsTerminal};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::json;

use super::console::{Color, Console, TypedLines};
use super::opening::{AfterScripts, PaneAtStart, exit_code, open_screen};
use super::pane::Pane;
use super::repl;
use super::screen::Screen;
use super::script::LineSource;
use super::signals;
use crate::serve::client::{Client, Connect, connect};
use crate::shell::front::PaneRequest;
use crate::shell::reply::{Line, Role};
use crate::shell::{Interrupt, ShellError};
use pane::RemoteSource;
use remote::Remote;

/// The work at a server, and what follows it.
#[derive(Debug)]
pub struct Attach {
    pub connect: Connect,
    pub source: Option<LineSource>,
    /// `$1`, `$2`, `$@` of the source.
    pub arguments: Vec<Vec<u8>>,
    pub variables: Vec<(String, String)>,
    pub color: Color,
    pub after: AfterScripts,
    pub pane: PaneAtStart,
}

/// Runs the source at the server, then the prompt if one is wanted; returns the exit code.
///
/// # Errors
/// Nobody serves there, or the source cannot be read.
pub fn run(mut attach: Attach) -> Result<u8, ShellError> {
    let at_terminal = io::stdin().is_terminal();
    let prompt = at_terminal && (attach.source.is_none() || attach.after == AfterScripts::Stay);
    let hello = &mut attach.connect.hello;
    hello.carries_out = true;
    hello.interactive = prompt && attach.source.is_none();
    hello.terminal = io::stdout().is_terminal();
    hello.colors = attach.color.is_enabled(hello.terminal);
    let client = connect(&attach.connect)?;
    let screen = open_screen(prompt, attach.pane)?;
    let typed: TypedLines = Rc::new(RefCell::new(Vec::new()));
    if let Some(screen) = &screen {
        screen.set_scene(Box::new(Pane::new(Box::new(RemoteSource::new(client.clone())))));
    }
    let console = Console::new(screen.clone(), attach.color, Rc::clone(&typed));
    let interrupt = Interrupt::default();
    match &screen {
        Some(screen) => handle_keys(screen, &client, &interrupt, attach.color),
        None => handle_signals(&client, &interrupt)?,
    }
    let mut remote = Remote::new(client.clone(), console, interrupt, Rc::clone(&typed));
    if attach.pane == PaneAtStart::Open {
        remote.front().pane(PaneRequest::On)?;
    }
    let result = remote.run_source(&attach, at_terminal);
    if !prompt || remote.has_exited() {
        return Ok(exit_code(&mut remote, result));
    }
    if let Err(error) = result {
        repl::Shell::show_error(&mut remote, &error);
    }
    if let Some(screen) = &screen {
        leave_with(&client, screen);
    }
    if attach.source.is_none() {
        remote.front().notice(&welcome(&client));
    }
    repl::run(&mut remote, screen, &typed)
}

/// The first line at the prompt.
fn welcome(client: &Client) -> Line {
    let name = &client.welcome().name;
    Line::new().with(Role::Dim, format!("attached to `{name}`: Ctrl-D leaves, and `{name}` stays"))
}

/// Sets what Ctrl-C and Ctrl-Z do while a line runs.
fn handle_keys(screen: &Screen, client: &Client, interrupt: &Interrupt, color: Color) {
    screen.set_colors(color.is_enabled(true));
    let (ender, raised) = (client.clone(), interrupt.clone());
    screen.on_interrupt(Box::new(move || {
        raised.raise();
        ender.interrupt();
    }));
    let stopper = client.clone();
    screen.on_stop(Box::new(move || {
        let taken = stopper.request("interrupt", &json!({ "stop": true })).wait();
        taken.is_ok_and(|taken| taken["taken"].as_bool() == Some(true))
    }));
}

/// Makes Ctrl-C interrupt the line that runs at the server.
fn handle_signals(client: &Client, interrupt: &Interrupt) -> Result<(), ShellError> {
    let (ender, raised) = (client.clone(), interrupt.clone());
    let interrupted = move || {
        ender.interrupt();
        raised.raise()
    };
    signals::on_interrupt(interrupted).map_err(|error| ShellError::failed(format!("cannot listen for Ctrl-C: {error}")))
}

/// Ends the program when the server is gone: the prompt may wait for a key for ever.
fn leave_with(client: &Client, screen: &Arc<Screen>) {
    let screen = Arc::downgrade(screen);
    client.on_gone(Box::new(move |why| {
        if let Some(screen) = screen.upgrade() {
            screen.exit(1, &format!("plugsh: {why}"));
        }
    }));
}
