//! The JUnit report: a suite a file, a case an expectation. A file that fails elsewhere has a case for the statement
//! that failed, or for the file, as has one without an expectation.

use std::path::Path;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::results::message_of;
use crate::kernel::StackView;
use crate::shell::reply::ShellError;
use crate::shell::session::Case;
use crate::shell::suite::FileRun;
use crate::shell::words::stack::{Fold, stack_lines};
use crate::text::io_cause;

/// Writes the report.
///
/// # Errors
/// The report cannot be written.
pub fn write(path: &Path, runs: &[FileRun], took: Duration) -> Result<(), ShellError> {
    let mut report = Report::new("plugsh");
    report.set_time(took).add_test_suites(runs.iter().map(suite_of));
    let named = |why: String| ShellError::failed(format!("`{}`: {why}", path.display()));
    let text = report.to_string().map_err(|error| named(error.to_string()))?;
    std::fs::write(path, text).map_err(|error| named(io_cause(&error)))
}

fn suite_of(run: &FileRun) -> TestSuite {
    let notices = notices_of(run);
    let failure = run.result.as_ref().err().map(|error| {
        let message = message_of(run).unwrap_or_default();
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_description(format!("{notices}{message}{}", stack_of(error))).set_message(message);
        status
    });
    let mut suite = TestSuite::new(run.name.clone());
    suite.set_time(run.took).set_system_out_lossy(&run.printed).set_system_err(notices);
    if let Some(fuel) = run.fuel {
        suite.add_property(("fuel", fuel.to_string().as_str()));
    }
    let has_failed_case = run.cases.iter().any(|case| case.failure.is_some());
    for case in &run.cases {
        let status = match (&case.failure, &failure) {
            (Some(_), Some(failure)) => failure.clone(),
            _ => TestCaseStatus::success(),
        };
        suite.add_test_case(case_of(run, name_of(case), status, case.took));
    }
    let of_file = match failure {
        Some(failure) if !has_failed_case => Some(failure),
        None if run.cases.is_empty() => Some(TestCaseStatus::success()),
        _ => None,
    };
    if let Some(status) = of_file {
        suite.add_test_case(case_of(run, run.name.clone(), status, run.took));
    }
    suite
}

/// The stack of a call that failed, on lines of its own.
fn stack_of(error: &ShellError) -> String {
    let stack = error.stack.as_ref().map(|stack| stack.view()).filter(StackView::has_frames);
    let lines = stack.map(|stack| stack_lines(&stack, Fold::Runtime)).unwrap_or_default();
    lines.iter().map(|line| format!("\n{line}")).collect()
}

fn case_of(run: &FileRun, name: String, status: TestCaseStatus, took: Duration) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(run.name.clone()).set_time(took);
    case
}

fn name_of(case: &Case) -> String {
    format!("{}:{} {}", case.place.file, case.place.line, case.place.text)
}

fn notices_of(run: &FileRun) -> String {
    run.notices.iter().map(|line| format!("{line}\n")).collect()
}
