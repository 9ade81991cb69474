//! `scripts/pane-cost` runs, with small numbers.

use std::path::Path;
use std::process::Command;

use super::pty::plugsh;

#[test]
fn its_script_measures_idle_calls_and_throughput() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/pane-cost");
    let output = Command::new(script).arg("--small").env("PLUGSH", plugsh()).output().expect("the script starts");
    let (table, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}:\n{table}\n{errors}", output.status);
    for row in
        ["drawing while nothing happens", "calls a second  ", "calls a second without the pane", "with it to without"]
    {
        assert!(table.contains(row), "no row `{row}`:\n{table}");
    }
}
