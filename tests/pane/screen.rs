//! The pane's part of the screen: opening, splitting, resizing, and protection from other output.

use super::pty::{CTRL_C, CTRL_L, ENTER, F6, Setup, Terminal, plugsh};
use super::{COLS, PROMPT_ROWS, ROWS, assert_pane_whole, pane_rows, with_pane};

#[test]
fn it_opens_below_the_prompt_and_closes_without_a_trace() {
    let mut terminal = with_pane();
    assert_eq!(terminal.scroll_region(), Some((1, PROMPT_ROWS)));
    assert_pane_whole(&terminal);
    terminal.line("pane off");
    terminal.wait_gone("processes");
    terminal.wait_prompt();
    assert_eq!(terminal.scroll_region(), None);
    assert!(pane_rows(&terminal).iter().all(String::is_empty), "{}", terminal.text());
    terminal.line("exit");
    assert!(terminal.wait_end().success());
    terminal.assert_as_found();
}

#[test]
fn it_shows_processes_and_calls_as_they_come() {
    let mut terminal = with_pane();
    terminal.line("load echo");
    terminal.wait_for("1:echo");
    terminal.line("call echo echo hello");
    terminal.wait_for("shell → 1:echo.echo");
    terminal.line("kill echo");
    // The dead process leaves the tree; its end stays between the calls.
    terminal.wait_for("† 1:echo ended");
    terminal.wait_for("no process yet");
    assert_pane_whole(&terminal);
}

#[test]
fn five_hundred_lines_scroll_only_in_the_prompts_part_and_none_is_lost() {
    let script: String = (0..500).map(|n| format!("echo line-{n:03}\n")).collect();
    let mut terminal = Setup::new(ROWS, COLS).file("many.plugsh", &script).start();
    terminal.wait_prompt();
    terminal.line("pane on");
    terminal.wait_for("processes");
    terminal.line("source many.plugsh");
    terminal.wait_for("line-499");
    terminal.wait_prompt();
    assert_pane_whole(&terminal);
    // This emulator keeps no scrollback of a region; tmux in the next test does.
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    assert!((0..500).all(|n| raw.contains(&format!("line-{n:03}\r\n"))), "every line was written whole");
}

