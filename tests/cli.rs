//! The command line: scripts, `-c`, standard input, `plugsh call`, exit codes, Ctrl-C, a closed pipe.

mod common;
#[path = "cli/output.rs"]
mod output;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use common::{commands, plugsh};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

#[test]
fn commands_and_their_exit_codes() {
    commands("echo hi").run().stdout("hi\n").stderr("").code(0);
    commands("load echo; call echo nowhere").run().code(1).stderr_has("-c:1: ");
    commands("pss").run().code(2).stderr("-c:1: no command `pss`; did you mean `ps`?\n");
    commands("load misbehave; misbehave.spin --timeout 20ms").run().code(124).stdout("").stderr_has("1:misbehave\n");
    commands("exit 7").run().code(7);
    commands("echo one; exit; echo two").run().stdout("one\n").code(0);
}

#[test]
fn a_script_stops_at_the_first_error_with_its_place() {
    let script = "echo one\n\n# two\nnonsense\necho three\n";
    let run = plugsh().file("s.plugsh", script).args(["s.plugsh"]).run();
    run.stdout("one\n")
        .stderr("s.plugsh:4: no command `nonsense`; see `help`, or run a program with `!COMMAND`\n")
        .code(2);
    let run = plugsh().file("s.plugsh", script).args(["--keep-going", "s.plugsh"]).run();
    run.stdout("one\nthree\n").stderr_has("s.plugsh:4: ").code(2);
    let run = plugsh().file("s.plugsh", script).args(["s.plugsh", "--keep-going"]).run();
    run.stdout("one\nthree\n").code(2);
    // `exit` sets the code, whatever failed before.
    let run = plugsh().file("s.plugsh", format!("{script}exit 0")).args(["--keep-going", "s.plugsh"]).run();
    run.stdout("one\nthree\n").stderr_has("s.plugsh:4: ").code(0);
}

#[test]
fn a_script_comes_from_files_and_from_standard_input() {
    let run = plugsh().file("a", "source b\n").file("b", "echo 1\n").args(["a"]).run();
    run.stdout("1\n").code(0);
    plugsh().stdin("echo one\necho <<END\n").run().stdout("one\n").code(2).stderr_has("stdin:2: ");
    plugsh().stdin("load echo\necho.echo <<END\na\nEND\necho last").run().stdout("a\nlast\n").code(0);
    plugsh().args(["-"]).stdin("echo one\n").run().stdout("one\n").code(0);
    plugsh().args(["-", "a"]).stdin("echo $1\n").run().stdout("a\n").code(0);
    plugsh().args(["missing.plugsh"]).run().code(1).stderr("plugsh: `missing.plugsh`: no such file or directory\n");
    plugsh().stdin("load echo\necho.echo @-\n").run().code(1).stderr_has("standard input is the script");
}

#[test]
fn a_script_has_arguments_and_a_place() {
    let script = "echo \"$1|$2|$@\"\nfor x in $@; echo $x; end\nsource more.plugsh\n!echo \"$1 $DIR\"\necho $3";
    let run = plugsh().file("sub/s.plugsh", script).file("sub/more.plugsh", "echo \"$DIR of $2\"\n");
    let run = run.args(["sub/s.plugsh", "a", "--", "b c", "-i"]).run();
    run.stdout("a|b c|a b c -i\na\nb c\n-i\nsub of b c\na sub\n-i\n").code(0);
    plugsh().args(["-c", "echo $2", "a", "b"]).run().stdout("b\n").code(0);
    let none = plugsh().args(["-c", "echo $1"]).run();
    none.code(1).stderr("-c:1: `$1` is unset: the script was given fewer arguments\n");
    let run = plugsh().args(["-c", "echo $DIR"]).run();
    run.stderr("-c:1: `$DIR` is unset: these lines stand in no file\n");
    let run = plugsh().file("t.plugsh", "expect 1 $n\n").args(["test", "-v", "n=1", "t.plugsh"]).run();
    run.stdout_has("1 passed").code(0);
}

