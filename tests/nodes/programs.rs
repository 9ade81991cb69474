//! Programs on nodes: sent once, compiled there.

use super::system::{Server, ended, plugsh};

#[test]
fn no_server_is_told_in_one_line() {
    let port = super::system::free_port();
    let url = format!("nats://127.0.0.1:{port}");
    let error = ended(plugsh(&url, &["-c", "ps"])).failed();
    assert!(error.contains(&format!("no NATS server at `{url}`")), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn wrong_credentials_are_told_in_one_line() {
    let Some(server) = Server::start(&["--auth", "secret"]) else { return };
    let error = server.run("ps").failed();
    assert!(error.contains("refuses these credentials"), "{error}");
    let error = ended(server.plugsh(&["--token", "wrong", "-c", "ps"])).failed();
    assert!(error.contains("refuses these credentials") && !error.contains("wrong"), "{error}");
    let _node = server.node("n1", &["--token", "secret"]);
    let commands = "load echo --on n1; echo.echo hello";
    assert_eq!(ended(server.plugsh(&["--token", "secret", "-c", commands])).ok(), "hello\n");
}
