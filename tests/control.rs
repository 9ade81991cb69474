//! The options for limits and for the policy.

mod common;

use common::{commands, plugsh};

#[test]
fn a_limit_is_set_by_its_option_and_shown_by_limits() {
    let ended = commands("limits --json")
        .args(["--max-children", "3", "--max-output", "1k", "--default-timeout", "2s", "--load-timeout", "9s"])
        .run();
    let rows: serde_json::Value = serde_json::from_slice(&ended.stdout).expect("JSON");
    let row = |name: &str| rows.as_array().unwrap().iter().find(|row| row["name"] == name).unwrap().clone();
    assert_eq!((&row("children")["value"], &row("children")["flag"]), (&3.into(), &"--max-children".into()));
    assert_eq!((&row("output")["value"], &row("output")["unit"]), (&1024.into(), &"bytes".into()));
    assert_eq!((&row("loading")["value"], &row("loading")["unit"]), (&9000.into(), &"ms".into()));
    assert_eq!((&row("timeout")["value"], &row("timeout")["default"]), (&2000.into(), &serde_json::Value::Null));
}

#[test]
fn every_flag_that_limits_names_is_an_option() {
    let listed = commands("limits --json").run();
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&listed.stdout).expect("JSON");
    assert!(rows.len() >= 13);
    for row in rows {
        let flag = row["flag"].as_str().unwrap();
        let ended = commands("limits").args([flag, "5"]).run();
        assert_eq!(ended.code, Some(0), "{flag}: {}", ended.stderr);
    }
}

#[test]
fn more_processes_than_the_system_has_room_for_are_refused() {
    let ended = commands("ps").args(["--max-processes", "1000000000"]).run();
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("`--max-processes 1000000000`: the system's `vm.max_map_count`"), "{}", ended.stderr);
}

#[test]
fn the_default_timeout_is_for_calls_that_have_none() {
    let ended = commands("load misbehave\nmisbehave.spin").args(["--default-timeout", "50ms"]).run();
    assert_eq!(ended.code, Some(124));
    assert!(ended.stderr.contains("1:misbehave.spin: timed out after 50ms"), "{}", ended.stderr);
}

#[test]
fn the_load_timeout_ends_a_download_and_is_no_call_s() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x.wasm", listener.local_addr().unwrap());
    // The server accepts and never answers.
    let says = format!("cannot load `{url}`: timed out after 200ms while it was fetched; `--load-timeout` allows more");
    let call = ["call", &url, "run", "--load-timeout", "200ms", "--timeout", "1ms"];
    plugsh().args(call).run().code(124).stdout("").stderr_has(&says);
    commands(&format!("load {url} --load-timeout 200ms")).run().code(124).stderr_has(&says);
    commands(&format!("load {url}")).args(["--load-timeout", "200ms"]).run().code(124).stderr_has(&says);
    drop(listener);
    let echo = commands("load echo --timeout 1h --load-timeout 1h; echo.echo hi").run();
    echo.code(0).stdout("hi\n");
}

#[test]
fn a_time_limit_of_zero_is_none() {
    for limit in ["--load-timeout", "--default-timeout"] {
        commands("load echo; echo.echo hi").args([limit, "0"]).run().code(0).stdout("hi\n");
    }
    commands("load echo --load-timeout 0 --timeout 0; call echo echo hi --timeout 0").run().code(0);
    plugsh().args(["call", "echo", "echo", "-i", "hi", "--load-timeout", "0"]).run().code(0).stdout("hi\n");
    // The option of one load does not change the shell's limit.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x.wasm", listener.local_addr().unwrap());
    let silent = commands(&format!("load {url} --load-timeout 0")).args(["--load-timeout", "100ms"]).run();
    silent.code(124).stderr_has("timed out after 100ms while it was fetched");
}

#[test]
fn a_policy_holds_from_the_start() {
    let policy = "[[plugin]]\nname = 'front'\nload = []\n";
    let ended = plugsh().file("p.toml", policy).args(["--policy", "p.toml", "-c", "load front\nfront.run"]).run();
    assert_eq!(ended.code, Some(1));
    let says =
        "`front` may not load it: the rule `front` (p.toml:2) allows nothing; add \"count_vowels\" to its `load`";
    assert!(ended.stderr.contains(says), "{}", ended.stderr);
}

#[test]
fn a_policy_that_cannot_be_read_ends_the_shell_before_anything_runs() {
    let hash = "`x` is no SHA-256; write its 64 hexadecimal digits, as `info` shows them";
    for (text, why) in [
        ("x = 1", "unknown field `x`"),
        ("[[plugin]]\ncall = 3", "line 2"),
        ("[default]\nload = [{ source = 'a', sha256 = 'x' }]", hash),
    ] {
        let ended = plugsh().file("p.toml", text).args(["--policy", "p.toml", "-c", "echo ran"]).run();
        assert_eq!(ended.code, Some(1));
        assert!(ended.stdout.is_empty() && ended.stderr.contains(why), "{}", ended.stderr);
    }
    let ended = plugsh().args(["--policy", "none.toml", "-c", "echo ran"]).run();
    assert!(ended.stderr.contains("no file `none.toml`"), "{}", ended.stderr);
}

#[test]
fn what_was_learned_can_be_loaded() {
    let script = "load front\nfront.run\npolicy learn > p.toml\npolicy load p.toml\nkill -r front\nload front\nfront.run\n\
        load spawner\nspawner.try_call '3 run'";
    let ended = commands(script).run();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let output = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(output.matches("\"vowels\"").count(), 2, "{output}");
    assert!(output.contains("failed: by the policy, `spawner` may not call `front.run`: `[default]`"), "{output}");
}

#[test]
fn the_memory_of_the_dead_is_not_held_by_all() {
    let ended = commands("load echo; load counter; kill echo counter; ps -a").run();
    let printed = String::from_utf8(ended.stdout).unwrap();
    let total = printed.lines().find(|line| line.trim_start().starts_with("total")).unwrap();
    assert_eq!(total.split_whitespace().last(), Some("0"), "{printed}");
}
