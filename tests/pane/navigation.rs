//! Navigation in the pane of a terminal of 80x24: views, positions, details.

use super::pty::{DOWN, ENTER, ESC, F6, TAB};
use super::with_pane_80x24;

#[test]
fn the_calls_are_a_tab_away() {
    let mut terminal = with_pane_80x24();
    terminal.line("load echo; call echo echo hello");
    terminal.wait_for("○ 1:echo");
    terminal.wait_for("calls: F6 Tab");
    terminal.send(F6);
    terminal.wait_for("calls: Tab");
    terminal.send(TAB);
    terminal.wait_for("1:echo.echo");
    terminal.wait_for("processes: Tab");
}

#[test]
fn long_lists_say_where_one_is() {
    let mut terminal = with_pane_80x24();
    terminal.line("for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15");
    terminal.line("load echo");
    terminal.line("call echo echo hello");
    terminal.line("end");
    terminal.wait_for("1–9/15 ");
    terminal.send(F6);
    terminal.send("G");
    terminal.wait_for("6–15/15 ");
    terminal.send(TAB);
    terminal.send("g");
    terminal.wait_for("1–10/30 ");
}

#[test]
fn details_follow_the_cursor() {
    let mut terminal = with_pane_80x24();
    terminal.line("load echo; load text");
    terminal.wait_for("○ 2:text");
    terminal.send(F6);
    terminal.send(DOWN);
    terminal.send(ENTER);
    terminal.wait_for("built-in:echo");
    terminal.send(DOWN);
    terminal.wait_for("built-in:text");
    terminal.send(ESC);
    terminal.wait_for("▌processes");
}

#[test]
fn a_process_shows_its_calls_alone() {
    let mut terminal = with_pane_80x24();
    terminal.line("load echo; load text; call echo echo hello; call text upper hello");
    terminal.wait_for("○ 2:text");
    terminal.send(F6);
    terminal.send(DOWN);
    terminal.send("f");
    terminal.wait_for("▌calls of 1:echo");
    terminal.wait_for("shell → 1:echo.echo");
    terminal.wait("only its calls", |screen| !screen.contents().contains("2:text.upper"));
    terminal.send(ESC);
    terminal.wait_for("▌processes");
    terminal.send(TAB);
    terminal.wait_for("2:text.upper");
    terminal.wait_for("1:echo.echo");
}

#[test]
fn processes_are_filtered_by_state_and_figures() {
    let mut terminal = with_pane_80x24();
    terminal.line("load echo; load text; break echo; call echo echo hello &");
    terminal.wait_for("○ 2:text");
    terminal.send(F6);
    terminal.wait_for("▌processes");
    terminal.send("/state=hold");
    terminal.wait_for("no state `hold`; did you mean `held`?");
    terminal.send("\x7f\x7f\x7feld");
    terminal.send(ENTER);
    terminal.wait_gone("○ 2:text");
    terminal.send(ESC);
    terminal.wait_for("○ 2:text");
    terminal.send("/calls>0 or state=crashed");
    terminal.wait_gone("○ 2:text");
    terminal.wait_for("1:echo");
}
