//! `plugsh serve`: a kernel without a terminal. It runs the lines of its files, and stays until a signal ends it.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::console::Console;
use super::script::{Scripts, notice, run_sources};
use super::signals::die_by_signal;
use super::streams;
use crate::kernel::Kernel;
use crate::serve::Server;
use crate::shell::front::ServeOptions;
use crate::shell::{Session, ShellError, Stdin, start};

/// Interval at which notices are shown.
const NOTICE_STEP: Duration = Duration::from_millis(200);

/// The options of a server and its scripts.
#[derive(Debug)]
pub struct Serve {
    pub options: ServeOptions,
    /// The files whose lines run first, and their options.
    pub scripts: Scripts,
    /// How long jobs have to end after SIGTERM.
    pub grace: Duration,
}

/// Runs the files and serves the kernel; returns the exit code once a signal has ended it.
///
/// # Errors
/// A file fails, or the kernel cannot be served.
pub fn run(kernel: Arc<Kernel>, serve: Serve) -> Result<u8, ShellError> {
    let signals = signals()?;
    let console = Console::new(None, serve.scripts.color, Rc::new(RefCell::new(Vec::new())));
    if streams::is_enabled() {
        streams::show(&kernel, None);
    }
    let mut session = start(Arc::clone(&kernel), Box::new(console), serve.scripts.options.clone(), Stdin::Used);
    for (name, value) in &serve.scripts.variables {
        session.set(name, value.as_bytes())?;
    }
    interrupted_by(&signals, &session);
    run_sources(&mut session, &serve.scripts, true)?;
    if let Some(code) = session.exit_code() {
        return Ok(code);
    }
    let server = Server::start(kernel, &serve.options, Box::new(notice))?;
    notice(&format!("{}; SIGTERM or Ctrl-C ends it", server.title()));
    wait(&signals, &mut session);
    // Notices of jobs that end meanwhile have nobody left to read them.
    server.end(serve.grace);
    Ok(0)
}

/// The signals that end a server, as they come. A second one ends the program at once.
struct Ending {
    first: Receiver<()>,
    interrupt: Arc<parking_lot::Mutex<Option<crate::shell::Interrupter>>>,
}

fn signals() -> Result<Ending, ShellError> {
    let failed = |error: io::Error| ShellError::failed(format!("cannot listen for signals: {error}"));
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(failed)?;
    let (sender, first) = mpsc::channel();
    let interrupt: Arc<parking_lot::Mutex<Option<crate::shell::Interrupter>>> = Arc::default();
    let of_files = Arc::clone(&interrupt);
    let body = move || {
        let mut sender = Some(sender);
        for signal in signals.forever() {
            match sender.take() {
                Some(sender) => {
                    if let Some(interrupter) = &*of_files.lock() {
                        interrupter.interrupt();
                    }
                    sender.send(()).ok();
                }
                None => die_by_signal(signal),
            }
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(body).map_err(failed)?;
    Ok(Ending { first, interrupt })
}

/// A signal ends the files' lines too.
fn interrupted_by(ending: &Ending, session: &Session) {
    *ending.interrupt.lock() = Some(session.interrupter());
}

/// Waits for the first signal, and shows what happens meanwhile.
fn wait(ending: &Ending, session: &mut Session) {
    while ending.first.recv_timeout(NOTICE_STEP) == Err(RecvTimeoutError::Timeout) {
        session.show_notices();
    }
}
