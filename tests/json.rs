//! `--json`: every command of the table answers with one JSON value (`trace` and `logs` with one a record), whether the
//! option stands with it or with `plugsh`.

mod common;

use common::{commands, plugsh};
use plugsh::shell::command::TABLE;
use serde_json::Value;

/// Printed before the command that is looked at.
const MARK: &str = "@@ answer @@";
/// A call that is held before it runs.
const HELD: &str = "load front; break 'callee=count_vowels'; front.run abc";
/// A job that is held in a plugin's code.
const HELD_IN_CODE: &str = "load tax.wasm; break tax.rs:28; tax.rate";
const ANSWERED: &str = "load echo; call echo echo {\"a\": 1}";

/// Commands that answer with a value a record, on a line of its own, and the number of records here.
const STREAMS: [(&str, usize); 2] = [("trace", 2), ("logs", 3)];

/// The lines before one of the command, and the words after its name.
fn line_of(command: &str) -> (&'static str, &'static str) {
    match command {
        "load" => ("", "echo"),
        "call" => ("load echo", "echo echo hi"),
        "kill" | "restart" | "reload" | "info" => ("load echo", "echo"),
        "verify" => ("load echo", "echo echo hi"),
        "stats" | "trace" | "lint" => (ANSWERED, ""),
        "profile" => ("load echo", "echo.echo hi"),
        "logs" => ("load misbehave; misbehave.log hello", ""),
        "log-level" => ("", "debug"),
        "policy" => ("", "learn"),
        "watch" => ("", "-n 1ms --count 1 ps"),
        "time" => ("", "ps"),
        "bench" => ("load echo", "echo echo hi -n 20"),
        "export" => (ANSWERED, "calls.jsonl"),
        "show" => (ANSWERED, "1"),
        "break" => ("", "depth=1"),
        "delete" => ("break depth=1; break depth=2", ""),
        "bt" | "continue" | "step" | "next" | "finish" => (HELD, ""),
        "frame" | "list" | "locals" => (HELD_IN_CODE, ""),
        "print" => (HELD_IN_CODE, "country"),
        "until" => (HELD_IN_CODE, "29"),
        "set-input" | "return" => (HELD, "{\"count\":1}"),
        "fail" => ("load front; break 'callee=count_vowels'; break --on return 'callee=front'; front.run abc", "'no'"),
        "vars" => ("load count_vowels; count_vowels.count_vowels abc", "count_vowels"),
        "peek" => ("load echo", "echo 0x100000 16"),
        "inject" => ("load echo", "echo.echo trap"),
        "stub" => ("load echo", "echo.echo = hi"),
        "unstub" => ("load echo; stub echo.echo = hi", "echo.echo"),
        "record" => ("", "calls.jsonl"),
        "replay" => ("load echo; record calls.jsonl; echo.echo hi; record off", "calls.jsonl"),
        "bg" => (HELD, ""),
        "hold" => ("load misbehave; misbehave.spin &", "%1"),
        "wait" | "fg" => ("load echo; echo.echo hi &", "%1"),
        "set" => ("", "x 'a b'"),
        "alias" => ("", "p = ps -t"),
        "echo" => ("", "one 'two  three'"),
        "sleep" => ("", "1ms"),
        "retry" => ("load echo", "2 echo.echo hi"),
        "json" => (ANSWERED, "/a"),
        "source" => ("", "lines.plugsh"),
        "expect" => (ANSWERED, "'{\"a\": 1}'"),
        "expect-json" => (ANSWERED, "/a 1"),
        "expect-error" => ("", "'*' kill 1"),
        "expect-calls" => (ANSWERED, "callee=echo 1"),
        "expect-duration" => (ANSWERED, "callee=echo --under 1h"),
        "expect-fuel" => ("trace fuel on; load echo; echo.echo hi", "callee=echo --under 1G"),
        "expect-tree" => ("load echo", "\"shell\\n└─ 1:echo idle\""),
        "up" => ("!echo '[plugin.echo]' > plugsh.toml", ""),
        "down" => ("!echo '[plugin.echo]' > plugsh.toml\nup", ""),
        "init" => ("load echo", ""),
        "serve" => ("", "--name every-command"),
        "help" => ("", "sleep"),
        "cd" => ("", "/"),
        "plugins" | "ps" | "nodes" | "limits" | "breaks" | "faults" | "stubs" | "jobs" | "history" | "clear"
        | "exit" | "quit" | "pane" => ("", ""),
        other => panic!("no line for `{other}`: say one here"),
    }
}

