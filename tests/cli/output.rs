//! The output of the program as other programs read it: bytes, closed pipes, failed writes, programs behind `|`.

use super::*;

#[test]
fn what_cannot_be_written_is_an_error() {
    use std::fs::OpenOptions;
    for arguments in [&["--help"][..], &["help", "ps"], &["-c", "ps"], &["call", "echo", "echo", "-i", "hi"]] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let run = plugsh().args(arguments.iter().copied());
        let output = run.command().stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(errors.ends_with("standard output: no space left on device\n"), "{arguments:?}: {errors}");
    }
}

#[test]
fn bytes_are_as_they_are_where_nobody_looks() {
    let run = commands("load echo; echo.echo --hex 1b5b324aff").run();
    run.stdout(b"\x1b[2J\xff").code(0);
    commands("load echo; echo.echo hi --raw").run().stdout("hi");
    commands("load echo; echo.echo hi > f").run().file("f", "hi");
}

#[test]
fn a_large_input_goes_through() {
    let bytes = vec![b'x'; 100 << 20];
    let run = commands("load echo; echo.echo @big > copy").file("big", &bytes).run();
    run.code(0).stderr("1:echo\n").file("copy", &bytes);
}

#[test]
fn colour_is_there_when_it_is_asked_for() {
    let colored = plugsh().args(["--color", "always", "-c", "help"]).run().stdout;
    assert!(colored.contains(&0x1b));
    let plain = plugsh().args(["-c", "help"]).run().stdout;
    assert!(!plain.contains(&0x1b));
}

#[test]
fn news_are_no_data() {
    let run = commands("load echo; break --pending 'callee=nobody'; echo.echo hi; kill echo").run();
    run.stdout("hi\n").stderr("1:echo\nbreakpoint 1: before callee=nobody\nkilled 1:echo\n").code(0);
    plugsh().args(["-q", "-c", "load echo; echo.echo hi; kill echo"]).run().stdout("hi\n").stderr("").code(0);
    commands("echo \"<$(load echo)>\"; load echo > f; load echo | !cat").run().stdout("<1:echo>\n3:echo-3\n");
    let run = plugsh().args(["--json", "-c", "load counter; restart counter; inject counter trap; kill counter"]).run();
    let restarted = "{\"id\":1,\"name\":\"counter\",\"code_changed\":false,\"calls_lost\":0,\"functions_lost\":[]}";
    let killed = "{\"ended\":[{\"id\":1,\"name\":\"counter\"}],\"moved\":[],\"jobs\":[]}";
    let fault = "{\"fault\":1,\"kind\":\"trap\",\"filter\":\"counter\"}";
    run.stdout(format!("{{\"id\":1,\"name\":\"counter\"}}\n[\n{restarted}\n]\n{fault}\n{killed}\n")).stderr("").code(0);
}

#[test]
fn json_can_be_the_default() {
    plugsh().args(["--json", "-c", "ps"]).run().stdout("[]\n");
    plugsh().args(["-c", "jobs", "--json"]).run().stdout("[]\n");
    let run = plugsh().args(["--json", "-c", "load echo; call echo echo hi"]).run();
    run.stdout_has("{\"id\":1,\"name\":\"echo\"}\n{\"id\":1,\"outcome\":\"ok\",\"output\":\"hi\",");
}

#[test]
fn what_a_plugin_logs_is_shown_while_its_call_runs() {
    let wat = r#"(module
        (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
        (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
        (import "extism:host/env" "log_warn" (func $warn (param i64)))
        (func (export "run") (local $at i64)
            (local.set $at (call $alloc (i64.const 1)))
            (call $store (local.get $at) (i32.const 33))
            (call $warn (local.get $at))
            (loop (br 0))))"#;
    // The timeout is reached only by a failing test, with code 124.
    let arguments = ["call", "./endless.wat", "run", "--log-level", "warn", "--timeout", "20000"];
    let run = plugsh().file("endless.wat", wat).args(arguments);
    let mut child = run.command().stdout(Stdio::null()).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    errors.read_line(&mut line).unwrap();
    assert!(line.ends_with(" warn  1:endless !\n"), "{line:?}");
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    line.clear();
    errors.read_to_string(&mut line).unwrap();
    assert_eq!((line.matches('!').count(), child.wait().unwrap().code()), (0, Some(130)), "{line}");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let run = commands("watch -n 1ms help");
    let mut child = run.command().stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "To begin with:\n");
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!((errors.as_str(), child.wait().unwrap().code()), ("", Some(141)));
}

#[test]
fn a_script_and_a_call_end_alike_where_nobody_reads() {
    for arguments in [
        &["-q", "-c", "load echo; echo.echo @big; echo > never"][..],
        &["-q", "--keep-going", "-c", "load echo; echo.echo @big; echo > never"],
        &["call", "echo", "echo", "--stdin"],
    ] {
        let run = plugsh().file("big", vec![b'x'; 1 << 20]).args(arguments.iter().copied());
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let big = std::fs::File::open(run.dir().join("big")).unwrap();
        let output = run.command().stdin(big).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!((errors.as_str(), output.status.code()), ("", Some(141)), "{arguments:?}");
        assert!(!run.dir().join("never").exists(), "{arguments:?}");
    }
}

#[test]
fn what_a_program_prints_goes_through_as_it_comes() {
    let run = commands("!echo first; read line; echo \"second $line\"\necho \"<$_>\"");
    let mut child = run.command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "first\n", "before the program ends");
    // The program reads the session's standard input.
    child.stdin.take().unwrap().write_all(b"typed\n").unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "second typed\n<first\nsecond typed\n>\n");
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_a_program_leaves_running_is_not_waited_for() {
    let run = commands("!cat fifo & echo started\necho \"<$_>\"; !echo go > fifo");
    assert!(std::process::Command::new("mkfifo").arg(run.dir().join("fifo")).status().unwrap().success());
    // The background `cat` has the output open until the second program writes, which the first must not wait for.
    run.run().stdout_has("started\n<started\n>\n").code(0);
}

#[test]
fn a_program_whose_output_nobody_reads_ends() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let run = commands("!yes\n!touch after");
    let output = run.command().stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(141), ""));
    assert!(!run.dir().join("after").exists());
}
