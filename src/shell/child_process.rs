//! A child process of the shell: its input and output, its stops, its end, and Ctrl-C.
//!
//! Each child has its own process group, so that a signal also reaches its descendants. At a terminal the group has the
//! foreground while the child runs: Ctrl-C goes to the group, or to the shell, which forwards it to the group.

use std::io::{self, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process_group, waitpid};

use super::child_output::{OutputReader, OutputUse, Writer};
use super::foreground::Foreground;
use super::interrupt::Interrupt;
use crate::leftovers::Entry;

/// Interval at which a wait for a program checks for Ctrl-C.
const INTERRUPT_STEP: Duration = Duration::from_millis(20);
/// Time after the start in which Ctrl-C is sent repeatedly: `sh` ignores one that arrives just before it starts its
/// program.
const STARTUP: Duration = Duration::from_millis(500);
/// Time after Ctrl-C at which a program without a terminal gets SIGTERM, and that again at which it gets SIGKILL:
/// nobody is there to end one that ignores SIGINT.
const GRACE_PERIOD: Duration = Duration::from_secs(2);

/// Bytes for a program's standard input: owned, or shared with whoever keeps them.
pub type Input = Box<dyn AsRef<[u8]> + Send>;

/// The piped streams of a program.
#[derive(Default)]
pub struct Streams {
    pub input: Option<Input>,
    pub output: Option<OutputUse>,
    /// Where the program's errors go.
    pub errors: Option<Writer>,
}

/// A running program. Dropping the value leaves the program running.
pub struct ChildProcess {
    /// The leader of the group; `None` where the group never gets the foreground. Dropped before `_entry`.
    probe: Option<InterruptProbe>,
    /// The terminal's foreground, held from the program's start until the first wait.
    foreground: Option<Foreground>,
    /// Ends the program when a signal ends the shell.
    _entry: Entry,
    group: Pid,
    changes: Receiver<io::Result<WaitStatus>>,
    output: Option<OutputReader>,
    errors: Option<OutputReader>,
    input_written: Option<Receiver<io::Result<()>>>,
    at_terminal: bool,
    started: Instant,
    state: RunState,
    /// Ctrl-C that was forwarded to the group.
    interruption: Option<Interruption>,
}

/// Whether the program continues by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RunState {
    Running,
    /// The program waits for SIGCONT.
    Stopped,
}

/// The signals that a program was sent to end it.
struct Interruption {
    at: Instant,
    /// The last signal of those that follow Ctrl-C.
    last: Option<Signal>,
}

/// A change of a program's state.
pub enum StateChange {
    /// The program's end, and the output that was kept.
    Ended(ExitStatus, Vec<u8>),
    /// A stop by Ctrl-Z, or by a read from a terminal in whose background the program runs.
    Stopped,
}

