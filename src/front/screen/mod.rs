//! The terminal of an interactive shell. Only this module writes to it.
//!
//! The prompt (rustyline) has the upper rows as a scroll region, the pane the lower ones; see `region`. A painter
//! thread draws the pane; each frame is one write, so it never mixes with rustyline's writes. The terminal is restored
//! however the program ends: by drop, by panic hook, by the signal thread.
//!
//! ```text
//! region    the split and its bytes        frame      two buffers -> one write
//! recent    the last lines of output       scene      the trait of what is drawn, its keys
//! state     the terminal's owner, locks    handover   changes of the owner
//! painter   the thread that draws          drawing    the pane on the screen
//! reader    the thread that reads keys     keyboard   bytes -> keys
//! signals   the thread for signals         type_ahead keys for the next prompt
//! prompt    hooks into rustyline           tty        the device
//! full      full screen                    mouse      its reports
//! pane_state  shown, hidden or off          held_output  output that waits for the main screen
//! ```
//!
//! A front calls [`Screen::open`] once, [`Screen::attach`] with its editor, [`Screen::read_line`] for each line,
//! [`Screen::print`] for output, [`Screen::notice`] for notices from any thread, and runs programs of the system inside
//! [`Screen::with_child`].

mod drawing;
pub mod frame;
mod full;
mod handover;
mod held_output;
mod keyboard;
mod mouse;
mod painter;
mod painter_signal;
mod pane_state;
mod prompt;
mod reader;
mod recent;
pub mod region;
pub mod scene;
mod signals;
mod state;
pub mod tty;
mod type_ahead;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use ratatui::buffer::Buffer;

pub use prompt::{CompletionPage, LineKeys, ListRoom};
pub use reader::ESC_WAIT_MS;
pub use recent::columns_of;
pub use region::{Split, Window};
pub use scene::{Focus, Key, KeyResult, Mouse, MouseAction, Redraw, Scene};

use crate::leftovers;
use crate::shell::{PaneSize, PictureSize, panics_are_caught};
use handover::Resumed;
use state::Shared;
use tty::StopTarget;

/// The terminal of an interactive shell, restored on drop.
pub struct Screen {
    shared: Arc<Shared>,
}

impl Screen {
    /// Takes the terminal on standard output. Must be called on the main thread, before threads that write to the
    /// terminal are started.
    ///
    /// # Errors
    /// One line, when standard output is no terminal.
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

    /// Sets the scene, which draws the pane. The pane cannot be opened without one.
    pub fn set_scene(&self, scene: Box<dyn Scene>) {
        self.shared.set_scene(scene);
    }

    /// Sets whether the pane has colours on the terminal; a saved picture always has.
    pub fn set_colors(&self, colors: bool) {
        self.shared.colors.store(colors, Ordering::Relaxed);
    }

    /// Sets the handler of Ctrl-C while a command runs. It is called on the signal thread and must return quickly.
    pub fn on_interrupt(&self, interrupt: Box<dyn Fn() + Send + Sync>) {
        self.shared.set_interrupt(interrupt);
    }

    /// Sets the handler of Ctrl-Z while a command runs. It is called on the signal thread and must return quickly; when
    /// it returns false, the program stops.
    pub fn on_stop(&self, stop: Box<dyn Fn() -> bool + Send + Sync>) {
        self.shared.set_stop(stop);
    }

    /// Opens the pane, if it is not open. In a window that is too small it opens once the window has grown; the
    /// returned text says so.
    ///
    /// # Errors
    /// One line, where no pane is possible: a dumb terminal, or no scene.
    pub fn pane_on(&self) -> Result<Option<String>, String> {
        self.shared.pane_on()
    }

    /// Closes the pane; returns whether it was open.
    pub fn pane_off(&self) -> bool {
        self.shared.pane_off()
    }

    /// Whether the pane is on, shown or hidden.
    pub fn is_pane_on(&self) -> bool {
        self.shared.is_pane_on()
    }

    /// Changes the pane's share of the rows, at once or for the next time it opens.
    pub fn pane_size(&self, size: PaneSize) {
        self.shared.set_size(size);
    }

    /// Opens the pane if necessary and gives it the keys, until Esc.
    ///
    /// # Errors
    /// The terminal cannot show a pane; one line.
    pub fn pane_focus(&self) -> Result<Option<String>, String> {
        let note = self.shared.pane_on()?;
        self.shared.set_focus(Focus::Pane);
        Ok(note)
    }

    /// The current frame in a size, or in the size that the pane has, for `pane save`.
    ///
    /// # Errors
    /// One line, when the pane is not shown and no size is given.
    pub fn pane_frame(&self, size: Option<PictureSize>) -> Result<Buffer, String> {
        self.shared.frame_now(size)
    }

    /// Whether the mouse is for the pane while the pane has the keys. It is on at first.
    pub fn set_mouse(&self, on: bool) {
        self.shared.set_mouse(on);
    }

    /// Prints output or diagnostics. The bytes must be escaped for a terminal and reset their colours.
    pub fn print(&self, bytes: &[u8]) {
        self.shared.print(bytes);
    }

    /// Clears the prompt's part.
    pub fn clear(&self) {
        self.shared.clear();
    }

    /// Prints whole lines, from any thread: above the prompt while a line is edited.
    pub fn notice(&self, text: &str) {
        self.shared.notice(text);
    }

    /// Runs a closure that gives the terminal to a program of the system: the pane is hidden, the terminal has its
    /// original modes, and signals reach the program.
    pub fn with_child<T>(&self, run: impl FnOnce() -> T) -> T {
        self.shared.lend();
        tty::take_signals();
        let result = run();
        tty::block_signals();
        self.shared.reclaim();
        result
    }

    /// Restores the terminal and stops the process group, as Ctrl-Z does, until it is continued.
    pub fn suspend(&self) {
        self.shared.suspend(StopTarget::Group, Resumed::OnOtherThread);
    }

    /// Gives the keys to the pane until it is left, for a front without a prompt. Returns at once without a keyboard.
    pub fn browse(&self) {
        self.shared.browse();
    }

    /// Ends the program from any thread, with the terminal as it was before and a line about why.
    pub fn exit(&self, code: i32, line: &str) -> ! {
        self.shared.give_back();
        // The cursor stands behind the prompt. A closed standard error is ignored.
        write!(io::stderr(), "\n{line}\n").ok();
        leftovers::clear();
        std::process::exit(code)
    }

    /// The window's current size.
    pub fn window(&self) -> Window {
        self.shared.window()
    }

    /// The rows of the scroll region: the whole window, or the prompt's part.
    pub fn output_rows(&self) -> u16 {
        self.shared.output_rows()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.shared.finish();
    }
}

/// Installs a panic hook that closes the pane before the message is printed. A panic on the main thread, unless a
/// command catches it, ends the program, so the hook also restores the terminal's modes there.
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
