//! Bounds and doors: slow readers, long lines, tokens, permissions.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::served::{Wire, serve, serve_with};

#[test]
fn the_socket_is_the_users_alone() {
    let served = serve("");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&served.socket()), 0o600);
    assert_eq!(mode(served.socket().parent().unwrap()), 0o700);
}

#[test]
fn a_client_that_does_not_read_is_dropped_and_slows_nobody() {
    let mut served = serve("load echo");
    let (mut slow, mut quick) = (served.connect(), served.connect());
    let follow = slow.request("calls", json!({ "follow": true, "limit": 0 }));
    slow.response(follow);
    // The records fill the socket and the queue; each call is answered all the same.
    let dropped = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| served.wait_for("was dropped: it does not read what it is sent"));
        while !waiting.is_finished() {
            quick.ask("run", json!({ "line": "echo.echo x --loop 10000" }));
        }
        waiting.join().unwrap()
    });
    assert!(dropped.contains("client 1"), "{dropped}");
    assert_eq!(quick.ask("call", json!({ "plugin": "echo", "function": "echo" }))["outcome"], "ok");
}

#[test]
fn a_line_that_is_too_long_ends_its_connection() {
    let served = serve("load echo");
    let mut wire = served.connect();
    let long = "x".repeat(17 << 20);
    // The server stops reading in the middle.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut stream = std::os::unix::net::UnixStream::connect(served.socket()).unwrap();
            stream.write_all(long.as_bytes()).ok();
            let mut said = String::new();
            stream.read_to_string(&mut said).ok();
        });
    });
    wire.ask("ps", json!({}));
}

#[test]
fn tcp_wants_loopback_and_the_token() {
    let mut served = serve_with("load echo", &["--tcp", "127.0.0.1:0", "--token-file", "token"]);
    let file = served.dir.path().join("token");
    let token = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let address = served.address.clone().expect("an address");
    let connect = || Wire::new(TcpStream::connect(&address).unwrap());
    let mut stranger = connect();
    assert!(stranger.refused("ps", json!({}))["message"].as_str().unwrap().contains("the token"));
    assert!(
        connect().refused("hello", json!({ "token": "0".repeat(64) }))["message"].as_str().unwrap().contains("token")
    );
    let mut known = connect();
    known.ask("hello", json!({ "token": token }));
    assert_eq!(known.ask("ps", json!({}))[0]["name"], "echo");
    let ran = served.run(&["attach", &address, "--token-file", "token", "-c", "echo.echo hi"]);
    assert_eq!(ran.out(), "hi\n");
    let call = |more: &[&str]| {
        served.run(&[&["call", "--attach", &address, "echo", "echo", "--input", "called"], more].concat())
    };
    assert_eq!(call(&["--token-file", "token"]).out(), "called\n");
    let untold = call(&[]);
    assert!(untold.code == Some(2) && untold.stderr.contains("an address wants `--token-file FILE`"), "{untold:?}");
    let elsewhere = served.run(&["serve", "--tcp", "0.0.0.0:0", "--token-file", "token"]);
    assert!(elsewhere.code == Some(2) && elsewhere.stderr.contains("only an address on loopback"), "{elsewhere:?}");
    served.signal("-TERM");
    served.wait();
}