impl ChildProcess {
    /// Starts a program, writes its input to it and reads its output; `command` pipes those of `streams`.
    /// `at_terminal`: the program has the terminal's foreground during a wait.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start(command: &mut Command, streams: Streams, at_terminal: bool) -> io::Result<ChildProcess> {
        // The probe starts before the program: a program that stops its group could stop a probe that is still
        // starting.
        let probe = if at_terminal { Some(InterruptProbe::start()?) } else { None };
        // The foreground is given before the start: the program may read from the terminal at once.
        let foreground = probe.as_ref().and_then(|probe| Foreground::give(Pid::from_child(&probe.child)));
        let (mut child, entry) = Entry::program(command, probe.as_ref().map(InterruptProbe::group))?;
        let pid = Pid::from_child(&child);
        let group = probe.as_ref().map_or(pid, |probe| Pid::from_child(&probe.child));
        let input_written = child.stdin.take().zip(streams.input).map(|(mut stdin, input)| {
            spawn_worker(move |sender| {
                let result = match stdin.write_all((*input).as_ref()) {
                    // Programs may close their input early.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                    result => result,
                };
                drop(stdin);
                sender.send(result).ok();
            })
        });
        let output = child.stdout.take().zip(streams.output).map(|(stdout, used)| OutputReader::start(stdout, used));
        let errors = child.stderr.take().zip(streams.errors);
        let errors = errors.map(|(stderr, to)| OutputReader::start(stderr, OutputUse::HandedOn(to)));
        let changes = spawn_worker(move |sender| changes_of(pid, sender));
        let started = Instant::now();
        Ok(ChildProcess {
            probe,
            foreground,
            _entry: entry,
            group,
            changes,
            output,
            errors,
            input_written,
            at_terminal,
            started,
            state: RunState::Running,
            interruption: None,
        })
    }

    /// Waits until the program ends or stops; continues a stopped program first.
    ///
    /// # Errors
    /// The program's state cannot be asked for.
    pub fn wait(&mut self, interrupt: &Interrupt) -> io::Result<StateChange> {
        let Some(status) = self.wait_for_change(interrupt)? else { return Ok(StateChange::Stopped) };
        if self.interruption.is_some() {
            // SIGTERM ends the descendants that are left: background programs of a shell ignore SIGINT.
            self.signal(Signal::TERM);
        }
        let readers = (self.output.take(), self.errors.take());
        [&readers.0, &readers.1].into_iter().flatten().for_each(OutputReader::program_ended);
        let is_value = readers.0.as_ref().is_some_and(OutputReader::keeps_all);
        let output = readers.0.map(|output| self.join(output.kept(), interrupt)).transpose()?;
        readers.1.map(|errors| self.join(errors.kept(), interrupt)).transpose()?;
        if let Some(input_written) = self.input_written.take() {
            self.join(&input_written, interrupt)?;
        }
        self.resume();
        // Ctrl-C interrupts the command that captures the output, even if the program ignored it.
        if is_value && self.probe.take().is_some_and(InterruptProbe::was_interrupted) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(StateChange::Ended(status, output.unwrap_or_default()))
    }

    /// The program's exit status; `None`: it has stopped. The shell has the terminal again afterwards.
    fn wait_for_change(&mut self, interrupt: &Interrupt) -> io::Result<Option<ExitStatus>> {
        let given = match self.foreground.take() {
            None if self.at_terminal => Foreground::give(self.group),
            given => given,
        };
        // Only a stopped program is continued: SIGCONT would undo a new Ctrl-Z.
        if std::mem::replace(&mut self.state, RunState::Running) == RunState::Stopped {
            self.resume();
        }
        loop {
            match self.changes.recv_timeout(INTERRUPT_STEP) {
                Ok(change) => match WaitEvent::of(change?) {
                    WaitEvent::Ended(status) => return Ok(Some(status)),
                    // The program wanted the terminal before it had the foreground.
                    WaitEvent::WantedTerminal if given.is_some() => self.resume(),
                    // Without a terminal, whoever stopped the program has to continue it.
                    WaitEvent::Stopped | WaitEvent::WantedTerminal if !self.at_terminal => {}
                    WaitEvent::Stopped | WaitEvent::WantedTerminal => {
                        self.state = RunState::Stopped;
                        return Ok(None);
                    }
                },
                Err(RecvTimeoutError::Disconnected) => return Err(thread_panicked()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let first = interrupt.is_raised() && self.interruption.is_none();
            if first {
                self.interruption = Some(Interruption { at: Instant::now(), last: None });
            }
            if first || self.started.elapsed() < STARTUP && (self.interruption.is_some() || self.saw_interrupt()) {
                self.signal(Signal::INT);
            }
            self.escalate();
        }
    }

    /// Ends a program without a terminal that goes on after Ctrl-C.
    fn escalate(&mut self) {
        let Some(interruption) = self.interruption.as_mut().filter(|_| !self.at_terminal) else { return };
        let signal = match interruption.at.elapsed() {
            early if early < GRACE_PERIOD => return,
            late if late < 2 * GRACE_PERIOD => Signal::TERM,
            _ => Signal::KILL,
        };
        if interruption.last.replace(signal) != Some(signal) {
            self.signal(signal);
        }
    }

    fn saw_interrupt(&mut self) -> bool {
        self.probe.as_mut().is_some_and(InterruptProbe::saw_interrupt)
    }

    /// The result of a worker thread of the program's pipes. Descendants of the program may keep a pipe open: Ctrl-C
    /// ends them and the wait.
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

    /// Sends a signal to the group, and continues the group: a stopped process handles signals only then.
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
    /// Stopped by a read from a terminal, or a change of it, without the foreground.
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

/// An idle process that leads a program's group. Ctrl-C kills it: its exit status shows a Ctrl-C that came just before
/// the program started or just after it ended.
struct InterruptProbe {
    child: Child,
}

impl InterruptProbe {
    fn start() -> io::Result<InterruptProbe> {
        let mut command = Command::new("cat");
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // `cat` ends with its input, also when the shell is killed.
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
    /// Whether Ctrl-C has reached the group: a pending signal takes effect before the end of the input.
    fn was_interrupted(mut self) -> bool {
        drop(self.child.stdin.take());
        self.child.wait().is_ok_and(|status| status.signal() == Some(libc::SIGINT))
    }
}

impl Drop for InterruptProbe {
    fn drop(&mut self) {
        // A kill and a wait fail only when the probe has ended.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn thread_panicked() -> io::Error {
    io::Error::other("a thread that served it gave up")
}

/// Sends each stop of a child, and its end, to `changes`.
fn changes_of(child: Pid, changes: &Sender<io::Result<WaitStatus>>) {
    loop {
        let change = match waitpid(Some(child), WaitOptions::UNTRACED) {
            Ok(Some((_, status))) => Ok(status),
            Ok(None) | Err(Errno::INTR) => continue,
            Err(error) => Err(error.into()),
        };
        let was_last = !change.as_ref().is_ok_and(|status| status.stopped());
        // The child is reaped even when the receiver is gone.
        changes.send(change).ok();
        if was_last {
            return;
        }
    }
}

/// Runs `work` on a detached thread.
fn spawn_worker<T: Send + 'static>(work: impl FnOnce(&Sender<T>) + Send + 'static) -> Receiver<T> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || work(&sender));
    receiver
}
