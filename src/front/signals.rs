//! Ctrl-C while a script runs. (At the prompt the `screen` takes signals.)

use std::io;
use std::thread;

use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

use crate::shell::Interrupter;

/// The exit code of a program that Ctrl-C ended.
const CODE_INTERRUPTED: i32 = 130;

/// From now on Ctrl-C ends the foreground job and what the session waits for; a second one that finds the first
/// unanswered ends the program.
pub fn on_interrupt(interrupter: Interrupter) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for _ in signals.forever() {
            if interrupter.interrupt() {
                std::process::exit(CODE_INTERRUPTED);
            }
        }
    })?;
    Ok(())
}
