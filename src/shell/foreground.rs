//! The terminal's foreground process group: given to a program of the system while it runs, and taken back.

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use rustix::process::{Pid, getpgrp};
use rustix::stdio::stdin;
use rustix::termios::{tcgetpgrp, tcsetpgrp};

use crate::leftovers::Entry;

/// A terminal lent to a program until this is dropped: keys that send signals reach that program alone.
#[must_use]
pub struct Foreground {
    /// Takes the terminal back as well when a signal ends this program.
    _entry: Entry,
}

impl Foreground {
    /// Gives the terminal to a process group of this session; `None` if this program runs in the background, or the
    /// group has ended.
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
    // SIGTTOU would stop a background process that takes the terminal.
    let blocked = SigSet::from(Signal::SIGTTOU).thread_swap_mask(SigmaskHow::SIG_BLOCK);
    // Fails only when the terminal is gone.
    tcsetpgrp(stdin(), getpgrp()).ok();
    if let Ok(before) = blocked {
        before.thread_set_mask().ok();
    }
}
