//! `plugsh test`: separate shells, a line a file, differences, a count, the JUnit report, and `--update`.

mod common;
mod pty;

use common::{normalised, plugsh};

const GOOD: &str = "load echo\ncall echo echo hi\nexpect hi\n";
const BAD: &str = "load echo\ncall echo echo \"one\\ntwo\"\nexpect <<END\none\n2\nEND\n";

#[test]
fn files_that_hold_are_counted() {
    let run = plugsh().file("a.plugsh", GOOD).file("b.plugsh", GOOD).args(["test", "a.plugsh", "b.plugsh", "-j", "2"]);
    let ended = run.run().code(0).stderr("");
    let printed = normalised(&String::from_utf8_lossy(&ended.stdout));
    assert_eq!(printed, "ok  a.plugsh  #\nok  b.plugsh  #\n2 passed, 0 failed  #\n");
}

#[test]
fn a_file_that_fails_shows_the_difference() {
    let run = plugsh().file("a.plugsh", GOOD).file("b.plugsh", BAD).args(["test", "b.plugsh", "missing", "a.plugsh"]);
    let ended = run.run().code(1);
    let printed = normalised(&String::from_utf8_lossy(&ended.stdout));
    let expected = "FAILED  b.plugsh  #\n  one\n  - 2\n  + two\n  \
        b.plugsh:3: the output is not the expected one (- expected, + came)\n\
        FAILED  missing  #\n  `missing`: no such file or directory\n\
        ok  a.plugsh  #\n1 passed, 2 failed  #\n";
    assert_eq!(printed, expected);
}

#[test]
fn json_has_a_line_for_each_file_and_changes_no_expectation() {
    let listing = "load echo\nps -t > tree\nset tree @tree\n!grep -q '1:echo idle' tree\n";
    let run = plugsh().file("a.plugsh", listing).file("b.plugsh", BAD).args(["test", "--json", "a.plugsh", "b.plugsh"]);
    let ended = run.run().code(1).stderr("");
    let printed = String::from_utf8_lossy(&ended.stdout).into_owned();
    let lines: Vec<serde_json::Value> =
        printed.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let [good, bad] = &lines[..] else { panic!("{printed}") };
    assert_eq!((&good["file"], &good["outcome"], &good["error"]), (&"a.plugsh".into(), &"ok".into(), &().into()));
    assert_eq!((&bad["outcome"], &bad["rewritten"]), (&"failed".into(), &().into()));
    assert_eq!(bad["error"], "b.plugsh:3: the output is not the expected one (- expected, + came)");
    assert_eq!(bad["notices"], serde_json::json!(["  one", "- 2", "+ two"]));
    assert!(good["duration_us"].is_number(), "{printed}");
}

#[test]
fn a_file_can_save_a_picture() {
    let text = "load echo\npane save p.txt --size 80x6 --fixed-clock\n!grep -q '1:echo' p.txt\nexpect-error '*no pane here*' pane on\n";
    let ended = plugsh().file("a.plugsh", text).args(["test", "a.plugsh"]).run().code(0);
    assert!(normalised(&String::from_utf8_lossy(&ended.stdout)).starts_with("ok  a.plugsh"));
}

#[test]
fn files_know_nothing_of_each_other() {
    let first = "load echo --as only_here\nset kept yes\ncall only_here echo x > out\nexit 0\n";
    let second = "expect-error '*' call only_here echo x\nexpect-error '*' echo $kept\nexpect-calls --pending 'callee=only_here and outcome=ok' 0\n";
    plugsh().file("1", first).file("2", second).args(["test", "-j", "1", "1", "2"]).run().code(0);
    plugsh().file("1", "exit 3").args(["test", "1"]).run().code(1).stdout_has("1: it ended with `exit 3`");
}

#[test]
fn what_programs_print_belongs_to_the_file() {
    let loud = "!echo from a program; echo and its error >&2; cat\n!echo >&2 why; false\n";
    let run = plugsh().file("a.plugsh", loud).file("none.plugsh", "load echo\n");
    let run = run.stdin("typed").args(["test", "--json", "-j", "1", "--junit", "r.xml", "a.plugsh", "none.plugsh"]);
    let ended = run.run().code(1).stderr("");
    let printed = String::from_utf8_lossy(&ended.stdout).into_owned();
    let lines: Vec<serde_json::Value> =
        printed.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    assert_eq!(lines.len(), 2, "{printed}");
    assert_eq!(lines[1]["expectations"], 0, "{printed}");
    let report = std::fs::read_to_string(ended.dir.path().join("r.xml")).expect("the report");
    assert_eq!(lines[0]["notices"], serde_json::json!(["and its error", "why"]), "{printed}");
    assert!(report.contains("from a program\n") && report.contains("and its error\nwhy\n"), "{report}");
    let run = plugsh().file("none.plugsh", "load echo\n").args(["test", "none.plugsh"]).run();
    run.code(0).stdout_has("  no expectation in it\n");
}

