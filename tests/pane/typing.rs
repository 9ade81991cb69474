//! Typing at the prompt while the pane is drawn, and type-ahead.

use super::pty::{CTRL_C, CTRL_R, DOWN, ENTER, F6, Setup, TAB, UP};
use super::{COLS, PROMPT_ROWS, ROWS, assert_pane_whole, with_pane};

#[test]
fn typing_and_editing_do_not_disturb_it() {
    let mut terminal = with_pane();
    let text = "echo the quick brown fox jumps over the lazy dog 漢字 é";
    for c in text.chars() {
        terminal.send(&c.to_string());
    }
    terminal.wait("the line", |screen| screen.contents().contains("lazy dog 漢字 é"));
    terminal.send("\x01\x06\x06\x06\x06\x06\x04\x04\x04\x04");
    terminal.wait_for("plugsh> echo quick brown");
    assert_pane_whole(&terminal);
    terminal.send(ENTER);
    terminal.wait("the output", |screen| screen.contents().matches("quick brown fox").count() == 2);
    assert_pane_whole(&terminal);
}

#[test]
fn what_goes_on_over_lines_and_what_is_given_up_do_not_disturb_it() {
    let mut terminal = with_pane();
    terminal.line("echo 'one");
    terminal.wait_for("plugsh> echo 'one\n   ...>");
    terminal.line("two'");
    terminal.wait_for("   ...> two'\none\ntwo\nplugsh>");
    terminal.wait_prompt();
    assert_pane_whole(&terminal);
    terminal.line("echo 'never");
    terminal.wait_for("plugsh> echo 'never\n   ...>");
    terminal.wait("the cursor behind it", |screen| screen.cursor_position().1 == 8);
    terminal.send(CTRL_C);
    terminal.wait_for("   ...> \nplugsh>");
    terminal.wait_prompt();
    terminal.send(CTRL_R);
    terminal.send("two");
    terminal.wait_for("`two'");
    terminal.send(CTRL_C);
    terminal.wait_gone("`two'");
    terminal.wait_prompt();
    terminal.send("call ");
    terminal.wait_for("plugsh> call PLUGIN FUNCTION [INPUT]");
    terminal.send(CTRL_C);
    terminal.wait_gone("PLUGIN FUNCTION");
    terminal.wait_prompt();
    terminal.line("echo \"code $?\"");
    terminal.wait_for("\ncode 0\n");
    assert_pane_whole(&terminal);
}

#[test]
fn typing_while_calls_run_corrupts_no_cell() {
    let mut terminal = with_pane();
    terminal.line("load echo");
    terminal.wait_for("○ 1:echo");
    terminal.line("call echo echo busy --loop 1000000000 &");
    terminal.wait_for("the last rows");
    let mut typed = String::new();
    for c in "echo 'the quick brown fox' \"jumps over\" the lazy dog, é and ü".chars() {
        typed.push(c);
        terminal.send(&c.to_string());
        terminal.wait_typed(&typed);
    }
    terminal.send("\x01\x0b");
    terminal.wait_prompt();
    for _ in 0..3 {
        terminal.send(CTRL_R);
        terminal.send("load");
        terminal.wait_for("load echo");
        terminal.send("\x07");
        terminal.wait_prompt();
        terminal.send(UP);
        terminal.wait_for("plugsh> call echo echo busy");
        terminal.send(DOWN);
        terminal.wait_prompt();
    }
    terminal.line("kill %1");
    // The interrupt comes between two calls, and the process is idle, or inside of one, and it is crashed.
    terminal.wait_for("%1 failed after");
    terminal.wait_gone("● 1:echo");
    terminal.wait_prompt();
    terminal.line("pane save shot.txt; echo it is saved");
    terminal.wait_for("\nit is saved\n");
    let saved = std::fs::read_to_string(terminal.home.path().join("shot.txt")).unwrap();
    // The last row has rates, which change.
    let saved: Vec<&str> = saved.lines().take(14).collect();
    terminal.wait(&format!("every cell as in the frame {saved:#?}"), |screen| {
        let shown: Vec<String> = screen.rows(0, COLS).map(|row| row.trim_end().to_owned()).collect();
        shown[usize::from(PROMPT_ROWS)..].iter().take(14).eq(&saved)
    });
}

