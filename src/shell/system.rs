//! Programs of the system: `!COMMAND` and `| !COMMAND`.

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};

use super::reply::{ErrorKind, Reply, ShellError};
use super::session::{CAPTURE_BYTES_MAX, Session, io_cause};
use super::stdin::Stdin;

impl Session {
    /// Runs `text` in the system's shell. `input` is its standard input; without it, the session's own, unless the
    /// script comes from there. Its output goes where the session's output goes.
    pub(super) fn run_system(&mut self, text: &str, input: Option<Vec<u8>>) -> Result<Reply, ShellError> {
        let captured = !self.sinks.is_empty();
        let stdin = match (&input, self.stdin) {
            (Some(_), _) => Stdio::piped(),
            (None, Stdin::Script) => Stdio::null(),
            (None, _) => Stdio::inherit(),
        };
        let stdout = if captured { Stdio::piped() } else { Stdio::inherit() };
        let mut command = Command::new("sh");
        command.arg("-c").arg(text).stdin(stdin).stdout(stdout);
        let mut input = input;
        let mut ran = None;
        self.front.lend_terminal(&mut || ran = Some(command.spawn().and_then(|child| run(child, input.take()))));
        let failed = |cause: &str| ShellError::failed(format!("`!{}`: {cause}", text.trim()));
        let (status, output) = match ran {
            Some(result) => result.map_err(|error| failed(&io_cause(&error)))?,
            None => return Err(failed("was not run")),
        };
        if !status.success() {
            return Err(self.program_failed(text, status, captured));
        }
        Ok(if captured { Reply::Output { bytes: output, raw: false } } else { Reply::Nothing })
    }

    fn program_failed(&self, text: &str, status: ExitStatus, captured: bool) -> ShellError {
        if self.interrupt.is_raised() {
            return ShellError::interrupted();
        }
        let nobody_reads = status.signal() == Some(libc::SIGPIPE) || status.code() == Some(128 + libc::SIGPIPE);
        if nobody_reads && !captured {
            return ShellError::new(ErrorKind::BrokenPipe, "standard output is closed");
        }
        let how = match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit status {code}"),
            (None, Some(signal)) => format!("ended by signal {signal}"),
            (None, None) => "ended".to_owned(),
        };
        ShellError::failed(format!("`!{}`: {how}", text.trim()))
    }
}

/// Feeds a program, reads what it writes (when that is captured), and waits for its end.
fn run(mut child: Child, input: Option<Vec<u8>>) -> io::Result<(ExitStatus, Vec<u8>)> {
    let feeder = child.stdin.take().zip(input).map(|(mut stdin, input)| {
        std::thread::spawn(move || match stdin.write_all(&input) {
            // It may stop reading when it has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        })
    });
    let mut output = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(CAPTURE_BYTES_MAX as u64).read_to_end(&mut output)?;
    }
    let status = child.wait()?;
    if let Some(feeder) = feeder {
        feeder.join().unwrap_or(Ok(()))?;
    }
    Ok((status, output))
}
