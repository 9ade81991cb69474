//! Programs of the system: `!COMMAND` and `| !COMMAND`.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

use super::child_output::OutputUse;
use super::child_process::{Input, Streams};
use super::front::ProgramStreams;
use super::plain;
use super::program::{Program, ProgramEnd};
use super::reply::{ErrorKind, Reply, ShellError};
use super::run_program::run_to_end;
use super::session::{CAPTURE_BYTES_MAX, Session};
use super::stdin::Stdin;
use crate::text::io_cause;

/// The longest variable that is given to a program; Linux takes one of 128 KiB with its name.
const ENVIRONMENT_BYTES_MAX: usize = 100 << 10;

impl Session {
    /// Runs `text` in the system's shell, with a reply as its standard input.
    ///
    /// # Errors
    /// The program cannot be started or fails.
    pub(super) fn run_system_on(&mut self, text: &str, reply: Reply) -> Result<Reply, ShellError> {
        let input: Input = match reply {
            Reply::Output { bytes, .. } => Box::new(bytes),
            reply => Box::new(plain::bytes(&reply).into_owned()),
        };
        self.run_system(text, Some(input))
    }

    /// Runs `text` in the system's shell. `input` is its standard input; without it, the session's own, unless the
    /// script comes from there. Its output goes where the session's output goes, and `$_` keeps it where it does not go
    /// to a terminal.
    ///
    /// # Errors
    /// The program cannot be started or fails.
    pub(super) fn run_system(&mut self, text: &str, input: Option<Input>) -> Result<Reply, ShellError> {
        // Ctrl-C may have come while the calls that feed the program ran.
        if self.interrupt().is_raised() {
            return Err(ShellError::interrupted());
        }
        if let Some(ended) = self.run_elsewhere(text, input.as_ref()) {
            return ended;
        }
        let ProgramStreams { output, errors, no_input } = self.front().program_streams();
        let is_captured = self.is_redirected();
        let output = match is_captured {
            true => Some(OutputUse::Kept(CAPTURE_BYTES_MAX as u64)),
            false => output.map(OutputUse::HandedOn),
        };
        let is_piped = output.is_some();
        let stdin = match (&input, self.stdin()) {
            (Some(_), _) => Stdio::piped(),
            (None, Stdin::Script) => Stdio::null(),
            (None, _) if no_input => Stdio::null(),
            (None, _) => Stdio::inherit(),
        };
        let piped = |is_piped: bool| if is_piped { Stdio::piped() } else { Stdio::inherit() };
        let mut command = Command::new("sh");
        command.arg("-c").arg(text).stdin(stdin).stdout(piped(is_piped)).stderr(piped(errors.is_some()));
        self.give_variables(&mut command);
        let (status, output) = match self.run_to_end(&mut command, Streams { input, output, errors }) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(ShellError::interrupted()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Err(closed()),
            ended => ended.map_err(|error| ShellError::failed(format!("`!{}`: {}", text.trim(), io_cause(&error))))?,
        };
        if !status.success() {
            return Err(self.program_failed(text, status, is_piped));
        }
        if !is_piped {
            return Ok(Reply::Nothing);
        }
        let bytes: Arc<[u8]> = output.into();
        self.set_last_output(Arc::clone(&bytes));
        Ok(if is_captured { Reply::Output { bytes, raw: false } } else { Reply::Nothing })
    }

    /// Gives a program of the system's shell the values that the line seems to name: `$NAME` by the environment, `$1`
    /// and `$@` as that shell's own. A value with a byte 0, or one longer than [`ENVIRONMENT_BYTES_MAX`], cannot be
    /// given and is left out.
    fn give_variables(&self, command: &mut Command) {
        command.arg("plugsh").args(self.scripts().place().arguments().iter().map(|bytes| OsStr::from_bytes(bytes)));
        if let Some(dir) = self.scripts().place().dir() {
            command.env("DIR", &*dir);
        }
        command.envs(self.given_variables().map(|(name, value)| (name, OsStr::from_bytes(value))));
    }

    fn given_variables(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let fits = |value: &[u8]| value.len() <= ENVIRONMENT_BYTES_MAX && !value.contains(&0);
        self.variables().iter().map(|(name, value)| (name.as_str(), &**value)).filter(move |(_, value)| fits(value))
    }

    /// Runs a program to its end under the session's front.
    ///
    /// # Errors
    /// The program cannot be waited for, or its output cannot be read.
    pub(super) fn run_to_end(&mut self, command: &mut Command, streams: Streams) -> io::Result<(ExitStatus, Vec<u8>)> {
        let interrupt = self.interrupt().clone();
        run_to_end(self.front(), &interrupt, command, streams)
    }

    /// Has the front run a program where it runs such: its end and what was kept. `None`: it runs in this process.
    fn run_elsewhere(&mut self, text: &str, input: Option<&Input>) -> Option<Result<Reply, ShellError>> {
        if !self.front().runs_programs() {
            return None;
        }
        let is_captured = self.is_redirected();
        let mut variables: Vec<(String, Vec<u8>)> =
            self.given_variables().map(|(name, value)| (name.to_owned(), value.to_vec())).collect();
        variables
            .extend(self.scripts().place().dir().map(|dir| ("DIR".to_owned(), dir.as_os_str().as_bytes().to_vec())));
        let program = Program {
            text: text.to_owned(),
            arguments: self.scripts().place().arguments().to_vec(),
            variables,
            input: input.map(|input| (**input).as_ref().to_vec()),
            is_captured,
        };
        Some(self.front().run_program(program).and_then(|ProgramEnd { status, output }| {
            let status = ExitStatus::from_raw(status);
            if !status.success() {
                return Err(self.program_failed(text, status, output.is_some()));
            }
            let Some(output) = output else { return Ok(Reply::Nothing) };
            let bytes: Arc<[u8]> = output.into();
            self.set_last_output(Arc::clone(&bytes));
            Ok(if is_captured { Reply::Output { bytes, raw: false } } else { Reply::Nothing })
        }))
    }

    fn program_failed(&self, text: &str, status: ExitStatus, is_piped: bool) -> ShellError {
        // At a terminal Ctrl-C goes to the program alone.
        if self.interrupt().is_raised() || ended_by(status, libc::SIGINT) {
            return ShellError::interrupted();
        }
        if ended_by(status, libc::SIGPIPE) && !is_piped {
            return closed();
        }
        let how = match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit status {code}"),
            (None, Some(signal)) => format!("ended by signal {signal}"),
            (None, None) => "ended".to_owned(),
        };
        ShellError::failed(format!("`!{}`: {how}", text.trim()))
    }
}

/// The error of a program whose output nobody reads.
fn closed() -> ShellError {
    ShellError::new(ErrorKind::BrokenPipe, "standard output is closed")
}

/// Whether a signal ended a program; a shell reports its child's signal as exit status 128 + signal.
fn ended_by(status: ExitStatus, signal: i32) -> bool {
    status.signal() == Some(signal) || status.code() == Some(128 + signal)
}
