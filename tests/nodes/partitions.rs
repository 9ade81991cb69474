//! Connections that break, or that carry nothing any more.

use super::guests::{SPIN, UNDER_WAY, file};
use super::proxy::Proxy;
use super::system::{Home, Node, Server};

const LOST: &str = "may or may not have run";

/// A home whose call spins on node `n1`.
fn spinning(server: &Server, options: &str) -> Home {
    let dir = tempfile::tempdir().expect("a directory");
    let path = file(dir.path(), "spin", SPIN);
    let mut home = Home::start(server, &[]);
    home.ask_for(&format!("load {} --on n1", path.display()), "1:spin");
    home.say(&format!("call spin spin {options} &"));
    home.ask_until("logs --json", UNDER_WAY);
    home
}

#[test]
fn a_partitioned_node_is_lost_and_drops_what_it_has() {
    let Some(server) = Server::start(&[]) else { return };
    let proxy = Proxy::start(server.port);
    let node = Node::start(&proxy.url(), "n1", &[]);
    let mut home = spinning(&server, "");
    proxy.partition();
    let error = home.ask_for("wait %1", LOST);
    assert!(error.contains("node `n1` is lost (its heartbeats stopped)"), "{error}");
    node.wait_for("is lost; 1 instance dropped");
    node.wait_until_idle();
    proxy.heal();
    home.ask_until("spin.rest; echo rested", "rested");
}

#[test]
fn a_deadline_holds_on_a_node_that_nobody_reaches() {
    let Some(server) = Server::start(&[]) else { return };
    let proxy = Proxy::start(server.port);
    let node = Node::start(&proxy.url(), "n1", &[]);
    let mut home = spinning(&server, "--timeout 1s");
    proxy.partition();
    home.ask_for("wait %1", "timed out after 1s");
    node.wait_until_idle();
}

#[test]
fn a_node_that_stands_still_for_a_moment_is_waited_for() {
    let Some(server) = Server::start(&[]) else { return };
    let node = server.node("n1", &[]);
    let mut home = Home::start(&server, &[]);
    home.ask_for("load spawner --on n1", "1:spawner");
    home.ask_for("load echo", "2:echo");
    home.say("break echo.echo");
    home.say("spawner.call '2 echo hello' &");
    home.ask_until("jobs --json", "held");
    node.signal("-STOP");
    home.say("continue %1");
    node.signal("-CONT");
    assert_eq!(home.ask_for("wait %1", "hello"), "hello");
}

#[test]
fn a_node_that_stands_still_for_long_is_lost_and_comes_back() {
    let Some(server) = Server::start(&[]) else { return };
    let node = server.node("n1", &[]);
    let mut home = spinning(&server, "");
    node.signal("-STOP");
    home.ask_for("wait %1", LOST);
    node.signal("-CONT");
    // The node's calls are nobody's any more.
    node.wait_until_idle();
    home.ask_until("spin.rest; echo rested", "rested");
}

#[test]
fn a_server_that_is_started_anew_ends_the_calls_and_nothing_else() {
    let Some(mut server) = Server::start(&[]) else { return };
    let node = server.node("n1", &[]);
    let mut home = spinning(&server, "");
    server.stop();
    let error = home.ask_for("wait %1", LOST);
    assert!(error.contains("the connection broke"), "{error}");
    node.wait_for("the connection is lost");
    node.wait_until_idle();
    let error = home.ask_for("spin.rest", "n1");
    assert!(error.contains("out of reach: no connection to"), "{error}");
    server.restart();
    node.wait_for("connected");
    home.ask_until("spin.rest; echo rested", "rested");
}
