//! `plugsh call` in place of `extism call`: every flag in every spelling of its parser, and the output.

mod common;

use std::io::Write;

use common::{Plugsh, commands, plugsh};

/// A plugin whose functions write a line to each of WASI's standard streams, then act as named.
const PRINTS: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\10\00\00\00\06\00\00\00")
    (data (i32.const 16) "hello\n")
    (data (i32.const 32) "\30\00\00\00\2e\00\00\00")
    (data (i32.const 48) "panicked at lib.rs:7:\n  index 9 \1b[2J out of 3\n")
    (func $say (param $stream i32) (param $what i32)
        (drop (call $write (local.get $stream) (local.get $what) (i32.const 1) (i32.const 8))))
    (func (export "hello") (call $say (i32.const 1) (i32.const 0)) (call $say (i32.const 2) (i32.const 32)))
    (func (export "panic") (call $say (i32.const 2) (i32.const 32)) unreachable)
    (func (export "quiet") unreachable)
    (func (export "code") (result i32) (call $say (i32.const 2) (i32.const 32)) (i32.const 300))
    (func (export "exit") (call $exit (i32.const 200)))
    (func (export "exit_negative") (call $exit (i32.const -1))))"#;

/// The text that `panic` writes, as an error shows it.
const REASON: &str = r"; on its standard error: panicked at lib.rs:7: | index 9 \x1b[2J out of 3";

fn call(arguments: &[&str]) -> Plugsh {
    plugsh().file("prints.wat", PRINTS).args(arguments.iter().copied())
}

#[test]
fn every_flag_in_every_spelling() {
    // Equivalent spellings.
    let same: &[&[&str]] = &[
        &["call", "echo", "echo", "--input", "hi"],
        &["call", "echo", "echo", "--input=hi"],
        &["call", "echo", "echo", "-i", "hi"],
        &["call", "echo", "echo", "-ihi"],
        &["call", "echo", "echo", "-i=hi"],
        &["call", "--input", "hi", "echo", "echo"],
        &["call", "echo", "-i", "hi", "echo"],
        &["--input", "hi", "call", "echo", "echo"],
        &["-i", "hi", "call", "echo", "echo"],
        &["call", "-i", "hi", "--", "echo", "echo"],
        &["call", "echo", "echo", "-i", "no", "-i", "hi"],
        &["call", "echo", "echo", "--stdin"],
        &["call", "echo", "echo", "--stdin=true"],
        &["-v", "call", "echo", "echo", "-i", "hi"],
        &["--verbose", "call", "echo", "echo", "-i", "hi"],
        &["call", "echo", "echo", "-i", "hi", "-v"],
        &["call", "echo", "echo", "-i", "hi", "--verbose=false"],
        &["-q", "call", "echo", "echo", "-i", "hi"],
        &["--quiet", "call", "echo", "echo", "-i", "hi"],
        &["call", "echo", "echo", "-i", "hi", "-q"],
        &["call", "echo", "echo", "-qvi", "hi"],
        &["-vq", "call", "echo", "echo", "-i", "hi"],
        &["--github-token", "x", "call", "echo", "echo", "-i", "hi"],
        &["--github-token=x", "call", "echo", "echo", "-i", "hi"],
        &["call", "echo", "echo", "-i", "hi", "--github-token", "x"],
        &["call", "echo", "echo", "-i", "hi", "--github-token", ""],
        &["call", "echo", "echo", "-i", "hi", "--loop", "1"],
        &["call", "echo", "echo", "-i", "hi", "--loop=0x1"],
        &["call", "echo", "echo", "-i", "hi", "--wasi"],
        &["call", "echo", "echo", "-i", "hi", "--wasi=true"],
        &["call", "echo", "echo", "-i", "hi", "--wasi=F"],
        &["call", "echo", "echo", "-i", "hi", "--allow-path", "."],
        &["call", "echo", "echo", "-i", "hi", "--allow-path", ".:/data", "--allow-path=.:/more"],
        &["call", "echo", "echo", "-i", "hi", "--allow-host", "*.example.org", "--allow-host=h"],
        &["call", "echo", "echo", "-i", "hi", "--enable-http-response-headers"],
        &["call", "echo", "echo", "-i", "hi", "--enable-http-response-headers=0"],
        &["call", "echo", "echo", "-i", "hi", "--timeout", "0"],
        &["call", "echo", "echo", "-i", "hi", "--timeout", "60_000"],
        &["call", "echo", "echo", "-i", "hi", "--memory-max", "0"],
        &["call", "echo", "echo", "-i", "hi", "--memory-max=-1"],
        &["call", "echo", "echo", "-i", "hi", "--memory-max", "0x100"],
        &["call", "echo", "echo", "-i", "hi", "--http-response-max", "-1"],
        &["call", "echo", "echo", "-i", "hi", "--http-response-max=0"],
        &["call", "echo", "echo", "-i", "hi", "--var-max", "-1"],
        &["call", "echo", "echo", "-i", "hi", "--var-max", "1024"],
        &["call", "echo", "echo", "-i", "hi", "--config", "flag"],
        &["call", "echo", "echo", "-i", "hi", "--config", "k=v=w", "--config=k=v,w"],
        &["call", "echo", "echo", "-i", "hi", "--set-config", "{\"a\": \"b\", \"c\": null}"],
        &["call", "echo", "echo", "-i", "hi", "--set-config", ""],
        &["call", "echo", "echo", "-i", "hi", "--log-level", "INFO"],
        &["call", "echo", "echo", "-i", "hi", "--log-level", "warn"],
        &["call", "echo", "echo", "-i", "hi", "--log-level", ""],
        &["call", "-m", "m", "echo", "-i", "hi"],
        &["call", "--manifest", "m", "echo", "-i", "hi"],
        &["call", "m", "echo", "-mi", "hi"],
        &["call", "m", "echo", "--manifest=true", "-i", "hi"],
        &["call", "./echo", "echo", "-i", "hi"],
        &["call", "here", "echo", "-i", "hi"],
        &["call", "echo", "echo", "-i", "hi", "--link", "./lib.wat"],
        &["call", "echo", "echo", "-i", "hi", "--link=lib=./lib.wat"],
    ];
    let wasm = concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/wasm/echo.wasm");
    let cache = tempfile::tempdir().unwrap();
    for arguments in same {
        let run = plugsh()
            .file("m", format!("{{\"wasm\": [{{\"path\": \"{wasm}\"}}]}}"))
            .file("lib.wat", "(module)")
            .file("echo", std::fs::read(wasm).unwrap())
            .file("here", std::fs::read(wasm).unwrap());
        let run = run.env("XDG_CACHE_HOME", &cache.path().display().to_string());
        let ended = run.args(arguments.iter().copied()).stdin("hi").run();
        assert_eq!(
            (String::from_utf8_lossy(&ended.stdout).as_ref(), ended.stderr.as_str(), ended.code),
            ("hi\n", "", Some(0)),
            "plugsh {arguments:?}"
        );
    }
}

