//! Keys for the pane: at the prompt, and while a command runs.

use super::pty::{CTRL_C, ESC, F6, Setup};
use super::{COLS, ROWS, assert_pane_whole, with_pane};

#[test]
fn the_keys_go_into_the_pane_and_back_with_the_line_untouched() {
    let mut terminal = with_pane();
    terminal.line("load echo");
    terminal.wait_for("○ 1:echo");
    terminal.send("echo half");
    terminal.send("\x02");
    terminal.wait("the cursor in the line", |screen| screen.cursor_position().1 == 16);
    terminal.send(F6);
    terminal.wait("the cursor gone", vt100::Screen::hide_cursor);
    terminal.send("j\r");
    terminal.wait_for("built-in:echo");
    terminal.send(ESC);
    terminal.wait_gone("built-in:echo");
    terminal.send("?");
    terminal.wait_for("▌keys");
    terminal.send(ESC);
    terminal.wait_gone("▌keys");
    terminal.send(ESC);
    terminal.wait("the cursor back", |screen| !screen.hide_cursor());
    terminal.send("X");
    terminal.wait_for("plugsh> echo halXf");
    assert_pane_whole(&terminal);
}

#[test]
fn a_process_is_killed_from_the_pane_after_asking() {
    let mut terminal = with_pane();
    terminal.line("load echo");
    terminal.wait_for("○ 1:echo");
    terminal.line("pane focus");
    terminal.wait("the cursor gone", vt100::Screen::hide_cursor);
    terminal.send("jx");
    terminal.wait_for("kill 1:echo? [y/n]");
    terminal.send("n");
    terminal.wait_gone("kill 1:echo?");
    terminal.send("xy");
    terminal.wait_for("ended 1:echo");
    terminal.send(CTRL_C);
    terminal.wait_prompt();
    terminal.line("ps");
    terminal.wait_prompt();
}

#[test]
fn they_go_into_the_pane_while_a_command_runs() {
    let mut terminal = with_pane();
    terminal.start("sleep 600s");
    terminal.send(F6);
    terminal.wait("the cursor gone", vt100::Screen::hide_cursor);
    terminal.send("?");
    terminal.wait_for("▌keys");
    terminal.send(ESC);
    terminal.wait_gone("▌keys");
    terminal.send(ESC);
    terminal.wait("the cursor back", |screen| !screen.hide_cursor());
    terminal.send(F6);
    terminal.wait("the cursor gone again", vt100::Screen::hide_cursor);
    terminal.send(CTRL_C);
    terminal.wait_for("interrupted");
    // Ctrl-C brings the keys back to the prompt.
    terminal.wait("the cursor back", |screen| !screen.hide_cursor());
    terminal.wait_prompt();
    assert_pane_whole(&terminal);
}

#[test]
fn a_process_is_killed_while_it_runs_in_the_foreground() {
    let mut terminal = with_pane();
    terminal.line("load echo");
    terminal.wait_for("○ 1:echo");
    terminal.start("call echo echo busy --loop 1000000000 > /dev/null");
    terminal.send(F6);
    terminal.wait_for("▌processes");
    terminal.send("jx");
    terminal.wait_for("kill 1:echo? [y/n]");
    terminal.send("y");
    terminal.wait_for("ended 1:echo");
    terminal.wait_for("killed by the shell");
    terminal.send(ESC);
    terminal.wait("the cursor back", |screen| !screen.hide_cursor());
    terminal.wait_prompt();
    terminal.wait_gone("▌processes");
    assert_pane_whole(&terminal);
}

#[test]
fn f6_opens_the_pane_while_a_command_runs() {
    let mut terminal = Setup::new(ROWS, COLS).start();
    terminal.wait_prompt();
    terminal.start("sleep 600s");
    terminal.send(F6);
    terminal.wait_for("▌processes");
    terminal.send(CTRL_C);
    terminal.wait_prompt();
    assert_pane_whole(&terminal);
}

#[test]
fn they_go_into_the_pane_while_a_script_runs() {
    let mut terminal = Setup::new(ROWS, COLS)
        .file("slow.plugsh", "load echo\nsleep 600s\n")
        .argument("--pane")
        .argument("slow.plugsh")
        .start();
    terminal.wait_for("○ 1:echo");
    terminal.send(F6);
    terminal.wait_for("▌processes");
    terminal.send("jx");
    terminal.wait_for("kill 1:echo? [y/n]");
    terminal.send(CTRL_C);
    // The interrupted script has ended, and the pane waits for a key.
    terminal.wait_for("▌processes");
    terminal.wait_gone("[y/n]");
    terminal.send("q");
    terminal.wait_end();
    terminal.assert_as_found();
}