#[test]
fn a_completion_list_longer_than_the_prompts_part_comes_in_pages() {
    let mut setup = Setup::new(ROWS, COLS);
    for n in 0..300 {
        setup = setup.file(&format!("file-with-a-long-name-{n:03}.txt"), "");
    }
    let mut terminal = setup.start();
    terminal.wait_prompt();
    terminal.line("pane on");
    terminal.wait_for("processes");
    terminal.send("source file-with-a-long-name-");
    terminal.send(TAB);
    terminal.wait_for("(1/");
    assert_pane_whole(&terminal);
    terminal.send(TAB);
    terminal.wait_for("(2/");
    assert_pane_whole(&terminal);
    assert_eq!(terminal.scroll_region(), Some((1, PROMPT_ROWS)));
}

#[test]
fn keys_typed_while_a_command_runs_wait_for_the_prompt_and_are_not_echoed_into_the_pane() {
    let mut terminal = with_pane();
    terminal.start("sleep 1s");
    terminal.send("echo typed ahead\r");
    terminal.wait_for("\ntyped ahead\n");
    terminal.wait_prompt();
    assert_pane_whole(&terminal);
}

#[test]
fn whatever_is_typed_while_a_command_runs_reaches_the_prompt_as_it_was_typed() {
    let mut terminal = with_pane();
    terminal.line("echo from the history");
    terminal.wait_for("\nfrom the history\n");
    terminal.start("sleep 1s");
    terminal.send("echo größe 漢字 xx\x7f\x7fone");
    terminal.send(&format!("{ENTER}{UP}{UP}{UP}{ENTER}{CTRL_R}größe"));
    terminal.wait_for("\ngröße 漢字 one\n");
    terminal.wait("the line from the history to be run again", |screen| {
        screen.contents().matches("\nfrom the history\n").count() == 2
    });
    terminal.wait_for("(reverse-i-search)`größe': echo größe 漢字 one");
    terminal.send("\x07");
    terminal.wait_prompt();
    terminal.send("still typing");
    terminal.wait_typed("still typing");
    assert_pane_whole(&terminal);
}

#[test]
fn keys_around_f6_go_where_the_keys_were_when_they_were_typed() {
    let mut terminal = with_pane();
    terminal.start("sleep 600s");
    terminal.send(&format!("before{F6}"));
    terminal.wait("the cursor gone", vt100::Screen::hide_cursor);
    terminal.send(&format!("z{F6}"));
    terminal.wait("the cursor back", |screen| !screen.hide_cursor());
    terminal.send(" after");
    // Ctrl-C discards the keys typed before it.
    terminal.send(CTRL_C);
    terminal.wait_prompt();
    terminal.start("sleep 1s");
    terminal.send(&format!("before{F6}"));
    terminal.wait("the cursor gone", vt100::Screen::hide_cursor);
    terminal.send(&format!("zz{F6}"));
    terminal.wait("the cursor back", |screen| !screen.hide_cursor());
    terminal.send(" after");
    terminal.wait_typed("before after");
}

#[test]
fn a_command_that_reads_what_is_typed_gets_it() {
    let mut terminal = with_pane();
    terminal.line("load echo");
    terminal.wait_for("○ 1:echo");
    terminal.line("!read line; echo \"the program got <$line>\"");
    terminal.wait_gone("○ 1:echo");
    terminal.send("one two\r");
    terminal.wait_for("the program got <one two>");
    terminal.wait_for("○ 1:echo");
    terminal.wait_prompt();
    terminal.line("call echo echo @-");
    terminal.wait_gone("○ 1:echo");
    terminal.send("typed for the call\r\x04");
    terminal.wait("the input and the output", |screen| screen.contents().matches("typed for the call").count() == 2);
    terminal.wait_for("○ 1:echo");
    terminal.wait_prompt();
    assert_pane_whole(&terminal);
}

#[test]
fn many_lines_that_are_pasted_are_all_run() {
    let mut terminal = with_pane();
    let lines: String = (0..60).map(|n| format!("echo pasted-{n:02}\r")).collect();
    terminal.send(&lines);
    terminal.wait_for("\npasted-59\n");
    terminal.wait_prompt();
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    assert!((0..60).all(|n| raw.contains(&format!("\npasted-{n:02}\r\n"))), "every line was run");
    assert_pane_whole(&terminal);
}
