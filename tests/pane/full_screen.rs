//! The pane in full screen, on a terminal of 80x24.

use super::pty::{CTRL_C, CTRL_Z, ESC, F6, Setup, Terminal, plugsh};
use super::with_pane_80x24;

/// A pane in full screen, above a prompt with output and half a line.
fn in_full_screen() -> (Terminal, Vec<String>) {
    let mut terminal = with_pane_80x24();
    terminal.line("load echo; call echo echo hello");
    terminal.wait_for("○ 1:echo");
    terminal.wait_prompt();
    terminal.send("echo half");
    terminal.wait_typed("echo half");
    let before = prompt_part(&terminal);
    terminal.send(F6);
    terminal.wait_for("▌processes");
    fill(&mut terminal);
    (terminal, before)
}

fn fill(terminal: &mut Terminal) {
    terminal.send("z");
    terminal.wait("the full screen", |screen| {
        screen.alternate_screen() && screen.rows(0, 80).next().is_some_and(|row| row.starts_with("▌processes"))
    });
}

fn prompt_part(terminal: &Terminal) -> Vec<String> {
    terminal.rows().into_iter().take(12).collect()
}

#[track_caller]
fn assert_back(terminal: &Terminal, before: &[String]) {
    terminal.wait("the main screen", |screen| !screen.alternate_screen());
    terminal.wait_region(Some((1, 12)));
    terminal.wait_typed("echo half");
    assert_eq!(prompt_part(terminal), before, "{}", terminal.text());
    terminal.wait_for("▌processes");
}

#[test]
fn the_pane_takes_the_whole_terminal_and_gives_it_back_by_the_key_or_esc() {
    let (mut terminal, before) = in_full_screen();
    terminal.wait_for("calls 1");
    assert_eq!(terminal.scroll_region(), None);
    assert!(!terminal.look(|screen| screen.contents().contains("plugsh>")));
    terminal.send("z");
    assert_back(&terminal, &before);
    fill(&mut terminal);
    terminal.send(ESC);
    assert_back(&terminal, &before);
    terminal.send(ESC);
    terminal.wait_gone("▌processes");
    terminal.send("X\r");
    terminal.wait_for("\nhalfX\n");
}

#[test]
fn the_keys_take_all_rows() {
    let (mut terminal, _) = in_full_screen();
    terminal.send("?");
    terminal.wait("the keys from the first row to the last but one", |screen| {
        let mut rows = screen.rows(0, 80);
        let titled = rows.next().is_some_and(|row| row.starts_with("▌keys") && row.contains("1–22/"));
        titled && rows.all(|row| !row.contains("processes") && !row.contains("calls 1"))
    });
    terminal.send(ESC);
    terminal.wait_for("▌processes");
}

#[test]
fn f6_leaves_full_screen_and_the_pane() {
    let (mut terminal, before) = in_full_screen();
    terminal.send(F6);
    terminal.wait("the main screen", |screen| !screen.alternate_screen() && !screen.hide_cursor());
    terminal.wait_typed("echo half");
    assert_eq!(prompt_part(&terminal), before);
}

#[test]
fn a_new_size_fills_and_the_prompt_is_reprinted_afterwards() {
    let (mut terminal, _) = in_full_screen();
    terminal.resize(30, 100);
    terminal.wait("the larger pane", |screen| {
        screen.rows(0, 100).last().is_some_and(|row| row.contains("calls/s")) && screen.contents().contains("│")
    });
    terminal.send(ESC);
    terminal.wait("the main screen", |screen| !screen.alternate_screen());
    terminal.wait_region(Some((1, 15)));
    terminal.wait_typed("echo half");
    terminal.wait_for("\nhello\n");
}

#[test]
fn what_a_command_prints_meanwhile_comes_afterwards() {
    let mut terminal = with_pane_80x24();
    terminal.start("retry 1000 --every 50ms source gate.plugsh");
    terminal.send(F6);
    terminal.wait_for("▌processes");
    fill(&mut terminal);
    let gate = terminal.home.path().join("gate.plugsh");
    std::fs::write(gate, "echo came meanwhile\nload echo\n").unwrap();
    terminal.wait_for("○ 1:echo");
    assert!(!terminal.look(|screen| screen.contents().contains("came meanwhile")));
    terminal.send("?");
    terminal.wait_for("▌keys");
    terminal.send(ESC);
    terminal.wait_gone("▌keys");
    terminal.send(ESC);
    terminal.wait_for("came meanwhile");
    terminal.wait_prompt();
    terminal.wait_for("▌processes");
    terminal.send(ESC);
    terminal.wait_gone("▌processes");
    terminal.line("echo still here");
    terminal.wait_for("\nstill here\n");
}

#[test]
fn ctrl_c_ends_what_runs_and_leaves_full_screen() {
    let mut terminal = with_pane_80x24();
    terminal.start("sleep 600");
    terminal.send(F6);
    terminal.wait_for("▌processes");
    fill(&mut terminal);
    terminal.send(CTRL_C);
    terminal.wait_for("interrupted");
    terminal.wait_prompt();
    assert!(!terminal.look(vt100::Screen::alternate_screen));
}

#[test]
fn a_notice_waits_for_the_main_screen() {
    let mut terminal = with_pane_80x24();
    terminal.line("load echo; call echo echo busy --loop 100000000 > /dev/null &");
    terminal.wait_for("● 1:echo");
    terminal.send(F6);
    terminal.wait_for("▌processes");
    fill(&mut terminal);
    terminal.send("jx");
    terminal.wait_for("kill 1:echo? [y/n]");
    terminal.send("y");
    terminal.wait_for("ended 1:echo");
    terminal.wait_gone("1 job");
    assert!(!terminal.look(|screen| screen.contents().contains("%1")));
    terminal.send(ESC);
    terminal.wait_for("killed");
    terminal.wait_prompt();
}

#[test]
fn signals_that_end_the_program_give_the_terminal_back() {
    for name in ["TERM", "HUP", "QUIT"] {
        let (mut terminal, before) = in_full_screen();
        terminal.signal(name);
        terminal.wait_end();
        terminal.assert_as_found();
        assert_eq!(prompt_part(&terminal)[..4], before[..4], "{name}");
    }
}

#[test]
fn ctrl_z_gives_the_outer_shell_its_screen_and_fg_the_full_one() {
    let mut terminal =
        Setup::new(24, 80).argument("--norc").argument("-i").variable("PS1", "outer$ ").start_program("bash");
    terminal.wait_for("outer$ ");
    terminal.line(&plugsh());
    terminal.wait_prompt();
    terminal.line("pane focus");
    terminal.wait_for("▌processes");
    fill(&mut terminal);
    terminal.send(CTRL_Z);
    terminal.wait("the outer prompt", |screen| {
        let row = screen.cursor_position().0;
        let prompt = screen.rows(0, 80).nth(row.into()).is_some_and(|row| row.trim_end() == "outer$");
        prompt && !screen.alternate_screen()
    });
    assert_eq!(terminal.look(vt100::Screen::mouse_protocol_mode), vt100::MouseProtocolMode::None);
    assert_eq!(terminal.scroll_region(), None);
    terminal.line("fg");
    terminal.wait("the full screen again", |screen| {
        screen.alternate_screen() && screen.rows(0, 80).next().is_some_and(|row| row.starts_with("▌processes"))
    });
    terminal.send(ESC);
    terminal.wait_prompt();
}
