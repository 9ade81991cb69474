//! Calls into nodes and between them.

use super::system::Server;

#[test]
fn a_call_goes_to_the_node_and_back() {
    let Some(server) = Server::start(&[]) else { return };
    let _node = server.node("n1", &[]);
    let out = server.run("load echo --on n1; echo.echo hello; echo.echo ''").ok();
    assert_eq!(out, "hello\n");
}

#[test]
fn a_guest_on_a_node_calls_through_its_home_into_another_node() {
    let Some(server) = Server::start(&[]) else { return };
    let (_one, _two) = (server.node("n1", &[]), server.node("n2", &[]));
    let policy = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(policy.path(), "[default.children]\non = \"n2\"\n").unwrap();
    let policy = policy.path().to_str().unwrap();
    let mut home = server.plugsh(&["--policy", policy, "-c", "load front --on n1; front.run hello; trace --json"]);
    home.env("HOME", "/nonexistent");
    let out = super::system::ended(home).ok();
    assert!(out.starts_with("{\"count\":2,\"total\":2,\"vowels\":\"aeiouAEIOU\"}\n"), "{out}");
    assert!(out.contains("\"callee_name\":\"count_vowels\",\"function\":\"count_vowels\""), "{out}");
}

#[test]
fn payloads_of_all_sizes_arrive_whole() {
    let Some(server) = Server::start(&[]) else { return };
    let _node = server.node("n1", &[]);
    let dir = tempfile::tempdir().unwrap();
    for bytes in [0usize, 1, 512 << 10, (512 << 10) + 1, 1 << 20, 64 << 20] {
        let payload: Vec<u8> = (0..bytes).map(|at| ((at * 31) >> 3) as u8).collect();
        let (input, output) = (dir.path().join("in"), dir.path().join("out"));
        std::fs::write(&input, &payload).unwrap();
        let (from, to) = (input.display(), output.display());
        server.run(&format!("load echo --on n1; call echo echo @{from} > {to}")).ok();
        assert!(std::fs::read(&output).unwrap() == payload, "{bytes} bytes came back changed");
    }
}

#[test]
fn a_failure_on_a_node_is_told_as_one_here_is() {
    let Some(server) = Server::start(&[]) else { return };
    let _node = server.node("n1", &[]);
    for commands in ["panic", "error boom", "crash", "recurse", "nothing", "exit 3", "exit_with_message"] {
        let there = server.run(&format!("load misbehave --on n1; call misbehave {commands}")).failed();
        let here = server.run(&format!("load misbehave; call misbehave {commands}")).failed();
        assert_eq!(there, here, "{commands}");
    }
}

#[test]
fn a_node_that_is_not_there_is_told_with_a_near_name() {
    let Some(server) = Server::start(&[]) else { return };
    let _node = server.node("gpu1", &[]);
    let error = server.run("load echo --on gpu2").failed();
    assert!(error.contains("no node `gpu2`; did you mean `gpu1`?"), "{error}");
    let error = server.run("load echo --on 'cpu*'").failed();
    assert!(error.contains("no node `cpu*`"), "{error}");
}

#[test]
fn two_systems_on_one_server_do_not_see_each_other() {
    let Some(server) = Server::start(&[]) else { return };
    let (_one, _two) = (server.node("n1", &["--system", "a"]), server.node("n2", &["--system", "b"]));
    let on = |system: &str, node: &str| {
        let commands = format!("load echo --on {node}; echo.echo {system}");
        super::system::ended(server.plugsh(&["--system", system, "-c", &commands]))
    };
    assert_eq!((on("a", "n1").ok(), on("b", "n2").ok()), ("a\n".into(), "b\n".into()));
    for (system, node) in [("a", "n2"), ("b", "n1")] {
        let error = on(system, node).failed();
        assert!(error.contains(&format!("no node `{node}`")), "{error}");
    }
}

#[test]
fn what_a_guest_writes_comes_in_the_order_of_its_calls() {
    let Some(server) = Server::start(&[]) else { return };
    let _node = server.node("n1", &[]);
    let wat = concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/wat/wasi_write.wat");
    let lines = |on: &str| -> Vec<serde_json::Value> {
        let calls = "call wasi_write out 'one\ntwo\n'; call wasi_write err 'three\n'; call wasi_write out 'four\n'";
        let printed = server.run(&format!("load {wat} {on}; {calls}; logs --json")).ok();
        let line = |line: &str| {
            let mut line: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
            line["at_us"].take();
            line
        };
        printed.lines().filter(|line| line.starts_with('{')).map(line).collect()
    };
    let there = lines("--on n1");
    assert_eq!((there.len(), &there), (4, &lines("")));
}
