//! Errors: each mistake prints one clear line, and leaves the shell and the other processes unchanged.

mod common;

use common::{Ended, Plugsh, plugsh};

/// Runs lines, going on after errors, beside another process, which must survive.
fn after(run: Plugsh, lines: &str) -> Ended {
    let script = format!("load echo\n{lines}\necho.echo 'still here'\nps -t\n");
    let ended = run.file("script", script).args(["-q", "--keep-going", "script"]).run();
    let output = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(output.contains("still here\n"), "the shell went on:\n{output}\n{}", ended.stderr);
    assert!(output.contains("1:echo idle"), "the other process lives:\n{output}\n{}", ended.stderr);
    ended
}

/// The error line of a mistake.
fn message(run: Plugsh, line: &str) -> String {
    let ended = after(run, line);
    let lines: Vec<&str> = ended.stderr.lines().collect();
    let [one] = lines.as_slice() else { panic!("one line for `{line}`, not:\n{}", ended.stderr) };
    let told = one.strip_prefix("script:2: ").unwrap_or_else(|| panic!("`{one}` has its place"));
    assert!(!told.ends_with('.') && !told.is_empty(), "{told}");
    told.to_owned()
}

/// Asserts that the error line of a mistake has all these words.
fn told(run: Plugsh, line: &str, words: &[&str]) {
    let message = message(run, line);
    for word in words {
        assert!(message.contains(word), "`{line}` says `{message}`, without `{word}`");
    }
}

const EMPTY_FUNCTION: &str = "(module (func (export \"run\")))";

#[test]
fn files_that_are_no_plugins() {
    told(plugsh(), "load ./missing.wasm", &["`./missing.wasm`", "no file"]);
    told(plugsh(), "load /", &["`/`", "directory"]);
    // The file can be opened, and its first byte cannot be read.
    if cfg!(target_os = "linux") {
        told(plugsh(), "load /proc/self/mem", &["cannot read `/proc/self/mem`: input/output error"]);
    }
    told(plugsh().file("empty.wasm", ""), "load ./empty.wasm", &["./empty.wasm", "empty"]);
    told(plugsh().file("text.wasm", "hello there"), "load ./text.wasm", &["text.wasm`"]);
    told(plugsh().file("bytes.wasm", [0xff; 100]), "load ./bytes.wasm", &["bytes.wasm`"]);
    let wasm = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/wasm/echo.wasm")).unwrap();
    told(plugsh().file("half.wasm", &wasm[..wasm.len() / 2]), "load ./half.wasm", &["/half.wasm`"]);
    told(plugsh().file("bad.wat", "(module (fun))"), "load ./bad.wat", &["/bad.wat`"]);
}

#[test]
fn an_unreadable_file() {
    use std::os::unix::fs::PermissionsExt;
    let run = plugsh().file("closed.wasm", "x");
    let path = run.dir().join("closed.wasm");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    told(run.without_superpowers(), "load ./closed.wasm", &["`./closed.wasm`", "permission denied"]);
}

