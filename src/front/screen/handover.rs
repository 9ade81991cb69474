//! Changes of the terminal's owner: the prompt, a command, a program of the system, the shell around plugsh (job
//! control), and the final restore.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::frame::{self, CursorState};
use super::pane_state::{HiddenReason, PaneState};
use super::region::{self, Split, Window};
use super::scene::Focus;
use super::state::{Inner, Owner, Shared, is_terminal_dumb};
use super::tty::{self, InputMode, StopTarget};

/// Bracketed paste, which rustyline switches on. The screen switches it off when rustyline cannot.
const PASTE_MARKS_OFF: &[u8] = b"\x1b[?2004l";
const PASTE_MARKS_ON: &[u8] = b"\x1b[?2004h";
/// The message of a script whose pane does not fit into the window.
const TOO_SMALL_NOTICE: &str = "the window is too small for the pane; any key ends, a larger window shows it\n";
/// Interval at which [`Shared::browse`] checks whether the pane is still open.
const BROWSE_POLL: Duration = Duration::from_millis(250);

/// The thread that continues after a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resumed {
    /// rustyline's thread, which repaints its line itself.
    OnPromptThread,
    /// Another thread, which makes rustyline repaint its line.
    OnOtherThread,
}

impl Shared {
    /// Stops the terminal's echo. Keys are read by `reader`, or stay in the terminal's queue where there is no
    /// keyboard.
    pub fn suppress_echo(&self) {
        self.modes.set(if self.keyboard.is_some() { InputMode::Cbreak } else { InputMode::NoEcho });
    }

    /// Gives the terminal to rustyline, which is about to read a line after a prompt of `prompt_columns`.
    pub fn enter_prompt(&self, prompt_columns: usize) {
        let mut inner = self.inner();
        self.wait_for_dispatch(&mut inner);
        self.wait_for_main_screen(&mut inner);
        self.give_to(&mut inner, Owner::Prompt);
        if !inner.at_line_start {
            inner.recent.push(b"\n");
            let _ = tty::write(b"\n");
        }
        inner.prompt_columns = prompt_columns;
        inner.prompt_modes = None;
        // rustyline derives its modes from these and restores them. Keys that come before that must not be echoed.
        self.modes.set(if self.keyboard.is_some() { InputMode::NoEcho } else { InputMode::Original });
    }

    /// Takes the terminal from rustyline, which has read a line; `left` is the text that it leaves on the screen.
    pub fn enter_command(&self, left: &str) {
        let mut inner = self.inner();
        if let Some(keyboard) = &self.keyboard {
            inner.type_ahead.restore_stdin(keyboard);
        }
        self.unfill(&mut inner);
        self.give_to(&mut inner, Owner::Command);
        inner.recent.push(left.as_bytes());
        inner.at_line_start = true;
        if inner.pane == PaneState::Hidden(HiddenReason::TallInput) {
            self.open(&mut inner);
            drop(inner);
            self.wake();
        }
        self.suppress_echo();
    }

    /// Hides the pane while the edited line, which takes `rows` rows, would reach into it: some terminals do not stop
    /// the cursor at the scroll region's first row.
    pub fn make_room_for_input(&self, rows: usize) {
        let mut inner = self.inner();
        if inner.prompt_modes.is_none() && inner.owner == Owner::Prompt {
            inner.prompt_modes = tty::modes_now();
        }
        if inner.owner == Owner::Prompt && self.keyboard.is_some() {
            inner.type_ahead.replace_stdin();
        }
        if let PaneState::Shown(split) = inner.pane
            && rows >= usize::from(split.prompt_rows())
        {
            self.close(&mut inner);
            inner.pane = PaneState::Hidden(HiddenReason::TallInput);
        }
    }

    /// Gives the terminal to a program of the system.
    pub fn lend(&self) {
        let mut inner = self.inner();
        self.give_to(&mut inner, Owner::Program);
        // The modes come first: a Ctrl-D typed before would not be the end of input.
        self.modes.set(InputMode::Original);
        self.hide(&mut inner);
    }

    /// Takes the terminal back from a program of the system.
    pub fn reclaim(&self) {
        let mut inner = self.inner();
        self.give_to(&mut inner, Owner::Command);
        self.suppress_echo();
        if !is_terminal_dumb() {
            // The cursor's column is unknown. A row of blanks wraps into the next row unless it starts in the first
            // column, so the program's last line stays, with or without a final newline.
            let Window { cols, .. } = tty::window().unwrap_or(inner.window);
            let _ = tty::write(format!("{}\r", " ".repeat(cols.into())).as_bytes());
        }
        inner.at_line_start = true;
        self.show_again(&mut inner);
        drop(inner);
        self.wake();
    }