#[test]
fn variables_and_echo() {
    plugsh().args(["-v", "x=a b", "-v", "y=", "-c", "echo $x$y"]).run().stdout("a b\n").code(0);
    plugsh().args(["-v", "x", "-c", "ps"]).run().code(2).stderr_has("NAME=VALUE");
    plugsh().args(["-v", "1=2", "-c", "ps"]).run().code(2).stderr_has("`1` is no name");
    plugsh().args(["-e", "-c", "echo a; echo b"]).run().stdout("a\nb\n").stderr("plugsh> echo a\nplugsh> echo b\n");
}

#[test]
fn wrong_words_on_the_command_line() {
    let told = |arguments: &[&str], message: &str| {
        let arguments = arguments.iter().copied();
        plugsh().args(arguments).run().code(2).stdout("").stderr(&format!("plugsh: {message}\n"));
    };
    told(&["--colour"], "no option `--colour` in `plugsh`; did you mean `--color`?");
    told(&["--nonsense"], "no option `--nonsense` in `plugsh`; see `plugsh --help`");
    told(&["--color", "loud"], "`loud` is no value for `--color` of `plugsh`; there are: auto always never");
    told(&["--max-depth", "x", "-c", "ps"], "`--max-depth` of `plugsh`: `x` is no whole number");
    told(&["-c", "ps", "-c", "ps"], "`-c` stands twice in `plugsh`");
    told(&["-c"], "`-c` of `plugsh` wants a value");
    let usage = "usage: `plugsh call [OPTIONS] <SOURCE> <FUNCTION>`";
    told(&["call"], &format!("`plugsh call` wants SOURCE FUNCTION; {usage}"));
    told(&["call", "echo", "echo", "hi"], &format!("`plugsh call`: `hi` is one word too many; {usage}"));
    told(&["call", "echo", "echo", "--inptu", "hi"], "no option `--inptu` in `plugsh call`; did you mean `--input`?");
    told(
        &["call", "echo", "echo", "--host", "moon"],
        "`moon` is no value for `--host` of `plugsh call`; there are: native extism",
    );
    told(&["call", "echo", "echo", "--loop", "x"], "`--loop` of `plugsh call`: `x` is no whole number");
    told(&["--max-depth", "70000", "-c", "ps"], "`--max-depth` of `plugsh`: `70000` is more than 65535");
    told(&["--plugins", "nowhere", "-c", "ps"], "`--plugins` of `plugsh`: no directory `nowhere`");
    told(&["test", "-j", "0", "x"], "`--jobs` of `plugsh test`: `0` is no count; write 1 or more");
    told(&["cal"], "`cal`: no such file or directory; did you mean `call`?");
    told(&["load", "echo"], "`load` is no file, but a command of the shell: `plugsh -c 'load ...'`");
}

#[test]
fn help_of_the_program_and_of_the_shell() {
    plugsh().args(["--version"]).run().code(0).stdout_has("plugsh ");
    let help = plugsh().args(["--help"]).run().code(0).stdout_has("Usage: plugsh [OPTIONS] [FILE [ARG]...]\n").stdout;
    let text = String::from_utf8(help.clone()).unwrap();
    let headings = ["Commands:", "Arguments:", "Options:", "General options:", "Limits:", "Examples:", "Exit code:"];
    let places = headings.map(|heading| text.find(heading).unwrap_or_else(|| panic!("no `{heading}`")));
    assert!(places.is_sorted(), "what is used most comes first: {places:?}");
    assert!(text.find("--keep-going").unwrap() < text.find("General options:").unwrap());
    plugsh().args(["help"]).run().code(0).stdout(&help);
    let of_program = plugsh().args(["help", "call"]).run().code(0).stdout_has("Call it N times");
    of_program.stdout_has("\nThe shell has a `call` of its own: `plugsh -c 'help call'` explains it.\n");
    plugsh().args(["-c", "help call"]).run().code(0).stdout_has("call PLUGIN FUNCTION [INPUT]");
    plugsh().args(["help", "ps"]).run().code(0).stdout_has("[-t|--tree]");
    plugsh().args(["help", "language"]).run().code(0).stdout_has("<<END");
    plugsh().args(["help", "lod"]).run().code(2).stderr("plugsh: no command or topic `lod`; did you mean `load`?\n");
    let told = plugsh().args(["help", "completion"]).run().code(2);
    told.stderr("plugsh: no command or topic `completion`; did you mean `completions`?\n");
    plugsh().args(["help", "xyzzy"]).run().code(2).stderr(
        "plugsh: no command or topic `xyzzy`; `plugsh help` explains the program, `plugsh help all` lists the shell's commands\n",
    );
}

