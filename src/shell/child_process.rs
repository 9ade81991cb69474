//! A running program of the system: its input and output, its stops, its end, and Ctrl-C.
//!
//! It has a process group of its own, so that a signal reaches it with all that it started. At a terminal that group has
//! the foreground while it runs: each Ctrl-C goes either to this program, which hands it on, or to the group, and none is
//! lost between the two.

use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process_group, waitpid};

use super::foreground::Foreground;
use super::interrupt::Interrupt;
use crate::leftovers::Entry;

/// Interval at which a wait for a program checks for Ctrl-C.
const INTERRUPT_STEP: Duration = Duration::from_millis(20);
/// Ctrl-C is repeated during this time: `sh` may receive it just before it starts its program, and then waits for that
/// program all the same.
const STARTUP: Duration = Duration::from_millis(500);

/// Bytes for a program's standard input: owned, or shared with whoever keeps them.
pub type Input = Box<dyn AsRef<[u8]> + Send>;

/// A running program. Dropping the value does not end it.
pub struct ChildProcess {
    /// `None` where the group never has the foreground. Ended before the group is no longer entered.
    probe: Option<InterruptProbe>,
    /// The terminal, from before the program's first instruction until it is waited for.
    foreground: Option<Foreground>,
    /// Ends it when a signal ends this program.
    _entry: Entry,
    group: Pid,
    changes: Receiver<io::Result<WaitStatus>>,
    output: Option<Receiver<io::Result<Vec<u8>>>>,
    input_written: Option<Receiver<io::Result<()>>>,
    at_terminal: bool,
    started: Instant,
    stopped: bool,
    /// Ctrl-C was handed on.
    forwarded: bool,
}

/// A change of a program's state.
pub enum StateChange {
    /// Its end, and what it wrote where that is captured.
    Ended(ExitStatus, Vec<u8>),
    /// Stopped by Ctrl-Z, or by a read from a terminal that is not its own.
    Stopped,
}

impl ChildProcess {
    /// Starts a program, feeds it `input`, and reads what it writes, up to `output_bytes_max`, where `command` pipes that.
    /// `at_terminal`: it has the terminal's foreground while it is waited for.
    pub fn start(
        command: &mut Command,
        input: Option<Input>,
        output_bytes_max: u64,
        at_terminal: bool,
    ) -> io::Result<ChildProcess> {
        // First: a program that stops its group must not stop a probe that is still being started.
        let probe = if at_terminal { Some(InterruptProbe::start()?) } else { None };
        // The program may read, and a key may be typed, as soon as it runs.
        let foreground = probe.as_ref().and_then(|probe| Foreground::give(Pid::from_child(&probe.child)));
        let (mut child, entry) = Entry::program(command, probe.as_ref().map(InterruptProbe::group))?;
        let pid = Pid::from_child(&child);
        let group = probe.as_ref().map_or(pid, |probe| Pid::from_child(&probe.child));
        let input_written = child.stdin.take().zip(input).map(|(mut stdin, input)| {
            spawn_worker(move |sender| {
                let result = match stdin.write_all((*input).as_ref()) {
                    // A program may stop reading before its input ends.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                    result => result,
                };
                drop(stdin);
                sender.send(result).ok();
            })
        });
        let output = child.stdout.take().map(|stdout| {
            spawn_worker(move |sender| {
                let mut output = Vec::new();
                let read = stdout.take(output_bytes_max).read_to_end(&mut output);
                sender.send(read.map(|_| output)).ok();
            })
        });
        let changes = spawn_worker(move |sender| changes_of(pid, sender));
        let started = Instant::now();
        Ok(ChildProcess {
            probe,
            foreground,
            _entry: entry,
            group,
            changes,
            output,
            input_written,
            at_terminal,
            started,
            stopped: false,
            forwarded: false,
        })
    }

    /// Waits until the program ends or stops; one that had stopped goes on.
    pub fn wait(&mut self, interrupt: &Interrupt) -> io::Result<StateChange> {
        let Some(status) = self.wait_for_change(interrupt)? else { return Ok(StateChange::Stopped) };
        if self.forwarded {
            // Background programs of a shell ignore SIGINT: end what the program left behind.
            self.signal(Signal::TERM);
        }
        let output = self.output.take().map(|output| self.join(&output, interrupt)).transpose()?;
        if let Some(input_written) = self.input_written.take() {
            self.join(&input_written, interrupt)?;
        }
        self.resume();
        // Ctrl-C interrupts the command that captures the output, even if the program ignored it.
        if output.is_some() && self.probe.take().is_some_and(InterruptProbe::was_interrupted) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(StateChange::Ended(status, output.unwrap_or_default()))
    }