#[test]
fn the_junit_report_is_one_that_a_parser_reads() {
    let bad = "load echo\ncall echo echo \"<&]]>\\x1b\"\nexpect-error '<&\"]]>' echo x\n";
    let run = plugsh().file("a.plugsh", GOOD).file("b.plugsh", bad);
    let ended = run.args(["test", "a.plugsh", "b.plugsh", "--junit", "report.xml"]).run().code(1);
    let text = std::fs::read_to_string(ended.dir.path().join("report.xml")).expect("the report");
    let report = junit_parser::from_reader(text.as_bytes()).expect("a JUnit report");
    let [first, second] = &report.suites[..] else { panic!("{} suites", report.suites.len()) };
    assert_eq!((report.tests, report.failures, second.tests, second.failures), (2, 1, 1, 1));
    assert_eq!((first.name.as_str(), second.name.as_str()), ("a.plugsh", "b.plugsh"));
    let ([good], [bad]) = (&first.cases[..], &second.cases[..]) else { panic!("{report:?}") };
    let names = (good.original_name.as_str(), bad.original_name.as_str());
    assert_eq!(names, ("a.plugsh:3 expect hi", "b.plugsh:3 expect-error '<&\"]]>' echo x"));
    assert!(good.status.is_success() && bad.status.is_failure());
    let failure = bad.status.failure_as_ref();
    // Escaped characters are read back unchanged.
    assert_eq!(failure.message, "b.plugsh:3: expected an error like `<&\"]]>`, and it succeeded");
    assert!(failure.text.ends_with(", and it succeeded") && second.system_out.is_some(), "{bad:?}");
    assert!(!text.contains('\x1b'), "{text:?}");
}

