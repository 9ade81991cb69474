//! The measuring scripts run: small, for correctness only. What they measure is for a release build and a quiet machine.

use std::path::Path;
use std::process::{Command, Output};

/// Runs a script of `scripts/` on the built binary; `None` where there is no Python to run it.
fn script(name: &str, arguments: &[&str]) -> Option<Output> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name);
    let output = Command::new(path)
        .args(arguments)
        .env("PLUGSH", env!("CARGO_BIN_EXE_plugsh"))
        .env_remove("PEER_PYTHON")
        .output()
        .expect("the script starts");
    if output.status.code() == Some(2) {
        eprintln!("skipped: {}", String::from_utf8_lossy(&output.stderr).trim());
        return None;
    }
    Some(output)
}

fn printed(output: &Output) -> String {
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}:\n{stdout}\n{stderr}", output.status);
    stdout.into_owned()
}

#[test]
fn bench_peers_compares_with_the_sdk() {
    let Some(output) = script("bench-peers", &["--small"]) else { return };
    let table = printed(&output);
    for row in ["shell → plugin", "plugin → plugin", "1 MiB there and back", "pipe of three calls"] {
        assert!(table.contains(row), "no row `{row}`:\n{table}");
    }
}

#[test]
fn bench_scale_counts_what_it_starts() {
    let Some(output) = script("bench-scale", &["--small"]) else { return };
    let table = printed(&output);
    for row in ["live processes, each called once", "nested calls in one", "4 jobs", "plugsh -c ''"] {
        assert!(table.contains(row), "no row `{row}`:\n{table}");
    }
}

#[test]
fn a_short_soak_leaks_nothing() {
    let Some(output) = script("soak", &["0.1", "2", "--seed", "1"]) else { return };
    assert!(printed(&output).ends_with("nothing leaked\n"));
}

#[test]
fn bench_kill_comes_to_every_moment() {
    let Some(output) = script("bench-kill", &["--small"]) else { return };
    let table = printed(&output);
    for row in ["it runs", "it waits in a nested call", "it starts", "it sleeps", "it waits for http"] {
        assert!(table.contains(row), "no row `{row}`:\n{table}");
    }
}
