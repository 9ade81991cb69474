//! Clients that mean harm, or know no better: garbage, half and huge lines, floods, depth, ids of nothing. The server
//! stays, a steady client is answered, and neither memory nor threads nor files of the server grow.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use crate::served::{Served, Wire, serve};

/// The growth of a server's memory that is no fault: two lines of the longest, what is read of them, and caches.
const GROWTH_KIB_MAX: u64 = 96 << 10;

/// The threads and files that a server has of the system. Threads of jobs wait for the next job, a few of them.
fn held(served: &Served) -> (usize, usize) {
    let entries = |what: &str| fs::read_dir(format!("/proc/{}/{what}", served.child.id())).unwrap().flatten();
    let is_of_jobs = |name: &String| name.trim_end() == "plugsh-job";
    // A thread may end while it is looked at.
    let threads = entries("task").filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    (threads.filter(|name| !is_of_jobs(name)).count(), entries("fd").count())
}

fn resident_kib(served: &Served) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", served.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn is_answered(wire: &mut Wire<UnixStream>) {
    let called = wire.ask("call", json!({ "plugin": "echo", "function": "echo", "input": "still here" }));
    assert_eq!(called["output"], "still here");
}

/// Waits until a server has no more threads and files than before; a hang fails by the time of the whole run.
fn wait_until_as_before(served: &Served, before: (usize, usize), wire: &mut Wire<UnixStream>) {
    loop {
        let now = held(served);
        if now.0 <= before.0 && now.1 <= before.1 {
            return;
        }
        is_answered(wire);
    }
}

/// A client of its own sends these bytes and goes.
fn send_and_go(served: &Served, bytes: &[u8]) {
    let mut stream = UnixStream::connect(served.socket()).unwrap();
    // The server may have closed in the middle.
    stream.write_all(bytes).ok();
}

#[test]
fn half_lines_garbage_and_floods_leave_nothing() {
    let served = serve("load echo\nload misbehave");
    let mut steady = served.connect();
    // Threads and files that are made once and stay.
    steady.ask("run", json!({ "line": "echo one" }));
    send_and_go(
        &served,
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"run\",\"params\":{\"line\":\"misbehave.spin\"}}\n",
    );
    is_answered(&mut steady);
    let mut idle = served.connect();
    let before = held(&served);
    let request = |method: &str, params: Value| {
        json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params }).to_string() + "\n"
    };
    let lines = [
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"meth".to_owned(),
        "\0\u{1}\n\n\n{}\n[]\nnull\n".to_owned(),
        "{\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}\n".repeat(500),
        request("ps", json!({})).repeat(3_000),
        request("snapshot", json!({ "limit": 10_000 })).repeat(300),
        request("call", json!({ "plugin": "misbehave", "function": "spin" })).repeat(100),
        request("run", json!({ "line": "misbehave.spin" })).repeat(200),
        request("calls", json!({ "follow": true })).repeat(100),
        request("interrupt", json!({ "id": 12_345 })).repeat(500),
        request("kill", json!({ "target": "no one" })).repeat(500),
    ];
    for line in &lines {
        send_and_go(&served, line.as_bytes());
        is_answered(&mut steady);
    }
    wait_until_as_before(&served, before, &mut steady);
    is_answered(&mut idle);
    assert_eq!(steady.ask("snapshot", json!({}))["jobs"], json!([]), "a job of a client that has gone runs on");
}

#[test]
fn depth_and_wrong_types_are_answered() {
    let served = serve("load echo");
    let mut wire = served.connect();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        wire.send(&format!("{}1{}", open.repeat(100_000), close.repeat(100_000)));
        assert_eq!(wire.read().unwrap()["error"]["code"], -32_700);
    }
    wire.send("\u{feff}{}");
    assert_eq!(wire.read().unwrap()["error"]["code"], -32_700);
    let values = [json!(null), json!(true), json!(-1), json!(1.5), json!("%"), json!([[]]), json!({ "a": {} })];
    for (method, field) in [
        ("hello", "access"),
        ("load", "source"),
        ("run", "line"),
        ("call", "plugin"),
        ("ps", "all"),
        ("calls", "limit"),
        ("snapshot", "process"),
        ("complete", "pos"),
        ("interrupt", "stop"),
        ("kill", "recursive"),
    ] {
        for value in &values {
            let id = wire.request(method, json!({ field: value }));
            let response = wire.response(id);
            let (result, error) = (response.get("result").is_some(), response.get("error").is_some());
            assert!(result != error, "`{method}` with {field} = {value}: {response}");
        }
    }
    is_answered(&mut wire);
}

#[test]
fn huge_lines_are_not_kept() {
    let served = serve("load echo");
    let mut steady = served.connect();
    let huge = vec![b'x'; (16 << 20) + 1];
    let mut after = Vec::new();
    for _ in 0..6 {
        let mut stream = UnixStream::connect(served.socket()).unwrap();
        // The server closes at the bound, or after it.
        stream.write_all(&huge).ok();
        let mut said = String::new();
        stream.read_to_string(&mut said).ok();
        is_answered(&mut steady);
        after.push(resident_kib(&served));
    }
    let grown = after.iter().max().unwrap() - after[0];
    assert!(grown <= GROWTH_KIB_MAX, "the server grew by {grown} KiB: {after:?}");
}
