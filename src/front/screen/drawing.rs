//! The pane on the screen: showing it, taking it off, following the window's size, drawing frames, asking for the
//! mouse.

use std::sync::atomic::Ordering;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::frame::{self, CursorState};
use super::mouse;
use super::pane_state::{HiddenReason, PaneState};
use super::region::{self, FullScreen, MainScreen, Split, Window};
use super::scene::{Focus, Redraw};
use super::state::{Inner, Owner, Shared};
use super::tty;
use crate::shell::front::PictureSize;

/// The bit of [`Shared::shown`] for the alternate screen; a window has fewer than 2^15 rows.
const ALTERNATE: u32 = 1 << 31;

impl Shared {
    /// Shows the pane if the window is large enough. The cursor must stand where the prompt's part continues.
    pub(super) fn open(&self, inner: &mut Inner) {
        match Split::fit(inner.window, inner.size) {
            Some(split) => {
                let _ = tty::write(split.open().as_bytes());
                self.show(inner, split);
            }
            None => inner.pane = PaneState::Hidden(HiddenReason::SmallWindow),
        }
    }

    /// Shows the pane in its part of the window; the next frame is drawn whole.
    pub(super) fn show(&self, inner: &mut Inner, split: Split) {
        inner.pane = PaneState::Shown(split);
        inner.shown_frame = None;
        self.note_on_screen(inner);
        self.capture_mouse(inner);
    }

    /// Keeps the state that [`Shared::close_unlocked`] needs.
    pub(super) fn note_on_screen(&self, inner: &Inner) {
        let on_screen = |split: Split| u32::from(split.window.rows) << 16 | u32::from(split.pane_rows);
        let shown = match inner.pane {
            PaneState::Off | PaneState::Hidden(_) => 0,
            PaneState::Shown(split) => on_screen(split),
            PaneState::Full(FullScreen { main: MainScreen::Kept(split), .. }) => ALTERNATE | on_screen(split),
            PaneState::Full(FullScreen { main: MainScreen::Unknown, window }) => {
                ALTERNATE | on_screen(Split { window, pane_rows: 0 })
            }
        };
        self.shown.store(shown, Ordering::SeqCst);
    }

    /// Removes the pane from the screen, if it is shown; the caller sets `inner.pane`.
    pub(super) fn close(&self, inner: &mut Inner) {
        self.unfill(inner);
        inner.mouse.release();
        if let PaneState::Shown(split) = inner.pane {
            self.shown.store(0, Ordering::SeqCst);
            let mut bytes = split.close().into_bytes();
            bytes.extend_from_slice(frame::cursor_bytes(CursorState::Shown));
            let _ = tty::write(&bytes);
            inner.shown_frame = None;
        }
    }

    /// Removes the pane from the screen without the lock, using the split in [`Shared::shown`].
    pub(super) fn close_unlocked(&self) {
        let shown = self.shown.swap(0, Ordering::SeqCst);
        if shown != 0 {
            let _ = tty::write(mouse::RELEASE.as_bytes());
            if shown & ALTERNATE != 0 {
                let _ = tty::write(region::leave_alternate(None).as_bytes());
            }
            let rows = u16::try_from((shown & !ALTERNATE) >> 16).unwrap_or(u16::MAX);
            let pane_rows = u16::try_from(shown & 0xffff).unwrap_or(0);
            let split = Split { window: Window { rows, cols: 0 }, pane_rows };
            let mut bytes = split.close().into_bytes();
            bytes.extend_from_slice(frame::cursor_bytes(CursorState::Shown));
            let _ = tty::write(&bytes);
        }
    }

    /// Rebuilds the screen if the window's size has changed.
    pub fn follow_window(&self) {
        let mut inner = self.inner();
        let Some(window) = tty::window() else { return };
        if window == inner.window {
            return;
        }
        inner.window = window;
        let pane = match inner.pane {
            PaneState::Full(_) => return self.resize_full(&mut inner),
            PaneState::Shown(_) | PaneState::Hidden(HiddenReason::SmallWindow) => Split::fit(window, inner.size),
            PaneState::Off | PaneState::Hidden(_) => return,
        };
        if pane.is_none() && inner.pane == PaneState::Hidden(HiddenReason::SmallWindow) {
            return;
        }
        self.rebuild(&mut inner, pane);
    }

