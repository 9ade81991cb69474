//! The terminal's handover: stops, signals, programs of the system.

use super::pty::{CTRL_C, CTRL_Z, ENTER, Setup, Terminal, plugsh};
use super::{COLS, ROWS, assert_pane_whole, with_pane};

#[test]
fn signals_that_end_the_program_give_the_terminal_back() {
    for (name, typed) in [("TERM", "echo half"), ("HUP", ""), ("QUIT", "echo x"), ("INT", "")] {
        let mut terminal = with_pane();
        terminal.send(typed);
        terminal.wait_typed(typed);
        terminal.signal(name);
        if name == "INT" {
            // The signal is for a running command, and there is none; or for this line, if it is sooner.
            terminal.line("echo se''en");
            terminal.wait("an answer", |screen| {
                let shown = screen.contents();
                shown.contains("\nseen") || shown.contains("\ninterrupted")
            });
            terminal.line("exit");
        }
        terminal.wait_end();
        terminal.assert_as_found();
        assert!(!terminal.look(|screen| screen.contents().contains("processes")), "{name}: {}", terminal.text());
        assert!(terminal.text().contains("plugsh>"), "{name}: the prompt's text can still be read");
    }
}

#[test]
fn ctrl_c_ends_what_runs_and_leaves_the_pane() {
    let mut terminal = with_pane();
    terminal.start("sleep 600s");
    terminal.send(CTRL_C);
    terminal.wait_prompt();
    terminal.send("echo half");
    terminal.wait_typed("echo half");
    terminal.send(CTRL_C);
    terminal.wait_prompt();
    assert_pane_whole(&terminal);
}

/// A shell with job control around plugsh.
fn in_a_shell() -> Terminal {
    let mut terminal =
        Setup::new(ROWS, COLS).argument("--norc").argument("-i").variable("PS1", "outer$ ").start_program("bash");
    terminal.wait_for("outer$ ");
    terminal.line(&plugsh());
    terminal.wait_prompt();
    terminal.line("pane on");
    terminal.wait_for("processes");
    terminal.wait_prompt();
    terminal
}

#[test]
fn it_stops_and_goes_on_at_the_prompt() {
    let mut terminal = in_a_shell();
    terminal.send("echo half");
    terminal.wait_typed("echo half");
    for _ in 0..2 {
        terminal.send(CTRL_Z);
        terminal.wait("the outer prompt", |screen| {
            let row = screen.cursor_position().0;
            screen.rows(0, COLS).nth(row.into()).is_some_and(|row| row.trim_end() == "outer$")
        });
        assert_eq!(terminal.scroll_region(), None);
        terminal.wait_gone("calls/s");
        terminal.line("fg");
        terminal.wait_for("calls/s");
        terminal.wait_typed("echo half");
    }
    terminal.send(ENTER);
    terminal.wait_for("\nhalf\n");
    assert_pane_whole(&terminal);
}

#[test]
fn it_stops_and_goes_on_while_a_command_runs() {
    let mut terminal = in_a_shell();
    terminal.start("sleep 600s");
    terminal.send(CTRL_Z);
    terminal.wait("the outer prompt", |screen| screen.contents().contains("Stopped"));
    assert_eq!(terminal.scroll_region(), None);
    terminal.line("fg");
    terminal.wait_for("calls/s");
    terminal.send(CTRL_C);
    terminal.wait_prompt();
    assert_pane_whole(&terminal);
}

#[test]
fn a_program_of_the_system_gets_the_whole_terminal_and_its_modes() {
    let mut terminal = with_pane();
    terminal.line("!stty -a | tr ' ;' '\\n\\n' | grep -x -e -echo -e echo -e isig; echo done-$((1+1))");
    terminal.wait_for("done-2");
    terminal.wait_for("processes");
    terminal.wait_prompt();
    let rows = terminal.rows();
    assert!(rows.iter().any(|row| row == "echo") && !rows.iter().any(|row| row == "-echo"), "{}", terminal.text());
    assert_pane_whole(&terminal);
}