#[test]
fn the_junit_report_has_the_stack_of_a_failed_call() {
    let guest = |name: &str| std::fs::read(format!("{}/tests/guests/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let file = "load tax.wasm\nload cart.wasm\ncart.total rate\n";
    let run = plugsh().file("tax.wasm", guest("tax.wasm")).file("cart.wasm", guest("cart.wasm")).file("a.plugsh", file);
    let ended = run.args(["test", "a.plugsh", "--junit", "r.xml"]).run().code(1);
    let text = std::fs::read_to_string(ended.dir.path().join("r.xml")).expect("the report");
    let report = junit_parser::from_reader(text.as_bytes()).expect("a JUnit report");
    let failure = report.suites[0].cases[0].status.failure_as_ref();
    let message = "a.plugsh:3: 1:tax.rate: panicked at src/tax.rs:22: called `Option::unwrap()` on a `None` value \
                   (2:cart.total → 1:tax.rate)";
    assert_eq!(failure.message, message);
    let stack = [
        "    1:tax.rate",
        "      … 13 frames of its runtime; `--all` shows them",
        "      #13  tax::Rate::percent at src/tax.rs:22:22",
        "      #14  tax::rate_of at src/tax.rs:29:10",
        "      #15  rate at src/tax.rs:34:5",
        "    2:cart.total",
        "      #16  cart::ask_tax at src/cart.rs:31:14",
        "      #17  total at src/cart.rs:36:15",
    ];
    assert_eq!(failure.text.lines().collect::<Vec<_>>(), [&[message][..], &stack].concat());
}

/// The cases of a report: names, and whether they hold.
fn cases_of(ended: &common::Ended) -> Vec<(String, bool)> {
    let text = std::fs::read_to_string(ended.dir.path().join("r.xml")).expect("the report");
    let report = junit_parser::from_reader(text.as_bytes()).expect("a JUnit report");
    let cases = report.suites.into_iter().flat_map(|suite| suite.cases);
    cases.map(|case| (case.original_name.clone(), case.status.is_success())).collect()
}

#[test]
fn the_junit_report_has_a_case_for_each_expectation() {
    let shared = "call echo echo shared\nexpect shared\n";
    let good = "load echo\nsource shared\nif expect 1 2\n  echo never\nend\nset n $(expect 1 1)\n\
        for x in 1 2\n  expect $x $x\nend\nretry 2 expect-json '' 1 | !cat\n";
    let bad = "expect 1 1; expect 2 2\nrepeat 2\n  load nothing-like-it\nend\nexpect 3 3\n";
    let run =
        plugsh().file("shared", shared).file("good", good.replace(" | !cat", "").replace("'' 1", "'' '\"shared\"'"));
    let run = run.file("bad", bad).file("loop", "for x in 1 2 3\n  expect 2 $x\nend\n").file("none", "echo x\n");
    let run = run.file("wrong", "echo 'open\n");
    let ended = run.args(["test", "--junit", "r.xml", "good", "bad", "loop", "none", "wrong", "missing"]).run();
    let expected = [
        ("shared:2 expect shared", true),
        ("good:8 expect $x $x", true),
        ("good:10 retry 2 expect-json '' '\"shared\"'", false),
        ("bad:1 expect 1 1", true),
        ("bad:1 expect 2 2", true),
        ("bad:3 load nothing-like-it", false),
        ("loop:2 expect 2 $x", false),
        ("none", true),
        ("wrong", false),
        ("missing", false),
    ];
    assert_eq!(cases_of(&ended.code(1)), expected.map(|(name, holds)| (name.to_owned(), holds)));
}

#[test]
fn a_file_that_takes_too_long_is_ended() {
    // A program that ignores Ctrl-C is ended too.
    let stubborn = "expect 1 1\n!trap '' INT; sleep 1h & wait\n";
    let run =
        plugsh().file("a", "echo a\nsleep 1h\n").file("b", stubborn).file("c", "load misbehave\nmisbehave.spin\n");
    let run = run.file("d", GOOD).args(["test", "--timeout", "2s", "--junit", "r.xml", "a", "b", "c"]).run().code(1);
    let run = run.stdout_has("a:2: interrupted; the file ran for 2s, all that `--timeout` gives it\n");
    let run = run.stdout_has("b:2: interrupted; the file ran").stdout_has("  c:").stdout_has("0 passed, 3 failed");
    let failed = [("a:2 sleep 1h", false), ("b:1 expect 1 1", true), ("b:2 !trap '' INT; sleep 1h & wait", false)];
    assert_eq!(cases_of(&run)[..3], failed.map(|(name, holds)| (name.to_owned(), holds)));
    for none in ["0", "none"] {
        plugsh().file("d", GOOD).args(["test", "--timeout", none, "d"]).run().code(0);
    }
    plugsh().args(["test", "--timeout", "soon", "d"]).run().code(2).stderr_has("--timeout");
}

#[test]
fn update_rewrites_what_does_not_hold_and_nothing_else() {
    let before = "# what it does\nload echo\ncall echo echo \"one\\ntwo\"\nexpect <<E  # a comment\nold\nE\n\
        expect-json-is-no-command\n";
    let fixed = before.replace("expect-json-is-no-command\n", "");
    let run = plugsh().file("bad", before).file("a", &fixed).args(["test", "--update", "bad"]).run();
    // A file with another error is left unchanged.
    run.code(1).stdout_has("no command `expect-json-is-no-command`").file("bad", before);

    let rest = "call echo echo {\"a\": [1, 2]}\nexpect-json /a 3\nexpect-json /a/0 1\nexpect x # why\n\
        expect-calls 'callee=echo and function=echo' 7\nexpect-tree nothing\necho done";
    let before = format!("{fixed}{rest}");
    let ended = plugsh().file("a", &before).args(["test", "--update", "a"]).run().code(0);
    let ended = ended.stdout_has("5 expectations rewritten");
    let after = "# what it does\nload echo\ncall echo echo \"one\\ntwo\"\nexpect <<END  # a comment\none\ntwo\nEND\n\
        call echo echo {\"a\": [1, 2]}\nexpect-json /a '[1,2]'\nexpect-json /a/0 1\nexpect '{\"a\": [1, 2]}' # why\n\
        expect-calls 'callee=echo and function=echo' 2\nexpect-tree <<END\nshell\n└─ 1:echo idle\nEND\necho done";
    let ended = ended.file("a", after);
    let again = plugsh().file("a", std::fs::read(ended.dir.path().join("a")).expect("the file"));
    again.args(["test", "a"]).run().code(0);
}

#[test]
fn no_file_is_a_mistake() {
    plugsh().args(["test"]).run().code(2);
}

#[test]
fn at_a_terminal_the_file_that_is_waited_for_is_said() {
    let setup = pty::Setup::new(24, 80).file("first.plugsh", "!cat go\n").file("second.plugsh", "expect 1 1\n");
    let go = setup.home().join("go");
    assert!(std::process::Command::new("mkfifo").arg(&go).status().expect("mkfifo").success());
    let setup = setup.argument("test").argument("first.plugsh").argument("second.plugsh");
    let mut terminal = setup.start();
    terminal.wait_for("file 1 of 2  first.plugsh");
    std::fs::write(&go, "x").expect("the first file's input");
    assert!(terminal.wait_end().success());
    terminal.wait_for("2 passed, 0 failed");
    let rows = terminal.rows();
    assert!(rows[0].starts_with("ok      first.plugsh") && rows[1].starts_with("ok      second.plugsh"), "{rows:?}");
    assert!(rows.iter().all(|row| !row.contains("file ")), "{rows:?}");
}
