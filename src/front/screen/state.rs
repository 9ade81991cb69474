//! The screen's shared state: the terminal's owner, the pane, the focus. Printing and drawing happen under one lock.
//!
//! The order of its locks is their [`Rank`]: a handler is never called under the state's lock, and under that only the
//! terminal is waited for. Drawing is in `drawing`, changes of the owner in `handover`, reading of keys in `reader`.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use rustix::termios::Termios;

use super::frame::{self, CursorState};
use super::held_output::HeldOutput;
use super::keyboard::Keyboard;
use super::mouse::MouseCapture;
use super::painter_signal::PainterSignal;
use super::pane_state::{HiddenReason, PaneState};
use super::recent::{Recent, ends_line};
use super::region::{self, FullScreen, MainScreen, Split, Window};
use super::scene::{Focus, Key, KeyResult, Scene};
use super::tty::{self, Modes};
use super::type_ahead::TypeAhead;
use crate::locks::{Condvar, Mutex, MutexGuard, Rank};
use crate::shell::PaneSize;

/// The size that is assumed if the terminal does not report one.
const WINDOW_DEFAULT: Window = Window { rows: 24, cols: 80 };
/// Longest wait of [`Shared::try_inner`] for the lock.
const LOCK_WAIT_MAX: Duration = Duration::from_millis(200);

/// Owner of the prompt's part and of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// rustyline, which reads a line.
    Prompt,
    /// A running command, or none.
    Command,
    /// The pane, where no prompt follows: see [`super::Screen::browse`].
    Pane,
    /// A program of the system.
    Program,
}

/// The screen's state, shared by its threads.
pub struct Shared {
    inner: Mutex<Inner>,
    pub(super) scene: Mutex<Option<Box<dyn Scene>>>,
    interrupt: Mutex<Option<Box<dyn Fn() + Send + Sync>>>,
    /// Handles Ctrl-Z while a command runs; false: the program stops.
    stop: Mutex<Option<Box<dyn Fn() -> bool + Send + Sync>>>,
    painter_signal: PainterSignal,
    /// Notified when the owner or the focus changes; used with the inner lock.
    pub(super) turn: Condvar,
    /// A duplicate of standard input, if that is a terminal whose keys can be read here.
    pub(super) keyboard: Option<OwnedFd>,
    /// Rows and pane rows of the split on the screen, 0 for none: enough to remove the pane when the lock cannot be
    /// taken.
    pub(super) shown: AtomicU32,
    /// The program stopped itself, and handles its continuation in [`Shared::suspend`].
    pub(super) stopped: AtomicBool,
    pub(super) modes: Modes,
    /// Whether the pane has colours.
    pub(super) colors: AtomicBool,
}

/// The state behind the lock.
pub struct Inner {
    pub(super) pane: PaneState,
    pub(super) owner: Owner,
    pub(super) owner_since: Instant,
    /// The decoder of keys, with the bytes of an incomplete key.
    pub(super) keys: Keyboard,
    /// Keys that wait for the prompt.
    pub(super) type_ahead: TypeAhead,
    pub(super) dispatch: Dispatch,
    pub(super) window: Window,
    pub(super) size: PaneSize,
    pub(super) focus: Focus,
    /// The frame on the screen, if it is known.
    pub(super) shown_frame: Option<Buffer>,
    pub(super) recent: Recent,
    /// Output that waits for the main screen.
    pub(super) held: HeldOutput,
    pub(super) mouse: MouseCapture,
    /// The queue of rustyline's external printer, once an editor is attached.
    pub(super) above_prompt: Option<SyncSender<String>>,
    /// The modes that rustyline reads with, captured while it does.
    pub(super) prompt_modes: Option<Termios>,
    pub(super) prompt_columns: usize,
    pub(super) line_end: LineEnd,
    /// The output ended with a newline, so that a prompt in the first column overwrites nothing.
    pub(super) at_line_start: bool,
}

/// Dispatch of keys that were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dispatch {
    Idle,
    /// The prompt waits for its end.
    Running,
}

/// The last key of the line that rustyline returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineEnd {
    Accepted,
    /// Ctrl-C: the line must not run.
    GivenUp,
}

/// Whether TERM is unset, empty or `dumb`: no pane can be drawn, and rustyline reads lines in the terminal's own line
/// mode.
pub(super) fn is_terminal_dumb() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb")
}

