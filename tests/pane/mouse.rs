//! The mouse in the pane of a terminal of 80x24, whose first row is the terminal's 13th.

use vt100::MouseProtocolMode;

use super::pty::{CTRL_C, ESC, F6, Terminal};
use super::with_pane_80x24;

fn press(terminal: &mut Terminal, col: u16, row: u16) {
    terminal.send(&format!("\x1b[<0;{col};{row}M\x1b[<0;{col};{row}m"));
}

#[track_caller]
fn wait_captured(terminal: &Terminal, captured: bool) {
    let mode = if captured { MouseProtocolMode::PressRelease } else { MouseProtocolMode::None };
    terminal.wait(&format!("{mode:?}"), |screen| screen.mouse_protocol_mode() == mode);
}

/// A pane that has the keys, with two processes.
fn with_keys() -> Terminal {
    let mut terminal = with_pane_80x24();
    terminal.line("load echo; load text");
    terminal.wait_for("○ 2:text");
    terminal.wait_prompt();
    wait_captured(&terminal, false);
    terminal.send(F6);
    terminal.wait_for("▌processes");
    wait_captured(&terminal, true);
    terminal
}

#[test]
fn a_click_chooses_a_second_one_opens_and_one_above_goes_to_the_prompt() {
    let mut terminal = with_keys();
    press(&mut terminal, 5, 16);
    press(&mut terminal, 5, 16);
    terminal.wait_for("built-in:text");
    terminal.send(ESC);
    terminal.wait_for("▌processes");
    press(&mut terminal, 5, 3);
    wait_captured(&terminal, false);
    terminal.wait_gone("▌processes");
    terminal.line("echo no garbage");
    terminal.wait_for("plugsh> echo no garbage");
    terminal.wait_for("\nno garbage\n");
}

#[test]
fn the_wheel_scrolls_the_list_under_it() {
    let mut terminal = with_pane_80x24();
    terminal.line("for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15");
    terminal.line("load echo");
    terminal.line("end");
    terminal.wait_for("1–9/15 ");
    terminal.send(F6);
    wait_captured(&terminal, true);
    terminal.send("\x1b[<65;5;16M");
    terminal.wait_for("3–12/15 ");
    terminal.send("\x1b[<64;5;16M");
    terminal.wait_for("1–9/15 ");
}

#[test]
fn it_works_while_a_command_runs() {
    let mut terminal = with_pane_80x24();
    terminal.line("load echo");
    terminal.wait_for("○ 1:echo");
    terminal.start("sleep 600");
    terminal.send(F6);
    wait_captured(&terminal, true);
    press(&mut terminal, 5, 15);
    press(&mut terminal, 5, 15);
    terminal.wait_for("built-in:echo");
    terminal.send(CTRL_C);
    wait_captured(&terminal, false);
    terminal.wait_prompt();
}

#[test]
fn it_can_be_switched_off() {
    let mut terminal = with_pane_80x24();
    terminal.line("set mouse off; load echo");
    terminal.wait_for("○ 1:echo");
    terminal.wait_prompt();
    terminal.send(F6);
    terminal.wait_for("▌processes");
    wait_captured(&terminal, false);
    terminal.send(ESC);
    terminal.wait_gone("▌processes");
    terminal.line("set mouse on; echo on again");
    terminal.wait_for("\non again\n");
    terminal.wait_prompt();
    terminal.send(F6);
    wait_captured(&terminal, true);
}

#[test]
fn a_program_of_the_system_gets_the_terminal_without_it() {
    let mut terminal = with_pane_80x24();
    let script = terminal.home.path().join("program.plugsh");
    std::fs::write(script, "!echo from a program\nsleep 600\n").unwrap();
    terminal.line("pane focus; source program.plugsh");
    terminal.wait_for("from a program");
    terminal.wait_for("▌processes");
    wait_captured(&terminal, true);
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    let program = raw.find("from a program\r\n").unwrap();
    let released = raw[..program].rfind("\x1b[?1000l");
    assert!(released > raw[..program].rfind("\x1b[?1000h"), "released before the program wrote");
    terminal.send(CTRL_C);
    terminal.wait_prompt();
}
