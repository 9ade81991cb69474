//! The pane's colours, by meaning. The terminal's own palette decides what they look like: the eight plain colours, which
//! every palette keeps apart from its background, and attributes. Bright black is not among them: some palettes have the
//! background there. Nothing is told by a colour alone, so that all of it can be read without any.

use ratatui::style::{Color, Modifier, Style};

use crate::journal::Outcome;
use crate::kernel::ProcessState;

pub const PLAIN: Style = Style::new();
pub const DIM: Style = Style::new().add_modifier(Modifier::DIM);
pub const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
pub const NAME: Style = Style::new().fg(Color::Cyan);
pub const FUNCTION: Style = Style::new().fg(Color::Blue);
pub const GOOD: Style = Style::new().fg(Color::Green);
pub const WAIT: Style = Style::new().fg(Color::Yellow);
pub const BAD: Style = Style::new().fg(Color::Red);
pub const KEY: Style = Style::new().fg(Color::Yellow);
/// The lines between the views, and what stands above columns.
pub const FRAME: Style = DIM;
/// The row that keys act on.
pub const SELECTED: Style = Style::new().add_modifier(Modifier::REVERSED);
/// A question, or what the last key did.
pub const ASK: Style = Style::new().fg(Color::Black).bg(Color::Yellow);

/// How a process's state looks: a glyph one cell wide, and its style.
pub fn process(state: &ProcessState) -> (&'static str, Style) {
    match state {
        ProcessState::Idle => ("○", DIM),
        ProcessState::Running => ("●", GOOD),
        ProcessState::Waiting { .. } => ("◐", WAIT),
        ProcessState::Crashed { .. } => ("✗", BAD),
        ProcessState::Dead { .. } => ("†", BAD),
    }
}

/// What stands before a call that did not just end well.
pub fn outcome_glyph(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Ok => None,
        Outcome::Running => Some("●"),
        Outcome::Held => Some("‖"),
        _ => Some("✗"),
    }
}

/// How a call's outcome looks.
pub fn outcome(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Ok => PLAIN,
        Outcome::Running => GOOD,
        Outcome::Held => WAIT,
        _ => BAD,
    }
}
