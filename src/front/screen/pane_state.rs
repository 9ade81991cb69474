//! The pane on the screen: whether it is on, where it is, and why it is hidden.

use ratatui::layout::Rect;

use super::region::{FullScreen, Split};

/// The pane on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaneState {
    Off,
    Shown(Split),
    Full(FullScreen),
    Hidden(HiddenReason),
}

impl PaneState {
    /// The pane's cells, in the window's coordinates; `None` while it is not to be seen.
    pub(super) fn area(self) -> Option<Rect> {
        match self {
            PaneState::Shown(split) => Some(split.area()),
            PaneState::Full(full) => Some(Rect::new(0, 0, full.window.cols, full.window.rows)),
            PaneState::Off | PaneState::Hidden(_) => None,
        }
    }
}

/// Why a pane that is on is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HiddenReason {
    /// The window is too small.
    SmallWindow,
    /// The edited line is taller than the prompt's part.
    TallInput,
    /// A program of the system, or the shell around plugsh, has the terminal.
    TerminalLent,
}
