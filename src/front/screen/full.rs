//! The pane in full screen: on the terminal's alternate screen, while the prompt's part and its scrollback wait on the
//! main one.
//!
//! Output that comes meanwhile is held, and written to the main screen when the pane gives it back, or in between when
//! there is too much of it.

use std::time::Duration;

use super::pane_state::{HiddenReason, PaneState};
use super::region::{self, FullScreen, MainScreen, Split};
use super::state::{Inner, Owner, Shared};
use super::tty;
use crate::locks::MutexGuard;

/// Interval at which [`Shared::wait_for_main_screen`] checks whether the pane is still in full screen.
const POLL: Duration = Duration::from_millis(250);

/// The main screen that the terminal keeps. The Linux console has no alternate screen.
fn main_screen(split: Split) -> MainScreen {
    match std::env::var_os("TERM") {
        Some(term) if term == "linux" => MainScreen::Unknown,
        _ => MainScreen::Kept(split),
    }
}

impl Shared {
    /// Puts a pane that is shown into full screen, or takes it out.
    pub(super) fn toggle_full(&self) {
        let mut inner = self.inner();
        match inner.pane {
            PaneState::Shown(split) => self.fill(&mut inner, split),
            PaneState::Full(_) => self.unfill(&mut inner),
            PaneState::Off | PaneState::Hidden(_) => {}
        }
        drop(inner);
        self.turn.notify_all();
        self.wake();
    }

    /// Shows the pane on the whole window, in the terminal's alternate screen.
    pub(super) fn fill(&self, inner: &mut Inner, split: Split) {
        let full = FullScreen { window: inner.window, main: main_screen(split) };
        let _ = tty::write(region::ENTER_ALTERNATE.as_bytes());
        self.set_full(inner, full);
    }

    fn set_full(&self, inner: &mut Inner, full: FullScreen) {
        inner.pane = PaneState::Full(full);
        inner.shown_frame = None;
        self.note_on_screen(inner);
    }

    /// Gives the main screen back, with the pane in its part of it. Does nothing outside of full screen.
    pub(super) fn unfill(&self, inner: &mut Inner) {
        let PaneState::Full(full) = inner.pane else { return };
        let held = inner.held.take();
        match full.main {
            MainScreen::Kept(split) => {
                let _ = tty::write(region::leave_alternate(Some(split)).as_bytes());
                self.show(inner, split);
                self.write_held(inner, held);
            }
            MainScreen::Unknown => {
                let _ = tty::write(region::leave_alternate(None).as_bytes());
                inner.pane = PaneState::Hidden(HiddenReason::SmallWindow);
                let split = Split::fit(inner.window, inner.size);
                // Held output is reprinted with the other recent output.
                self.rebuild(inner, split);
            }
        }
    }

    fn write_held(&self, inner: &Inner, held: Vec<u8>) {
        match (inner.owner, &inner.above_prompt) {
            _ if held.is_empty() => {}
            // Never blocks: this may be rustyline's own thread. Nothing else was sent in the meantime.
            (Owner::Prompt, Some(printer)) => {
                drop(printer.try_send(String::from_utf8_lossy(&held).into_owned()));
            }
            _ => drop(tty::write(&held)),
        }
    }

    /// Writes to the prompt's part; holds the output while the main screen is not shown.
    pub(super) fn write_output(&self, inner: &mut Inner, bytes: &[u8]) {
        let PaneState::Full(full) = inner.pane else {
            // Errors are ignored: the reader of a closed terminal sees the end of input.
            let _ = tty::write(bytes);
            return;
        };
        inner.held.push(bytes);
        if !inner.held.is_too_much() {
            return;
        }
        if inner.owner == Owner::Prompt {
            // The line on the main screen is rustyline's.
            inner.held.drop_oldest();
            return;
        }
        let split = match full.main {
            MainScreen::Kept(split) => Some(split),
            MainScreen::Unknown => None,
        };
        let mut through = region::leave_alternate(split).into_bytes();
        through.append(&mut inner.held.take());
        through.extend_from_slice(region::ENTER_ALTERNATE.as_bytes());
        let _ = tty::write(&through);
        inner.shown_frame = None;
    }

    /// Full screen after the program was stopped. What others wrote to the main screen meanwhile scrolls up.
    pub(super) fn fill_again(&self, inner: &mut Inner) {
        inner.window = tty::window().unwrap_or(inner.window);
        let rows = inner.window.rows;
        let scroll = format!("\x1b[0m\x1b[{rows};1H{}", "\n".repeat(rows.into()));
        let _ = tty::write(format!("{scroll}{}", region::ENTER_ALTERNATE).as_bytes());
        self.set_full(inner, FullScreen { window: inner.window, main: MainScreen::Unknown });
        self.capture_mouse(inner);
    }

    /// Takes the window's new size in full screen.
    pub(super) fn resize_full(&self, inner: &mut Inner) {
        let _ = tty::write(region::rebuild(inner.window, None).as_bytes());
        self.set_full(inner, FullScreen { window: inner.window, main: MainScreen::Unknown });
    }

    /// Waits while the pane is in full screen, with the keys: rustyline would write its prompt there.
    pub(super) fn wait_for_main_screen(&self, inner: &mut MutexGuard<'_, Inner>) {
        if self.keyboard.is_none() {
            return self.unfill(inner);
        }
        if !matches!(inner.pane, PaneState::Full(_)) {
            return;
        }
        self.give_to(inner, Owner::Pane);
        while matches!(inner.pane, PaneState::Full(_)) {
            self.turn.wait_for(inner, POLL);
        }
        self.give_to(inner, Owner::Command);
        self.wait_for_dispatch(inner);
    }
}
