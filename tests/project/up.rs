//! Starting and ending a project.

use super::common::plugsh;
use super::{printed, project};

#[test]
fn all_of_it_starts_and_what_is_needed_first() {
    let ended = project().args(["up", "-c", "ps -t; stubs; limits; policy"]).run().code(0);
    let text = printed(&ended);
    assert!(text.starts_with("shell\n├─ 1:kv idle\n└─ 2:shop idle\n"), "{text}");
    assert!(text.contains("cart.total  7 bytes: {\"n\":1}"), "{text}");
    assert!(text.lines().any(|line| line.split_whitespace().take(2).eq(["depth", "20"])), "{text}");
    assert!(text.contains("shop  policy.toml:2\n"), "{text}");
    assert_eq!(ended.stderr, "1:kv\n2:shop\n");
}

#[test]
fn its_options_are_those_of_load() {
    let ended = project().args(["--json", "up", "-q", "-c", "info shop"]).run().code(0);
    let text = printed(&ended);
    let info = text
        .lines()
        .find_map(|line| serde_json::from_str::<serde_json::Value>(line).ok().filter(|v| v["config_keys"].is_array()));
    let info = info.unwrap_or_else(|| panic!("{text}"));
    assert_eq!(info["config_keys"], serde_json::json!(["lang", "n"]));
    assert_eq!((&info["memory_bytes_max"], &info["timeout_ms"]), (&(64 << 16).into(), &2_000.into()));
}

#[test]
fn a_plugin_goes_down_and_up_again_with_what_it_needs() {
    let lines = "down; ps --json; up shop; down shop; up; ps -t";
    let ended = project().args(["up", "-c", lines]).run().code(0);
    assert_eq!(ended.stderr, "1:kv\n2:shop\nkilled 2:shop\nkilled 1:kv\n3:kv\n4:shop\nkilled 4:shop\n5:shop\n");
    assert!(printed(&ended).ends_with("shell\n├─ 3:kv idle\n└─ 5:shop idle\n"), "{}", printed(&ended));
}

#[test]
fn a_project_is_found_upwards_and_by_its_name() {
    let file = super::FILE.replace("[limits]\nmax_depth = 20\n", "");
    let project = || project().file("plugsh.toml", &file);
    let run = project().file("sub/deep/x", "").args(["-c", "cd sub/deep; up; cd ../..; down"]);
    run.run().code(0).stderr("1:kv\n2:shop\nkilled 2:shop\nkilled 1:kv\n");
    let run = project().file("elsewhere/x", "");
    let file = run.dir().join("plugsh.toml").to_string_lossy().into_owned();
    run.args(["--project", &file, "-c", "cd elsewhere; cd /; up kv"]).run().code(0).stderr("1:kv\n");
    let run = plugsh().file("plugsh.toml", "x = 1\n").file("sub/deep/x", "").args(["-c", "cd sub/deep; up"]);
    assert!(run.run().code(1).stderr.starts_with("../../plugsh.toml:1:1: no key `x`"));
    let none = plugsh().args(["up"]).run().code(1);
    assert_eq!(none.stderr, "plugsh: no `plugsh.toml` here or in a directory above; `init` writes one\n");
}

#[test]
fn what_cannot_start_is_told_and_the_others_start() {
    let text = "[plugin.gone]\nsource = \"gone.wasm\"\n[plugin.echo]\n";
    let run = plugsh().file("plugsh.toml", text).args(["up", "-c", "ps -t"]);
    let ended = run.run().code(1);
    let expected =
        "plugsh.toml:1:9: `gone`: no file `gone.wasm`\n1:echo\nplugsh: `plugsh.toml`: 1 of 2 plugins not started\n";
    assert_eq!(ended.stderr, expected);
}

#[test]
fn scripts_go_on_after_a_failed_start_where_they_are_asked_to() {
    let text = "[plugin.gone]\nsource = \"gone.wasm\"\n";
    let before = plugsh().file("plugsh.toml", text).args(["--keep-going", "-c", "echo on", "up"]).run().code(1);
    let run = plugsh().file("plugsh.toml", text).args(["up", "--keep-going", "-c", "echo on"]).run().code(1);
    assert_eq!((&before.stdout, &before.stderr), (&run.stdout, &run.stderr), "an option before `up` is one of `up`");
    assert_eq!(printed(&run), "on\n");
    assert!(run.stderr.ends_with("plugsh: `plugsh.toml`: 1 of 1 plugin not started\n"), "{}", run.stderr);
}

