//! How a session at a terminal opens and ends: its screen, its pane, the prompt behind its scripts, its exit code. One
//! of this process and one at a server do the same.

use std::sync::Arc;

use super::repl::Shell;
use super::screen::Screen;
use crate::shell::ShellError;
use crate::shell::reply::ErrorKind;

/// The end after the scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AfterScripts {
    #[default]
    Exit,
    /// The prompt.
    Stay,
}

/// Whether the rc file is read at the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RcFile {
    Read,
    #[default]
    Skip,
}

/// The pane at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PaneAtStart {
    Open,
    #[default]
    Closed,
}

/// The screen, if there is to be a prompt or a pane. A prompt does without one where the terminal has none.
///
/// # Errors
/// There is to be a pane, and the terminal has no screen.
pub fn open_screen(has_prompt: bool, pane: PaneAtStart) -> Result<Option<Arc<Screen>>, ShellError> {
    if !has_prompt && pane == PaneAtStart::Closed {
        return Ok(None);
    }
    match Screen::open() {
        Ok(screen) => Ok(Some(Arc::new(screen))),
        Err(error) if pane == PaneAtStart::Open => Err(ShellError::failed(format!("no pane: {error}"))),
        Err(_) => Ok(None),
    }
}

/// The exit code of what was run; an error that nobody has shown is shown.
pub fn exit_code(shell: &mut dyn Shell, result: Result<(), ShellError>) -> u8 {
    match result {
        Err(error) if error.kind == ErrorKind::BrokenPipe || error.is_shown() => error.code(),
        Err(error) => {
            shell.show_error(&error.diagnostic());
            error.code()
        }
        Ok(()) => shell.exit_code().unwrap_or(0),
    }
}
