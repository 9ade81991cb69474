//! Programs of the system: `!COMMAND` and `| !COMMAND`.

use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::interrupt::Interrupt;
use super::reply::{ErrorKind, Reply, ShellError};
use super::session::{CAPTURE_BYTES_MAX, Session};
use super::stdin::Stdin;
use crate::leftovers::{Entry, Program};
use crate::text::io_cause;

/// How often Ctrl-C is looked for while a program runs.
const INTERRUPT_STEP: Duration = Duration::from_millis(20);
/// For so long a program may not yet take signals of its own.
const BEGINNING: Duration = Duration::from_millis(500);

impl Session {
    /// Runs `text` in the system's shell. `input` is its standard input; without it, the session's own, unless the
    /// script comes from there. Its output goes where the session's output goes.
    pub(super) fn run_system(&mut self, text: &str, input: Option<Vec<u8>>) -> Result<Reply, ShellError> {
        // It may have come while what feeds the program still ran.
        if self.interrupt.is_raised() {
            return Err(ShellError::interrupted());
        }
        let captured = !self.sinks.is_empty();
        let stdin = match (&input, self.stdin) {
            (Some(_), _) => Stdio::piped(),
            (None, Stdin::Script) => Stdio::null(),
            (None, _) => Stdio::inherit(),
        };
        let stdout = if captured { Stdio::piped() } else { Stdio::inherit() };
        let mut command = Command::new("sh");
        command.arg("-c").arg(text).stdin(stdin).stdout(stdout);
        // Where nobody else tells it of Ctrl-C it is told with all that it started: see `Running::wait`.
        let in_group = !io::stdin().is_terminal();
        if in_group {
            command.process_group(0);
        }
        let mut input = input;
        let mut ran = None;
        let interrupt = self.interrupt.clone();
        let mut spawn_and_run =
            || ran = Some(command.spawn().and_then(|child| run(child, in_group, input.take(), &interrupt)));
        self.front.lend_terminal(&mut spawn_and_run);
        let failed = |cause: &str| ShellError::failed(format!("`!{}`: {cause}", text.trim()));
        let (status, output) = match ran {
            Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => return Err(ShellError::interrupted()),
            Some(result) => result.map_err(|error| failed(&io_cause(&error)))?,
            None => return Err(failed("was not run")),
        };
        if !status.success() {
            return Err(self.program_failed(text, status, captured));
        }
        Ok(if captured { Reply::Output { bytes: output.into(), raw: false } } else { Reply::Nothing })
    }

    fn program_failed(&self, text: &str, status: ExitStatus, captured: bool) -> ShellError {
        // At a terminal Ctrl-C may have reached it before it reached us.
        if self.interrupt.is_raised() || status.signal() == Some(libc::SIGINT) {
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

/// A program that runs.
struct Running {
    /// What becomes of it when a signal ends this program.
    _entry: Entry,
    pid: Pid,
    /// It leads a process group: Ctrl-C is handed on to all of that.
    in_group: bool,
    started: Instant,
}

/// Feeds a program, reads what it writes (when that is captured), and waits for its end. What it started and left behind
/// may keep its pipes open: Ctrl-C ends the wait for that, and, where it can be found, what was left behind.
fn run(
    mut child: Child,
    in_group: bool,
    input: Option<Vec<u8>>,
    interrupt: &Interrupt,
) -> io::Result<(ExitStatus, Vec<u8>)> {
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    let program = if in_group { Program::Group(pid) } else { Program::Alone(pid) };
    let fed = child.stdin.take().zip(input).map(|(mut stdin, input)| {
        apart(move || match stdin.write_all(&input) {
            // It may stop reading when it has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        })
    });
    let read = child.stdout.take().map(|stdout| {
        apart(move || {
            let mut output = Vec::new();
            stdout.take(CAPTURE_BYTES_MAX as u64).read_to_end(&mut output).map(|_| output)
        })
    });
    let running =
        Running { _entry: Entry::program(program), pid: Pid::from_raw(pid), in_group, started: Instant::now() };
    let status = running.wait(&apart(move || child.wait()), interrupt)?;
    let output = read.map_or(Ok(Vec::new()), |read| running.join(&read, interrupt))?;
    fed.map_or(Ok(()), |fed| running.join(&fed, interrupt))?;
    Ok((status, output))
}

fn gave_up() -> io::Error {
    io::Error::other("a thread that served it gave up")
}

/// Runs `work` on a thread of its own, which may be left behind.
fn apart<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Receiver<io::Result<T>> {
    let (sender, receiver) = mpsc::channel();
    // Who has given up does not listen.
    thread::spawn(move || sender.send(work()).ok());
    receiver
}

impl Running {
    /// Waits for the program to end. At a terminal Ctrl-C reaches it without us; elsewhere it is handed on, once.
    fn wait(&self, ended: &Receiver<io::Result<ExitStatus>>, interrupt: &Interrupt) -> io::Result<ExitStatus> {
        let mut handed_on = false;
        loop {
            match ended.recv_timeout(INTERRUPT_STEP) {
                Ok(status) => {
                    if handed_on {
                        // What it left behind did not hear of SIGINT: a shell's background programs ignore it.
                        self.signal(Signal::SIGTERM);
                    }
                    return status;
                }
                Err(RecvTimeoutError::Disconnected) => return Err(gave_up()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if interrupt.is_raised() && !std::mem::replace(&mut handed_on, true) {
                self.signal(Signal::SIGINT);
            }
        }
    }

    /// What a thread comes to that serves the program.
    fn join<T>(&self, thread: &Receiver<io::Result<T>>, interrupt: &Interrupt) -> io::Result<T> {
        loop {
            match thread.recv_timeout(INTERRUPT_STEP) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Disconnected) => return Err(gave_up()),
                Err(RecvTimeoutError::Timeout) if interrupt.is_raised() => {
                    self.signal(Signal::SIGTERM);
                    return Err(io::ErrorKind::Interrupted.into());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn signal(&self, signal: Signal) {
        // It may have ended just now, and that is as good.
        match self.in_group {
            true => drop(killpg(self.pid, signal)),
            // The terminal's own signal is missed by a program that is not quite there yet.
            false if signal == Signal::SIGINT && self.started.elapsed() < BEGINNING => drop(kill(self.pid, signal)),
            false => {}
        }
    }
}