    /// The program's end; `None`: it has stopped. The terminal is this program's again afterwards.
    fn wait_for_change(&mut self, interrupt: &Interrupt) -> io::Result<Option<ExitStatus>> {
        let given = match self.foreground.take() {
            None if self.at_terminal => Foreground::give(self.group),
            given => given,
        };
        // Continue only what has stopped: SIGCONT would undo a Ctrl-Z that has just come.
        if std::mem::take(&mut self.stopped) {
            self.resume();
        }
        loop {
            match self.changes.recv_timeout(INTERRUPT_STEP) {
                Ok(change) => match WaitEvent::of(change?) {
                    WaitEvent::Ended(status) => return Ok(Some(status)),
                    // The program asked for the terminal before it was given.
                    WaitEvent::WantedTerminal if given.is_some() => self.resume(),
                    // Without a terminal, only whoever stopped the program knows when to continue it.
                    WaitEvent::Stopped | WaitEvent::WantedTerminal if !self.at_terminal => {}
                    WaitEvent::Stopped | WaitEvent::WantedTerminal => {
                        self.stopped = true;
                        return Ok(None);
                    }
                },
                Err(RecvTimeoutError::Disconnected) => return Err(thread_panicked()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let first = interrupt.is_raised() && !std::mem::replace(&mut self.forwarded, true);
            if first || self.started.elapsed() < STARTUP && (self.forwarded || self.saw_interrupt()) {
                self.signal(Signal::INT);
            }
        }
    }

    fn saw_interrupt(&mut self) -> bool {
        self.probe.as_mut().is_some_and(InterruptProbe::saw_interrupt)
    }

    /// The result of a thread that serves the program's pipes. Programs that it left behind may keep them open: Ctrl-C ends
    /// the wait, and those programs.
    fn join<T>(&mut self, thread: &Receiver<io::Result<T>>, interrupt: &Interrupt) -> io::Result<T> {
        loop {
            match thread.recv_timeout(INTERRUPT_STEP) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Disconnected) => return Err(thread_panicked()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if interrupt.is_raised() || self.saw_interrupt() {
                self.signal(Signal::TERM);
                return Err(io::ErrorKind::Interrupted.into());
            }
        }
    }

    /// Sends the group a signal that it hears also while it is stopped.
    fn signal(&self, signal: Signal) {
        // Fails only when the group has ended.
        kill_process_group(self.group, signal).ok();
        self.resume();
    }

    fn resume(&self) {
        kill_process_group(self.group, Signal::CONT).ok();
    }
}

/// A wait status, decoded.
enum WaitEvent {
    Ended(ExitStatus),
    Stopped,
    /// It read from a terminal, or changed it, that was not its own.
    WantedTerminal,
}

impl WaitEvent {
    fn of(status: WaitStatus) -> WaitEvent {
        match status.stopping_signal() {
            None => WaitEvent::Ended(ExitStatus::from_raw(status.as_raw())),
            Some(libc::SIGTTIN | libc::SIGTTOU) => WaitEvent::WantedTerminal,
            Some(_) => WaitEvent::Stopped,
        }
    }
}

/// The leader of a program's group, which does nothing and dies when Ctrl-C comes to the group: it tells of one that the
/// program did not see, as it had just begun or just ended.
struct InterruptProbe {
    child: Child,
}

impl InterruptProbe {
    fn start() -> io::Result<InterruptProbe> {
        let mut command = Command::new("cat");
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // The end of its input, should this program be killed, is its end too.
        command.spawn().map(|child| InterruptProbe { child })
    }

    fn group(&self) -> i32 {
        Pid::from_child(&self.child).as_raw_nonzero().get()
    }

    fn saw_interrupt(&mut self) -> bool {
        let status = self.child.try_wait().ok().flatten();
        status.is_some_and(|status| status.signal() == Some(libc::SIGINT))
    }
}

impl InterruptProbe {
    /// Whether Ctrl-C came to the group before now: a signal on its way is first before the end of the input.
    fn was_interrupted(mut self) -> bool {
        drop(self.child.stdin.take());
        self.child.wait().is_ok_and(|status| status.signal() == Some(libc::SIGINT))
    }
}

impl Drop for InterruptProbe {
    fn drop(&mut self) {
        // Both fail only when it has ended.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn thread_panicked() -> io::Error {
    io::Error::other("a thread that served it gave up")
}

/// Tells of each stop of a child and of its end.
fn changes_of(child: Pid, changes: &Sender<io::Result<WaitStatus>>) {
    loop {
        let change = match waitpid(Some(child), WaitOptions::UNTRACED) {
            Ok(Some((_, status))) => Ok(status),
            Ok(None) | Err(Errno::INTR) => continue,
            Err(error) => Err(error.into()),
        };
        let was_last = !change.as_ref().is_ok_and(|status| status.stopped());
        // Nobody may listen any more; the child is reaped all the same.
        changes.send(change).ok();
        if was_last {
            return;
        }
    }
}

/// Runs `work` on a thread of its own, which may be left behind.
fn spawn_worker<T: Send + 'static>(work: impl FnOnce(&Sender<T>) + Send + 'static) -> Receiver<T> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || work(&sender));
    receiver
}
