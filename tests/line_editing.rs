//! Editing of the line in a pseudo-terminal of the usual size: completion lists, the keys of the line, Ctrl-Z, the
//! editor, aliases and directories.

mod pty;

use std::os::unix::fs::PermissionsExt;

use pty::*;

const ROWS: u16 = 24;
const COLS: u16 = 80;
const BACK_TAB: &str = "\x1b[Z";
const ALT_DOT: &str = "\x1b.";
const CTRL_X_CTRL_E: &str = "\x18\x05";

fn prompt() -> Terminal {
    started(Setup::new(ROWS, COLS))
}

fn count(terminal: &Terminal, text: &str) -> usize {
    terminal.look(|screen| screen.contents().matches(text).count())
}

#[test]
fn words_behind_others_are_completed() {
    let mut terminal = prompt();
    run(&mut terminal, "load text", "1:text");
    completes(&mut terminal, "time te", "time text.");
    completes(&mut terminal, "time text.upp", "time text.upper ");
    completes(&mut terminal, "retry 3 hist", "retry 3 history ");
    completes(&mut terminal, "if text.upp", "if text.upper ");
    completes(&mut terminal, "inject text.upper dr", "inject text.upper drop-output ");
    completes(&mut terminal, "load echo --restart nev", "load echo --restart never ");
    completes(&mut terminal, "load echo --restart=nev", "load echo --restart=never ");
    completes(&mut terminal, "set -o v", "set -o vi ");
    run(&mut terminal, "alias yell = text.upper", "plugsh>");
    completes(&mut terminal, "y", "yell ");
    run(&mut terminal, "yell shouted", "\nSHOUTED");
    run(&mut terminal, "yell {\"k\": 1}", "\n{\"K\": 1}");
}

/// Fails with three lines of its own: through `error_set`, and on its standard error.
const WORDY: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
  (import "extism:host/env" "error_set" (func $error_set (param i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\20\00\00\00\18\00\00\00")
  (data (i32.const 32) "goroutine 1:\nmain.go:12\n")
  (func (export "trap") (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 24))) unreachable)
  (func (export "say") (result i32) (local $message i64)
    (local.set $message (call $alloc (i64.const 8)))
    ;; "no\nrate\n", as a number.
    (call $store (local.get $message) (i64.const 0x0a657461720a6f6e))
    (call $error_set (local.get $message)) (i32.const 1)))"#;

#[test]
fn a_plugins_lines_are_lines_of_an_error() {
    let mut terminal = started(Setup::new(ROWS, COLS).file("wordy.wat", WORDY));
    run(&mut terminal, "load ./wordy.wat", "1:wordy");
    run(&mut terminal, "wordy.say", "1:wordy.say: no\n  rate\n");
    run(&mut terminal, "wordy.trap", "on its standard error:\n  goroutine 1:\n  main.go:12\n");
}