/// The output of a command after the mark, and the exit code.
fn answer(arguments: &[&str], before: &str, line: &str) -> (String, Option<i32>) {
    let script = format!("{before}\necho '{MARK}'\n{line}\n");
    let run = plugsh().file("s", script).file("lines.plugsh", "echo hello\n");
    let run =
        run.file("tax.wasm", include_bytes!("guests/tax.wasm")).file("src/tax.rs", include_str!("guests/src/tax.rs"));
    let ended = run.args(arguments.iter().copied()).args(["s"]).run();
    let printed = String::from_utf8(ended.stdout).expect("text");
    let (_, after) = printed.split_once(MARK).unwrap_or_else(|| panic!("`{line}`: {printed}\n{}", ended.stderr));
    (after.trim_start_matches('"').to_owned(), ended.code)
}

/// The JSON values in a text.
fn values(line: &str, text: &str) -> Vec<Value> {
    let values: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(text).into_iter().collect();
    values.unwrap_or_else(|error| panic!("`{line}` printed, which is no JSON ({error}):\n{text}"))
}

#[test]
fn every_command_answers_with_one_value() {
    for command in TABLE {
        let (before, words) = line_of(command.name);
        let (line, asked) = (format!("{} {words}", command.name), format!("{} --json {words}", command.name));
        for (arguments, line) in [(&["--json"][..], &line), (&[][..], &asked)] {
            let (printed, code) = answer(arguments, before, line);
            let values = values(line, &printed);
            if matches!(command.name, "pane" | "nodes") {
                // Without a terminal, or a server of nodes, it fails.
                assert_eq!((values.len(), code), (0, Some(1)), "`{line}`");
                continue;
            }
            // A job that is still held fails its script.
            let is_held = command.name == "hold" || before == HELD_IN_CODE || before.contains("; break 'callee");
            assert!(code == Some(0) || is_held, "`{line}`: {code:?}\n{printed}");
            let expected = STREAMS.iter().find(|(name, _)| *name == command.name).map_or(1, |(_, records)| *records);
            assert_eq!(values.len(), expected, "`{line}` with {arguments:?}:\n{printed}");
        }
    }
}

