//! The wire, spoken by the test: requests, responses, notifications, and what is no message.

use serde_json::json;

use crate::served::{serve, serve_with};

#[test]
fn the_first_line_says_who_is_there() {
    let served = serve("load echo");
    let wire = served.connect();
    assert_eq!(wire.hello["method"], "hello");
    assert_eq!((&wire.hello["params"]["protocol"], &wire.hello["params"]["name"]), (&json!(1), &json!("shop")));
}

#[test]
fn a_line_runs_and_its_replies_stream() {
    let served = serve("load echo");
    let mut wire = served.connect();
    let id = wire.request("run", json!({ "line": "echo one; echo.echo two" }));
    let first = wire.wait_for("show");
    assert_eq!(first["run"], json!(id));
    assert!(first["reply"].to_string().contains("one"), "{first}");
    let second = wire.wait_for("show");
    assert_eq!(second["reply"], json!({ "kind": "output", "output": "two", "raw": false }));
    let result = &wire.response(id)["result"];
    assert_eq!((&result["code"], &result["error"]), (&json!(0), &json!(null)));
}

#[test]
fn calls_give_bytes_or_an_error_with_its_outcome() {
    let served = serve("load echo\nload misbehave");
    let mut wire = served.connect();
    let called = wire.ask("call", json!({ "plugin": "echo", "function": "echo", "input": "hé" }));
    assert_eq!((&called["output"], &called["outcome"]), (&json!("hé"), &json!("ok")));
    let called = wire.ask("call", json!({ "plugin": "echo", "function": "echo", "input_base64": "/wA=" }));
    assert_eq!(called["output_base64"], "/wA=");
    let error = wire.refused("call", json!({ "plugin": "misbehave", "function": "spin", "timeout_ms": 10 }));
    assert_eq!((&error["code"], &error["data"]["outcome"]), (&json!(124), &json!("timeout")));
    assert_eq!(error["data"]["chain"], json!([{ "id": 2, "name": "misbehave", "function": "spin" }]));
}

#[test]
fn processes_come_and_go() {
    let served = serve("");
    let mut wire = served.connect();
    let loaded = wire.ask("load", json!({ "source": "echo", "name": "parrot" }));
    assert_eq!(loaded["name"], "parrot");
    assert_eq!(wire.ask("ps", json!({}))[0]["name"], "parrot");
    let killed = wire.ask("kill", json!({ "target": "parrot" }));
    assert_eq!(killed["ended"][0]["name"], "parrot");
    assert_eq!(wire.ask("ps", json!({})), json!([]));
    assert_eq!(wire.ask("ps", json!({ "all": true }))[0]["state"], "dead");
}

#[test]
fn records_come_after_a_number_and_follow() {
    let served = serve("load echo");
    let (mut wire, mut other) = (served.connect(), served.connect());
    other.ask("call", json!({ "plugin": "echo", "function": "echo" }));
    let calls = wire.ask("calls", json!({ "filter": "callee=echo" }));
    let last = calls["last"].as_u64().unwrap();
    assert_eq!(wire.ask("calls", json!({ "after": last }))["calls"], json!([]));
    let follow = wire.request("calls", json!({ "after": last, "filter": "function=echo", "follow": true }));
    wire.response(follow);
    other.ask("call", json!({ "plugin": "echo", "function": "echo", "input": "x" }));
    let news = wire.wait_for("calls");
    assert_eq!((&news["id"], &news["calls"][0]["bytes_in"]), (&json!(follow), &json!(1)));
    wire.ask("interrupt", json!({ "id": follow }));
}

#[test]
fn a_line_is_interrupted() {
    let served = serve("load misbehave");
    let (mut wire, mut other) = (served.connect(), served.connect());
    let id = wire.request("run", json!({ "line": "misbehave.spin" }));
    while other.ask("snapshot", json!({}))["jobs"] == json!([]) {}
    wire.ask("interrupt", json!({}));
    let result = &wire.response(id)["result"];
    assert_eq!((&result["code"], &result["error"]["code"]), (&json!(130), &json!(130)));
    assert_eq!(other.ask("snapshot", json!({}))["jobs"], json!([]));
}

#[test]
fn a_wait_gives_what_the_job_gave() {
    let served = serve("load echo\nload misbehave");
    let mut wire = served.connect();
    wire.ask("run", json!({ "line": "echo.echo kept &" }));
    let id = wire.request("run", json!({ "line": "wait %1" }));
    assert_eq!(wire.wait_for("show")["reply"]["output"], "kept");
    assert_eq!(wire.response(id)["result"]["code"], 0);
    wire.ask("run", json!({ "line": "misbehave.spin --timeout 10ms &" }));
    let result = wire.ask("run", json!({ "line": "wait %2" }));
    assert_eq!((&result["code"], &result["error"]["code"]), (&json!(124), &json!(124)), "{result}");
    wire.ask("run", json!({ "line": "misbehave.spin &" }));
    let id = wire.request("run", json!({ "line": "wait %3" }));
    wire.request("kill", json!({ "target": "%3" }));
    let result = &wire.response(id)["result"];
    assert_eq!(result["code"], 1, "{result}");
    assert!(result["error"]["message"].as_str().unwrap().contains("killed"), "{result}");
}