impl Shared {
    /// # Errors
    /// The terminal's modes cannot be read.
    pub fn new() -> io::Result<Shared> {
        let inner = Inner {
            pane: PaneState::Off,
            owner: Owner::Command,
            owner_since: Instant::now(),
            keys: Keyboard::default(),
            type_ahead: TypeAhead::default(),
            dispatch: Dispatch::Idle,
            window: tty::window().unwrap_or(WINDOW_DEFAULT),
            size: region::PANE_SIZE_DEFAULT,
            focus: Focus::Prompt,
            shown_frame: None,
            recent: Recent::default(),
            held: HeldOutput::default(),
            mouse: MouseCapture::default(),
            above_prompt: None,
            prompt_modes: None,
            prompt_columns: 0,
            line_end: LineEnd::Accepted,
            at_line_start: true,
        };
        Ok(Shared {
            inner: Mutex::new(Rank::Screen, inner),
            scene: Mutex::new(Rank::ScreenHandler, None),
            interrupt: Mutex::new(Rank::ScreenHandler, None),
            stop: Mutex::new(Rank::ScreenHandler, None),
            painter_signal: PainterSignal::new(),
            turn: Condvar::new(),
            keyboard: tty::keyboard().filter(|_| !is_terminal_dumb()),
            shown: AtomicU32::new(0),
            stopped: AtomicBool::new(false),
            modes: Modes::find()?,
            colors: AtomicBool::new(true),
        })
    }

    /// Sets the scene that the pane draws.
    pub fn set_scene(&self, scene: Box<dyn Scene>) {
        *self.scene.lock() = Some(scene);
    }

    /// Removes the scene, after it panicked.
    pub fn drop_scene(&self) {
        *self.scene.lock() = None;
    }

    /// Sets the handler of Ctrl-C, which runs on the signal thread.
    pub fn set_interrupt(&self, interrupt: Box<dyn Fn() + Send + Sync>) {
        *self.interrupt.lock() = Some(interrupt);
    }

    /// Sets the handler of Ctrl-Z while a command runs: true if the command takes it.
    pub fn set_stop(&self, stop: Box<dyn Fn() -> bool + Send + Sync>) {
        *self.stop.lock() = Some(stop);
    }

    /// Whether the running command takes Ctrl-Z, so that the program does not stop.
    pub fn command_stops(&self) -> bool {
        let owner = self.inner().owner;
        owner == Owner::Command && self.stop.lock().as_ref().is_some_and(|stop| stop())
    }

    /// Handles Ctrl-C, on the signal thread: discards the type-ahead, as the terminal does with its own queue, and
    /// gives the focus back to the prompt.
    pub fn interrupted(&self) {
        let mut inner = self.inner();
        let read_by_us = matches!(inner.owner, Owner::Command | Owner::Pane);
        if read_by_us {
            inner.keys.clear();
            inner.type_ahead.clear();
        }
        let leave = read_by_us && inner.focus == Focus::Pane;
        drop(inner);
        if leave {
            let _ = self.key(Key::Ctrl('c'));
            self.set_focus(Focus::Prompt);
        }
        if let Some(interrupt) = &*self.interrupt.lock() {
            interrupt();
        }
    }

