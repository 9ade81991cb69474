//! A client in another language: `tests/clients/plugsh_client.py`, on nothing but what Python has.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::missing_tool::not_run;
use crate::served::{Ran, Served, serve};

/// The client at a server, with these words.
fn python(served: &Served, words: &[&str]) -> Command {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/plugsh_client.py");
    let mut command = Command::new("python3");
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(client).arg(served.socket()).args(words);
    command
}

fn has_python() -> bool {
    let found = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        not_run("a client in Python", "no python3");
    }
    found
}

#[test]
fn python_calls_follows_and_kills() {
    if !has_python() {
        return;
    }
    let served = serve("load echo\nload misbehave");
    let run = |words: &[&str]| Ran::of(python(&served, words).output().unwrap());
    let mut follower = python(&served, &["follow", "function=echo"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut followed = BufReader::new(follower.stdout.take().unwrap()).lines();
    // Calls until one is followed: the follower has come by then.
    let told = std::thread::scope(|scope| {
        let told = scope.spawn(|| followed.next().unwrap().unwrap());
        while !told.is_finished() {
            assert_eq!(run(&["call", "echo", "echo", "grüß"]).out(), "grüß");
        }
        told.join().unwrap()
    });
    assert_eq!(told, "echo echo ok");
    let failed = run(&["call", "misbehave", "panic"]);
    assert!(failed.code == Some(1) && failed.stderr.contains("misbehave"), "{failed:?}");
    assert_eq!(run(&["kill", "echo"]).out(), "[{\"id\": 1, \"name\": \"echo\"}]\n");
    assert_eq!(served.connect().ask("ps", json!({}))[0]["name"], "misbehave");
    follower.kill().unwrap();
    follower.wait().unwrap();
}

#[test]
fn the_readmes_lines_of_python_run_as_they_stand() {
    if !has_python() {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let lines =
        readme.split("```python\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block of Python");
    let served = serve("load echo\nload misbehave");
    let mut python = Command::new("python3");
    python.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONPATH", root.join("tests/clients"));
    python.env("XDG_RUNTIME_DIR", served.dir.path()).args(["-u", "-c", lines]).stdout(Stdio::piped());
    let mut child = python.spawn().unwrap();
    let mut printed = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut wire = served.connect();
    // Calls until one is followed: the client has come by then.
    let told = std::thread::scope(|scope| {
        let told = scope.spawn(|| printed.next().unwrap().unwrap());
        while !told.is_finished() {
            let id = wire.request("call", json!({ "plugin": "misbehave", "function": "panic" }));
            wire.response(id);
        }
        told.join().unwrap()
    });
    assert!(told.starts_with("misbehave panic ") && !told.ends_with(" None"), "{told}");
    let names = |wire: &mut crate::served::Wire<_>| wire.ask("ps", json!({})).to_string();
    while names(&mut wire).contains("misbehave") {}
    let calls = wire.ask("calls", json!({ "filter": "callee=echo and function=echo" }));
    assert_eq!(calls["calls"][0]["bytes_in"], 2, "b'hi' was called with");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_client_is_small_and_needs_nothing() {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/plugsh_client.py");
    let text = std::fs::read_to_string(client).unwrap();
    assert!(text.lines().count() <= 60, "{} lines", text.lines().count());
    let imports: Vec<&str> = text.lines().filter(|line| line.contains("import ")).collect();
    assert_eq!(imports, ["import base64", "import json", "import socket", "import sys"]);
}