#[test]
fn a_watch_sends_frames_until_it_is_interrupted() {
    let served = serve("load echo");
    let mut wire = served.connect();
    wire.ask("hello", json!({ "terminal": true }));
    let id = wire.request("run", json!({ "line": "watch -n 0.01 ps" }));
    for _ in 0..2 {
        let frame = wire.wait_for("frame");
        assert_eq!(frame["run"], json!(id));
        let shown = frame["frame"].to_string();
        assert!(shown.contains("watch") || shown.contains("ps"), "{frame}");
        assert!(shown.contains("echo"), "{frame}");
    }
    wire.request("interrupt", json!({}));
    let mut last = json!({});
    let result = loop {
        let message = wire.read().expect("a response");
        if message["method"] == "frame" {
            last = message["params"].clone();
        }
        if message["id"] == json!(id) && message.get("result").is_some() {
            break message["result"].clone();
        }
    };
    assert_eq!(last["frame"], json!(null), "the frames are over");
    assert_eq!(wire.ask("ps", json!({}))[0]["name"], "echo", "{result}");
}

#[test]
fn a_process_and_a_record_are_told_in_whole() {
    let served = serve("trace payloads 64k\nload echo\nload misbehave");
    let (mut wire, mut other) = (served.connect(), served.connect());
    wire.ask("call", json!({ "plugin": "echo", "function": "echo", "input_base64": "/wA=" }));
    let info = wire.ask("info", json!({ "plugin": "echo" }));
    assert_eq!((&info["id"], &info["held_stack"]), (&json!(1), &json!(null)));
    let has = |rows: &serde_json::Value, text: &str| {
        rows.as_array().unwrap().iter().any(|row| row.to_string().contains(text))
    };
    assert!(has(&info["export_types"], "\"echo\"") && has(&info["imports"], "extism:host/env"), "{info}");
    assert_eq!(info["modules"][0]["sha256"].as_str().unwrap().len(), 64);
    let seq = wire.ask("calls", json!({ "filter": "function=echo" }))["last"].clone();
    let record = wire.ask("record", json!({ "seq": seq }));
    assert_eq!((&record["input_base64"], &record["output_kept"]), (&json!("/wA="), &json!("whole")));
    wire.refused("call", json!({ "plugin": "misbehave", "function": "panic" }));
    let info = wire.ask("info", json!({ "plugin": "2" }));
    assert!(has(&info["stack"], "misbehave"), "{info}");
    wire.ask("run", json!({ "line": "break callee=echo" }));
    let call = other.request("call", json!({ "plugin": "echo", "function": "echo", "input": "held" }));
    wire.wait_for("notice");
    let info = wire.ask("info", json!({ "plugin": "echo" }));
    assert_eq!((&info["held"], &info["held_stack"]), (&json!(true), &json!([])), "it has not begun, and has no caller");
    wire.ask("run", json!({ "line": "continue" }));
    assert_eq!(other.response(call)["result"]["output"], "held");
    wire.refused("record", json!({ "seq": 99_999 }));
    assert_eq!(wire.refused("info", json!({ "plugin": "nobody" }))["code"], 1);
}

#[test]
fn words_are_completed_with_the_sessions_names() {
    let served = serve("load echo");
    let mut wire = served.connect();
    wire.ask("run", json!({ "line": "set greeting hi" }));
    let found = wire.ask("complete", json!({ "line": "echo.echo $gre" }));
    assert_eq!(found["candidates"][0]["shown"], "greeting");
    let found = wire.ask("complete", json!({ "line": "kill ec" }));
    assert_eq!((&found["start"], &found["candidates"][0]["replacement"]), (&json!(5), &json!("echo ")));
}

#[test]
fn the_project_that_the_server_was_given_is_that_of_its_clients() {
    let served = serve_with("load echo", &["--project", "elsewhere/shop.toml"]);
    std::fs::create_dir(served.dir.path().join("elsewhere")).unwrap();
    std::fs::write(served.dir.path().join("elsewhere/shop.toml"), "[plugin.market]\nsource = \"echo\"\n").unwrap();
    let mut wire = served.connect();
    let found = wire.ask("complete", json!({ "line": "up mar" }));
    assert_eq!(found["candidates"][0]["shown"], "market", "{found}");
    assert_eq!(wire.ask("run", json!({ "line": "up" }))["code"], 0);
    assert_eq!(wire.ask("ps", json!({}))[1]["name"], "market");
}

#[test]
fn mistakes_are_answered_and_the_connection_stays() {
    let served = serve("load echo");
    let mut wire = served.connect();
    wire.send("ps");
    assert_eq!(wire.read().unwrap()["error"]["code"], -32_700);
    wire.send("[1]");
    assert_eq!(wire.read().unwrap()["error"]["code"], -32_600);
    assert_eq!(wire.refused("pss", json!({}))["message"], "no method `pss`; did you mean `ps`?");
    let error = wire.refused("call", json!({ "plugin": "echo" }));
    assert_eq!(error["code"], -32_602, "{error}");
    assert!(error["message"].as_str().unwrap().contains("missing field `function`"), "{error}");
    assert_eq!(wire.refused("ps", json!({ "al": true }))["code"], -32_602);
    wire.ask("ps", json!({}));
}

#[test]
fn one_who_says_nothing_more_is_answered() {
    let served = serve("load echo");
    let mut wire = served.connect();
    wire.request("run", json!({ "line": "sleep 50ms; echo.echo late" }));
    wire.request("call", json!({ "plugin": "echo", "function": "echo", "input": "called" }));
    wire.stream().shutdown(std::net::Shutdown::Write).unwrap();
    let said: Vec<String> = std::iter::from_fn(|| wire.read()).map(|message| message.to_string()).collect();
    let all = said.join("\n");
    assert!(all.contains("\"late\"") && all.contains("\"called\"") && all.contains("\"code\":0"), "{all}");
}
