//! The shell whose lines are debugged, on a thread of its own. Its output goes to the client; a held job holds it up,
//! until the client lets the job go on.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use serde_json::json;

use super::debuggee::Debuggee;
use super::outlet::{Outlet, Stream};
use super::request::LaunchArguments;
use crate::shell::front::{Front, ProgramStreams};
use crate::shell::place::{ARGUMENTS_MAX, ScriptPlace};
use crate::shell::reply::{Line, Reply};
use crate::shell::session::HeldJobs;
use crate::shell::{Interrupter, SCRIPT_BYTES_MAX, Session, SessionOptions, ShellError, Stdin, plain, start};

/// The stack of the thread: blocks and sourced files nest on it, as they do at a terminal.
pub const STACK_BYTES: usize = 8 << 20;

/// The running script.
pub struct Script {
    interrupter: Interrupter,
}

impl Script {
    /// Starts the script. Its end is told to the client.
    ///
    /// # Errors
    /// No thread can be started, or the arguments do not fit; a line.
    pub fn start(
        debuggee: &Arc<Debuggee>,
        arguments: LaunchArguments,
        options: SessionOptions,
    ) -> Result<Script, String> {
        if arguments.args.len() > ARGUMENTS_MAX {
            return Err(format!("a script is given at most {ARGUMENTS_MAX} arguments"));
        }
        let (sender, started) = mpsc::channel();
        let shared = Arc::clone(debuggee);
        let body = move || {
            let front = OutletFront(shared.outlet.clone());
            let options = SessionOptions { owner: shared.owner, held_jobs: HeldJobs::WaitedFor, ..options };
            let mut session = start(shared.kernel.clone(), Box::new(front), options, Stdin::Used);
            if sender.send(session.interrupter()).is_err() {
                return;
            }
            let code = run(&mut session, &arguments);
            drop(session);
            shared.outlet.event("exited", json!({ "exitCode": code }));
            shared.outlet.event("terminated", json!({}));
        };
        let builder = thread::Builder::new().name("plugsh-script".to_owned()).stack_size(STACK_BYTES);
        let failed = |why: String| format!("no script can be started: {why}");
        builder.spawn(body).map_err(|error| failed(error.to_string()))?;
        let interrupter = started.recv().map_err(|error| failed(error.to_string()))?;
        Ok(Script { interrupter })
    }

    /// Ends what runs. Jobs of others stay.
    pub fn end(&self) {
        self.interrupter.interrupt();
    }
}

/// Runs the file and the lines, waits for their jobs, and gives the exit code.
fn run(session: &mut Session, arguments: &LaunchArguments) -> u8 {
    let result = run_texts(session, arguments).and_then(|()| match session.exit_code() {
        Some(_) => Ok(()),
        None => session.finish_jobs(),
    });
    session.show_notices();
    match result {
        Ok(()) => session.exit_code().unwrap_or(0),
        Err(error) => {
            session.show_error(&error);
            error.code()
        }
    }
}

fn run_texts(session: &mut Session, arguments: &LaunchArguments) -> Result<(), ShellError> {
    let words: Arc<[Vec<u8>]> = arguments.args.iter().map(|word| word.clone().into_bytes()).collect();
    if let Some(program) = &arguments.program {
        let file: PathBuf = std::path::absolute(program).unwrap_or_else(|_| program.clone());
        let text = session.read_file(&file, SCRIPT_BYTES_MAX)?;
        let place = ScriptPlace::of(Some(&file), Arc::clone(&words));
        session.at_place(place, |session| session.run_text(&program.display().to_string(), &text, 1))?;
    }
    match &arguments.lines {
        Some(lines) if session.exit_code().is_none() => {
            let place = ScriptPlace::of(None, words);
            session.at_place(place, |session| session.run_text("lines", lines.text().as_bytes(), 1))
        }
        _ => Ok(()),
    }
}

/// A front whose person looks at the client's console.
struct OutletFront(Outlet);

impl Front for OutletFront {
    fn show(&mut self, reply: &Reply) -> io::Result<()> {
        self.0.output(Stream::Output, &String::from_utf8_lossy(&plain::bytes(reply)));
        if self.0.is_open() { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }

    fn notice(&mut self, line: &Line) {
        self.0.output(Stream::Errors, &format!("{line}\n"));
    }

    fn program_streams(&mut self) -> ProgramStreams {
        let writer = |stream| -> Option<crate::shell::child_output::Writer> {
            Some(Box::new(OutletWriter { outlet: self.0.clone(), stream, kept: Vec::new() }))
        };
        ProgramStreams { output: writer(Stream::Output), errors: writer(Stream::Errors), no_input: true }
    }

    fn owns_process(&self) -> bool {
        false
    }
}

/// The output of programs of the system. A character that comes in two parts waits for its end.
struct OutletWriter {
    outlet: Outlet,
    stream: Stream,
    /// The beginning of a character, at most three bytes.
    kept: Vec<u8>,
}

impl io::Write for OutletWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.kept.extend_from_slice(bytes);
        let cut = match std::str::from_utf8(&self.kept) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.kept.len(),
        };
        let rest = self.kept.split_off(cut);
        let whole = std::mem::replace(&mut self.kept, rest);
        self.outlet.output(self.stream, &String::from_utf8_lossy(&whole));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.kept);
        self.outlet.output(self.stream, &String::from_utf8_lossy(&rest));
        Ok(())
    }
}
