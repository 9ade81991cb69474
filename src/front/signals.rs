//! Signals while a script, one call or tests run. (At the prompt the `screen` takes them.)

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::leftovers;

/// The exit code of a program that Ctrl-C ended.
const CODE_INTERRUPTED: i32 = 130;

/// From now on Ctrl-C is `interrupt`'s; where that says that the one before is still unanswered, the program ends, as it
/// does at once when it is terminated or its terminal goes. No temporary file and no running program stays behind.
pub fn on_interrupt(interrupt: impl Fn() -> bool + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if signal != SIGINT {
                die_by_signal(signal);
            } else if interrupt() {
                leftovers::clear();
                std::process::exit(CODE_INTERRUPTED);
            }
        }
    })?;
    Ok(())
}

/// Ends the program as the signal would have, with nothing left behind.
pub fn die_by_signal(signal: i32) {
    leftovers::clear();
    // It fails only for signals it does not know, and it knows these.
    emulate_default_handler(signal).ok();
}

/// A write beyond the limit on a file's size fails from now on, in place of ending the program. Programs of the system get
/// the signal as ever: a handler is not handed on to them.
pub fn survive_file_size_limit() {
    // Whoever wrote is told by the write's own error.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).ok();
}
