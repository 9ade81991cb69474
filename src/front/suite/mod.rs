//! `plugsh test`: runs files in parallel, each within a time limit, and reports their results in the order given.
//! `results` words them, `junit` writes the report, `progress` says at a terminal which file is waited for. Lines of
//! plugins that ran: `coverage_table` for a terminal, `lcov` for other tools.

mod coverage_table;
mod junit;
mod lcov;
mod progress;
mod results;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::console::{Color, save_picture};
use super::signals;
use crate::kernel::Kernel;
use crate::runtime::Coverage;
use crate::shell::suite::{FileRun, FileSetup, run_file};
use crate::shell::units::{parse_duration, show_duration};
use crate::shell::{Interrupter, SessionOptions, ShellError};
use progress::Progress;

/// The time that a file may take where `--timeout` does not say.
pub const TIMEOUT_DEFAULT: &str = "2m";
/// Bounds of the interval at which files are looked at. One past its time is interrupted again: a command may have
/// begun in between.
const LOOK_EVERY_MIN: Duration = Duration::from_millis(50);
const LOOK_EVERY_MAX: Duration = Duration::from_secs(1);

/// The arguments of `plugsh test`.
#[derive(Debug)]
pub struct Suite {
    pub files: Vec<PathBuf>,
    /// The file for a JUnit report.
    pub junit: Option<PathBuf>,
    /// The lines of plugins that run, and the file for a report of them.
    pub coverage: Option<(Arc<Coverage>, PathBuf)>,
    /// Files that run in parallel; `None`: the number of processors.
    pub jobs: Option<usize>,
    pub timeout: FileTimeout,
    /// Rewrite failed expectations.
    pub update: bool,
    /// Print a line of JSON for each file.
    pub json: bool,
    pub color: Color,
    /// Set in each file's shell before its first line.
    pub variables: Vec<(String, String)>,
    pub options: SessionOptions,
}

/// The time that a file may take; `None`: any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileTimeout(pub Option<Duration>);

impl FileTimeout {
    /// Reads a duration; `none` and 0 are none.
    ///
    /// # Errors
    /// One line, for what is no duration.
    pub fn parse(text: &str) -> Result<FileTimeout, String> {
        if text == "none" {
            return Ok(FileTimeout(None));
        }
        parse_duration(text).map(|timeout| FileTimeout(Some(timeout).filter(|timeout| !timeout.is_zero())))
    }
}

/// Makes a kernel for one file.
pub type MakeKernel<'a> = &'a (dyn Fn() -> Result<Arc<Kernel>, ShellError> + Sync);

/// Runs the files; returns the exit code, 1 if any failed.
///
/// # Errors
/// A file cannot be read or the report cannot be written. A failed expectation is no error, but exit code 1.
pub fn run(make_kernel: MakeKernel<'_>, suite: &Suite) -> Result<u8, ShellError> {
    let started = Instant::now();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = suite.jobs.unwrap_or(processors).clamp(1, suite.files.len().max(1));
    let (next, (sender, receiver)) = (AtomicUsize::new(0), mpsc::channel());
    let in_progress = Arc::new(RunningFiles::default());
    let interrupted = Arc::clone(&in_progress);
    signals::on_interrupt(move || interrupted.interrupt())
        .map_err(|error| ShellError::failed(format!("cannot listen for Ctrl-C: {error}")))?;
    let runs = std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, next, in_progress) = (sender.clone(), &next, &in_progress);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(path) = suite.files.get(index).filter(|_| !in_progress.is_stopped()) else { return };
                    let run = run_one(make_kernel, path, suite, &|interrupter| in_progress.begin(index, interrupter));
                    let run = in_progress.end(index, run, suite.timeout);
                    // The receiver is gone: the run was interrupted.
                    if sender.send((index, run)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        receive(&receiver, suite, &in_progress)
    });
    let failed = runs.iter().filter(|run| run.result.is_err()).count();
    if !suite.json {
        let color = suite.color.is_enabled(io::stdout().is_terminal());
        results::show(&[results::total(suite.files.len(), runs.len(), failed, started.elapsed())], color);
    }
    if let Some(path) = &suite.junit {
        junit::write(path, &runs, started.elapsed())?;
    }
    if let Some((coverage, path)) = &suite.coverage {
        let report = coverage.report();
        lcov::write(path, &report)?;
        if !suite.json {
            let color = suite.color.is_enabled(io::stdout().is_terminal());
            results::show(&coverage_table::lines_of(&report), color);
        }
    }
    if in_progress.is_stopped() {
        // Each file's result says what was interrupted.
        return Ok(ShellError::interrupted().code());
    }
    Ok(u8::from(failed > 0))
}

