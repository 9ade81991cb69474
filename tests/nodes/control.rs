//! Kills, deadlines, memory and losses of calls on nodes.

use super::system::{Home, Server};

#[test]
fn a_kill_reaches_a_call_on_a_node() {
    let Some(server) = Server::start(&[]) else { return };
    let _node = server.node("n1", &[]);
    let mut home = Home::start(&server, &[]);
    home.say("load misbehave --on n1");
    home.wait_for("1:misbehave");
    home.say("call misbehave spin &");
    home.say("retry 200 --every 20ms ps -n 0 | !grep running");
    home.wait_for("running");
    home.say("kill %1; wait %1");
    home.wait_for("killed");
    home.say("call misbehave error still");
    home.wait_for("still");
    home.say("ps --json");
    home.wait_for("\"node\":\"n1\"");
}

#[test]
fn a_deadline_holds_on_a_node() {
    let Some(server) = Server::start(&[]) else { return };
    let _node = server.node("n1", &[]);
    let error = server.run("load misbehave --on n1 --timeout 200ms; call misbehave spin").failed();
    assert!(error.contains("timed out after 200ms"), "{error}");
}

#[test]
fn memory_is_bounded_at_the_home() {
    let Some(server) = Server::start(&[]) else { return };
    let _node = server.node("n1", &[]);
    let ran = super::system::ended(server.plugsh(&[
        "--max-memory",
        "8M",
        "-c",
        "load misbehave --on n1; call misbehave grow",
    ]));
    let error = ran.failed();
    assert!(error.contains("all processes together hold as much as they may"), "{error}");
}

#[test]
fn a_node_that_is_killed_loses_its_calls_and_its_processes_start_elsewhere() {
    let Some(server) = Server::start(&[]) else { return };
    let node = server.node("n1", &[]);
    let mut home = Home::start(&server, &[]);
    home.say("load misbehave --on 'n*'");
    home.wait_for("1:misbehave");
    home.say("call misbehave spin &");
    home.say("retry 200 --every 20ms ps -n 0 | !grep running");
    home.wait_for("running");
    let _other = server.node("n2", &[]);
    drop(node);
    home.say("wait %1");
    let line = home.wait_for("node `n1` is lost");
    assert!(line.contains("may or may not have run"), "{line}");
    home.say("trace --json");
    home.wait_for("\"outcome\":\"lost\"");
    home.say("call misbehave error again");
    home.wait_for("again");
    home.say("ps --json");
    home.wait_for("\"node\":\"n2\"");
}

#[test]
fn a_home_that_is_killed_leaves_nothing_on_its_nodes() {
    let Some(server) = Server::start(&[]) else { return };
    let node = server.node("n1", &[]);
    let mut home = Home::start(&server, &[]);
    home.say("load misbehave --on n1");
    home.wait_for("1:misbehave");
    home.say("call misbehave spin &");
    home.say("retry 200 --every 20ms ps -n 0 | !grep running");
    home.wait_for("running");
    home.kill();
    node.wait_for("is lost");
    // The guest that ran has ended: another home sees a node with nothing.
    let nodes = server.run("retry 200 --every 50ms nodes --json | !grep '\"running\":0,\"instances\":0'").ok();
    assert!(nodes.contains("\"name\":\"n1\",\"state\":\"living\""), "{nodes}");
}

#[test]
fn a_home_that_ends_says_so() {
    let Some(server) = Server::start(&[]) else { return };
    let node = server.node("n1", &[]);
    server.run("load echo --on n1").ok();
    node.wait_for("has ended; 1 instance dropped");
}
