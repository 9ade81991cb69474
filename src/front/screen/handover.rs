//! Giving the terminal away and taking it back: to the prompt and from it, to programs of the system, to whoever stopped
//! us, and for good.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::frame::{self, Cursor};
use super::region::{Split, Window};
use super::scene::Focus;
use super::state::{HiddenReason, Inner, Owner, Pane, Shared, is_terminal_dumb};
use super::tty::{self, InputMode, Stop};

/// rustyline asks the terminal to mark pastes; when it is not there to end that, we must.
const PASTE_MARKS_OFF: &[u8] = b"\x1b[?2004l";
const PASTE_MARKS_ON: &[u8] = b"\x1b[?2004h";
/// What is said when there is a pane to look at and no room for it.
const TOO_SMALL_NOTICE: &str = "the window is too small for the pane; any key ends, a larger window shows it\n";
/// How often browsing looks whether the pane is still there.
const BROWSE_POLL: Duration = Duration::from_millis(250);

/// Who goes on after a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resumed {
    /// rustyline's own thread: it repaints its line itself.
    OnPromptThread,
    /// Another one: the prompt has to be told.
    OnOtherThread,
}

impl Shared {
    /// From now on keys are not shown; `reader` reads them, or the kernel keeps them.
    pub fn suppress_echo(&self) {
        self.modes.set(if self.keyboard.is_some() { InputMode::Cbreak } else { InputMode::NoEcho });
    }

    /// rustyline is about to read a line, behind a prompt that takes so many columns.
    pub fn enter_prompt(&self, prompt_columns: usize) {
        let mut inner = self.inner();
        self.wait_for_dispatch(&mut inner);
        self.give_to(&mut inner, Owner::Prompt);
        if !inner.at_line_start {
            inner.recent.push(b"\n");
            let _ = tty::write(b"\n");
        }
        inner.prompt_columns = prompt_columns;
        inner.prompt_modes = None;
        // rustyline makes its own of these, and gives them back. A key that comes before it has is not to be seen.
        self.modes.set(if self.keyboard.is_some() { InputMode::NoEcho } else { InputMode::Original });
    }

    /// rustyline has read one, and this is what it leaves on the screen.
    pub fn enter_command(&self, left: &str) {
        let mut inner = self.inner();
        if let Some(keyboard) = &self.keyboard {
            inner.type_ahead.restore_stdin(keyboard);
        }
        self.give_to(&mut inner, Owner::Command);
        inner.recent.push(left.as_bytes());
        inner.at_line_start = true;
        if inner.pane == Pane::Hidden(HiddenReason::TallInput) {
            self.open(&mut inner);
            drop(inner);
            self.wake();
        }
        self.suppress_echo();
    }

    /// The line that is typed takes `rows` rows below each other: hides the pane while they would reach into it, because
    /// some terminals do not stop the cursor at the region's first row.
    pub fn make_room_for_input(&self, rows: usize) {
        let mut inner = self.inner();
        if inner.prompt_modes.is_none() && inner.owner == Owner::Prompt {
            inner.prompt_modes = tty::modes_now();
        }
        if inner.owner == Owner::Prompt && self.keyboard.is_some() {
            inner.type_ahead.replace_stdin();
        }
        if let Pane::Shown(split) = inner.pane
            && rows >= usize::from(split.prompt_rows())
        {
            self.close(&mut inner);
            inner.pane = Pane::Hidden(HiddenReason::TallInput);
        }
    }

    /// A program of the system gets the terminal.
    pub fn lend(&self) {
        let mut inner = self.inner();
        self.give_to(&mut inner, Owner::Program);
        // First: a Ctrl-D that comes before this would be no end of input.
        self.modes.set(InputMode::Original);
        self.hide(&mut inner);
    }

    /// It gave the terminal back.
    pub fn reclaim(&self) {
        let mut inner = self.inner();
        self.give_to(&mut inner, Owner::Command);
        self.suppress_echo();
        if !is_terminal_dumb() {
            // Nobody knows where it left the cursor. As many blanks as the window has columns wrap into the next row,
            // unless they begin in the first column: so its last line stays, whether or not it has ended.
            let Window { cols, .. } = tty::window().unwrap_or(inner.window);
            let _ = tty::write(format!("{}\r", " ".repeat(cols.into())).as_bytes());
        }
        inner.at_line_start = true;
        self.show_again(&mut inner);
        drop(inner);
        self.wake();
    }

    fn hide(&self, inner: &mut Inner) {
        if matches!(inner.pane, Pane::Shown(_)) {
            self.close(inner);
            inner.pane = Pane::Hidden(HiddenReason::TerminalLent);
        }
    }

    fn show_again(&self, inner: &mut Inner) {
        inner.window = tty::window().unwrap_or(inner.window);
        if inner.pane == Pane::Hidden(HiddenReason::TerminalLent) {
            self.open(inner);
        }
    }

    /// Stops the program, with the terminal as it was found, and goes on when it is continued.
    pub fn suspend(&self, whom: Stop, resumed: Resumed) {
        let mut inner = self.inner();
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
        if inner.owner != Owner::Program {
            self.show_again(&mut inner);
        }
        if resumed == Resumed::OnOtherThread
            && inner.owner == Owner::Prompt
            && let Some(printer) = &inner.above_prompt
        {
            let _ = printer.try_send(String::new());
        }
        drop(inner);
        self.wake();
    }

    /// The program was continued: also after a stop that nobody asked us about, when nobody knows what is on the screen.
    pub fn continued(&self) {
        if self.stopped.swap(false, Ordering::SeqCst) {
            return;
        }
        let mut inner = self.inner();
        self.restore_modes(&inner);
        if matches!(inner.pane, Pane::Shown(_)) {
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
        // What was typed while the script ran was for a prompt that does not come.
        self.inner().type_ahead.clear();
        self.set_focus(Focus::Pane);
        let mut inner = self.inner();
        self.give_to(&mut inner, Owner::Pane);
        if inner.pane == Pane::Hidden(HiddenReason::SmallWindow) {
            let _ = tty::write(TOO_SMALL_NOTICE.as_bytes());
        }
        while inner.is_browsing() && inner.pane != Pane::Off {
            self.turn.wait_for(&mut inner, BROWSE_POLL);
        }
        self.give_to(&mut inner, Owner::Command);
        drop(inner);
        self.set_focus(Focus::Prompt);
    }

    /// Gives the terminal back for good, whatever state it and we are in.
    pub fn give_back(&self) {
        match self.try_inner() {
            Some(mut inner) => {
                self.close(&mut inner);
                inner.pane = Pane::Off;
                if inner.owner == Owner::Prompt {
                    let _ = tty::write(PASTE_MARKS_OFF);
                    let _ = tty::write(b"\n");
                }
            }
            None => self.close_unlocked(),
        }
        let _ = tty::write(frame::cursor_bytes(Cursor::Shown));
        self.modes.set(InputMode::Original);
    }

    /// Closes the pane so that a panic's message can be read. The program may live on.
    pub fn close_for_panic(&self) {
        match self.try_inner() {
            Some(mut inner) => {
                self.close(&mut inner);
                inner.pane = Pane::Off;
            }
            None => self.close_unlocked(),
        }
    }

    /// The screen goes: the terminal is given back and the painter ends.
    pub fn finish(&self) {
        self.give_back();
        self.stop_painter();
    }
}