#[test]
fn a_plugin_directory_that_is_not_there_is_told() {
    let run = plugsh().env("PLUGSH_PATH", ".:missing").file("price.wat", "(module (func (export \"run\")))");
    run.args(["-c", "load price"])
        .run()
        .code(0)
        .stderr("plugsh: PLUGSH_PATH lists `missing`, and there is no such directory\n1:price\n");
    plugsh().env("PLUGSH_PATH", "missing").args(["help", "ps"]).run().code(0).stderr("");
}

#[test]
fn one_call_lists_the_functions_where_nothing_else_can() {
    let run = plugsh().args(["call", "echo", "xyzzy"]).run().code(1).stdout("");
    run.stderr_has("no function `xyzzy` in `1:echo`; it has `echo`, `").stderr_has("`relay`");
}

#[test]
fn completions_name_every_option() {
    for shell in ["bash", "zsh", "fish"] {
        let run = plugsh().args(["completions", shell]).run().code(0);
        run.stdout_has("keep-going").stdout_has("allow-path").stdout_has("completions");
    }
}

#[test]
fn the_manual_page_has_each_subcommand() {
    let run = plugsh().args(["man"]).run().code(0);
    let run = run
        .stdout_has(".TH PLUGSH 1")
        .stdout_has("PLUGSH CALL")
        .stdout_has("PLUGSH TEST")
        .stdout_has("\\-\\-allow\\-path");
    assert!(!String::from_utf8_lossy(&run.stdout).contains("PLUGSH COMPILE"), "a page tells of what nobody calls");
}

#[test]
fn lines_that_cannot_be_read() {
    plugsh()
        .stdin(b"echo a\necho \xff\necho b\n".as_slice())
        .run()
        .stdout("a\n")
        .code(1)
        .stderr_has("stdin:2: not UTF-8");
    let run = plugsh().file("s", b"echo a\necho \xff\necho b\n".as_slice()).args(["--keep-going", "s"]).run();
    run.stdout("a\nb\n").stderr("s:2: not UTF-8 (byte 0xff)\n").code(1);
    commands("echo 'open").run().code(2).stderr_has("-c:1: unclosed quote");
    commands("load echo\necho.echo <<END\nbody").run().code(2).stderr_has("-c:2: here-document `<<END`");
}

#[test]
fn standard_input_as_input_once() {
    let run = commands("load echo; echo.echo @- > copy").stdin(b"a\xff\n".as_slice()).run();
    run.code(0).stdout("").file("copy", b"a\xff\n");
    commands("load echo; echo.echo @-; echo.echo @-").stdin("x").run().code(1).stderr_has("used up");
}