#[test]
fn programs_of_the_path_are_completed() {
    let setup = Setup::new(ROWS, COLS);
    let programs = setup.home().join("programs");
    std::fs::create_dir(&programs).unwrap();
    std::fs::write(programs.join("echo-loudly"), "#!/bin/sh\necho LOUD \"$@\"\n").unwrap();
    std::fs::set_permissions(programs.join("echo-loudly"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut terminal = started(setup.variable("PATH", &path));
    completes(&mut terminal, "!echo-l", "!echo-loudly ");
    completes(&mut terminal, "ps | !echo-l", "ps | !echo-loudly ");
    // Behind a program stand files.
    completes(&mut terminal, "!cat prog", "!cat programs/");
    run(&mut terminal, "!echo-loudly yes", "\nLOUD yes");
}

#[test]
fn a_second_tab_steps_and_prints_no_second_list() {
    let mut terminal = prompt();
    for pane in ["", "pane on"] {
        terminal.line(pane);
        terminal.wait_prompt();
        terminal.send("lo");
        terminal.wait_typed("lo");
        terminal.send(TAB);
        terminal.wait_for("start a plugin");
        terminal.wait_for("locals");
        terminal.wait_typed("lo");
        terminal.send(TAB);
        terminal.wait_typed("load ");
        terminal.send(TAB);
        terminal.wait_typed("logs ");
        terminal.send(BACK_TAB);
        terminal.wait_typed("load ");
        terminal.send(BACK_TAB);
        terminal.wait_typed("locals ");
        assert_eq!(count(&terminal, "start a plugin"), 1, "{}", terminal.text());
        terminal.send(CTRL_C);
        terminal.wait_prompt();
        // The list is a new one on a new line.
        terminal.send("clear\r");
        terminal.wait_gone("start a plugin");
        terminal.wait_prompt();
    }
}

#[test]
fn options_are_listed_with_what_they_do() {
    let mut terminal = prompt();
    terminal.send("ps --");
    terminal.wait_typed("ps --");
    terminal.send(TAB);
    terminal.wait("options with descriptions", |screen| {
        screen.rows(0, COLS).any(|row| row.starts_with("--json") && row.contains("write JSON"))
    });
    terminal.wait_typed("ps --");
    terminal.send(CTRL_C);
    terminal.wait_prompt();
    // More than a screen: the next Tab shows the rest.
    terminal.send("load x --");
    terminal.wait_typed("load x --");
    terminal.send(TAB);
    terminal.wait_for("(1/2)");
    terminal.wait_typed("load x --");
    terminal.send(TAB);
    terminal.wait_for("(2/2)");
    terminal.wait_typed("load x --");
}

#[test]
fn alt_dot_puts_in_the_last_argument() {
    let mut terminal = prompt();
    run(&mut terminal, "echo older", "\nolder");
    run(&mut terminal, "echo one 'two words'", "\none two words");
    terminal.send(&format!("echo {ALT_DOT}"));
    terminal.wait_typed("echo 'two words'");
    terminal.send(ALT_DOT);
    terminal.wait_typed("echo older");
    terminal.send(ENTER);
    terminal.wait_for("plugsh> echo older\nolder");
    terminal.wait_prompt();
}

/// A script in the place of an editor: it appends to the file.
fn with_editor(setup: Setup, script: &str) -> Setup {
    let editor = setup.home().join("editor");
    std::fs::write(&editor, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).unwrap();
    let editor = editor.display().to_string();
    setup.variable("EDITOR", &editor)
}

#[test]
fn ctrl_x_ctrl_e_opens_the_editor_on_the_line() {
    let setup = with_editor(Setup::new(ROWS, COLS), "stty -a | grep -o ' echo ' ; sed -i 's/$/ world/' \"$1\"");
    let mut terminal = started(setup);
    for pane in ["", "pane on"] {
        terminal.line(pane);
        terminal.wait_prompt();
        terminal.send(&format!("echo hello{CTRL_X_CTRL_E}"));
        terminal.wait_typed("echo hello world");
        assert_eq!(terminal.scroll_region().is_some(), pane == "pane on");
        terminal.send(ENTER);
        terminal.wait_for("\nhello world");
        terminal.wait_prompt();
    }
    terminal.wait_for("processes");
}

#[test]
fn an_editor_that_fails_leaves_the_line() {
    let mut terminal = started(with_editor(Setup::new(ROWS, COLS), "echo spoilt > \"$1\"; exit 3"));
    terminal.send(&format!("echo kept{CTRL_X_CTRL_E}"));
    terminal.wait_for("exit status: 3; the line is as it was");
    terminal.wait_typed("echo kept");
    terminal.send(ENTER);
    terminal.wait_for("\nkept");
}

#[test]
fn set_o_gives_the_line_the_keys_of_vi() {
    let mut terminal = prompt();
    run(&mut terminal, "set -o vi", "plugsh>");
    terminal.send("echo one two");
    terminal.wait_typed("echo one two");
    // Esc, a word back, delete to the end.
    terminal.send(ESC);
    terminal.wait("the cursor on the last character", |screen| screen.cursor_position().1 == 8 + 11);
    terminal.send("bD");
    terminal.wait_gone("echo one two");
    terminal.send("ATWO");
    terminal.wait_typed("echo one TWO");
    terminal.send(ENTER);
    terminal.wait_for("\none TWO");
    terminal.wait_prompt();
    run(&mut terminal, "set -o emacs", "plugsh>");
    terminal.send("echo b\x01");
    terminal.wait("the cursor at the start", |screen| screen.cursor_position().1 == 8);
}

#[test]
fn ctrl_z_moves_a_call_to_the_background() {
    let mut terminal = prompt();
    run(&mut terminal, "load misbehave", "1:misbehave");
    terminal.line("misbehave.spin");
    terminal.wait_for("Ctrl-C ends it, Ctrl-Z backgrounds it");
    terminal.send(CTRL_Z);
    terminal.wait_for("%1 goes on in the background; `fg` brings it back");
    terminal.wait_prompt();
    terminal.wait_gone("Ctrl-C ends it");
    run(&mut terminal, "bg", "%1 runs in the background already");
    run(&mut terminal, "clear", "plugsh>");
    terminal.line("fg");
    terminal.wait_for("Ctrl-Z backgrounds it");
    terminal.send(CTRL_Z);
    terminal.wait_for("%1 goes on in the background");
    terminal.wait_prompt();
    terminal.line("fg");
    terminal.wait_for("Ctrl-Z backgrounds it");
    terminal.send(CTRL_C);
    terminal.wait_for("interrupted");
    terminal.wait_prompt();
    run(&mut terminal, "bg", "no job; `&` after a call starts one");
}

#[test]
fn clear_and_quit_do_what_they_say() {
    let mut terminal = prompt();
    run(&mut terminal, "echo soon gone", "\nsoon gone");
    terminal.line("clear");
    terminal.wait_gone("soon gone");
    terminal.wait_prompt();
    assert_eq!(terminal.look(|screen| screen.cursor_position().0), 0);
    run(&mut terminal, "pane on", "processes");
    run(&mut terminal, "echo soon gone", "\nsoon gone");
    terminal.line("clear");
    terminal.wait_gone("soon gone");
    terminal.wait_prompt();
    terminal.wait_for("processes");
    terminal.line("quit 4");
    assert_eq!(terminal.wait_end().exit_code(), 4);
    terminal.assert_as_found();
}

#[test]
fn tab_follows_cd() {
    let setup = Setup::new(ROWS, COLS);
    std::fs::create_dir(setup.home().join("some-directory")).unwrap();
    std::fs::write(setup.home().join("some-directory/inside.txt"), "x").unwrap();
    std::fs::write(setup.home().join("some-file"), "x").unwrap();
    let mut terminal = started(setup);
    completes(&mut terminal, "cd some", "cd some-directory/");
    run(&mut terminal, "cd some-directory", "plugsh>");
    completes(&mut terminal, "source in", "source inside.txt ");
    run(&mut terminal, "cd -", "\n/");
    completes(&mut terminal, "source some-f", "source some-file ");
}

/// A guest of the tests and its source.
fn debugged(setup: Setup, name: &str) -> Setup {
    let guest = |file: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests").join(file);
        std::fs::read(path).expect("a guest")
    };
    setup.file(&format!("{name}.wasm"), guest(&format!("{name}.wasm")))
}

#[test]
fn places_in_the_source_of_plugins_are_completed() {
    let mut terminal = started(debugged(Setup::new(ROWS, COLS), "basket"));
    run(&mut terminal, "load basket.wasm", "1:basket");
    completes(&mut terminal, "break basket.r", "break basket.rs:");
    completes(&mut terminal, "break basket.rs:10", "break basket.rs:10");
    completes(&mut terminal, "break basket.rs:8", "break basket.rs:8");
    completes(&mut terminal, "break basket::total", "break basket::total_of ");
    completes(&mut terminal, "break basket::che", "break basket::checkout ");
    completes(&mut terminal, "break basket.wasm:che", "break basket.wasm:checkout ");
    completes(&mut terminal, "break fun", "break function");
}

#[test]
fn lines_and_variables_are_completed_at_a_stop() {
    let mut terminal = started(debugged(Setup::new(ROWS, COLS), "basket"));
    completes(&mut terminal, "print bask", "print bask");
    run(&mut terminal, "load basket.wasm", "1:basket");
    run(&mut terminal, "break basket.rs:89", "breakpoint 1");
    run(&mut terminal, "basket.checkout", "is held at src/basket.rs:89");
    completes(&mut terminal, "print gri", "print grid ");
    completes(&mut terminal, "print basket.ow", "print basket.owner ");
    completes(&mut terminal, "print *fi", "print '*first' ");
    completes(&mut terminal, "until 89", "until 89 ");
    run(&mut terminal, "frame up", "checkout");
    completes(&mut terminal, "print rat", "print rates ");
    completes(&mut terminal, "print gri", "print gri");
}
