//! One shell's state: variables, the last output and code, where output goes, what standard input is for. How a
//! statement is run is in `run`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufReader;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::command::definition::CommandTable;
use super::front::Front;
use super::interrupt::{Interrupt, Interrupter};
use super::patient::Patient;
use super::plain;
use super::recording::{CallFile, Entry};
use super::redirect::FileSink;
use super::reply::{ErrorKind, Line, Reply, Role, ShellError};
use super::stdin::Stdin;
use crate::journal::Outcome;
use crate::kernel::{CallError, JobEnd, JobId, Kernel};
use crate::runtime::LogLevel;
use crate::text::io_cause;

/// Captured output (`$(...)`, `| !COMMAND`) is kept up to this size.
pub const CAPTURE_BYTES_MAX: usize = 1 << 30;
/// The most variables a session keeps.
pub const VARIABLES_MAX: usize = 10_000;
/// A script that sources itself ends here.
pub const SOURCE_DEPTH_MAX: usize = 32;

/// How a session behaves; the command line decides it.
#[derive(Debug, Clone, Default)]
pub struct SessionOptions {
    /// Listing commands answer in JSON.
    pub json: bool,
    /// A failed line does not end a script.
    pub keep_going: bool,
    /// A script's lines are shown before they run.
    pub echo: bool,
    /// A person is at the prompt: an error does not end the session.
    pub interactive: bool,
    /// What plugins log at this level and above is told while a call is waited for.
    pub logs_shown: Option<LogLevel>,
}

/// The most failures of jobs that are remembered as told.
const TOLD_FAILURES_MAX: usize = 1_000;

/// One shell.
pub struct Session {
    pub kernel: Arc<Kernel>,
    /// The commands that it knows.
    pub table: CommandTable<Session>,
    pub options: SessionOptions,
    pub interrupt: Interrupt,
    pub(super) variables: BTreeMap<String, Arc<[u8]>>,
    /// `$_`; nothing before a call has succeeded.
    pub(super) last_output: Option<Arc<[u8]>>,
    /// `$?`.
    pub(super) last_code: u8,
    pub(super) stdin: Stdin,
    pub(super) front: Box<dyn Front>,
    /// Where output goes instead of the front, innermost last.
    pub(super) sinks: Vec<Sink>,
    /// Background jobs whose failure a notice has told, at most [`TOLD_FAILURES_MAX`].
    told_failures: BTreeSet<JobId>,
    pub(super) source_depth: usize,
    /// It works for another session's call: notices and held jobs are that one's.
    pub(super) helper: bool,
    /// Jobs that stand at breakpoints.
    pub(super) holds: Holds,
    /// The file that calls are written to, between `record FILE` and `record off`.
    pub(super) recording: Option<Arc<CallFile>>,
    /// What expectations would have to say, where they are to be rewritten instead of failing.
    pub(super) rewrites: Option<Vec<Rewrite>>,
    /// The last line of the log that was told.
    pub(super) logs_shown_seq: u64,
    exit: Option<u8>,
}

/// What a job that the prompt left is finished with, once it has ended.
pub type Continuation = Box<dyn FnOnce(&mut Session, &JobEnd) -> Result<Reply, ShellError>>;

/// What a session keeps of held jobs.
#[derive(Default)]
pub struct Holds {
    /// Foreground jobs that the prompt left at a breakpoint: what they are to be finished with.
    pub(super) left: BTreeMap<JobId, Continuation>,
    /// The hold of each job whose breakpoint's commands have run.
    pub(super) served: BTreeMap<JobId, u64>,
    /// A breakpoint's commands run now: letting a job go on does not wait for it.
    pub(super) serving: bool,
    /// What can be done with a held job was said.
    pub(super) told: bool,
}

/// What one expectation would have to say to hold: its last word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rewrite {
    /// Bytes, as INPUT.
    Bytes(Vec<u8>),
    /// A word as it is typed.
    Word(String),
}