#[test]
fn one_call_in_place_of_extism_call() {
    plugsh().args(["call", "echo", "echo", "--input", "hi"]).run().stdout("hi\n").code(0);
    plugsh().args(["call", "echo", "echo", "-i", "hi", "--loop", "3"]).run().stdout("hi\nhi\nhi\n").code(0);
    plugsh().args(["call", "misbehave", "error", "-i", "no", "--loop", "3"]).run().stdout("").code(1);
    plugsh().args(["call", "echo", "echo", "-i", "hi", "--raw"]).run().stdout("hi").code(0);
    plugsh().args(["call", "echo", "echo", "--stdin"]).stdin(b"\xff\0".as_slice()).run().stdout(b"\xff\0").code(0);
    plugsh()
        .args(["call", "--wasi", "--timeout", "5000", "--memory-max", "100", "echo", "echo"])
        .run()
        .stdout("")
        .code(0);
    plugsh().args(["--json", "call", "echo", "echo", "-i", "hi"]).run().stdout_has("\"output\":\"hi\"").code(0);
    plugsh().args(["call", "echo", "echo", "-i", "hi", "--json"]).run().stdout_has("\"outcome\":\"ok\"").code(0);
    plugsh().args(["call", "misbehave", "spin", "--timeout", "20"]).run().stdout("").code(124);
    plugsh().args(["call", "misbehave", "error", "-i", "boom"]).run().code(1).stderr_has("boom");
    plugsh().args(["call", "echo", "ehco"]).run().code(1).stderr_has("did you mean `echo`?");
    let logged = plugsh().args(["call", "misbehave", "log", "-i", "hello", "--log-level", "info"]).run();
    logged.stdout("").stderr_has("hello").code(0);
}

#[test]
fn a_manifest_is_read_whatever_it_is_called() {
    let wasm = concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/wasm/echo.wasm");
    let manifest = format!("{{\"wasm\": [{{\"path\": \"{wasm}\"}}]}}");
    let run =
        plugsh().file("plugin.manifest", &manifest).args(["call", "-m", "./plugin.manifest", "echo", "-i", "hi"]).run();
    run.stdout("hi\n").code(0);
}

/// Waits until a script has printed `line`, then sends SIGINT.
fn interrupted_after(script: &str, line: &str) -> (String, Option<i32>) {
    let spin = "(module (func $spin (loop (br 0))) (start $spin))";
    let run = commands(script).file("spin.wat", spin);
    let mut child = run.command().stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    while printed.trim_end() != line {
        printed.clear();
        assert!(output.read_line(&mut printed).unwrap() > 0, "`{line}` was not printed");
    }
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    (errors, child.wait().unwrap().code())
}

#[test]
fn ctrl_c_ends_a_script_with_130() {
    for script in [
        "load misbehave; echo go; misbehave.spin; echo never",
        "echo go; sleep 1h; echo never",
        "echo go; trace -f; echo never",
        "load misbehave; misbehave.spin & echo go; wait",
        "load misbehave; misbehave.spin & echo go",
        "load echo; echo go; wait echo",
        "echo go; load ./spin.wat; echo never",
        "echo go; watch -n 1h echo running",
        "echo go; !sleep 3600",
    ] {
        let (errors, code) = interrupted_after(script, "go");
        assert_eq!(code, Some(130), "`{script}`: {errors}");
    }
}

#[test]
fn a_script_waits_for_its_jobs() {
    let run = commands("load echo; call echo echo done &").run();
    run.code(0).stdout("").stderr_has("%1 done");
    // The failure is reported once, by the notice or by the error.
    let both = "load misbehave; load misbehave; misbehave.error one & misbehave-2.error two & wait";
    let failed = commands(both).run().code(1).stderr;
    for told in ["1:misbehave.error: one", "2:misbehave-2.error: two"] {
        assert_eq!(failed.matches(told).count(), 1, "{failed}");
    }
    for wait in ["", " wait %1", " wait", " sleep 50ms; wait %1", " sleep 50ms"] {
        let failed = commands(&format!("load misbehave; misbehave.error boom &{wait}")).run().code(1).stderr;
        assert_eq!(failed.matches("1:misbehave.error: boom").count(), 1, "`{wait}`: {failed}");
    }
}

#[test]
fn jobs_are_waited_for_and_ended() {
    let run = commands("load echo; call echo echo one & wait %1; jobs --json; echo.echo two & fg; echo $_").run();
    // `fg` makes the job a foreground call, whose output is `$_`.
    run.stdout("one\n[]\ntwo\ntwo\n").code(0);
    let run = commands("load misbehave; misbehave.spin & jobs; kill %1; wait %1").run();
    run.stdout_has("%1   running").stdout_has("  misbehave.spin\n").stderr_has("killed %1\n").code(1);
    let run = commands("load echo; echo.echo to-file > out & wait; !cat out").run();
    run.code(0).stdout("to-file");
    let run = commands("load misbehave; misbehave.error no > out & wait").run();
    run.code(1).no_file("out");
    commands("load misbehave; misbehave.spin & kill misbehave; wait").run().code(1).stderr_has("killed by the shell");
    commands("load echo; kill echo; wait %7").run().code(1).stderr_has("no job `%7`");
}

