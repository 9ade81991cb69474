//! `plugsh test`: runs files in parallel, prints a line a file in the order given, differences and a count, and writes
//! a JUnit report.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

use super::console::Color;
use super::print::to_ansi;
use super::signals;
use crate::json::as_us;
use crate::kernel::Kernel;
use crate::shell::reply::{Line, Role};
use crate::shell::suite::{FileRun, run_file};
use crate::shell::units::show_duration;
use crate::shell::{Interrupter, SessionOptions, ShellError};
use crate::text::counted;

/// The arguments of `plugsh test`.
#[derive(Debug)]
pub struct Suite {
    pub files: Vec<PathBuf>,
    /// The file for a JUnit report.
    pub junit: Option<PathBuf>,
    /// Files that run in parallel; `None`: the number of processors.
    pub jobs: Option<usize>,
    /// Rewrite failed expectations.
    pub update: bool,
    /// Print a line of JSON for each file.
    pub json: bool,
    pub color: Color,
    /// Set in each file's shell before its first line.
    pub variables: Vec<(String, String)>,
    pub options: SessionOptions,
}

/// Makes a kernel for one file.
pub type MakeKernel<'a> = &'a (dyn Fn() -> Result<Arc<Kernel>, ShellError> + Sync);

/// Runs the files; returns the exit code, 1 if any failed.
pub fn run(make_kernel: MakeKernel<'_>, suite: &Suite) -> Result<u8, ShellError> {
    let started = Instant::now();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = suite.jobs.unwrap_or(processors).clamp(1, suite.files.len().max(1));
    let color = suite.color.is_enabled(io::stdout().is_terminal());
    let (next, (sender, receiver)) = (AtomicUsize::new(0), mpsc::channel());
    let in_progress = Arc::new(InProgress::default());
    let interrupted = Arc::clone(&in_progress);
    signals::on_interrupt(move || interrupted.interrupt())
        .map_err(|error| ShellError::failed(format!("cannot listen for Ctrl-C: {error}")))?;
    let mut runs: Vec<Option<FileRun>> = suite.files.iter().map(|_| None).collect();
    let mut shown = 0;
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, next, in_progress) = (sender.clone(), &next, &in_progress);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(path) = suite.files.get(index).filter(|_| !in_progress.is_stopped()) else { return };
                    let run = run_one(make_kernel, path, suite, &|interrupter| in_progress.begin(index, interrupter));
                    in_progress.end(index);
                    // The receiver is gone: the run was interrupted.
                    if sender.send((index, run)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (index, run) in receiver {
            if let Some(place) = runs.get_mut(index) {
                *place = Some(run);
            }
            while let Some(run) = runs.get(shown).and_then(Option::as_ref) {
                match suite.json {
                    true => write(&format!("{}\n", json_of(run))),
                    false => show(&lines_of(run), color),
                }
                shown += 1;
            }
        }
    });
    let runs: Vec<FileRun> = runs.into_iter().flatten().collect();
    let failed = runs.iter().filter(|run| run.result.is_err()).count();
    if !suite.json {
        show(&[total(suite.files.len(), runs.len(), failed, started.elapsed())], color);
    }
    if let Some(path) = &suite.junit {
        write_junit(path, &runs, started.elapsed())?;
    }
    if in_progress.is_stopped() {
        // Each file's result says what was interrupted.
        return Ok(ShellError::interrupted().code());
    }
    Ok(u8::from(failed > 0))
}

/// The files that run now, for Ctrl-C.
#[derive(Default)]
struct InProgress {
    running: Mutex<BTreeMap<usize, Interrupter>>,
    stopped: AtomicBool,
}

impl InProgress {
    fn begin(&self, index: usize, interrupter: Interrupter) {
        let mut running = self.running.lock();
        // An interrupt may have come just before.
        if self.is_stopped() {
            interrupter.interrupt();
        }
        running.insert(index, interrupter);
    }

    fn end(&self, index: usize) {
        self.running.lock().remove(&index);
    }