/// Where output goes in place of the front.
pub enum Sink {
    /// The plain form, in memory.
    Memory(Vec<u8>),
    /// The plain form, in a file.
    File(FileSink),
    /// As it is.
    Replies(Vec<Reply>),
}

impl Session {
    /// A session on a kernel, with commands, under a front.
    pub fn new(
        kernel: Arc<Kernel>,
        table: CommandTable<Session>,
        front: Box<dyn Front>,
        options: SessionOptions,
        stdin: Stdin,
    ) -> Session {
        Session {
            kernel,
            table,
            options,
            interrupt: Interrupt::default(),
            variables: BTreeMap::new(),
            last_output: None,
            last_code: 0,
            stdin,
            front,
            sinks: Vec::new(),
            told_failures: BTreeSet::new(),
            source_depth: 0,
            helper: false,
            holds: Holds::default(),
            recording: None,
            rewrites: None,
            logs_shown_seq: 0,
            exit: None,
        }
    }

    /// What the thread that hears of Ctrl-C needs.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter { kernel: Arc::clone(&self.kernel), interrupt: self.interrupt.clone() }
    }

    pub fn front(&mut self) -> &mut dyn Front {
        self.front.as_mut()
    }

    /// Sets `$NAME`.
    pub fn set(&mut self, name: &str, value: impl Into<Arc<[u8]>>) -> Result<(), ShellError> {
        if !super::line::is_variable_name(name) || name == "_" {
            return Err(ShellError::usage(format!(
                "`{name}` is no name for a variable; write letters, digits and `_`, no digit first"
            )));
        }
        if self.variables.len() >= VARIABLES_MAX && !self.variables.contains_key(name) {
            return Err(ShellError::failed(format!("no room for `${name}`: {VARIABLES_MAX} variables are set")));
        }
        self.variables.insert(name.to_owned(), value.into());
        Ok(())
    }

    /// Forgets `$NAME`; false when it was not set.
    pub fn unset(&mut self, name: &str) -> bool {
        self.variables.remove(name).is_some()
    }

    /// All variables by name.
    pub fn variables(&self) -> &BTreeMap<String, Arc<[u8]>> {
        &self.variables
    }

    /// `$?`: 0, or the code that the last failure would exit with.
    pub fn last_code(&self) -> u8 {
        self.last_code
    }

    /// A line failed that was no statement.
    pub fn failed_with(&mut self, code: u8) {
        self.last_code = code;
    }

    /// Ends the session after the present statement.
    pub fn exit(&mut self, code: u8) {
        self.exit = Some(code);
    }

    /// The code of `exit`, once it was given.
    pub fn exit_code(&self) -> Option<u8> {
        self.exit
    }

    /// Takes the exit back: jobs still run, and a person was warned.
    pub fn stay(&mut self) {
        self.exit = None;
    }

    /// Hands a part of the output on while a command still runs.
    pub fn emit(&mut self, reply: &Reply) -> Result<(), ShellError> {
        match self.sinks.last_mut() {
            None => self.front.show(reply).map_err(|error| output_error(&error)),
            Some(Sink::Replies(replies)) => {
                replies.push(reply.clone());
                Ok(())
            }
            Some(Sink::File(file)) => file.write(&plain::bytes(reply), &|| self.interrupt.is_raised()),
            Some(Sink::Memory(bytes)) => {
                let more = plain::bytes(reply);
                if bytes.len() + more.len() > CAPTURE_BYTES_MAX {
                    return Err(ShellError::failed(format!("output of more than {CAPTURE_BYTES_MAX} bytes")));
                }
                bytes.extend_from_slice(&more);
                Ok(())
            }
        }
    }

    /// Runs `work` with its output going to `sink`, and gives the sink back.
    pub fn with_sink<T>(
        &mut self,
        sink: Sink,
        work: impl FnOnce(&mut Session) -> Result<T, ShellError>,
    ) -> (Result<T, ShellError>, Option<Sink>) {
        self.sinks.push(sink);
        let result = work(self);
        (result, self.sinks.pop())
    }

    /// One line for the person, on standard error.
    pub fn notice(&mut self, line: impl Into<Line>) {
        self.front.notice(&line.into());
    }

    /// Hands the kernel's notices on.
    pub fn show_notices(&mut self) {
        if self.helper {
            return;
        }
        for notice in self.kernel.take_notices() {
            self.show_notice(notice);
        }
        self.serve_background_holds();
    }

    /// The error of a background job that failed. Its notice has told it already, and the error names the job only; or it
    /// has not yet, and then never does.
    pub(super) fn failure_of(&mut self, job: JobId, error: CallError) -> ShellError {
        let error = self.call_error(error);
        if self.told_failures.remove(&job) {
            return ShellError { message: format!("%{job} failed"), ..error };
        }
        if !self.helper {
            let notices = self.kernel.take_notices();
            for notice in notices.into_iter().filter(|notice| failed_job(notice) != Some(job)) {
                self.show_notice(notice);
            }
        }
        error
    }

    fn show_notice(&mut self, notice: String) {
        if let Some(job) = failed_job(&notice) {
            self.told_failures.insert(job);
            if self.told_failures.len() > TOLD_FAILURES_MAX {
                self.told_failures.pop_first();
            }
        }
        self.front.notice(&Line::new().with(Role::Dim, notice));
    }

    /// Waits for `at_most`, or until Ctrl-C: then an error.
    pub fn pause(&self, at_most: Duration) -> Result<(), ShellError> {
        if self.interrupt.wait(at_most) { Err(ShellError::interrupted()) } else { Ok(()) }
    }

    /// A kernel's error as the shell's.
    pub fn call_error(&self, error: CallError) -> ShellError {
        let kind = match error.outcome {
            Outcome::Timeout => ErrorKind::Timeout,
            _ if self.interrupt.is_raised() => ErrorKind::Interrupted,
            _ => ErrorKind::Failed,
        };
        ShellError::new(kind, error.with_reason())
    }

    /// Writes what was done to processes or stubs into the recording, where one runs.
    pub(super) fn record(&self, entry: impl FnOnce() -> Entry) {
        if let Some(file) = &self.recording {
            file.write(&entry());
        }
    }

    /// Whether `--json` holds: asked for here, or the session's default.
    pub fn wants_json(&self, asked: bool) -> bool {
        asked || self.options.json
    }

    /// Runs lines as they come in by standard input. Ctrl-C ends the wait for the next one.
    pub fn run_standard_input(&mut self) -> Result<(), ShellError> {
        self.stdin = Stdin::Script;
        let (stdin, interrupt) = (std::io::stdin(), self.interrupt.clone());
        let give_up = || interrupt.is_raised();
        let mut lines = BufReader::new(Patient::new(stdin.as_fd(), &give_up));
        self.run_incoming("stdin", &mut lines)
    }

    /// Reads a file in whole, of `bytes_max` at most; the error names it and says why. Ctrl-C ends a wait for its bytes.
    pub fn read_file(&self, path: impl AsRef<Path>, bytes_max: u64) -> Result<Vec<u8>, ShellError> {
        super::stdin::read_file(path.as_ref(), bytes_max, &|| self.interrupt.is_raised())
    }
}

/// The job whose failure a notice of the kernel's tells: `%2 failed after 3ms: ...`.
fn failed_job(notice: &str) -> Option<JobId> {
    let (job, _) = notice.strip_prefix('%')?.split_once(" failed after ")?;
    job.parse().ok()
}

/// An error of writing to standard output.
pub(super) fn output_error(error: &std::io::Error) -> ShellError {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => ShellError::new(ErrorKind::BrokenPipe, "standard output is closed"),
        _ => ShellError::failed(format!("standard output: {}", io_cause(error))),
    }
}
