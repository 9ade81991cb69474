//! The terminal's foreground process group: given to a program of the system while it runs, and taken back.

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use rustix::process::{Pid, getpgrp};
use rustix::stdio::stdin;
use rustix::termios::{tcgetpgrp, tcsetpgrp};

use crate::leftovers::Entry;

/// The terminal is a program's until this is dropped: it alone hears of the keys that are signals.
#[must_use]
pub struct Foreground {
    /// Takes the terminal back as well when a signal ends this program.
    _entry: Entry,
}

impl Foreground {
    /// Gives the terminal to a process group of this session; `None` where this program does not have it itself, as it was
    /// started in the background, and where the group has ended meanwhile.
    pub fn give(group: Pid) -> Option<Foreground> {
        if tcgetpgrp(stdin()) != Ok(getpgrp()) {
            return None;
        }
        let entry = Entry::terminal(take_back);
        tcsetpgrp(stdin(), group).ok().map(|()| Foreground { _entry: entry })
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        take_back();
    }
}

fn take_back() {
    // Who asks for the terminal from the background is stopped, unless this signal is blocked.
    let blocked = SigSet::from(Signal::SIGTTOU).thread_swap_mask(SigmaskHow::SIG_BLOCK);
    // It fails when the terminal is gone, and then there is nothing to take.
    tcsetpgrp(stdin(), getpgrp()).ok();
    if let Ok(before) = blocked {
        before.thread_set_mask().ok();
    }
}
