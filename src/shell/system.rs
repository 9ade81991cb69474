//! Programs of the system: `!COMMAND` and `| !COMMAND`.

use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::interrupt::Interrupt;
use super::reply::{ErrorKind, Reply, ShellError};
use super::session::{CAPTURE_BYTES_MAX, Session, io_cause};
use super::stdin::Stdin;

/// How often Ctrl-C is looked for while a program runs.
const INTERRUPT_STEP: Duration = Duration::from_millis(20);

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
        if !io::stdin().is_terminal() {
            // Nobody else tells it of Ctrl-C, so it is told with all that it started: see `wait`.
            command.process_group(0);
        }
        let mut input = input;
        let mut ran = None;
        let interrupt = self.interrupt.clone();
        let mut spawn_and_run = || ran = Some(command.spawn().and_then(|child| run(child, input.take(), &interrupt)));
        self.front.lend_terminal(&mut spawn_and_run);
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
fn run(mut child: Child, input: Option<Vec<u8>>, interrupt: &Interrupt) -> io::Result<(ExitStatus, Vec<u8>)> {
    let feeder = child.stdin.take().zip(input).map(|(mut stdin, input)| {
        thread::spawn(move || match stdin.write_all(&input) {
            // It may stop reading when it has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        })
    });
    let reader = child.stdout.take().map(|stdout| {
        thread::spawn(move || {
            let mut output = Vec::new();
            stdout.take(CAPTURE_BYTES_MAX as u64).read_to_end(&mut output).map(|_| output)
        })
    });
    let status = wait(child, interrupt)?;
    let lost = || io::Error::other("a thread that served it gave up");
    let output = reader.map_or(Ok(Vec::new()), |reader| reader.join().map_err(|_| lost())?)?;
    feeder.map_or(Ok(()), |feeder| feeder.join().map_err(|_| lost())?)?;
    Ok((status, output))
}

/// Waits for a program to end. At a terminal Ctrl-C reaches it without us; elsewhere it is handed on, once.
fn wait(mut child: Child, interrupt: &Interrupt) -> io::Result<ExitStatus> {
    let pid = i32::try_from(child.id()).map(Pid::from_raw).map_err(io::Error::other)?;
    let (tell, ended) = mpsc::channel();
    let waiter = thread::spawn(move || {
        let status = child.wait();
        // Who waits for this is there until it comes.
        tell.send(()).ok();
        status
    });
    let mut hand_on = !io::stdin().is_terminal();
    while ended.recv_timeout(INTERRUPT_STEP) == Err(RecvTimeoutError::Timeout) {
        if hand_on && interrupt.is_raised() {
            hand_on = false;
            // It may have ended just now, and that is as good.
            killpg(pid, Signal::SIGINT).ok();
        }
    }
    waiter.join().map_err(|_| io::Error::other("the thread that waited for it gave up"))?
}
