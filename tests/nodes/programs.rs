//! Programs on nodes: sent once, compiled there.

use super::system::{Server, ended, plugsh};

#[test]
fn no_server_is_told_in_one_line() {
    let port = super::system::free_port();
    let url = format!("nats://127.0.0.1:{port}");
    let error = ended(plugsh(&url, &["-c", "ps"])).failed();
    assert!(error.contains(&format!("no NATS server at `{url}`")), "{error}");
    assert!(error.contains("; `nats-server` starts one there"), "{error}");
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

#[test]
fn a_module_is_sent_once() {
    let Some(server) = Server::start(&[]) else { return };
    let _node = server.node("n1", &[]);
    let mut module = String::from("(module (func (export \"f\")) (memory 1) (data (i32.const 0) \"");
    module.push_str(&"x".repeat(60_000));
    module.push_str("\"))");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("big.wat");
    std::fs::write(&file, module).unwrap();
    let load = format!("load {} --on n1; big.f", file.display());
    server.run(&load).ok();
    let before = server.bytes_taken();
    server.run(&load).ok();
    let after = server.bytes_taken();
    assert!(after - before < 30_000, "{} bytes were sent", after - before);
}

#[test]
fn nodes_are_listed_with_what_they_have() {
    let Some(server) = Server::start(&[]) else { return };
    let (_one, _two) = (server.node("n1", &["--memory", "1G"]), server.node("n2", &[]));
    let out = server.run("load echo --on n1; echo.echo x; ps --json; nodes").ok();
    let rows: Vec<&str> = out.lines().filter(|line| line.starts_with('n') || line.starts_with("NAME")).collect();
    assert_eq!(rows.len(), 3, "{out}");
    assert!(rows[1].starts_with("n1    living") && rows[1].contains(" of 1G"), "{out}");
    assert!(rows[2].starts_with("n2    living"), "{out}");
    assert!(out.contains("\"node\":\"n1\""), "{out}");
}

#[test]
fn the_trace_splits_the_time_of_a_call() {
    let Some(server) = Server::start(&[]) else { return };
    let _node = server.node("n1", &[]);
    let out = server.run("load echo --on n1; echo.echo x; show 2; trace --json").ok();
    assert!(out.contains("  node    n1: guest ") && out.contains(", wire "), "{out}");
    assert!(out.contains("\"node\":\"n1\",\"wire_us\":"), "{out}");
}

#[test]
fn a_name_is_given_once() {
    let Some(server) = Server::start(&[]) else { return };
    let _node = server.node("n1", &[]);
    let error = ended(server.plugsh(&["node", "--name", "n1"])).failed();
    assert!(error.contains("a node `n1` is in the system already; give it another `--name`"), "{error}");
}

#[test]
fn a_nodes_policy_holds_whatever_is_asked_of_it() {
    let Some(server) = Server::start(&[]) else { return };
    let dir = tempfile::tempdir().unwrap();
    let policy = dir.path().join("node.toml");
    std::fs::write(&policy, "[default]\ncall = []\nload = []\n[default.children]\nhosts = []\npaths = []\n").unwrap();
    let _node = server.node("n1", &["--policy", policy.to_str().unwrap()]);
    let error = server.run("load echo --on n1 --allow-host example.com").failed();
    assert!(error.contains("node `n1` does not give `echo` host `example.com`"), "{error}");
    let error = server.run("load echo --on n1 --allow-path /tmp").failed();
    assert!(error.contains("node `n1` does not give `echo` path `/tmp`"), "{error}");
    let error = server.run("load front --on n1; front.run x").failed();
    assert!(error.contains("may not load it: `[default]`"), "{error}");
}

#[test]
fn a_nodes_policy_knows_whom_its_guests_call() {
    let Some(server) = Server::start(&[]) else { return };
    let dir = tempfile::tempdir().unwrap();
    let policy = dir.path().join("node.toml");
    std::fs::write(&policy, "[default]\ncall = ['echo.echo', 'c-*.nothing']\n").unwrap();
    let _node = server.node("n1", &["--policy", policy.to_str().unwrap()]);
    let call = |call: &str| {
        let out = server.run(&format!("load echo --as c-1; load spawner --on n1; spawner.try_call '{call}'"));
        out.ok().lines().last().unwrap_or_default().to_owned()
    };
    assert_eq!(call("1 echo hello"), "ok: hello", "by the plugin's name");
    assert_eq!(call("1 nothing x"), "ok: ", "by the process's");
    let denied = call("1 echo_bulk x");
    let says = "by the policy of node `n1`, `spawner` may not call `c-1.echo_bulk`: `[default]`";
    assert!(denied.contains(says) && denied.contains("allows `echo.echo`, `c-*.nothing`"), "{denied}");
    assert!(call("9 echo x").contains("no process `9`"), "the home says so");
}
