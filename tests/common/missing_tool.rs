//! Tests that cannot run where a tool is missing.

use std::io::{Write, stderr};

/// Set to `1` where all tools are installed: a test that cannot run fails.
const TEST_ALL: &str = "PLUGSH_TEST_ALL";

/// Says on standard error that a test did not run. The test passes, unless `PLUGSH_TEST_ALL=1`.
pub fn not_run(what: &str, why: &str) {
    let runs_all = std::env::var_os(TEST_ALL).is_some_and(|value| value == "1");
    assert!(!runs_all, "{what} did not run: {why}");
    // Not by `eprintln`, which is shown of failed tests alone.
    let _ = writeln!(stderr(), "NOT RUN, {what}: {why}");
}
