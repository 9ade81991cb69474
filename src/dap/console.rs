//! The shell of the client's prompt, on a thread of its own: lines one after the other, each answered with its output.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::debuggee::Debuggee;
use super::handles::{FrameKey, FrameOf};
use super::request::Request;
use super::script::STACK_BYTES;
use crate::shell::headless::{Collected, Headless};
use crate::shell::session::LinesFrom;
use crate::shell::{Interrupter, Session, SessionOptions, ShellError, Stdin, start};

/// The most lines that wait for those before them.
const LINES_WAITING_MAX: usize = 64;

/// A line to run.
pub struct ConsoleLine {
    pub request: Request,
    pub text: String,
    /// The frame that its commands look at.
    pub frame: Option<FrameKey>,
}

/// The handle of the shell.
pub struct Console {
    lines: SyncSender<ConsoleLine>,
    interrupter: Interrupter,
    _thread: JoinHandle<()>,
}

impl Console {
    /// Starts the shell.
    ///
    /// # Errors
    /// No thread can be started; a line.
    pub fn start(debuggee: &Arc<Debuggee>, options: SessionOptions) -> Result<Console, String> {
        let (lines, incoming) = mpsc::sync_channel(LINES_WAITING_MAX);
        let (sender, started) = mpsc::channel();
        let debuggee = Arc::clone(debuggee);
        let body = move || {
            let owner = debuggee.kernel.add_owner();
            let (front, collected) = Headless::new();
            let options = SessionOptions { owner, lines_from: LinesFrom::Prompt, ..options };
            let mut session = start(debuggee.kernel.clone(), Box::new(front), options, Stdin::Used);
            if sender.send(session.interrupter()).is_ok() {
                serve(&debuggee, &mut session, &collected, &incoming);
            }
            debuggee.kernel.remove_owner(owner);
        };
        let failed = |why: String| format!("no shell can be started: {why}");
        let builder = thread::Builder::new().name("plugsh-console".to_owned()).stack_size(STACK_BYTES);
        let thread = builder.spawn(body).map_err(|error| failed(error.to_string()))?;
        let interrupter = started.recv().map_err(|error| failed(error.to_string()))?;
        Ok(Console { lines, interrupter, _thread: thread })
    }

    /// Runs a line, after those before it. The answer is sent once it has run.
    ///
    /// # Errors
    /// Too many lines wait, or the shell has ended; a line.
    pub fn run(&self, line: ConsoleLine) -> Result<(), String> {
        self.lines.try_send(line).map_err(|error| match error {
            TrySendError::Full(_) => format!("{LINES_WAITING_MAX} lines wait, the limit"),
            TrySendError::Disconnected(_) => "the shell has ended by `exit`".to_owned(),
        })
    }

    /// Ends the line that runs.
    pub fn interrupt(&self) {
        self.interrupter.interrupt();
    }
}

fn serve(debuggee: &Debuggee, session: &mut Session, collected: &Mutex<Collected>, incoming: &Receiver<ConsoleLine>) {
    while let Ok(line) = incoming.recv() {
        if let Some(key) = line.frame
            && let FrameOf::Code(number) = key.frame
            && let Ok(view) = debuggee.held(key.job)
            && view.number == key.hold
        {
            session.choose_frame(&view, number);
        }
        session.interrupt().take();
        let result = session.run_typed(&line.text);
        session.show_notices();
        let printed = printed(&mut collected.lock());
        debuggee.outlet.answer(&line.request, answer(printed, result));
        if session.exit_code().is_some() {
            return;
        }
    }
}

/// The output of a line.
fn printed(collected: &mut Collected) -> String {
    let mut text = String::from_utf8_lossy(&std::mem::take(&mut collected.printed)).into_owned();
    for line in std::mem::take(&mut collected.notices) {
        text.push_str(&format!("{line}\n"));
    }
    text
}

fn answer(printed: String, result: Result<(), ShellError>) -> Result<Value, String> {
    let printed = printed.trim_end_matches('\n');
    match result {
        Ok(()) => Ok(json!({ "result": printed, "variablesReference": 0 })),
        Err(error) if printed.is_empty() => Err(error.to_string()),
        Err(error) => Err(format!("{printed}\n{error}")),
    }
}