#[test]
fn what_else_an_input_and_a_loop_may_be() {
    for (arguments, printed) in [
        (&["--input", "-5"][..], "-5\n"),
        (&["-i", "--- a"], "--- a\n"),
        (&["--input", "--stdin"], "--stdin\n"),
        (&["--input", ""], ""),
        (&[], ""),
        (&["-i", "hi", "--loop", "0"], ""),
        (&["-i", "hi", "--loop", "-3"], ""),
        (&["-i", "hi", "--loop", "2"], "hi\nhi\n"),
        (&["-i", "hi\n", "--loop", "2"], "hi\n\nhi\n\n"),
        (&["--loop", "2"], "\n\n"),
        (&["-i", "hi", "--loop", "2", "--raw"], "hihi"),
    ] {
        let run = plugsh().args(["call", "echo", "echo"]).args(arguments.iter().copied()).stdin("never read");
        run.run().stdout(printed).stderr("").code(0);
    }
    // INPUT need not be UTF-8.
    use std::os::unix::ffi::OsStrExt;
    let shell = plugsh().args(["call", "echo", "echo", "-i"]);
    let output = shell.command().arg(std::ffi::OsStr::from_bytes(b"\xff")).output().expect("it starts");
    assert_eq!(output.stdout, b"\xff");
    let twice = shell.command().arg(std::ffi::OsStr::from_bytes(b"\xff")).arg("--loop=2").output().expect("it starts");
    assert_eq!(twice.stdout, b"\xff\n\xff\n");
    let both = plugsh().args(["call", "echo", "echo", "--stdin", "-i", "x"]).run().code(2);
    both.stderr("plugsh: `--input` and `--stdin` do not go together in `plugsh call`\n");
}

#[test]
fn a_bound_that_is_none_leaves_the_manifests() {
    let manifest = r#"{"wasm": [{"path": "grow.wat"}], "memory": {"max_pages": 2}}"#;
    let grow = r#"(module (memory (export "memory") 1)
        (func (export "grow") (result i32) (i32.eq (memory.grow (i32.const 4)) (i32.const -1))))"#;
    let run = |arguments: &[&str]| {
        let run = plugsh().file("m.json", manifest).file("grow.wat", grow).args(["call", "m.json", "grow"]);
        run.args(arguments.iter().copied()).run().code
    };
    assert_eq!(run(&[]), Some(1), "the manifest's bound holds");
    assert_eq!(run(&["--memory-max", "0"]), Some(1));
    assert_eq!(run(&["--memory-max", "-1"]), Some(1));
    assert_eq!(run(&["--memory-max", "9"]), Some(0));
}