#[test]
fn values_say_what_happened() {
    let expected = [
        ("", "set x 'a b'", r#"{"name":"x","value":"a b","value_base64":null}"#),
        ("", "echo 'one  two'", r#""one  two""#),
        ("", "sleep 2ms", r#"{"slept_ms":2.0}"#),
        ("break depth=1; break depth=2", "delete 2", r#"{"deleted":[2]}"#),
        ("load echo; stub echo.echo = hi", "unstub --all", r#"{"unstubbed":["echo.echo"]}"#),
        ("", "policy off", r#"{"policy":null}"#),
        (ANSWERED, "json /a", "1"),
        (ANSWERED, "expect-json /a 1", r#"{"holds":true,"actual":1}"#),
        (ANSWERED, "export calls.jsonl", r#"{"calls":1,"loads":1,"file":"calls.jsonl"}"#),
        ("load echo", "echo.echo hi &", r#"{"job":1,"text":"echo.echo hi"}"#),
        ("", "log-level", r#"{"level":"info"}"#),
        (HELD, "bg", r#"{"job":1,"released":true}"#),
        ("", "exit 0", r#"{"exit":0}"#),
        ("", "source lines.plugsh", r#""hello""#),
    ];
    for (before, line, value) in expected {
        let (printed, _) = answer(&["--json"], before, line);
        // A background job may end, and its notice goes to standard error.
        assert_eq!(printed.trim(), value, "`{line}`");
    }
    let (printed, _) = answer(&["--json"], "load echo; echo.echo hi > out &", "wait %1");
    let [ended] = &values("wait", &printed)[..] else { panic!("{printed}") };
    assert_eq!(
        (&ended["job"], &ended["outcome"], &ended["output"]),
        (&1.into(), &"ok".into(), &Value::Null),
        "{printed}"
    );
    let (printed, _) = answer(&["--json"], HELD, "bt");
    let (again, _) = answer(&["--json"], "load front; break 'callee=count_vowels'", "front.run abc");
    let (bt, held) = (&values("bt", &printed)[0], &values("front.run", &again)[0]);
    assert_eq!((&bt["job"], &bt["chain"], &bt["input"]), (&held["job"], &held["chain"], &held["input"]));
}

#[test]
fn what_is_captured_is_text_unless_json_is_asked_for() {
    let captured = "set x $(echo a)\nset y $(echo --json a)\necho one > file\necho \"$x $y\"\necho two | !cat\n";
    let run = plugsh().file("s", captured).args(["--json", "s"]).run().code(0);
    let expected = "{\"name\":\"x\",\"value\":\"a\\n\",\"value_base64\":null}\n\
        {\"name\":\"y\",\"value\":\"\\\"a\\\"\\n\",\"value_base64\":null}\n\"a\\n \\\"a\\\"\\n\"\ntwo\n";
    run.stdout(expected).file("file", "one\n");
}

#[test]
fn an_error_is_a_line_of_standard_error_and_a_failed_call_a_value_too() {
    commands("load nowhere").args(["--json"]).run().code(1).stdout("").stderr_has("-c:1: ");
    let ended = commands("load misbehave; misbehave.error no").args(["--json"]).run().code(1).stderr_has("-c:1: ");
    let printed = String::from_utf8_lossy(&ended.stdout).into_owned();
    let [_, failed] = &values("call", &printed)[..] else { panic!("{printed}") };
    assert_eq!((&failed["outcome"], &failed["output"]), (&"error".into(), &Value::Null), "{printed}");
}

#[test]
fn a_failed_call_of_the_trace_has_its_stack_as_show_has_it() {
    let guest = |name: &str| std::fs::read(format!("{}/tests/guests/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let script = "load tax.wasm\nload cart.wasm\nload echo\necho.echo x\ncart.total rate\ntrace\nshow 5\nshow 6";
    let run = plugsh().file("tax.wasm", guest("tax.wasm")).file("cart.wasm", guest("cart.wasm")).file("s", script);
    let ended = run.args(["--json", "--keep-going", "s"]).run();
    let printed = String::from_utf8(ended.stdout).expect("text");
    let values = values("trace", &printed);
    let traced: Vec<&Value> =
        values.iter().filter(|value| value["kind"] == "call" && value["chain"].is_null()).collect();
    let shown: Vec<&Value> = values.iter().filter(|value| value["chain"].is_array()).collect();
    assert_eq!((traced.len(), shown.len()), (3, 2), "{printed}");
    assert_eq!(traced[0].get("stack"), Some(&Value::Null), "a call that ended well has none");
    for (traced, shown) in traced[1..].iter().zip(shown) {
        assert_eq!((&traced["seq"], &traced["stack"]), (&shown["seq"], &shown["stack"]));
    }
    let author = |frame: &&Value| frame["file"] == "src/tax.rs";
    let frames = traced[1]["stack"].as_array().expect("frames");
    let first = frames.iter().find(author).expect("a frame of the author's");
    assert_eq!((&first["name"], &first["line"], &first["called"]), (&"tax".into(), &22.into(), &"rate".into()));
    assert!(frames.iter().any(|frame| frame["name"] == "cart" && frame["called"] == "total"), "{frames:?}");
}