#[test]
fn libraries_make_no_backtraces_unless_asked() {
    let shown = "!echo $RUST_LIB_BACKTRACE";
    commands(shown).env("RUST_BACKTRACE", "1").run().code(0).stdout("0\n");
    commands(shown).env("RUST_LIB_BACKTRACE", "1").run().code(0).stdout("1\n");
}

#[cfg(unix)]
#[test]
fn arguments_that_are_no_text_are_a_mistake_like_any_other() {
    use std::os::unix::ffi::OsStrExt;

    let shell = plugsh().args(["--bogus"]);
    let output = shell.command().arg(std::ffi::OsStr::from_bytes(b"\xff")).output().expect("it starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("`--bogus`") && stderr.lines().count() == 1, "{stderr}");
}

#[test]
fn a_home_that_is_no_absolute_path_is_none() {
    let run = plugsh().env("HOME", "here").args(["-c", "load echo"]).run().code(0).stdout("");
    run.stderr_has("HOME is `here`, which is no absolute path: no rc file, history or cache");
}

#[test]
fn what_a_message_names_can_be_asked_for() {
    plugsh().args(["help", "scripts"]).run().code(2).stderr_has("`plugsh help all` lists the shell's commands");
    plugsh().args(["help", "all"]).run().code(0).stdout_has("  load ");
}

#[test]
fn a_single_file_and_an_input_are_given_to_the_plugin_of_one_call() {
    let wat = r#"(module
      (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "\40\00\00\00\08\00\00\00")
      (func (export "read") (result i32)
        (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
        (i32.load (i32.const 16))))"#;
    let files = || plugsh().file("p.wat", wat).file("typed", "abc");
    let told = "plugsh: 1:p.read: returned non-zero exit code: 3\n";
    let arguments =
        ["call", "p.wat", "read", "--wasi-stdin", "typed", "--allow-path", "ro:typed:/typed", "--env", "A=b"];
    files().args(arguments).run().code(1).stderr(told);
    // The call's input is independent of the plugin's standard input.
    files().args(["call", "p.wat", "read", "--stdin"]).stdin("x").run().code(0).stderr("");
}

#[test]
fn a_directory_is_loaded_module_by_module() {
    let run = || {
        let run = plugsh().file("dir/b.wat", "(module)").file("dir/a.wat", "(module (func (export \"run\")))");
        run.file("dir/.hidden.wat", "(module)").file("dir/notes.txt", "x")
    };
    run().args(["-c", "load ./dir; a.run"]).run().code(0).stdout("").stderr("1:a\n2:b\n");
    let ended = run().file("dir/aa.wat", "(modul").args(["--keep-going", "-c", "load dir/; ps"]).run().code(1);
    let ended = ended.stderr_has("aa.wat").stderr_has("-c:1: `dir/`: 1 of 3 modules not loaded\n");
    ended.stderr_has("1:a\n2:b\n").stdout_has("2  b").stdout_has("1  a");
    let ended = run().args(["--json", "-c", "load ./dir"]).run().code(0);
    let rows: serde_json::Value = serde_json::from_slice(&ended.stdout).expect("a value");
    assert_eq!((&rows[1]["file"], &rows[1]["id"], &rows[1]["name"]), (&"./dir/b.wat".into(), &2.into(), &"b".into()));
    run().args(["-c", "load ./dir --as x"]).run().code(2).stderr_has("`--as` names one process");
    run().file("none/x", "").args(["-c", "load ./none"]).run().code(1).stderr_has("no .wasm or .wat file");
    // Without `/` it is a name.
    run().args(["-c", "load dir"]).run().code(1).stderr_has("`dir`");
}
