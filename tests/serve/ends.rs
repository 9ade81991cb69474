//! Ends: of clients, of servers, by signals, with jobs that run or are held.

use std::process::Stdio;

use serde_json::json;

use crate::served::{Ran, plugsh, serve, serve_in, serve_with};

#[test]
fn a_client_that_dies_leaves_its_background_jobs_and_nothing_else() {
    let served = serve("load misbehave");
    let mut client =
        served.plugsh(&["attach", "shop", "-c", "misbehave.spin &\nload misbehave --as other\nother.spin"]);
    let mut client = client.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut wire = served.connect();
    let jobs = |wire: &mut crate::served::Wire<_>| {
        let jobs = wire.ask("snapshot", json!({}))["jobs"].take();
        jobs.as_array().unwrap().iter().map(|job| job["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    while jobs(&mut wire) != ["misbehave.spin", "other.spin"] {}
    client.kill().unwrap();
    client.wait().unwrap();
    while jobs(&mut wire) != ["misbehave.spin"] {}
    let calls = wire.ask("calls", json!({ "filter": "callee=other and kind=call" }));
    assert_eq!(calls["calls"][0]["outcome"], "killed");
}

#[test]
fn what_a_client_held_goes_on_when_it_dies() {
    let served = serve("load echo");
    let (mut holder, mut caller) = (served.connect(), served.connect());
    holder.ask("run", json!({ "line": "break callee=echo" }));
    let call = caller.request("call", json!({ "plugin": "echo", "function": "echo", "input": "held" }));
    let held = holder.wait_for("notice")["line"].to_string();
    assert!(held.contains("is held"), "{held}");
    drop(holder);
    assert_eq!(caller.response(call)["result"]["output"], "held");
    assert_eq!(caller.ask("run", json!({ "line": "breaks" }))["code"], 0);
}

#[test]
fn a_breakpoint_of_one_client_is_seen_and_released_by_another() {
    let served = serve("load echo");
    let (mut holder, mut other) = (served.connect(), served.connect());
    holder.ask("run", json!({ "line": "break callee=echo" }));
    let held = holder.request("run", json!({ "line": "echo.echo mine" }));
    assert_eq!(holder.response(held)["result"]["code"], 0, "the line gives the prompt back");
    other.ask("run", json!({ "line": "jobs" }));
    let id = other.request("run", json!({ "line": "continue %1" }));
    assert_eq!(other.wait_for("show")["reply"]["output"], "mine");
    assert_eq!(other.response(id)["result"]["code"], 0);
}

#[test]
fn a_server_that_dies_gives_its_clients_one_line() {
    let mut served = serve("load misbehave");
    let client = served.plugsh(&["attach", "shop", "-c", "misbehave.spin"]);
    let mut client = { client }.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut wire = served.connect();
    while wire.ask("snapshot", json!({}))["jobs"] == json!([]) {}
    served.signal("-KILL");
    served.wait();
    let code = client.wait().unwrap().code();
    let ran = Ran::of(client.wait_with_output().unwrap());
    let said = "plugsh: `shop` is gone: its server has ended\n";
    assert_eq!((code, ran.stderr.as_str()), (Some(1), said), "{ran:?}");
}

#[test]
fn the_socket_of_a_server_that_died_is_replaced() {
    let mut served = serve("load echo");
    served.signal("-KILL");
    served.wait();
    assert!(served.socket().exists(), "nobody could remove it");
    assert_eq!(served.run(&["ls", "--json"]).out().trim(), "[]");
    let gone = served.attach("ps");
    assert!(gone.stderr.contains("`shop` is not served any more"), "{gone:?}");
    let dir = std::mem::replace(&mut served.dir, tempfile::tempdir().unwrap());
    let again = serve_in(dir, &[]);
    assert_eq!(again.attach("echo.echo again").out(), "again\n");
}

#[test]
fn sigterm_lets_jobs_end_and_begins_nothing_new() {
    let mut served = serve_with("load misbehave\nload echo", &["--grace", "60s"]);
    let (mut wire, mut other) = (served.connect(), served.connect());
    let run = wire.request("run", json!({ "line": "misbehave.spin" }));
    while other.ask("snapshot", json!({}))["jobs"] == json!([]) {}
    served.signal("-TERM");
    let refused = loop {
        let id = other.request("call", json!({ "plugin": "echo", "function": "echo" }));
        let response = other.response(id);
        if let Some(error) = response.get("error") {
            break error.clone();
        }
    };
    assert_eq!(refused["message"], "the server is ending; nothing new is begun");
    wire.request("interrupt", json!({}));
    assert_eq!(wire.response(run)["result"]["code"], 130);
    assert_eq!(other.wait_for("bye")["message"], "`shop` has ended");
    assert_eq!(served.wait(), Some(0));
    assert!(!served.socket().exists());
}

#[test]
fn what_does_not_end_in_time_is_killed() {
    let mut served = serve_with("load misbehave", &["--grace", "1ms"]);
    let mut wire = served.connect();
    let call = wire.request("call", json!({ "plugin": "misbehave", "function": "spin" }));
    while served.run(&["attach", "shop", "-c", "jobs --json"]).out().trim() == "[]" {}
    served.signal("-TERM");
    assert_eq!(wire.response(call)["error"]["data"]["outcome"], "killed");
    assert_eq!(served.wait(), Some(0));
}

#[test]
fn a_served_prompt_is_a_server_too() {
    let dir = tempfile::tempdir().unwrap();
    let lines = "load echo\nserve --name here\n!$PLUGSH attach here -c 'ps --json'\nserve off\n!$PLUGSH ls --json";
    let binary = env!("CARGO_BIN_EXE_plugsh");
    let ran = plugsh(&dir).env("PLUGSH", binary).args(["-c", lines]).stdin(Stdio::null()).output().unwrap();
    let out = Ran::of(ran).out();
    assert!(out.contains("\"name\":\"echo\"") && out.ends_with("[]\n"), "{out}");
}
