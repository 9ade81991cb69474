//! Signals while a script, one call or tests run. (At the prompt `screen::signals` handles them.)

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

/// Calls `interrupt` for each SIGINT. If it returns that the previous one is still unanswered, the program exits;
/// SIGTERM and SIGHUP make it exit at once. Temporary files are removed and child programs ended first.
///
/// # Errors
/// The signal handlers or the thread cannot be installed.
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

/// Calls `end` for each SIGINT, SIGTERM and SIGHUP. If it returns that the previous one is still unanswered, the
/// program ends by the signal's default action. Temporary files are removed and child programs ended first.
///
/// # Errors
/// The signal handlers or the thread cannot be installed.
pub fn on_end(end: impl Fn() -> bool + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if end() {
                die_by_signal(signal);
            }
        }
    })?;
    Ok(())
}

/// Ends the program by the signal's default action, after temporary files and child programs were cleaned up.
pub fn die_by_signal(signal: i32) {
    leftovers::clear();
    // Fails only for unknown signals.
    emulate_default_handler(signal).ok();
}

/// Handles SIGXFSZ, so that a write beyond the file size limit fails instead of ending the program. Child programs do
/// not inherit the handler.
pub fn survive_file_size_limit() {
    // The write itself returns an error.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).ok();
}