#[test]
fn in_tmux_all_lines_are_in_the_scrollback_and_the_pane_is_not() {
    let tmux = std::process::Command::new("tmux").arg("-V").output();
    assert!(tmux.is_ok(), "tmux is not installed, and this test plays in it");
    let script: String = (0..500).map(|n| format!("echo line-{n:03}\n")).collect();
    let conf = "set -g status off\nset -g history-limit 5000\nset -g default-terminal tmux-256color\n";
    let mut setup = Setup::new(ROWS, COLS).file("many.plugsh", &script).file("tmux.conf", conf);
    for argument in ["-f", "tmux.conf", "-S", "socket", "new-session"] {
        setup = setup.argument(argument);
    }
    let mut terminal = setup.argument(plugsh()).start_program("tmux");
    let tmux = |terminal: &Terminal, arguments: &[&str]| {
        let mut command = std::process::Command::new("tmux");
        let output = command.args(["-S", "socket"]).args(arguments).current_dir(terminal.home.path()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    terminal.wait_prompt();
    terminal.line("pane on");
    terminal.wait_for("processes");
    terminal.line("source many.plugsh");
    terminal.wait_for("line-499");
    terminal.wait_prompt();
    terminal.send("echo wide 漢字 and \x1b[D\x1b[D\x1b[D\x1b[D");
    terminal.wait_for("漢字 and");
    assert_pane_whole(&terminal);
    let all = tmux(&terminal, &["capture-pane", "-p", "-S", "-"]);
    let lines: Vec<&str> = all.lines().filter(|line| line.starts_with("line-")).collect();
    let expected: Vec<String> = (0..500).map(|n| format!("line-{n:03}")).collect();
    assert!(lines.iter().eq(&expected), "{} of 500 lines in the scrollback", lines.len());
    assert_eq!(all.matches("calls/s").count(), 1, "the pane is not in the scrollback");
    terminal.send(CTRL_C);
    terminal.wait_prompt();
    terminal.line("pane off");
    terminal.wait_gone("calls/s");
    terminal.wait_prompt();
    tmux(&terminal, &["kill-server"]);
    terminal.wait_end();
}

#[test]
fn a_line_that_wraps_stays_above_the_pane() {
    let mut terminal = with_pane();
    terminal.send(&format!("echo {}", "x".repeat(350)));
    terminal.wait("350 letters", |screen| screen.contents().matches('x').count() >= 350);
    assert_pane_whole(&terminal);
    terminal.send(CTRL_C);
    terminal.wait_prompt();
    assert_pane_whole(&terminal);
}

#[test]
fn a_line_taller_than_the_prompts_part_gets_the_window_until_it_is_accepted() {
    let mut terminal = with_pane();
    terminal.send(&format!("echo {}", "y".repeat(usize::from(COLS) * 16)));
    terminal.wait_gone("processes");
    assert_eq!(terminal.scroll_region(), None);
    terminal.send(CTRL_C);
    terminal.wait_for("processes");
    terminal.wait_prompt();
    assert_eq!(terminal.scroll_region(), Some((1, PROMPT_ROWS)));
    assert_pane_whole(&terminal);
}

#[test]
fn ctrl_l_clears_the_prompts_part_only() {
    let mut terminal = with_pane();
    terminal.line("echo something to clear");
    terminal.wait_for("\nsomething to clear\n");
    terminal.send("echo half a line");
    terminal.wait_typed("echo half a line");
    terminal.send(CTRL_L);
    terminal.wait("the prompt in the first row", |screen| screen.cursor_position().0 == 0);
    terminal.wait_typed("echo half a line");
    terminal.wait_gone("something to clear");
    assert_pane_whole(&terminal);
}

#[test]
fn the_window_may_change_its_size_at_any_time() {
    let mut terminal = with_pane();
    terminal.line("echo before the resize");
    terminal.wait_for("\nbefore the resize\n");
    terminal.send("echo typing");
    terminal.wait_typed("echo typing");
    for (rows, cols) in [(40, 120), (24, 80), (12, 40), (50, 30), (ROWS, COLS)] {
        terminal.resize(rows, cols);
        terminal.wait(&format!("the pane at {cols}x{rows}"), |screen| {
            let last = screen.rows(0, cols).last().unwrap_or_default();
            screen.size() == (rows, cols) && last.contains("calls/s")
        });
        terminal.wait_typed("echo typing");
    }
    terminal.wait_for("before the resize");
    assert_eq!(terminal.scroll_region(), Some((1, PROMPT_ROWS)));
    assert_pane_whole(&terminal);
}

#[test]
fn a_window_too_small_hides_it_and_a_larger_one_brings_it_back() {
    let mut terminal = with_pane();
    terminal.send("echo typing");
    terminal.wait_typed("echo typing");
    terminal.resize(6, 20);
    terminal.wait_region(None);
    terminal.wait_typed("echo typing");
    terminal.wait_gone("proc");
    terminal.send(ENTER);
    terminal.wait_prompt();
    terminal.resize(ROWS, COLS);
    terminal.wait_for("calls/s");
    terminal.wait_prompt();
    assert_pane_whole(&terminal);
}

#[test]
fn the_pane_takes_the_rows_it_is_told_to() {
    let mut terminal = with_pane();
    for (size, rows) in [("8", 8), ("20%", 6), ("90%", 25), ("50%", 15)] {
        terminal.line(&format!("pane size {size}"));
        terminal.wait(&format!("{rows} rows of pane"), |screen| {
            screen.rows(0, COLS).nth(usize::from(ROWS - rows)).is_some_and(|row| row.contains("processes"))
        });
        terminal.wait_prompt();
        assert_eq!(terminal.scroll_region(), Some((1, ROWS - rows)));
    }
}

#[test]
fn hostile_output_cannot_move_the_cursor() {
    let mut terminal = with_pane();
    terminal.line(r#"load echo; call echo echo "\x1b[2J\x1b[1;1H\x1b[3;5rgotcha""#);
    terminal.wait_for("gotcha");
    terminal.wait_prompt();
    assert_eq!(terminal.scroll_region(), Some((1, PROMPT_ROWS)));
    assert_pane_whole(&terminal);
}

#[test]
fn a_dumb_terminal_says_why_it_has_none() {
    let mut terminal = Setup::new(ROWS, COLS).variable("TERM", "dumb").start();
    terminal.line("pane on");
    terminal.wait_for("TERM says `dumb`");
    terminal.line("exit");
    terminal.wait_end();
    terminal.assert_as_found();
}

#[test]
fn hostile_function_names_are_shown_and_not_obeyed() {
    let mut terminal = with_pane();
    terminal.line(r#"load echo; call echo "\x1b[2J\x1b[1;1Hgotcha\x07""#);
    terminal.wait_for("␛[2J␛[1;1Hgotcha");
    terminal.wait_prompt();
    assert_eq!(terminal.scroll_region(), Some((1, PROMPT_ROWS)));
    assert_pane_whole(&terminal);
}

/// The colours of the pane's cells.
fn colors(terminal: &Terminal) -> Vec<vt100::Color> {
    terminal.look(|screen| {
        let cells = (PROMPT_ROWS..ROWS).flat_map(|row| (0..COLS).map(move |col| (row, col)));
        cells.filter_map(|(row, col)| screen.cell(row, col)).flat_map(|cell| [cell.fgcolor(), cell.bgcolor()]).collect()
    })
}

#[test]
fn no_color_is_respected_and_nothing_is_told_by_colour_alone() {
    let mut terminal = with_pane();
    assert!(colors(&terminal).iter().any(|color| *color != vt100::Color::Default), "there are colours");
    terminal.line("exit");
    terminal.wait_end();
    let mut terminal = Setup::new(ROWS, COLS).variable("NO_COLOR", "1").start();
    terminal.wait_prompt();
    terminal.line("pane on; load echo; call echo nowhere");
    terminal.wait_for("○ 1:echo");
    terminal.wait_for("✗ 1:echo.nowhere error: no function");
    terminal.send(F6);
    terminal.wait_for("▌processes");
    terminal.send("jx");
    terminal.wait_for("[y/n]");
    assert!(colors(&terminal).iter().all(|color| *color == vt100::Color::Default));
}