#[test]
fn a_manifest_may_come_by_a_pipe() {
    let run = plugsh().args(["call", "-m", "fifo", "echo", "-i", "hi"]);
    let path = run.dir().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let wasm = concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/wasm/echo.wasm");
    let writer = std::thread::spawn(move || {
        let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        write!(file, "\u{feff}{{\"wasm\": [{{\"path\": \"{wasm}\"}}]}}").unwrap();
    });
    run.run().stdout("hi\n").stderr("").code(0);
    writer.join().unwrap();
}

#[test]
fn a_refused_request_says_what_allows_it_in_both_hosts() {
    let why = "HTTP request to http://example.invalid/a is not allowed; `--allow-host 'example.invalid'` allows it";
    for host in ["native", "extism"] {
        let run = plugsh().file("http.wat", include_str!("../plugins/wat/http.wat"));
        let run = run.args(["call", "http.wat", "run", "--host", host, "-i", r#"{"url":"http://example.invalid/a"}"#]);
        run.run().stdout("").stderr(&format!("plugsh: 1:http.run: {why}\n")).code(1);
    }
}

#[test]
fn errors_that_a_plugin_logs_are_shown() {
    let wat = r#"(module
        (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
        (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
        (import "extism:host/env" "log_error" (func $error (param i64)))
        (import "extism:host/env" "log_warn" (func $warn (param i64)))
        (func (export "run") (local $at i64)
            (local.set $at (call $alloc (i64.const 1)))
            (call $store (local.get $at) (i32.const 33))
            (call $error (local.get $at))
            (local.set $at (call $alloc (i64.const 1)))
            (call $store (local.get $at) (i32.const 63))
            (call $warn (local.get $at))))"#;
    let run = |level: &[&str]| {
        let run = plugsh().file("log.wat", wat).args(["call", "log.wat", "run"]).args(level.iter().copied()).run();
        let shown = [" error 1:log !\n", " warn  1:log ?\n"].map(|line| run.stderr.contains(line));
        run.stdout("").code(0);
        shown
    };
    assert_eq!(run(&[]), [true, false]);
    assert_eq!(run(&["--log-level", "warn"]), [true, true]);
    assert_eq!(run(&["--log-level", "off"]), [false, false]);
}

#[test]
fn what_a_plugin_prints_is_shown_where_that_is_asked_for() {
    let errors = "panicked at lib.rs:7:\n  index 9 \x1b[2J out of 3\n";
    call(&["call", "prints.wat", "hello"]).run().stdout("").stderr("").code(0);
    call(&["call", "prints.wat", "hello", "--wasi"]).run().stdout("hello\n").stderr(errors).code(0);
    call(&["call", "prints.wat", "hello", "--wasi", "--host", "extism"]).run().stdout("hello\n").stderr(errors).code(0);
    let asked = |run: Plugsh| run.env("EXTISM_ENABLE_WASI_OUTPUT", "");
    asked(call(&["call", "prints.wat", "hello"])).run().stdout("hello\n").stderr(errors).code(0);
    let script = call(&["-q", "-c", "load prints.wat; prints.hello; logs"]);
    asked(script).run().stdout("hello\n").stderr(errors).code(0);
    // Without the option they are log lines, each once.
    let logged = call(&["call", "prints.wat", "hello", "--log-level", "info"]).run().stdout("").code(0);
    logged.stderr_has(" info  1:prints hello\n").stderr_has(" warn  1:prints panicked at lib.rs:7:\n");
}

#[test]
fn a_failure_says_what_the_plugin_said() {
    let trap = "1:prints.panic: trap: wasm `unreachable` instruction executed";
    call(&["call", "prints.wat", "panic"]).run().stdout("").stderr(&format!("plugsh: {trap}{REASON}\n")).code(1);
    call(&["-q", "-c", "load prints.wat; prints.panic"]).run().stderr(&format!("-c:1: {trap}{REASON}\n")).code(1);
    let json = call(&["call", "prints.wat", "panic", "--json"]).run().code(1);
    json.stdout_has(&format!("\"error\":\"{trap}{}\"", REASON.replace('\\', "\\\\")));
    call(&["-c", "load prints.wat; prints.panic & wait"]).run().code(1).stderr_has(REASON);
    // An error shows only the output of its own call.
    let before = call(&["-q", "-c", "load prints.wat; prints.hello; prints.quiet"]).run().code(1);
    before.stderr("-c:1: 1:prints.quiet: trap: wasm `unreachable` instruction executed\n");
    let code = call(&["call", "prints.wat", "code"]).run().code(1);
    code.stderr(&format!("plugsh: 1:prints.code: returned non-zero exit code: 300{REASON}\n"));
    let report = call(&["test", "t.plugsh", "--junit", "report.xml"]);
    let ended = report.file("t.plugsh", "load prints.wat\nprints.panic\n").run().code(1);
    let report = std::fs::read_to_string(ended.dir.path().join("report.xml")).unwrap();
    assert!(report.contains("index 9 \\x1b[2J out of 3"), "{report}");
}

#[test]
fn a_code_above_125_is_a_plugins_own_like_any_other() {
    call(&["call", "prints.wat", "exit"])
        .run()
        .stderr("plugsh: 1:prints.exit: exited with code 200 through WASI\n")
        .code(1);
    let negative = call(&["call", "prints.wat", "exit_negative"]).run().code(1);
    negative.stderr("plugsh: 1:prints.exit_negative: exited with code -1 through WASI\n");
    let stock = call(&["call", "prints.wat", "exit", "--host", "extism"]).run().code(1);
    stock.stderr("plugsh: 1:prints.exit: exited through WASI with a code above 125, which the extism SDK refuses\n");
}

#[test]
fn json_that_is_too_deep_is_said_to_be() {
    let deep = "[".repeat(200) + &"]".repeat(200);
    let why = "nested more than 127 deep at line 1 column 128";
    let run = commands("load echo; echo.echo @deep > out; expect-json '' 1").file("deep", &deep).run().code(1);
    run.stderr_has(&format!("the last output is no JSON: {why}"));
    let expected = commands("load echo; echo.echo 1 > out; expect-json '' @deep").file("deep", &deep).run().code(2);
    expected.stderr_has(&format!("`expect-json`: INPUT is {why}"));
}

#[test]
fn a_byte_order_mark_is_passed_by() {
    let bom = "\u{feff}";
    plugsh().file("s", format!("{bom}echo one\n")).args(["s"]).run().stdout("one\n").code(0);
    plugsh().stdin(format!("{bom}echo one\n")).run().stdout("one\n").code(0);
    commands("source s").file("s", format!("{bom}echo one\n")).run().stdout("one\n").code(0);
    let run =
        plugsh().file("p.toml", format!("{bom}[[plugin]]\nname = 'x'\n")).args(["--policy", "p.toml", "-c", "ps"]);
    run.run().code(0);
    let wat = "(module (func (export \"run\")))";
    let files = |run: Plugsh| {
        let json = format!("{bom}{{\"wasm\": [{{\"path\": \"x.wat\"}}]}}");
        let toml = format!("{bom}[[wasm]]\npath = 'x.wat'\n");
        run.file("x.wat", format!("{bom}{wat}")).file("m.json", &json).file("m", json).file("m.toml", toml)
    };
    for source in ["x.wat", "m.json", "./m", "m.toml"] {
        files(plugsh().args(["call", source, "run"])).run().stdout("").stderr("").code(0);
    }
    let recorded = commands("load echo; record r; echo.echo hi; record off").run().code(0);
    let recording = std::fs::read(recorded.dir.path().join("r")).unwrap();
    commands("replay r").file("r", [bom.as_bytes(), &recording].concat()).run().code(0);
    let test = format!("{bom}load echo\necho.echo a\nexpect b\n");
    let run = plugsh().file("t", &test).args(["test", "--update", "t"]).run().code(0);
    run.file("t", test.replace("expect b", "expect a"));
    // INPUT is bytes.
    commands("load echo; echo.echo @in > out").file("in", format!("{bom}x")).run().file("out", format!("{bom}x"));
}

#[test]
fn an_option_that_stands_in_the_wrong_place_is_said_to() {
    let told = |arguments: &[&str], message: &str| {
        plugsh().args(arguments.iter().copied()).run().code(2).stdout("").stderr(&format!("plugsh: {message}\n"));
    };
    told(&["--junit", "x", "test", "f"], "`--junit` is an option of `plugsh test`, and must stand behind that");
    told(&["--loop", "3", "-c", "ps"], "`--loop` is an option of `plugsh call`, and must stand behind that");
    told(&["test", "--no-rc", "f"], "no option `--no-rc` in `plugsh test`; see `plugsh test --help`");
    for option in ["--input", "--arg", "--memory-max", "--var-max", "--env", "--timeout"] {
        told(&["call", "echo", "echo", option], &format!("`{option}` of `plugsh call` wants a value"));
    }
    told(&["call", "echo", "echo", "-mi"], "`--input` of `plugsh call` wants a value");
    told(&["call", "echo", "echo", "--wasi=maybe"], "`--wasi` of `plugsh call` takes no value, and was given `maybe`");
}
