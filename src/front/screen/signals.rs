//! The thread that takes signals on behalf of all: interrupts, terminations, stops and new window sizes.
//!
//! The handlers (signal-hook's) only write to a pipe; everything else happens on a thread of its own, outside of any
//! handler. A second thread stays parked with the signals open, so that the kernel has somebody to hand them to who is
//! not in the middle of a write.

use std::io;
use std::sync::Weak;
use std::thread;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

use super::super::signals::die_by_signal;
use super::handover::Resumed;
use super::state::Shared;
use super::tty::{self, Stop};

/// Starts both threads. Fails when they or the handlers cannot be had.
///
/// The calling thread and those that it starts from now on no longer take these signals.
pub fn start(shared: Weak<Shared>) -> io::Result<()> {
    tty::block_signals();
    let mut signals = Signals::new([SIGINT, SIGWINCH, SIGTSTP, SIGCONT, SIGTERM, SIGHUP, SIGQUIT])?;
    thread::Builder::new().name("signal-taker".to_owned()).spawn(|| {
        tty::take_signals();
        loop {
            thread::park();
        }
    })?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            match shared.upgrade() {
                Some(shared) => handle(&shared, signal),
                None => die_by_signal(signal),
            }
        }
    })?;
    Ok(())
}

fn handle(shared: &Shared, signal: i32) {
    match signal {
        SIGINT => shared.interrupted(),
        SIGWINCH => shared.wake(),
        SIGTSTP => shared.suspend(Stop::Process, Resumed::OnOtherThread),
        SIGCONT => shared.continued(),
        _ => {
            shared.give_back();
            die_by_signal(signal);
        }
    }
}
