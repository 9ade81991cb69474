//! The pane and the prompt on one terminal, in the built binary.

#[path = "../pty/mod.rs"]
mod pty;

mod cost;
mod debugging;
mod endings;
mod full_screen;
mod keys;
mod mouse;
mod navigation;
mod screen;
mod scripts;
mod typing;

use pty::{Setup, Terminal};

const ROWS: u16 = 30;
const COLS: u16 = 100;
/// The prompt's rows: the pane has half of the window.
const PROMPT_ROWS: u16 = 15;

/// A prompt with the pane open.
fn with_pane() -> Terminal {
    let mut terminal = Setup::new(ROWS, COLS).start();
    terminal.wait_prompt();
    terminal.line("pane on");
    terminal.wait_for("processes");
    terminal.wait_prompt();
    terminal
}

/// A prompt with the pane open in the usual terminal, where its views do not fit beside each other.
fn with_pane_80x24() -> Terminal {
    let mut terminal = Setup::new(24, 80).start();
    terminal.wait_prompt();
    terminal.line("pane on");
    terminal.wait_for("processes");
    terminal.wait_prompt();
    terminal
}

/// The rows of the pane.
fn pane_rows(terminal: &Terminal) -> Vec<String> {
    terminal.rows().split_off(usize::from(PROMPT_ROWS))
}

#[track_caller]
fn assert_pane_whole(terminal: &Terminal) {
    let rows = pane_rows(terminal);
    let whole = rows[0].contains("processes") && rows[0].contains("calls") && rows[14].contains("calls/s");
    assert!(whole && rows[1].starts_with("shell"), "the pane is damaged:\n{}", terminal.text());
}