/// Receives the results, shows each once those before it are there, and ends files that take too long.
fn receive(receiver: &Receiver<(usize, FileRun)>, suite: &Suite, in_progress: &RunningFiles) -> Vec<FileRun> {
    let color = suite.color.is_enabled(io::stdout().is_terminal());
    let mut progress = Progress::at_terminal(suite.files.len());
    let mut runs: Vec<Option<FileRun>> = suite.files.iter().map(|_| None).collect();
    let mut shown = 0;
    loop {
        if let Some(path) = suite.files.get(shown) {
            progress.show(shown, &path.display().to_string());
        }
        match receiver.recv_timeout(in_progress.end_overdue(suite.timeout)) {
            Ok((index, run)) => {
                if let Some(place) = runs.get_mut(index) {
                    *place = Some(run);
                }
            }
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => break,
        }
        progress.clear();
        while let Some(run) = runs.get(shown).and_then(Option::as_ref) {
            results::show_run(run, suite.json, color);
            shown += 1;
        }
    }
    progress.clear();
    runs.into_iter().flatten().collect()
}

/// The files that run now, for Ctrl-C and the time limit.
#[derive(Default)]
struct RunningFiles {
    running: Mutex<BTreeMap<usize, Running>>,
    stopped: AtomicBool,
}

/// A file that runs.
struct Running {
    interrupter: Interrupter,
    since: Instant,
    timed_out: bool,
}

impl RunningFiles {
    fn begin(&self, index: usize, interrupter: Interrupter) {
        let mut running = self.running.lock();
        // An interrupt may have come just before.
        if self.is_stopped() {
            interrupter.interrupt();
        }
        running.insert(index, Running { interrupter, since: Instant::now(), timed_out: false });
    }

    /// Ends a file; one that failed after its time was over says so.
    fn end(&self, index: usize, run: FileRun, timeout: FileTimeout) -> FileRun {
        let timed_out = self.running.lock().remove(&index).is_some_and(|running| running.timed_out);
        match (run.result, timeout.0.filter(|_| timed_out)) {
            (Err(error), Some(timeout)) => {
                let why =
                    format!("{error}; the file ran for {}, all that `--timeout` gives it", show_duration(timeout));
                FileRun { result: Err(ShellError { message: why, stderr: Vec::new(), ..error }), ..run }
            }
            (result, _) => FileRun { result, ..run },
        }
    }

    /// Interrupts the files that have run for longer than `timeout`; returns the time until it is to be asked again.
    fn end_overdue(&self, timeout: FileTimeout) -> Duration {
        let Some(timeout) = timeout.0 else { return LOOK_EVERY_MAX };
        let mut next = timeout.clamp(LOOK_EVERY_MIN, LOOK_EVERY_MAX);
        for running in self.running.lock().values_mut() {
            match timeout.checked_sub(running.since.elapsed()).filter(|left| !left.is_zero()) {
                Some(left) => next = next.min(left),
                None => {
                    running.timed_out = true;
                    running.interrupter.interrupt();
                }
            }
        }
        next
    }

    /// Handles Ctrl-C: no further file starts, and running files are interrupted. Returns whether this was done before.
    fn interrupt(&self) -> bool {
        let running = self.running.lock();
        let again = self.stopped.swap(true, Ordering::Relaxed);
        for running in running.values() {
            running.interrupter.interrupt();
        }
        again
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

fn run_one(make_kernel: MakeKernel<'_>, path: &Path, suite: &Suite, begun: &dyn Fn(Interrupter)) -> FileRun {
    match make_kernel() {
        Ok(kernel) => {
            let Suite { options, variables, update, .. } = suite;
            run_file(kernel, path, FileSetup { options, variables, update: *update, picture: save_picture }, begun)
        }
        Err(error) => FileRun {
            name: path.display().to_string(),
            took: Duration::ZERO,
            expectations: 0,
            cases: Vec::new(),
            fuel: None,
            printed: Vec::new(),
            notices: Vec::new(),
            result: Err(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read() {
        assert_eq!(FileTimeout::parse("none"), Ok(FileTimeout(None)));
        assert_eq!(FileTimeout::parse("0"), Ok(FileTimeout(None)));
        assert_eq!(FileTimeout::parse("0s"), Ok(FileTimeout(None)));
        assert_eq!(FileTimeout::parse(TIMEOUT_DEFAULT), Ok(FileTimeout(Some(Duration::from_secs(120)))));
        assert!(FileTimeout::parse("soon").is_err());
    }
}
