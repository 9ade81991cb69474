//! The thread that handles signals: interrupt, termination, stop, continue and window size.
//!
//! The handlers (signal-hook's) only write to a pipe; this thread does the rest, outside of any handler. A second,
//! parked thread is the only one with these signals unblocked, so that no signal interrupts a write.

use std::io;
use std::sync::Weak;
use std::thread;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

use super::super::signals::die_by_signal;
use super::handover::Resumed;
use super::state::Shared;
use super::tty::{self, StopTarget};

/// Starts both threads and blocks these signals in the calling thread and in the threads that it starts later.
///
/// # Errors
/// A thread or a handler could not be created.
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
        SIGTSTP if shared.command_stops() => {}
        SIGTSTP => shared.suspend(StopTarget::Process, Resumed::OnOtherThread),
        SIGCONT => shared.continued(),
        _ => {
            shared.give_back();
            die_by_signal(signal);
        }
    }
}
