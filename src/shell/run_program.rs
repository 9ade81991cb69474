//! The run of a program of the system, under a front that may lend it the terminal.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

use super::child_output::OutputUse;
use super::child_process::{ChildProcess, Input, StateChange, Streams};
use super::front::{Front, Loan, ProgramStreams};
use super::interrupt::Interrupt;
use super::program::{CARRIED_BYTES_MAX, Program, ProgramEnd};

/// Runs the program under a front, to its end.
///
/// # Errors
/// It cannot be started or waited for, or its output cannot be read.
pub fn run(program: Program, front: &mut dyn Front, interrupt: &Interrupt) -> io::Result<ProgramEnd> {
    let ProgramStreams { output, errors, .. } = front.program_streams();
    let output = match program.is_captured {
        true => Some(OutputUse::Kept(CARRIED_BYTES_MAX as u64)),
        false => output.map(OutputUse::HandedOn),
    };
    let is_piped = output.is_some();
    let piped = |is_piped: bool| if is_piped { Stdio::piped() } else { Stdio::inherit() };
    let mut command = Command::new("sh");
    command.arg("-c").arg(&program.text).arg("plugsh");
    command.args(program.arguments.iter().map(|bytes| OsStr::from_bytes(bytes)));
    command.envs(program.variables.iter().map(|(name, value)| (name, OsStr::from_bytes(value))));
    command.stdin(piped(program.input.is_some())).stdout(piped(is_piped)).stderr(piped(errors.is_some()));
    let input = program.input.map(|bytes| Box::new(bytes) as Input);
    let (status, mut output) = run_to_end(front, interrupt, &mut command, Streams { input, output, errors })?;
    output.truncate(CARRIED_BYTES_MAX);
    Ok(ProgramEnd { status: status.into_raw(), output: is_piped.then_some(output) })
}

/// Runs a program to its end. One that stops at a terminal stops this program with it, and goes on with it.
///
/// # Errors
/// The program cannot be waited for, or its output cannot be read.
pub fn run_to_end(
    front: &mut dyn Front,
    interrupt: &Interrupt,
    command: &mut Command,
    streams: Streams,
) -> io::Result<(ExitStatus, Vec<u8>)> {
    let at_terminal = front.has_terminal();
    let (mut child, mut streams) = (None, Some(streams));
    let mut end = Err(io::Error::other("was not run"));
    front.lend_terminal(&mut || {
        let change = match &mut child {
            Some(child) => ChildProcess::wait(child, interrupt),
            None => ChildProcess::start(command, streams.take().unwrap_or_default(), at_terminal)
                .and_then(|started| child.insert(started).wait(interrupt)),
        };
        end = match change {
            Ok(StateChange::Stopped) => return Loan::Stopped,
            Ok(StateChange::Ended(status, output)) => Ok((status, output)),
            Err(error) => Err(error),
        };
        Loan::Over
    });
    end
}
