//! The pane's styles, by meaning: the eight basic colours of the terminal's palette, and attributes. Bright black is
//! not used: in some palettes it is the background. No information is in a colour alone.

use ratatui::style::{Color, Modifier, Style};

use crate::journal::Outcome;
use crate::kernel::ProcessState;

/// Text without emphasis.
pub const PLAIN: Style = Style::new();
/// Secondary text: units, idle processes, separators.
pub const DIM: Style = Style::new().add_modifier(Modifier::DIM);
/// Titles, and the part that has the keys.
pub const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
/// Names of processes.
pub const NAME: Style = Style::new().fg(Color::Cyan);
/// Names of functions.
pub const FUNCTION: Style = Style::new().fg(Color::Blue);
/// Success.
pub const GOOD: Style = Style::new().fg(Color::Green);
/// Waiting and held.
pub const WAIT: Style = Style::new().fg(Color::Yellow);
/// Failure.
pub const BAD: Style = Style::new().fg(Color::Red);
/// Keys in hints and help.
pub const KEY: Style = Style::new().fg(Color::Yellow);
/// The lines between the views, and the columns' titles.
pub const FRAME: Style = DIM;
/// The selected row.
pub const SELECTED: Style = Style::new().add_modifier(Modifier::REVERSED);
/// A question, or the result of the last action.
pub const ASK: Style = Style::new().fg(Color::Black).bg(Color::Yellow);

/// The glyph of a held call and of its process.
pub const HELD: &str = "‖";

/// A process state's glyph, one cell wide, and its style.
pub fn process(state: &ProcessState) -> (&'static str, Style) {
    match state {
        ProcessState::Idle => ("○", DIM),
        ProcessState::Running => ("●", GOOD),
        ProcessState::Held => (HELD, WAIT),
        ProcessState::Waiting { .. } => ("◐", WAIT),
        ProcessState::Crashed { .. } => ("✗", BAD),
        ProcessState::Dead { .. } => ("†", BAD),
    }
}

/// The glyph before a call, unless it ended well.
pub fn outcome_glyph(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Ok => None,
        Outcome::Running => Some("●"),
        Outcome::Held => Some(HELD),
        _ => Some("✗"),
    }
}

/// The style of an outcome.
pub fn outcome(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Ok => PLAIN,
        Outcome::Running => GOOD,
        Outcome::Held => WAIT,
        _ => BAD,
    }
}
