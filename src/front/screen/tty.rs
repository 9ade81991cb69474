//! The terminal device: its size, its modes, whole writes, and which threads its signals may interrupt.
//!
//! This is the Unix-only end of the screen. The crates below wrap every system call; there is no unsafe code.

use std::io;
use std::os::fd::OwnedFd;

use nix::sys::signal::{SigSet, Signal};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{getpgrp, getsid};
use rustix::stdio::stdout;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr,
};

use super::region::Window;

/// The signals that must not cut a write to the terminal short, or stop who gives the terminal back while a program has it.
/// One parked thread takes them; see [`take_signals`].
const SIGNALS: [Signal; 8] = [
    Signal::SIGINT,
    Signal::SIGWINCH,
    Signal::SIGTSTP,
    Signal::SIGCONT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGTTOU,
];

/// How the terminal treats what is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputMode {
    /// As it was found.
    Original,
    /// Kept for the prompt and not shown: the kernel would echo it into the middle of a frame.
    NoEcho,
    /// Each key at once, not shown; Ctrl-C and its like are still signals. A read with nothing there returns at once.
    Cbreak,
}

/// The modes that the terminal had when the program began.
pub struct Modes {
    original: Termios,
}

impl Modes {
    /// Reads the modes of the terminal that standard output is.
    pub fn find() -> io::Result<Modes> {
        Ok(Modes { original: tcgetattr(stdout())? })
    }

    /// Changes how typing is treated. Fails when the terminal is gone, and then there is nothing left to do.
    pub fn set(&self, mode: InputMode) {
        let mut modes = self.original.clone();
        match mode {
            InputMode::Original => {}
            InputMode::NoEcho => modes.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL),
            InputMode::Cbreak => {
                modes.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON);
                modes.special_codes[SpecialCodeIndex::VMIN] = 0;
                modes.special_codes[SpecialCodeIndex::VTIME] = 0;
            }
        }
        restore(&modes);
    }
}

/// The modes now; `None` when the terminal is gone.
pub fn modes_now() -> Option<Termios> {
    tcgetattr(stdout()).ok()
}

/// Gives the terminal these modes.
pub fn restore(modes: &Termios) {
    let _ = tcsetattr(stdout(), OptionalActions::Now, modes);
}

/// Whether standard output is a terminal.
pub fn is_terminal() -> bool {
    isatty(stdout())
}

/// The terminal that standard input is, whatever becomes of descriptor 0 later; `None` when it is none.
pub fn keyboard() -> Option<OwnedFd> {
    let stdin = rustix::stdio::stdin();
    if isatty(stdin) { rustix::io::fcntl_dupfd_cloexec(stdin, 3).ok() } else { None }
}

/// Most rows and columns that are drawn: a terminal may say that it has 65,535 of each, and every cell takes memory.
const ROWS_MAX: u16 = 500;
const COLS_MAX: u16 = 1_000;

/// The window's size; `None` when the terminal is gone or does not know it.
pub fn window() -> Option<Window> {
    let size = tcgetwinsize(stdout()).ok()?;
    drawn(size.ws_row, size.ws_col)
}

/// What is drawn of a window; `None` for one without cells.
fn drawn(rows: u16, cols: u16) -> Option<Window> {
    (rows > 0 && cols > 0).then_some(Window { rows: rows.min(ROWS_MAX), cols: cols.min(COLS_MAX) })
}

/// Writes all of it. One call, when the thread's signals are blocked: the kernel then lets no other write in between.
/// Fails when the terminal is gone.
pub fn write(bytes: &[u8]) -> io::Result<()> {
    let mut left = bytes;
    while !left.is_empty() {
        match rustix::io::write(stdout(), left) {
            Ok(written) => left = left.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // A program before us left the terminal non-blocking.
            Err(Errno::AGAIN) => {
                let _ = poll(&mut [PollFd::from_borrowed_fd(stdout(), PollFlags::OUT)], None);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Keeps the terminal's signals away from this thread and from those it starts: it writes to the terminal.
pub fn block_signals() {
    let _ = signal_set().thread_block();
}

/// Lets the terminal's signals reach this thread, and the programs that it starts.
pub fn take_signals() {
    let _ = signal_set().thread_unblock();
}

fn signal_set() -> SigSet {
    SIGNALS.into_iter().collect()
}

/// Whom a stop is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// This program: somebody sent it the signal.
    Process,
    /// All that the terminal would have stopped: Ctrl-Z was typed where it is only a key.
    Group,
}

/// Stops until somebody continues the program. Nothing stops where nobody could: the terminal was opened for this program,
/// and no shell waits behind it. The kernel's own answer to Ctrl-Z is the same.
pub fn stop(whom: Stop) {
    let _ = match whom {
        _ if getsid(None) == Ok(getpgrp()) => Ok(()),
        Stop::Process => nix::sys::signal::raise(Signal::SIGSTOP),
        Stop::Group => nix::sys::signal::kill(nix::unistd::Pid::from_raw(0), Signal::SIGSTOP),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_drawn_as_far_as_anybody_can_see() {
        let size = |rows, cols| drawn(rows, cols).map(|window| (window.rows, window.cols));
        assert_eq!(size(24, 80), Some((24, 80)));
        assert_eq!(size(u16::MAX, u16::MAX), Some((ROWS_MAX, COLS_MAX)));
        assert_eq!((size(0, 80), size(24, 0)), (None, None));
    }
}
