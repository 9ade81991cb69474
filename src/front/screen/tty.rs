//! The terminal device: size, modes, complete writes, and the threads that its signals may interrupt.
//!
//! Unix only. Crates wrap every system call; there is no unsafe code.

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
use crate::shell::front::PictureSize;

/// The signals that must not interrupt a write to the terminal, nor stop the thread that takes the terminal back from a
/// program. One parked thread receives them; see [`take_signals`].
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

/// The input modes of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputMode {
    /// The modes at the program's start.
    Original,
    /// Line mode without echo: echoed keys would be written into the pane.
    NoEcho,
    /// Each key at once, without echo; Ctrl-C and Ctrl-Z are still signals. A read returns at once if there is no key.
    Cbreak,
}

/// The terminal's modes at the program's start.
pub struct Modes {
    original: Termios,
}

impl Modes {
    /// Reads the modes of the terminal on standard output.
    ///
    /// # Errors
    /// Standard output is no terminal, or its modes cannot be read.
    pub fn find() -> io::Result<Modes> {
        Ok(Modes { original: tcgetattr(stdout())? })
    }

    /// Sets the input mode. An error is ignored: it means that the terminal is closed.
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

/// The current modes; `None` if the terminal is closed.
pub fn modes_now() -> Option<Termios> {
    tcgetattr(stdout()).ok()
}

/// Sets the terminal's modes.
pub fn restore(modes: &Termios) {
    let _ = tcsetattr(stdout(), OptionalActions::Now, modes);
}

/// Whether standard output is a terminal.
pub fn is_terminal() -> bool {
    isatty(stdout())
}

/// A duplicate of standard input, independent of later changes of descriptor 0; `None` if it is no terminal.
pub fn keyboard() -> Option<OwnedFd> {
    let stdin = rustix::stdio::stdin();
    if isatty(stdin) { rustix::io::fcntl_dupfd_cloexec(stdin, 3).ok() } else { None }
}

/// The window's size; `None` if the terminal is closed or does not know it.
pub fn window() -> Option<Window> {
    let size = tcgetwinsize(stdout()).ok()?;
    drawn(size.ws_row, size.ws_col)
}

/// The window's size within the bounds; `None` for a window without cells.
fn drawn(rows: u16, cols: u16) -> Option<Window> {
    (rows > 0 && cols > 0)
        .then_some(Window { rows: rows.min(PictureSize::ROWS_MAX), cols: cols.min(PictureSize::COLS_MAX) })
}

/// Writes all bytes: in one system call if the thread's signals are blocked, so that no other write comes in between.
///
/// # Errors
/// The terminal is closed.
pub fn write(bytes: &[u8]) -> io::Result<()> {
    let mut left = bytes;
    while !left.is_empty() {
        match rustix::io::write(stdout(), left) {
            Ok(written) => left = left.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // An earlier program left the terminal in non-blocking mode.
            Err(Errno::AGAIN) => {
                let _ = poll(&mut [PollFd::from_borrowed_fd(stdout(), PollFlags::OUT)], None);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Blocks the terminal's signals in this thread and in the threads that it starts later.
pub fn block_signals() {
    let _ = signal_set().thread_block();
}

/// Unblocks the terminal's signals in this thread and in the programs that it starts.
pub fn take_signals() {
    let _ = signal_set().thread_unblock();
}

fn signal_set() -> SigSet {
    SIGNALS.into_iter().collect()
}

/// The processes that a stop is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopTarget {
    /// Only this process, which received the signal.
    Process,
    /// The process group, as for Ctrl-Z: it was typed where it is only a key.
    Group,
}

/// Stops until the program is continued. Does nothing in an orphaned process group, where no shell could continue it;
/// the system ignores Ctrl-Z there too.
pub fn stop(whom: StopTarget) {
    let _ = match whom {
        _ if getsid(None) == Ok(getpgrp()) => Ok(()),
        StopTarget::Process => nix::sys::signal::raise(Signal::SIGSTOP),
        StopTarget::Group => nix::sys::signal::kill(nix::unistd::Pid::from_raw(0), Signal::SIGSTOP),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_drawn_as_far_as_anybody_can_see() {
        let size = |rows, cols| drawn(rows, cols).map(|window| (window.rows, window.cols));
        assert_eq!(size(24, 80), Some((24, 80)));
        assert_eq!(size(u16::MAX, u16::MAX), Some((PictureSize::ROWS_MAX, PictureSize::COLS_MAX)));
        assert_eq!((size(0, 80), size(24, 0)), (None, None));
    }
}
