//! `export --otlp`: sending calls to a collector, which Ctrl-C can leave behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::journal::Record;
use crate::journal::export::otlp;
use crate::shell::reply::ShellError;
use crate::shell::session::Session;

/// Interval between two checks for Ctrl-C while a collector has not answered.
const INTERRUPT_STEP: Duration = Duration::from_millis(20);

/// Sends the calls on a thread of its own, which Ctrl-C leaves behind: a collector that is silent is waited for no
/// longer.
///
/// # Errors
/// The collector cannot be reached, refuses the calls, or Ctrl-C came.
pub(super) fn send(session: &Session, url: &str, records: Vec<Record>) -> Result<usize, ShellError> {
    let (sender, receiver) = mpsc::channel();
    let (url, started_at, interrupt) = (url.to_owned(), session.kernel().started_at(), session.interrupt().clone());
    let stopped = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&stopped);
    thread::spawn(move || {
        let sent = otlp::export(&url, &records, started_at, &|| stop.load(Ordering::Relaxed));
        // An error here means that the receiver has given up.
        sender.send(sent).ok();
    });
    loop {
        match receiver.recv_timeout(INTERRUPT_STEP) {
            Ok(sent) => return sent.map_err(ShellError::failed),
            Err(RecvTimeoutError::Disconnected) => return Err(ShellError::failed("the export ended without a word")),
            Err(RecvTimeoutError::Timeout) if interrupt.is_raised() => {
                stopped.store(true, Ordering::Relaxed);
                return Err(ShellError::interrupted());
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}
