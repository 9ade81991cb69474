//! Options for limits and for the policy, with every process on a node.

use super::system::{Ran, Server, ended};

/// Runs commands with options of the home; children are on node `n1` where no policy says otherwise.
fn run(server: &Server, options: &[&str], commands: &str) -> Ran {
    ended(server.plugsh(&[options, &["-c", commands]].concat()))
}

#[test]
fn the_default_timeout_is_for_calls_that_have_none() {
    let Some(server) = Server::start(&[]) else { return };
    let _node = server.node("n1", &[]);
    let ran = run(&server, &["--default-timeout", "50ms"], "load misbehave --on n1\nmisbehave.spin");
    assert_eq!(ran.code, Some(124), "{ran:?}");
    assert!(ran.stderr.contains("1:misbehave.spin: timed out after 50ms"), "{ran:?}");
    run(&server, &["--default-timeout", "0"], "load echo --on n1 --timeout 0; call echo echo hi --timeout 0").ok();
}

#[test]
fn a_policy_holds_from_the_start_and_what_was_learned_can_be_loaded() {
    let Some(server) = Server::start(&[]) else { return };
    let _node = server.node("n1", &[]);
    let dir = tempfile::tempdir().expect("a directory");
    let (policy, learned) = (dir.path().join("p.toml"), dir.path().join("learned.toml"));
    std::fs::write(&policy, "[[plugin]]\nname = 'front'\nload = []\n").expect("a file for the test");
    let option = policy.to_str().expect("a path");
    let denied = run(&server, &["--policy", option], "load front --on n1\nfront.run").failed();
    assert!(denied.contains("`front` may not load it: the rule `front`"), "{denied}");
    let learned = learned.display();
    let script = format!(
        "load front --on n1\nfront.run\npolicy learn > {learned}\npolicy load {learned}\nkill -r front\n\
         load front --on n1\nfront.run\nload spawner --on n1\nspawner.try_call '3 run'"
    );
    let output = run(&server, &[], &script).ok();
    assert_eq!(output.matches("\"vowels\"").count(), 2, "{output}");
    assert!(output.contains("failed: by the policy, `spawner` may not call `front.run`: `[default]`"), "{output}");
}

#[test]
fn the_memory_of_the_dead_is_not_held_by_all() {
    let Some(server) = Server::start(&[]) else { return };
    let _node = server.node("n1", &[]);
    let commands = "load echo --on n1; load counter --on n1; counter.add 1; kill echo counter; ps -a; nodes --json";
    let printed = run(&server, &[], commands).ok();
    let total = printed.lines().find(|line| line.trim_start().starts_with("total")).expect("a total");
    assert_eq!(total.split_whitespace().last(), Some("0"), "{printed}");
}

#[test]
fn a_trap_on_a_node_leaves_no_core_dump_and_says_so() {
    let Some(server) = Server::start(&[]) else { return };
    let _node = server.node("n1", &[]);
    let dir = tempfile::tempdir().expect("a directory");
    let option = dir.path().to_str().expect("a path");
    let commands = "load misbehave --on n1\nmisbehave.crash\necho over";
    let ran = run(&server, &["--keep-going", "--coredump", option], commands);
    let says = "no core dump: `1:misbehave` is on node `n1`; a process here leaves one";
    assert!(ran.stderr.contains(says), "{ran:?}");
    assert_eq!(std::fs::read_dir(dir.path()).expect("a directory").count(), 0);
}
