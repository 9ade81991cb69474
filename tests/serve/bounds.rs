//! The counts that a server bounds: clients, unanswered requests of each, lines that wait.

use serde_json::json;

use crate::served::serve;

#[test]
fn a_client_more_than_there_is_room_for_is_told_so() {
    let served = serve("load echo");
    let mut clients: Vec<_> = (0..64).map(|_| served.connect()).collect();
    assert!(clients.iter().all(|client| client.hello["method"] == "hello"));
    let mut late = served.connect();
    assert_eq!(late.hello["params"]["message"], "64 clients are here, the limit");
    assert!(late.read().is_none(), "it is sent away");
    let ran = served.attach("ps");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), "plugsh: `shop`: 64 clients are here, the limit\n"));
    assert_eq!(clients[63].ask("ps", json!({}))[0]["name"], "echo", "those that are here are answered");
    clients.truncate(63);
    // The server sees the end of a client a moment later.
    while served.connect().hello["method"] != "hello" {}
}

#[test]
fn requests_that_are_not_answered_are_bounded() {
    let served = serve("load misbehave\nload echo");
    let (mut wire, mut other) = (served.connect(), served.connect());
    let followed: Vec<u64> = (0..64)
        .map(|_| {
            let id = wire.request("calls", json!({ "follow": true, "limit": 0 }));
            wire.response(id);
            id
        })
        .collect();
    let limit = "64 requests are not answered yet, the limit";
    for (method, params) in
        [("calls", json!({ "follow": true })), ("call", json!({ "plugin": "echo", "function": "echo" }))]
    {
        let error = wire.refused(method, params);
        assert_eq!((&error["code"], &error["message"]), (&json!(-32_000), &json!(limit)), "`{method}`");
    }
    assert_eq!(wire.ask("ps", json!({}))[0]["name"], "misbehave", "what is answered at once still is");
    assert_eq!(other.ask("call", json!({ "plugin": "echo", "function": "echo" }))["outcome"], "ok");
    wire.ask("interrupt", json!({ "id": followed[0] }));
    // The thread that follows ends a moment later.
    let answered = loop {
        let id = wire.request("call", json!({ "plugin": "echo", "function": "echo", "input": "room" }));
        let response = wire.response(id);
        if response.get("result").is_some() {
            break response;
        }
    };
    assert_eq!(answered["result"]["output"], "room");
}

#[test]
fn lines_that_wait_are_bounded() {
    let served = serve("load misbehave");
    let (mut wire, mut other) = (served.connect(), served.connect());
    let first = wire.request("run", json!({ "line": "misbehave.spin" }));
    while other.ask("snapshot", json!({}))["jobs"] == json!([]) {}
    let waiting: Vec<u64> = (0..64).map(|_| wire.request("run", json!({ "line": "echo waited" }))).collect();
    let error = wire.refused("run", json!({ "line": "echo more" }));
    assert_eq!((&error["code"], &error["message"]), (&json!(-32_000), &json!("64 lines wait, the limit")));
    wire.ask("interrupt", json!({}));
    assert_eq!(wire.response(first)["result"]["code"], 130);
    for id in waiting {
        assert_eq!(wire.response(id)["result"]["code"], 0, "it runs once those before it have");
    }
}