    /// Handles Ctrl-C: no further file starts, and running files are interrupted. Returns whether this was done before.
    fn interrupt(&self) -> bool {
        let running = self.running.lock();
        let again = self.stopped.swap(true, Ordering::Relaxed);
        for interrupter in running.values() {
            interrupter.interrupt();
        }
        again
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

fn run_one(make_kernel: MakeKernel<'_>, path: &Path, suite: &Suite, begun: &dyn Fn(Interrupter)) -> FileRun {
    match make_kernel() {
        Ok(kernel) => run_file(kernel, path, suite.options.clone(), &suite.variables, suite.update, begun),
        Err(error) => FileRun {
            name: path.display().to_string(),
            took: Duration::ZERO,
            expectations: 0,
            printed: Vec::new(),
            notices: Vec::new(),
            result: Err(error),
        },
    }
}

/// A file's line, and below it the error and the differences.
fn lines_of(run: &FileRun) -> Vec<Line> {
    let took = format!("  {}", show_duration(run.took));
    let title = |role, word: &str| Line::new().with(role, word).plain(format!("  {}", run.name));
    match &run.result {
        Ok(0) if run.expectations == 0 => {
            vec![title(Role::Warn, "ok    ").with(Role::Dim, took).with(Role::Warn, "  no expectation in it")]
        }
        Ok(0) => vec![title(Role::Good, "ok    ").with(Role::Dim, took)],
        Ok(count) => {
            let rewritten = counted(*count as u64, "expectation");
            vec![title(Role::Warn, "ok    ").with(Role::Dim, took).plain(format!("  {rewritten} rewritten"))]
        }
        Err(error) => {
            let mut lines = vec![title(Role::Bad, "FAILED").with(Role::Dim, took)];
            let indented = |line: &Line| {
                let mut indented = Line::from("  ");
                indented.spans.extend(line.spans.iter().cloned());
                indented
            };
            lines.extend(run.notices.iter().map(indented));
            if !error.is_shown() {
                lines.push(Line::from("  ").with(Role::Bad, error.to_string()));
            }
            lines
        }
    }
}

/// A file's line of JSON.
#[derive(Serialize)]
struct FileRow<'a> {
    file: &'a str,
    outcome: &'static str,
    #[serde(rename = "duration_us", serialize_with = "as_us")]
    took: Duration,
    expectations: u64,
    /// How many expectations were rewritten.
    rewritten: Option<&'a usize>,
    error: Option<String>,
    notices: Vec<String>,
}

fn json_of(run: &FileRun) -> String {
    let row = FileRow {
        file: &run.name,
        outcome: if run.result.is_ok() { "ok" } else { "failed" },
        took: run.took,
        expectations: run.expectations,
        rewritten: run.result.as_ref().ok(),
        error: message_of(run),
        notices: run.notices.iter().map(Line::to_string).collect(),
    };
    serde_json::to_string(&row).unwrap_or_default()
}

/// Why a file failed: its error, or its last notice if the error was shown.
fn message_of(run: &FileRun) -> Option<String> {
    let error = run.result.as_ref().err()?;
    let last = run.notices.last().map(Line::to_string).unwrap_or_default();
    Some(if error.is_shown() { last } else { error.to_string() })
}

fn total(files: usize, run: usize, failed: usize, took: Duration) -> Line {
    let passed = run - failed.min(run);
    let role = if failed > 0 { Role::Bad } else { Role::Good };
    let line = Line::new().plain(format!("{passed} passed, ")).with(role, format!("{failed} failed"));
    let line = match files - run.min(files) {
        0 => line,
        not_run => line.plain(", ").with(Role::Warn, format!("{not_run} not run")),
    };
    line.with(Role::Dim, format!("  {}", show_duration(took)))
}

fn show(lines: &[Line], color: bool) {
    write(&lines.iter().map(|line| format!("{}\n", to_ansi(line, color))).collect::<String>());
}

fn write(text: &str) {
    // A closed standard output is ignored: the exit code still tells the result.
    io::stdout().lock().write_all(text.as_bytes()).ok();
}

/// Writes the JUnit report: one suite with a case for each file.
fn write_junit(path: &Path, runs: &[FileRun], took: Duration) -> Result<(), ShellError> {
    let mut suite = TestSuite::new("plugsh");
    suite.set_time(took);
    suite.add_test_cases(runs.iter().map(case_of));
    let mut report = Report::new("plugsh");
    report.set_time(took).add_test_suite(suite);
    let named = |why: String| ShellError::failed(format!("`{}`: {why}", path.display()));
    let text = report.to_string().map_err(|error| named(error.to_string()))?;
    std::fs::write(path, text).map_err(|error| named(crate::text::io_cause(&error)))
}

fn case_of(run: &FileRun) -> TestCase {
    let notices: String = run.notices.iter().map(|line| format!("{line}\n")).collect();
    let status = match &run.result {
        Ok(_) => TestCaseStatus::success(),
        Err(_) => {
            let message = message_of(run).unwrap_or_default();
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_description(format!("{notices}{message}")).set_message(message);
            status
        }
    };
    let mut case = TestCase::new(run.name.clone(), status);
    case.set_classname("plugsh").set_time(run.took);
    case.set_system_out_lossy(&run.printed).set_system_err(notices);
    case
}
