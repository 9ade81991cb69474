//! `plugsh attach` with `-c` and scripts, `plugsh call --attach`, `plugsh ls`.

use std::io::{BufRead, Write};
use std::process::Stdio;

use crate::served::{Ran, plugsh, serve, serve_with};

#[test]
fn lines_run_at_the_server_and_are_printed_here() {
    let served = serve("load echo");
    assert_eq!(served.attach("echo.echo hi").out(), "hi\n");
    assert_eq!(served.attach("load front\nps -q").code, Some(2), "a mistake has its code");
    let listed = served.attach("ps --json").out();
    assert!(listed.contains("\"name\":\"echo\"") && listed.contains("\"name\":\"front\""), "{listed}");
}

#[test]
fn each_client_has_variables_of_its_own() {
    let served = serve("load echo\nset x of-the-server");
    assert_eq!(served.attach("set x mine; echo $x").out(), "mine\n");
    assert_eq!(served.attach("echo $x").stderr, "-c:1: `$x` is unset: give it a value with `set x VALUE`\n");
}

#[test]
fn codes_and_errors_are_those_of_a_script() {
    let served = serve("load misbehave");
    let ran = served.attach("misbehave.spin --timeout 10ms");
    assert_eq!(ran.code, Some(124), "{ran:?}");
    assert!(ran.stderr.starts_with("-c:1: 1:misbehave.spin: timed out"), "{}", ran.stderr);
    assert_eq!(served.attach("exit 7").code, Some(7));
    let gone = served.run(&["attach", "other", "-c", "ps"]);
    assert_eq!(
        (gone.code, gone.stderr.as_str()),
        (Some(1), "plugsh: `other` is not served; `plugsh ls` lists what is\n")
    );
}

#[test]
fn a_script_of_this_side_runs_with_its_arguments() {
    let served = serve("load echo");
    std::fs::write(served.dir.path().join("check.plugsh"), "echo $1\nfor x in a b\n  echo.echo $x\nend\nnosuch\n")
        .unwrap();
    let ran = served.run(&["attach", "shop", "check.plugsh", "first"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), "first\na\nb\n"));
    assert!(ran.stderr.starts_with("check.plugsh:5: no command `nosuch`"), "{}", ran.stderr);
}

#[test]
fn standard_input_gives_lines_or_input() {
    let served = serve("load echo");
    let run = |arguments: &[&str], input: &[u8]| {
        let mut command = served.plugsh(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Ran::of(child.wait_with_output().unwrap())
    };
    assert_eq!(run(&["attach", "shop"], b"echo.echo <<END\na\nb\nEND\n").out(), "a\nb\n");
    assert_eq!(run(&["attach", "shop", "-c", "echo.echo @-"], b"typed").out(), "typed\n");
    let failed = run(&["attach", "shop"], b"echo one\n\nnosuch\necho two\n");
    assert_eq!((failed.code, failed.stdout.as_str()), (Some(2), "one\n"));
    assert!(failed.stderr.starts_with("stdin:3: no command `nosuch`"), "{}", failed.stderr);
    let went_on = run(&["attach", "shop", "--keep-going"], b"nosuch\necho two\nexit 5\necho three\n");
    assert_eq!((went_on.code, went_on.stdout.as_str()), (Some(5), "two\n"), "{went_on:?}");
    let bytes = run(&["attach", "shop"], b"echo one\necho \xff\n");
    assert_eq!((bytes.code, bytes.stdout.as_str()), (Some(1), "one\n"));
    assert!(bytes.stderr.starts_with("stdin:2: not UTF-8"), "{}", bytes.stderr);
}

#[test]
fn lines_of_standard_input_run_as_they_come() {
    let served = serve("load echo");
    let mut child = served.plugsh(&["attach", "shop"]);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    for typed in ["echo.echo first\n", "echo.echo <<END\nsecond\nEND\n", "set x third\necho $x\n"] {
        // The next is written only once this one has answered.
        input.write_all(typed.as_bytes()).unwrap();
        output.read_line(&mut line).unwrap();
    }
    drop(input);
    assert_eq!((line.as_str(), child.wait().unwrap().code()), ("first\nsecond\nthird\n", Some(0)));
}

#[test]
fn programs_run_on_this_side() {
    let served = serve("load echo");
    assert_eq!(served.attach("set x 1; !echo $x $PPID").out().split(' ').next(), Some("1"));
    assert_eq!(served.attach("echo.echo abc | !tr a-c x-z").out(), "xyz");
    assert_eq!(served.attach("echo.echo $(!printf kept)").out(), "kept\n");
    assert_eq!(served.attach("!exit 3").code, Some(1));
}

#[test]
fn a_call_from_the_command_line() {
    let served = serve("load echo\nload misbehave");
    let called = |arguments: &[&str]| served.run(&[&["call", "--attach", "shop"], arguments].concat());
    assert_eq!(called(&["echo", "echo", "--input", "hi"]).out(), "hi\n");
    let failed = called(&["misbehave", "spin", "--timeout", "10ms"]);
    assert_eq!(failed.code, Some(124), "{failed:?}");
    assert!(called(&["echo", "nosuch"]).stderr.contains("no function `nosuch` in `1:echo`"));
    assert_eq!(called(&["echo", "echo", "--input", "a", "--loop", "2"]).out(), "a\na\n");
    let limited = called(&["echo", "echo", "--memory-max", "4"]);
    let why = "plugsh: `--memory-max` with `--attach`: a process has the limits that it was loaded with; `--timeout` is \
        the call's\n";
    assert_eq!((limited.code, limited.stderr.as_str()), (Some(2), why));
}

#[test]
fn read_only_clients_look_and_touch_nothing() {
    let served = serve("load echo");
    let looked = |lines: &str| served.run(&["attach", "shop", "--read-only", "-c", lines]);
    assert!(looked("ps").out().contains("echo"));
    for line in ["kill echo", "echo.echo hi", "load front", "ps > f"] {
        let ran = looked(line);
        assert!(ran.code == Some(1) && ran.stderr.contains("may look and not touch"), "{line}: {ran:?}");
    }
    std::fs::write(served.dir.path().join("touching"), "ps\nload front\n").unwrap();
    let ran = looked("source touching");
    assert!(ran.stdout.contains("echo") && ran.stderr.contains("`load`: a read-only session"), "{ran:?}");
    assert!(looked("log-level debug").stderr.contains("may look and not touch"));
    assert_eq!(looked("log-level").out(), served.attach("log-level").out());
    std::fs::write(served.dir.path().join("plugsh.toml"), "[plugin.shop]\nsource = \"echo\"\n").unwrap();
    assert_eq!(looked("up --check").code, Some(0));
    assert!(looked("up").stderr.contains("may look and not touch"));
    let served = serve_with("load echo", &["--read-only"]);
    let ran = served.attach("kill echo");
    assert!(ran.stderr.contains("may look and not touch"), "{ran:?}");
}

#[test]
fn what_is_served_is_listed() {
    let served = serve("load echo");
    let listed = served.run(&["ls"]).out();
    let pid = served.child.id().to_string();
    assert!(listed.lines().count() == 2 && listed.contains("shop") && listed.contains(&pid), "{listed}");
    let second = plugsh(&served.dir).args(["serve", "--name", "shop"]).stdin(Stdio::null()).output().unwrap();
    let ran = Ran::of(second);
    assert!(ran.code == Some(1) && ran.stderr.contains("`shop` is served already"), "{ran:?}");
}