    /// Clears the window, splits it as `pane` says and reprints the recent output of the prompt's part.
    pub(super) fn rebuild(&self, inner: &mut Inner, pane: Option<Split>) {
        self.shown.store(0, Ordering::SeqCst);
        let _ = tty::write(region::rebuild(inner.window, pane).as_bytes());
        match pane {
            Some(split) => self.show(inner, split),
            None => {
                inner.pane = PaneState::Hidden(HiddenReason::SmallWindow);
                self.capture_mouse(inner);
            }
        }
        let tail = inner.recent.tail(inner.output_rows().saturating_sub(1), inner.window.cols);
        match (inner.owner, &inner.above_prompt) {
            // Never blocks: rustyline may be waiting for this thread. A full queue redraws the prompt anyway.
            (Owner::Prompt, Some(printer)) => drop(printer.try_send(tail)),
            _ => drop(tty::write(tail.as_bytes())),
        }
    }

    /// Clears the prompt's part, while a command runs.
    pub fn clear(&self) {
        let mut inner = self.inner();
        inner.recent.clear();
        inner.at_line_start = true;
        let bytes = match inner.pane {
            PaneState::Shown(split) => split.clear_prompt(),
            PaneState::Off | PaneState::Hidden(_) => region::rebuild(inner.window, None),
            // The prompt's part is on the main screen, which is not shown.
            PaneState::Full(_) => return,
        };
        let _ = tty::write(bytes.as_bytes());
    }

    /// Draws the scene's next frame, if the pane is shown and the frame has changed.
    pub fn paint(&self, wanted: Redraw) {
        let (pane, area, focus, wanted) = {
            let inner = self.inner();
            let Some(area) = inner.pane.area() else { return };
            (inner.pane, area, inner.focus, if inner.shown_frame.is_none() { Redraw::Always } else { wanted })
        };
        let next = self.scene.lock().as_mut().and_then(|scene| scene.frame(area, focus, wanted));
        let Some(mut next) = next else { return };
        if !self.colors.load(Ordering::Relaxed) {
            frame::without_colors(&mut next);
        }
        let mut inner = self.inner();
        if inner.pane != pane || self.shown.load(Ordering::SeqCst) == 0 {
            return;
        }
        let before = if wanted == Redraw::Always { None } else { inner.shown_frame.as_ref() };
        let cursor = match (inner.pane, inner.focus) {
            (PaneState::Full(_), _) => CursorState::Unused,
            (_, Focus::Pane) => CursorState::Hidden,
            (_, Focus::Prompt) => CursorState::Shown,
        };
        let bytes = frame::encode(before, &next, cursor);
        if bytes.is_empty() || tty::write(&bytes).is_ok() {
            inner.shown_frame = Some(next);
        }
    }

    /// See [`super::Screen::pane_frame`].
    ///
    /// # Errors
    /// There is nothing to draw.
    pub fn frame_now(&self, size: Option<PictureSize>) -> Result<Buffer, String> {
        let (pane, focus) = {
            let inner = self.inner();
            (inner.pane, inner.focus)
        };
        let area = match (size, pane.area()) {
            (Some(size), _) => Rect::new(0, 0, size.cols(), size.rows()),
            (None, Some(area)) => area,
            (None, None) => return Err("the pane is not shown; `pane on` opens it, or give `--size 120x40`".to_owned()),
        };
        let frame = self.scene.lock().as_mut().and_then(|scene| scene.frame(area, focus, Redraw::Fresh));
        frame.ok_or_else(|| "the pane has nothing to show".to_owned())
    }

    /// Asks for reports while the pane has the keys, and ends them otherwise.
    pub(super) fn capture_mouse(&self, inner: &mut Inner) {
        let has_keys = inner.focus == Focus::Pane && inner.pane.area().is_some() && inner.owner != Owner::Program;
        let wanted = has_keys && !inner.mouse.off;
        inner.mouse.set(wanted);
    }

    /// Switches the mouse on or off.
    pub fn set_mouse(&self, on: bool) {
        let mut inner = self.inner();
        inner.mouse.off = !on;
        self.capture_mouse(&mut inner);
    }
}
