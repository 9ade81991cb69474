//! The measuring scripts run, with small numbers. Real measurements need a release build and a quiet machine.
//! And what `scripts/release` hands out.

use std::path::Path;
use std::process::{Command, Output};

/// Runs a script of `scripts/` on the built binary. A missing requirement (exit code 2) fails the test.
fn script(name: &str, arguments: &[&str]) -> Output {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name);
    Command::new(path)
        .args(arguments)
        .env("PLUGSH", env!("CARGO_BIN_EXE_plugsh"))
        .env_remove("PEER_PYTHON")
        .output()
        .expect("the script starts")
}

fn printed(output: &Output) -> String {
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}:\n{stdout}\n{stderr}", output.status);
    stdout.into_owned()
}

/// The files that `scripts/coverage` runs hold for the built-in plugins too.
#[test]
fn the_test_files_of_the_plugins_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/tests");
    let files = std::fs::read_dir(&folder).expect("the folder").map(|entry| entry.expect("an entry").path());
    let output = Command::new(env!("CARGO_BIN_EXE_plugsh")).arg("test").args(files).output().expect("plugsh starts");
    assert!(printed(&output).contains("3 passed, 0 failed"));
}

#[test]
fn coverage_refuses_what_it_does_not_know() {
    let output = script("coverage", &["--bogus"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "usage: scripts/coverage [FILE]\n");
}

#[test]
fn bench_peers_compares_with_the_sdk() {
    let output = script("bench-peers", &["--small"]);
    let table = printed(&output);
    for row in ["shell → plugin", "plugin → plugin", "1 MiB there and back", "pipe of three calls"] {
        assert!(table.contains(row), "no row `{row}`:\n{table}");
    }
}

#[test]
fn bench_scale_counts_what_it_starts() {
    let output = script("bench-scale", &["--small"]);
    let table = printed(&output);
    for row in ["live processes, each called once", "nested calls in one", "4 jobs", "plugsh -c ''"] {
        assert!(table.contains(row), "no row `{row}`:\n{table}");
    }
}

#[test]
fn a_short_soak_leaks_nothing() {
    let output = script("soak", &["0.1", "2", "--seed", "1"]);
    assert!(printed(&output).ends_with("nothing leaked\n"));
}

#[test]
fn clients_that_come_and_go_leave_nothing() {
    let output = script("soak-attach", &["5", "--seed", "1"]);
    assert!(printed(&output).ends_with("nothing leaked, no call was disturbed\n"));
}

#[test]
fn bench_attach_measures_both_ways() {
    let output = script("bench-attach", &["--small"]);
    let table = printed(&output);
    for row in ["16 bytes there and back", "65536 bytes there and back"] {
        assert!(table.contains(row), "no row `{row}`:\n{table}");
    }
}

#[test]
fn bench_kill_comes_to_every_moment() {
    let output = script("bench-kill", &["--small"]);
    let table = printed(&output);
    let bulk = ["it fills a gibibyte again and again", "it copies tables", "it copies arrays", "its tables grow"];
    let wasi = [
        "it gets a gibibyte of random bytes",
        "it writes a gibibyte of lines to the log",
        "it reads a gibibyte of a file",
        "it lists ten thousand files",
    ];
    let waits = ["it runs", "it waits in a nested call", "it starts", "it sleeps", "it waits for http"];
    for row in waits.iter().chain(&bulk).chain(&wasi) {
        assert!(table.contains(row), "no row `{row}`:\n{table}");
    }
}

#[test]
fn try_plugins_says_what_loads_and_what_differs() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    file("fine.wat", "(module (func (export \"run\")) (func (export \"add\") (param i32)))");
    file("lacks.wat", "(module (import \"shop\" \"price\" (func)) (func (export \"run\")))");
    file("manifest.json", "{\"wasm\": [{\"path\": \"fine.wat\"}]}");
    file("other.json", "{\"name\": \"no manifest\"}");
    let directory = folder.path().to_str().expect("text");
    let output = script("try-plugins", &[directory, "--input", "hi", "--seconds", "60"]);
    let text = printed(&output);
    for line in [
        "/fine.wat\n  functions: run\n  run 'hi' → ok: \"\"\n",
        "/lacks.wat\n  refused: cannot load `",
        "unknown import `shop.price`",
        "/manifest.json\n  functions: run\n",
        "3 files, 2 loaded, 1 refused, 0 hosts differ, 0 crashed, 0 timed out, 2 calls, 0 calls differ\n",
    ] {
        assert!(text.contains(line), "no `{line}` in:\n{text}");
    }
    // A plugin that only one host runs is a difference and fails.
    file("circle.wat", "(module (import \"main\" \"f\" (func)) (func (export \"f\")))");
    let output = script("try-plugins", &[directory, "--input", "hi"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("only extism refuses it: cannot load"), "{text}");
    let help = printed(&script("try-plugins", &["--help"]));
    assert!(help.contains("--seconds") && help.contains("LOAD OPTIONS"), "{help}");
}

#[test]
fn bench_memory_counts_three_copies_at_most() {
    let output = script("bench-memory", &["--small"]);
    let table = printed(&output);
    assert_eq!(table.matches("yes").count(), 3, "{table}");
}

/// The files that users unpack. `scripts/release` fails when an archive holds anything else than it lists.
#[test]
fn an_archive_holds_what_users_unpack() {
    let listed = printed(&script("release", &["--list"]));
    let expected = "LICENSE
README.md
completions/_plugsh
completions/plugsh.bash
completions/plugsh.fish
plugsh
plugsh.1
";
    assert_eq!(listed, expected);
}