#[test]
fn a_secret_is_used_and_not_written() {
    let text = "[plugin.echo]\nconfig = { key = \"${SHOP_KEY}!\" }\n";
    let run = || plugsh().file("plugsh.toml", text);
    let unset = run().args(["up", "-c", "ps"]).run().code(1);
    assert_eq!(unset.stderr, "plugsh.toml:2:18: `${SHOP_KEY}` is not set in the environment\n");
    let set = run().env("SHOP_KEY", "hidden").args(["up", "-c", "init --force; info echo; !cat plugsh.toml"]);
    let ended = set.run().code(0);
    assert!(!printed(&ended).contains("hidden"), "{}", printed(&ended));
    assert!(printed(&ended).contains("config = { key = \"${SHOP_KEY}!\" }"), "{}", printed(&ended));
}

#[test]
fn its_test_files_run_with_its_settings() {
    let ended = project().args(["test"]).run().code(0);
    assert!(printed(&ended).starts_with("ok") && printed(&ended).contains("1 passed, 0 failed"), "{}", printed(&ended));
    let none = plugsh().args(["test"]).run().code(2);
    assert!(none.stderr.contains("wants a FILE, or `tests = [...]`"), "{}", none.stderr);
    let missing = plugsh().file("plugsh.toml", "tests = \"t/*.plugsh\"\n").args(["test"]).run().code(1);
    assert_eq!(missing.stderr, "plugsh.toml:1:9: no test file fits `t/*.plugsh`\n");
}

#[test]
fn another_policy_in_force_stays() {
    let run = project().file("other.toml", "").args(["--policy", "other.toml", "up", "-c", "policy"]);
    let ended = run.run().code(0);
    assert!(ended.stderr.contains("`policy.toml` is not put in force: `other.toml` is"), "{}", ended.stderr);
}

#[test]
fn a_recording_has_no_secret_and_is_replayed_with_it() {
    let run =
        plugsh().file("plugsh.toml", "[plugin.echo]\nconfig = { key = \"${SHOP_KEY}\" }\n").env("SHOP_KEY", "hidden");
    let run = run.args(["up", "-c", "record r.jsonl; echo.echo hi; record off"]);
    let ended = run.run();
    let text = std::fs::read_to_string(ended.dir.path().join("r.jsonl")).unwrap();
    assert!(text.contains("\"key\":\"${SHOP_KEY}\"") && !text.contains("hidden"), "{text}");
    let replayed = plugsh().file("r.jsonl", &text).args(["-c", "replay r.jsonl"]).run().code(1);
    assert!(replayed.stderr.contains("`echo`: `${SHOP_KEY}` is not set in the environment"), "{}", replayed.stderr);
    plugsh().file("r.jsonl", &text).env("SHOP_KEY", "x").args(["-c", "replay r.jsonl"]).run().code(0);
}

#[test]
fn limits_hold_for_plugsh_up_and_a_prompt_keeps_its_own() {
    let run = || plugsh().file("plugsh.toml", "[limits]\nmax_depth = 20\n[plugin.echo]\n");
    run().args(["up", "-c", "ps"]).run().code(0).stderr("1:echo\n");
    let text = "`[limits]` of `plugsh.toml` are not this shell's, which stay; `plugsh up` starts with them\n1:echo\n";
    run().args(["-c", "up"]).run().code(0).stderr(text);
    let wrong = plugsh().file("plugsh.toml", "[limits]\nmax_depth = \"x\"\n").args(["up", "-c", "ps"]).run().code(1);
    assert_eq!(wrong.stderr, "plugsh.toml:2:13: `--max-depth` of `[limits]`: `x` is no whole number\n");
}

#[test]
fn completions_and_the_manual_page_have_the_subcommands() {
    let written = |arguments: [&str; 2]| printed(&plugsh().args(arguments).run().code(0));
    for shell in ["bash", "zsh", "fish"] {
        let completions = written(["completions", shell]);
        assert!(["schema", "force", "project"].iter().all(|option| completions.contains(option)), "{shell}");
    }
    assert!(written(["help", "up"]).contains("--schema") && written(["help", "init"]).contains("--force"));
    let page = printed(&plugsh().args(["man"]).run().code(0));
    assert!(page.contains("PLUGSH UP") && page.contains("PLUGSH INIT"), "{page}");
}