    fn hide(&self, inner: &mut Inner) {
        if inner.pane.area().is_some() {
            self.close(inner);
            inner.pane = PaneState::Hidden(HiddenReason::TerminalLent);
        }
    }

    fn show_again(&self, inner: &mut Inner) {
        inner.window = tty::window().unwrap_or(inner.window);
        if inner.pane == PaneState::Hidden(HiddenReason::TerminalLent) {
            self.open(inner);
        }
    }

    /// Restores the terminal, stops the program, and takes the terminal again when it is continued.
    pub fn suspend(&self, whom: StopTarget, resumed: Resumed) {
        let mut inner = self.inner();
        let was_full = matches!(inner.pane, PaneState::Full(_));
        self.hide(&mut inner);
        if inner.owner == Owner::Prompt {
            let _ = tty::write(PASTE_MARKS_OFF);
        }
        self.modes.set(InputMode::Original);
        drop(inner);
        self.stopped.store(true, Ordering::SeqCst);
        tty::stop(whom);
        let mut inner = self.inner();
        self.restore_modes(&inner);
        if was_full {
            self.fill_again(&mut inner);
        } else if inner.owner != Owner::Program {
            self.show_again(&mut inner);
        }
        if resumed == Resumed::OnOtherThread
            && !was_full
            && inner.owner == Owner::Prompt
            && let Some(printer) = &inner.above_prompt
        {
            let _ = printer.try_send(String::new());
        }
        drop(inner);
        self.wake();
    }

    /// Handles SIGCONT. After a stop by another process (SIGSTOP) the screen's contents are unknown, and it is rebuilt.
    pub fn continued(&self) {
        if self.stopped.swap(false, Ordering::SeqCst) {
            return;
        }
        let mut inner = self.inner();
        self.restore_modes(&inner);
        if inner.pane.area().is_some() {
            if matches!(inner.pane, PaneState::Full(_)) {
                let _ = tty::write(region::leave_alternate(None).as_bytes());
                drop(inner.held.take());
            }
            inner.mouse.forget();
            inner.window = tty::window().unwrap_or(inner.window);
            let split = Split::fit(inner.window, inner.size);
            self.rebuild(&mut inner, split);
            drop(inner);
            self.wake();
        }
    }

    fn restore_modes(&self, inner: &Inner) {
        match (inner.owner, &inner.prompt_modes) {
            (Owner::Prompt, Some(modes)) => {
                tty::restore(modes);
                let _ = tty::write(PASTE_MARKS_ON);
            }
            (Owner::Program, _) => self.modes.set(InputMode::Original),
            (Owner::Prompt | Owner::Command | Owner::Pane, _) => self.suppress_echo(),
        }
    }

    /// See [`super::Screen::browse`].
    pub fn browse(&self) {
        if self.keyboard.is_none() {
            return;
        }
        // Keys typed while the script ran were meant for a prompt, and none follows.
        self.inner().type_ahead.clear();
        self.set_focus(Focus::Pane);
        let mut inner = self.inner();
        self.give_to(&mut inner, Owner::Pane);
        if inner.pane == PaneState::Hidden(HiddenReason::SmallWindow) {
            let _ = tty::write(TOO_SMALL_NOTICE.as_bytes());
        }
        while inner.is_browsing() && inner.pane != PaneState::Off {
            self.turn.wait_for(&mut inner, BROWSE_POLL);
        }
        self.give_to(&mut inner, Owner::Command);
        drop(inner);
        self.set_focus(Focus::Prompt);
    }

    /// Restores the terminal for the last time, in any state.
    pub fn give_back(&self) {
        match self.try_inner() {
            Some(mut inner) => {
                self.close(&mut inner);
                inner.pane = PaneState::Off;
                if inner.owner == Owner::Prompt {
                    let _ = tty::write(PASTE_MARKS_OFF);
                    let _ = tty::write(b"\n");
                }
            }
            None => self.close_unlocked(),
        }
        let _ = tty::write(frame::cursor_bytes(CursorState::Shown));
        self.modes.set(InputMode::Original);
    }

    /// Closes the pane so that a panic's message can be read. The program may continue.
    pub fn close_for_panic(&self) {
        match self.try_inner() {
            Some(mut inner) => {
                self.close(&mut inner);
                inner.pane = PaneState::Off;
            }
            None => self.close_unlocked(),
        }
    }

    /// Restores the terminal and stops the painter.
    pub fn finish(&self) {
        self.give_back();
        self.stop_painter();
    }
}