#[test]
fn imports_hashes_and_urls() {
    let wat = "(module (import \"product\" \"secret\" (func)) (func (export \"run\")))";
    let needs = || plugsh().file("needs.wat", wat);
    told(
        needs(),
        "load ./needs.wat",
        &["`product.secret`", "--import product.secret=PLUGIN.FUNCTION", "--stub-imports"],
    );
    let module = |imports: &str| plugsh().file("m.wat", format!("(module {imports} (func (export \"run\")))"));
    let line = "load ./m.wat";
    let two = r#"(import "a" "b" (func (param i32 i32))) (import "a" "c" (func))"#;
    told(
        module(two),
        line,
        &[
            "`a.b` (function (i32 i32) -> ()) and 1 more",
            "--import a.b=PLUGIN.FUNCTION",
            ", `--stub-imports trap` loads it anyway",
        ],
    );
    let slip = r#"(import "extism:host/env" "input_lenght" (func (result i64)))"#;
    told(module(slip), line, &["`extism:host/env.input_lenght`", "did you mean `input_length`?"]);
    told(module(r#"(import "env" "memory" (memory 1))"#), line, &["`env.memory`", "--link"]);
    told(module(r#"(import "extism:host/env" "input_length" (func (result i32)))"#), line, &["input_length", "type"]);
    let sides = "asks for function () -> (i32), and here it is function () -> (i64)";
    told(module(r#"(import "extism:host/env" "input_length" (func (result i32)))"#), line, &[sides]);
    let memory = message(module(r#"(import "x" "f" (func)) (import "env" "memory" (memory 1))"#), line);
    assert!(memory.contains("`env.memory` (memory) and 1 more; only functions"), "{memory}");
    assert!(!memory.contains("--stub-imports"), "no stub loads it: {memory}");
    told(
        module(r#"(import "extism:host/usr" "call_plugin" (func))"#),
        line,
        &["did you mean `extism:host/user.call_plugin`?"],
    );
    let abort = r#"(import "env" "abort" (func (param i32 i32 i32 i32)))"#;
    told(module(abort), line, &["AssemblyScript's", "`--use abort=", "`--stub-imports trap` loads it anyway"]);
    told(module(r#"(import "gojs" "runtime.wasmExit" (func (param i32)))"#), line, &["GOOS=wasip1"]);
    told(module(r#"(import "__wbindgen_placeholder__" "f" (func))"#), line, &["wasm-bindgen"]);
    told(plugsh().file("c.wat", "(component)"), "load ./c.wat", &["component"]);
    let manifest = "{\"wasm\": [{\"path\": \"plain.wat\", \"hash\": \"00ff\"}]}";
    let run = plugsh().file("plain.wat", EMPTY_FUNCTION).file("m.json", manifest);
    told(run, "load ./m.json", &["hash"]);
    told(plugsh(), "load http://127.0.0.1:9/x.wasm", &["http://127.0.0.1:9/x.wasm"]);
}

/// The wordings of wasmtime and of the SDK must not appear in errors.
#[test]
fn what_wasm_engines_refuse() {
    const ENGINE_WORDS: &[&str] = &[
        "wasmtime",
        "Invalid input",
        "WebAssembly",
        "wasm[0]",
        "Region {",
        "at offset 0x",
        "backtrace",
        "has not been defined",
    ];
    for (wat, words) in [
        ("(module (memory 1 2 shared) (func (export \"run\")))", "shared memory, and a plugin has one thread"),
        ("(module (import \"env\" \"m\" (memory 1 2 shared)))", "(shared memory): it is a program's with threads"),
        ("(module (memory 1 (pagesize 1)))", "build it with wasm's 64 KiB pages"),
        ("(module (memory 70000))", "memory size must be at most"),
        ("(module (func (export \"run\") (result i32) (i64.const 0)))", "expected i32, found i64 (at byte 35)"),
        (
            "(module (func (drop (i64.add128 (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)))))",
            "uses wide arithmetic",
        ),
        ("(module (import \"extism:host/env\" \"alloc\" (memory 1)))", "extism:host/env"),
        ("(module (import \"wasi_snapshot_preview1\" \"fd_wrte\" (func)))", "`wasi_snapshot_preview1.fd_wrte`"),
        ("(module (memory 1) (data (i32.const 70000) \"x\"))", "trap: out of bounds memory access"),
        ("(component)", "it is a component, and an Extism plugin is a module; build it for `wasm32-wasip1`"),
    ] {
        for host in ["native", "extism"] {
            let message = message(plugsh().file("m.wat", wat), &format!("load ./m.wat --host {host}"));
            assert!(message.contains(words), "{wat} in {host}: {message}");
            assert!(!ENGINE_WORDS.iter().any(|word| message.contains(word)), "{wat} in {host}: {message}");
        }
    }
    const EXIT: &str = r#"(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#;
    const WRITE: &str =
        r#"(import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))"#;
    for (imports, memory, run, native, stock) in [
        (EXIT, true, "(call $exit (i32.const 200))", "exited with code 200", "a code above 125"),
        (
            WRITE,
            true,
            "(drop (call $w (i32.const 1) (i32.const -8) (i32.const 1) (i32.const 0)))",
            "bytes at 4294967288, which its memory does not have",
            "bytes at 4294967288, which its memory does not have",
        ),
        (
            WRITE,
            false,
            "(drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0)))",
            "exports none as `memory`",
            "exports none as `memory`",
        ),
    ] {
        let memory = if memory { "(memory (export \"memory\") 1)" } else { "" };
        let wat = format!("(module {imports} {memory} (func (export \"run\") {run}))");
        for (host, words) in [("native", native), ("extism", stock)] {
            let run = plugsh().file("m.wat", &wat);
            let ended = after(run, &format!("load ./m.wat --as m --host {host}\nm.run"));
            assert!(ended.stderr.contains(words), "{host}: {}", ended.stderr);
            assert!(!ENGINE_WORDS.iter().any(|word| ended.stderr.contains(word)), "{host}: {}", ended.stderr);
        }
    }
}

#[test]
fn an_export_that_is_no_plugin_function() {
    let wat = r#"(module (func (export "add") (param i32 i32) (result i32) (i32.const 0)) (memory (export "memory") 1)
        (func (export "ok")) (func (export "_initialize")) (func (export "__arg_start")))"#;
    let run = || plugsh().file("m.wat", wat);
    let calls = |function: &str| {
        let ended = after(run(), &format!("load ./m.wat\ncall m {function} x"));
        ended.stderr.lines().last().unwrap_or_default().to_owned()
    };
    let add = calls("add");
    assert!(
        add.contains("`add` in `2:m` is exported as function (i32 i32) -> (i32); a plugin function takes no"),
        "{add}"
    );
    assert!(calls("memory").contains("is exported as memory; only functions can be called"));
    assert!(calls("ad").ends_with("no function `ad` in `2:m`; it has `ok`"), "what cannot be called is not offered");
    let info = after(run(), "load ./m.wat\ninfo m");
    let shown = String::from_utf8_lossy(&info.stdout).into_owned();
    assert!(shown.contains("  functions ok\n") && shown.contains("add: function (i32 i32) -> (i32)"), "{shown}");
}

#[test]
fn names_that_nothing_has() {
    told(plugsh(), "lod echo", &["`lod`", "did you mean `load`?"]);
    told(plugsh(), "load echo --memry-max 3", &["no option `--memry-max`", "did you mean `--memory-max`?"]);
    told(plugsh(), "load text --host moon", &["`moon`", "there are: native extism"]);
    told(plugsh(), "call text upper x", &["no process `text`; `load text` starts one"]);
    told(
        plugsh().file("notes.md", ""),
        "load notes.md",
        &["no plugin named `notes.md`; for the file write `./notes.md`"],
    );
    told(plugsh(), "load zzzzzz", &["no plugin named `zzzzzz`; `plugins` lists them"]);
    told(plugsh(), "ps --jsno", &["`--jsno`", "did you mean `--json`?"]);
    told(plugsh(), "call ehco echo", &["`ehco`", "did you mean `echo`?"]);
    told(plugsh(), "call echo ehco", &["`ehco`", "1:echo", "did you mean `echo`?"]);
    told(plugsh(), "call 99 echo", &["`99`"]);
    told(plugsh(), "wait %99", &["`%99`"]);
    told(plugsh(), "load wordcuont", &["`wordcuont`", "wordcount"]);
}

#[test]
fn words_that_are_no_commands() {
    told(plugsh(), "logout", &["no command `logout`; `exit` leaves the shell"]);
    told(plugsh(), "?", &["no command `?`; `help` lists the commands"]);
    told(plugsh(), "echo.echo x | echo hi", &["`|` joins plugin calls, and `echo` is none"]);
    told(plugsh(), "ps | call echo echo", &["give its output as INPUT with `$(ps ...)`"]);
    told(plugsh(), "text", &["`text` is a plugin, no command; `load text` starts it"]);
    told(plugsh(), "1", &["`1` is a process, no command; write `call 1 "]);
    told(plugsh(), "nothing", &["`nothing` is a function of `echo`, no command; write `call echo nothing`"]);
    told(plugsh(), "x=5", &["write `set x 5`"]);
    told(plugsh().file("s", "ps"), "./s", &["`./s` is a file, no command; `load` takes a plugin, `source` a script"]);
    told(plugsh(), "grep", &["run a program with `!COMMAND`"]);
}

#[test]
fn a_dead_id_says_how_it_ended() {
    let ended = after(plugsh(), "load echo\nkill 2\ncall 2 echo x");
    ended.stderr_has("script:4: ").stderr_has("killed by the shell");
}

#[test]
fn a_call_in_a_circle_names_the_path() {
    let wat = r#"(module
        (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
        (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
        (import "extism:host/user" "self_plugin" (func $self (result i64)))
        (import "extism:host/user" "call_plugin" (func $call (param i64 i64 i64) (result i64)))
        (func (export "run") (result i32) (local $name i64)
            (local.set $name (call $alloc (i64.const 3)))
            (call $store (local.get $name) (i32.const 114))
            (call $store (i64.add (local.get $name) (i64.const 1)) (i32.const 117))
            (call $store (i64.add (local.get $name) (i64.const 2)) (i32.const 110))
            (drop (call $call (call $self) (local.get $name) (i64.const 0)))
            (i32.const 0)))"#;
    after(plugsh().file("ring.wat", wat), "load ./ring.wat\nring.run").stderr_has("2:ring → 2:ring");
}

#[test]
fn plugins_that_end_badly() {
    let trap = "(module (func (export \"run\") unreachable))";
    after(plugsh().file("trap.wat", trap), "load ./trap.wat\ntrap.run")
        .stderr_has("2:trap.run")
        .stderr_has("unreachable");
    let exit = "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32))) \
        (memory (export \"memory\") 1) (func (export \"run\") (call $exit (i32.const 3))))";
    after(plugsh().file("leave.wat", exit), "load ./leave.wat\nleave.run").stderr_has("2:leave.run").stderr_has("3");
    let wild = "(module (import \"extism:host/user\" \"call_plugin\" (func $call (param i64 i64 i64) (result i64))) \
        (func (export \"run\") (drop (call $call (i64.const 1) (i64.const 0xdeadbeef) (i64.const -1)))))";
    after(plugsh().file("wild.wat", wild), "load ./wild.wat\nwild.run").stderr_has("2:wild.run");
    after(plugsh(), "load misbehave --memory-max 64p\nmisbehave.grow").stderr_has("2:misbehave.grow");
    let spin = "(module (func $spin (loop (br 0))) (start $spin) (func (export \"run\")))";
    after(plugsh().file("spin.wat", spin), "load ./spin.wat --timeout 50ms").stderr_has("spin");
}

#[test]
fn control_characters_in_messages_are_shown_and_not_obeyed() {
    let ended = after(plugsh(), "load misbehave\nset e \"\\x1b[2J\\x07\"\nmisbehave.error $e\ncall $e echo\nload $e");
    assert!(!ended.stderr.contains('\x1b') && !ended.stderr.contains('\x07'), "{:?}", ended.stderr);
}
