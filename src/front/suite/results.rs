//! The words of results: a line a file with its error and differences, a line of JSON a file, and the count.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use crate::front::print::to_ansi;
use crate::json::as_us;
use crate::shell::reply::{Line, Role};
use crate::shell::suite::FileRun;
use crate::shell::units::show_duration;
use crate::text::counted;

/// Prints a file's result.
pub fn show_run(run: &FileRun, json: bool, color: bool) {
    match json {
        true => write(&format!("{}\n", json_of(run))),
        false => show(&lines_of(run), color),
    }
}

/// A file's line, and below it the error and the differences.
fn lines_of(run: &FileRun) -> Vec<Line> {
    let fuel = run.fuel.map(|fuel| format!("  fuel {fuel}")).unwrap_or_default();
    let took = format!("  {}{fuel}", show_duration(run.took));
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
    /// Units of fuel of the calls that its trace ends with; `None` where none were counted.
    fuel: Option<u64>,
    /// Count of rewritten expectations.
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
        fuel: run.fuel,
        rewritten: run.result.as_ref().ok(),
        error: message_of(run),
        notices: run.notices.iter().map(Line::to_string).collect(),
    };
    serde_json::to_string(&row).unwrap_or_default()
}

/// Why a file failed: its error, or its last notice if the error was shown.
pub fn message_of(run: &FileRun) -> Option<String> {
    let error = run.result.as_ref().err()?;
    let last = run.notices.last().map(Line::to_string).unwrap_or_default();
    Some(if error.is_shown() { last } else { error.to_string() })
}

/// The line below all: how many passed, failed and did not run.
pub fn total(files: usize, run: usize, failed: usize, took: Duration) -> Line {
    let passed = run - failed.min(run);
    let role = if failed > 0 { Role::Bad } else { Role::Good };
    let line = Line::new().plain(format!("{passed} passed, ")).with(role, format!("{failed} failed"));
    let line = match files - run.min(files) {
        0 => line,
        not_run => line.plain(", ").with(Role::Warn, format!("{not_run} not run")),
    };
    line.with(Role::Dim, format!("  {}", show_duration(took)))
}

/// Prints lines.
pub fn show(lines: &[Line], color: bool) {
    write(&lines.iter().map(|line| format!("{}\n", to_ansi(line, color))).collect::<String>());
}

fn write(text: &str) {
    // A closed standard output is ignored: the exit code still tells the result.
    io::stdout().lock().write_all(text.as_bytes()).ok();
}
