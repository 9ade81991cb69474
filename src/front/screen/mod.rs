//! The terminal, owned: the only place that writes to it while the shell is interactive.
//!
//! The prompt (rustyline) has the upper rows as a scroll region, the pane the lower ones; see `region`. A painter thread
//! draws the pane; each frame is one write, which the kernel keeps apart from rustyline's own. Whatever ends the program,
//! the terminal is given back as it was found: by drop, by panic hook, by the signal thread.
//!
//! ```text
//! region    the split and its bytes        frame    two buffers -> one write
//! recent    what was printed lately        scene    what is drawn, and keys
//! state     who owns the terminal now      handover giving it away and taking it back
//! painter   the thread that draws          drawing  the pane on the screen
//! reader    the thread that reads keys     keyboard bytes -> keys
//! signals   the thread that takes signals  ahead    what was typed type_ahead, for rustyline
//! prompt    hooks into rustyline           tty      the device
//! ```
//!
//! How a front uses it: [`Screen::open`] once; [`Screen::attach`] to the editor; lines come from [`Screen::read_line`], which
//! knows when the prompt owns the terminal and when a command does; all output goes through [`Screen::print`] and notices
//! from other threads through [`Screen::notice`]; programs of the system run inside [`Screen::with_child`].

mod drawing;
pub mod frame;
mod handover;
mod keyboard;
mod painter;
mod prompt;
mod reader;
mod recent;
pub mod region;
pub mod scene;
mod signals;
mod state;
pub mod tty;
mod type_ahead;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use ratatui::buffer::Buffer;

pub use prompt::CompletionPage;
pub use reader::ESC_WAIT_MS;
pub use recent::columns_of;
pub use region::{Split, Window};
pub use scene::{Focus, Key, KeyResult, Redraw, Scene};

use crate::shell::{PaneSize, panics_are_caught};
use handover::Resumed;
use state::Shared;
use tty::Stop;

/// The terminal of an interactive shell. Dropping it gives the terminal back.
pub struct Screen {
    shared: Arc<Shared>,
}

impl Screen {
    /// Takes the terminal that standard output is. One line of error when it is none.
    ///
    /// To be called on the main thread, before threads that write to the terminal are started.
    pub fn open() -> Result<Screen, String> {
        if !tty::is_terminal() {
            return Err("standard output is no terminal".to_owned());
        }
        let shared = Shared::new().map_err(|error| format!("cannot read the terminal's modes: {error}"))?;
        let shared = Arc::new(shared);
        let start = || -> io::Result<()> {
            signals::start(Arc::downgrade(&shared))?;
            painter::start(&shared)?;
            reader::start(&shared)
        };
        start().map_err(|error| format!("cannot start the terminal's threads: {error}"))?;
        give_back_on_panic(&shared);
        shared.suppress_echo();
        Ok(Screen { shared })
    }

    /// Says what is to be drawn when the pane is open. Without a scene the pane cannot be opened.
    pub fn set_scene(&self, scene: Box<dyn Scene>) {
        self.shared.set_scene(scene);
    }

    /// Whether the pane on the terminal has colours; a picture of it has them in any case.
    pub fn set_colors(&self, colors: bool) {
        self.shared.colors.store(colors, Ordering::Relaxed);
    }

    /// What Ctrl-C does while a command runs: called on the signal thread, so it must be quick.
    pub fn on_interrupt(&self, interrupt: Box<dyn Fn() + Send + Sync>) {
        self.shared.set_interrupt(interrupt);
    }

    /// Opens the pane, or leaves it open. When the window is too small it opens as soon as the window is not, and the
    /// text that is given says so. One line of error where a pane can never be.
    pub fn pane_on(&self) -> Result<Option<String>, String> {
        self.shared.pane_on()
    }

    /// Closes the pane. False when it was not open.
    pub fn pane_off(&self) -> bool {
        self.shared.pane_off()
    }

    /// Whether the pane is on, shown or not.
    pub fn is_pane_on(&self) -> bool {
        self.shared.is_pane_on()
    }

    /// Changes the share of the pane, now if it is open and otherwise for when it opens.
    pub fn pane_size(&self, size: PaneSize) {
        self.shared.set_size(size);
    }

    /// Moves the keys into the pane, which is opened if it was not, until Esc.
    pub fn pane_focus(&self) -> Result<Option<String>, String> {
        let note = self.shared.pane_on()?;
        self.shared.set_focus(Focus::Pane);
        Ok(note)
    }

    /// The present frame, for `pane save`. An error when the pane is not shown.
    pub fn pane_frame(&self) -> Result<Buffer, String> {
        self.shared.frame_now()
    }

    /// Prints output or diagnostics. It must be safe for a terminal already, and end its colours.
    pub fn print(&self, bytes: &[u8]) {
        self.shared.print(bytes);
    }

    /// Prints whole lines from any thread, at any time: above the prompt while somebody types there.
    pub fn notice(&self, text: &str) {
        self.shared.notice(text);
    }

    /// Runs something that hands the terminal to a program of the system: the pane is away meanwhile, typing is as it was
    /// found, and signals reach the program.
    pub fn with_child<T>(&self, run: impl FnOnce() -> T) -> T {
        self.shared.lend();
        tty::take_signals();
        let result = run();
        tty::block_signals();
        self.shared.reclaim();
        result
    }

    /// Stops all that Ctrl-Z would have stopped, with the terminal as it was found, until somebody continues it.
    pub fn suspend(&self) {
        self.shared.suspend(Stop::Group, Resumed::OnOtherThread);
    }

    /// Gives keys to the pane until it is left, for a front without a prompt. Without a keyboard it returns at once.
    pub fn browse(&self) {
        self.shared.browse();
    }

    /// The window's size now.
    pub fn window(&self) -> Window {
        self.shared.window()
    }

    /// The rows that output can use: all of them, or the prompt's part.
    pub fn output_rows(&self) -> u16 {
        self.shared.output_rows()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.shared.finish();
    }
}

/// A panic anywhere closes the pane before its message is printed; on the main thread, where it ends the program unless it is
/// a command's, it also gives the terminal its modes back.
fn give_back_on_panic(shared: &Arc<Shared>) {
    let main = thread::current().id();
    let shared = Arc::downgrade(shared);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if let Some(shared) = shared.upgrade() {
            if thread::current().id() == main && !panics_are_caught() {
                shared.give_back();
            } else {
                shared.close_for_panic();
            }
        }
        before(info);
    }));
}