    /// Locks the state of the screen.
    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }

    /// The lock, unless a thread holds it for long: one that panicked, or one that the terminal blocks.
    pub(super) fn try_inner(&self) -> Option<MutexGuard<'_, Inner>> {
        self.inner.try_lock_for(LOCK_WAIT_MAX)
    }

    /// See [`super::Screen::pane_on`].
    ///
    /// # Errors
    /// The terminal cannot show a pane, or there is nothing to show; one line.
    pub fn pane_on(&self) -> Result<Option<String>, String> {
        if is_terminal_dumb() {
            return Err(
                "a pane needs a terminal that can move its cursor, and TERM says `dumb`; set TERM to what it is"
                    .to_owned(),
            );
        }
        if self.scene.lock().is_none() {
            return Err("there is nothing to show in a pane here".to_owned());
        }
        let mut inner = self.inner();
        inner.window = tty::window().unwrap_or(inner.window);
        if inner.pane.area().is_none() {
            self.open(&mut inner);
        }
        let small = inner.pane == PaneState::Hidden(HiddenReason::SmallWindow);
        let Window { rows, cols } = inner.window;
        drop(inner);
        self.wake();
        Ok(small.then(|| {
            let (rows_min, cols_min) = (region::PANE_ROWS_MIN + region::PROMPT_ROWS_MIN, region::COLS_MIN);
            format!(
                "the window is too small for a pane ({cols}x{rows}); it opens when there are {cols_min}x{rows_min} cells"
            )
        }))
    }

    /// Closes the pane; false if it was off.
    pub fn pane_off(&self) -> bool {
        let mut inner = self.inner();
        let was = inner.pane;
        self.close(&mut inner);
        inner.pane = PaneState::Off;
        was != PaneState::Off
    }

    /// Whether the pane is on, also while the window is too small for it.
    pub fn is_pane_on(&self) -> bool {
        self.inner().pane != PaneState::Off
    }

    /// Sets the pane's size, and splits the window anew if the pane is shown.
    pub fn set_size(&self, size: PaneSize) {
        let mut inner = self.inner();
        inner.size = size;
        if let PaneState::Shown(split) = inner.pane
            && Split::fit(inner.window, size) != Some(split)
        {
            self.close(&mut inner);
            self.open(&mut inner);
        }
        if let PaneState::Full(full) = &mut inner.pane {
            full.main = MainScreen::Unknown;
        }
        drop(inner);
        self.wake();
    }

    /// Where keys go: the prompt whenever the pane is not shown.
    pub fn focus(&self) -> Focus {
        let inner = self.inner();
        if inner.pane.area().is_some() { inner.focus } else { Focus::Prompt }
    }

    /// Sends keys to the pane or to the prompt; the prompt ends a full-screen pane.
    pub fn set_focus(&self, focus: Focus) {
        let mut inner = self.inner();
        inner.focus = focus;
        if focus == Focus::Prompt {
            self.unfill(&mut inner);
            let _ = tty::write(frame::cursor_bytes(CursorState::Shown));
        }
        self.capture_mouse(&mut inner);
        drop(inner);
        self.turn.notify_all();
        self.wake();
    }

    /// Sets the owner of the keys and of the prompt's part.
    pub(super) fn give_to(&self, inner: &mut Inner, owner: Owner) {
        inner.owner = owner;
        inner.owner_since = Instant::now();
        self.turn.notify_all();
    }

    /// Passes a key to the scene, and carries out what the scene asks for.
    pub fn key(&self, key: Key) -> KeyResult {
        let result = self.scene.lock().as_mut().map_or(KeyResult::Leave, |scene| scene.key(key));
        match result {
            KeyResult::Stay => {}
            KeyResult::ToggleFull => self.toggle_full(),
            KeyResult::Back if matches!(self.inner().pane, PaneState::Full(_)) => self.toggle_full(),
            KeyResult::Back | KeyResult::Leave => self.set_focus(Focus::Prompt),
        }
        self.wake();
        result
    }

    /// Prints in the prompt's part.
    pub fn print(&self, bytes: &[u8]) {
        let mut inner = self.inner();
        inner.recent.push(bytes);
        inner.at_line_start = ends_line(bytes).unwrap_or(inner.at_line_start);
        self.write_output(&mut inner, bytes);
    }

    /// See [`super::Screen::notice`].
    pub fn notice(&self, text: &str) {
        let text = if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
        let mut inner = self.inner();
        inner.recent.push(text.as_bytes());
        match (inner.owner, inner.above_prompt.clone()) {
            (Owner::Prompt, Some(printer)) if !matches!(inner.pane, PaneState::Full(_)) => {
                drop(inner);
                // The send can block until the prompt reads, so no lock is held. It fails only when the editor is gone.
                let _ = printer.send(text);
            }
            _ => {
                inner.at_line_start = true;
                self.write_output(&mut inner, text.as_bytes());
            }
        }
    }

    /// The window's size now, or as last known.
    pub fn window(&self) -> Window {
        tty::window().unwrap_or(self.inner().window)
    }

    /// Rows of the window that the pane leaves for output.
    pub fn output_rows(&self) -> u16 {
        self.inner().output_rows()
    }

    /// Wakes the painter.
    pub fn wake(&self) {
        self.painter_signal.wake();
    }

    /// Waits for [`Shared::wake`]: at most `at_most` while the pane is on, without limit while it is off. False when
    /// the screen is closed.
    pub fn wait_for_wake(&self, at_most: Duration) -> bool {
        self.painter_signal.wait(self.is_pane_on().then_some(at_most))
    }

    /// Ends the painter's thread.
    pub(super) fn stop_painter(&self) {
        self.painter_signal.end();
    }
}

impl Inner {
    /// Whether the pane is being browsed without a prompt, shown or hidden.
    pub fn is_browsing(&self) -> bool {
        self.owner == Owner::Pane && self.focus == Focus::Pane
    }

    /// Rows of the scroll region.
    pub fn output_rows(&self) -> u16 {
        match self.pane {
            PaneState::Shown(split) | PaneState::Full(FullScreen { main: MainScreen::Kept(split), .. }) => {
                split.prompt_rows()
            }
            PaneState::Off | PaneState::Full(_) | PaneState::Hidden(_) => self.window.rows,
        }
    }
}
