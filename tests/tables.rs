//! Tables in a pseudo-terminal of 80 and of 40 columns, and at a width that is given where there is none.

mod common;
mod pty;

use pty::*;

const NAME: &str = "a-plugin-whose-name-is-long";

fn started(cols: u16) -> Terminal {
    let mut terminal = Setup::new(24, cols).start();
    terminal.wait_prompt();
    for (line, printed) in [
        (format!("load echo --as {NAME}"), format!("1:{NAME}")),
        ("call 1 echo hi".to_owned(), "\nhi".to_owned()),
        ("call 1 nowhere".to_owned(), "no function".to_owned()),
    ] {
        terminal.line(&line);
        terminal.wait_for(&printed);
        terminal.wait_prompt();
    }
    terminal
}

/// The rows between a typed line and the next prompt.
fn printed(terminal: &mut Terminal, line: &str, last: &str) -> Vec<String> {
    terminal.send(CTRL_L);
    terminal.wait("an empty screen", |screen| screen.cursor_position().0 == 0);
    terminal.line(line);
    terminal.wait_for(last);
    terminal.wait_prompt();
    let rows = terminal.rows();
    let typed = rows.iter().position(|row| row.contains(line)).unwrap();
    let shown = rows[typed + 1..].iter().take_while(|row| !row.starts_with("plugsh"));
    shown.map(|row| row.trim_end().to_owned()).collect()
}

/// The last row of a line's output, which may be longer than the screen.
fn last_of(terminal: &mut Terminal, line: &str, last: &str) -> String {
    terminal.send(CTRL_L);
    terminal.wait("an empty screen", |screen| screen.cursor_position().0 == 0);
    terminal.line(line);
    terminal.wait_for(last);
    terminal.wait_prompt();
    let rows = terminal.rows();
    let prompt = rows.iter().rposition(|row| row.starts_with("plugsh>")).unwrap();
    rows[prompt - 1].trim_end().to_owned()
}

fn titles(rows: &[String]) -> Vec<&str> {
    rows[0].split_whitespace().collect()
}

#[test]
fn at_80_columns_the_least_columns_are_left_out() {
    let mut terminal = started(80);
    let ps = printed(&mut terminal, "ps", "total");
    assert_eq!(titles(&ps), "ID NAME STATE CALLS ERRORS IN OUT BUSY MEM AGE SOURCE".split(' ').collect::<Vec<_>>());
    assert_eq!(ps.len(), 3, "a row is a line: {ps:#?}");
    assert!(ps[1].contains("a-plugin-") && ps[1].contains("… "), "{ps:#?}");
    let stats = printed(&mut terminal, "stats", "a-plugin");
    assert_eq!(titles(&stats)[..3], ["CALLEE", "CALLS", "ERRORS"]);
    assert!(!stats[0].contains("AMP") && stats[0].contains("SELF"), "{stats:#?}");
    let trace = printed(&mut terminal, "trace", "error");
    assert_eq!(trace.len(), 4, "a row is a line: {trace:#?}");
    assert!(trace[3].ends_with('…') && trace[3].contains("error: "), "{trace:#?}");
}

#[test]
fn findings_of_lint_are_whole_at_80_columns() {
    let mut terminal = Setup::new(24, 80).start();
    terminal.wait_prompt();
    let setup = [
        ("load echo; load text", "2:text"),
        ("text.upper hi", "HI"),
        (r#"echo.relay {"to":["text"],"function":"nope","input":"hi","try":true}"#, "failed: "),
    ];
    for (line, printed) in setup {
        terminal.line(line);
        terminal.wait_for(printed);
        terminal.wait_prompt();
    }
    let lint = printed(&mut terminal, "lint swallowed unused_functions", "reverse, trim");
    assert!(lint.iter().all(|row| !row.contains('…')), "{lint:#?}");
    let text = lint.iter().map(|row| row.trim()).collect::<Vec<_>>().join(" ");
    assert!(text.starts_with("swallowed  1 call of 2:text.nope failed, and 1:echo.relay ended well: no"), "{text}");
    assert!(text.contains("(1:echo.relay) calls 5 unused_functions  7 of 8 functions"), "{text}");
}

#[test]
fn at_40_columns_a_row_is_still_a_line() {
    let mut terminal = started(40);
    let ps = printed(&mut terminal, "ps", "total");
    assert_eq!((titles(&ps)[..3].join(" "), ps.len()), ("ID NAME STATE".to_owned(), 3), "{ps:#?}");
    let stats = printed(&mut terminal, "stats", "a-plug");
    assert_eq!(titles(&stats)[..2], ["CALLEE", "CALLS"], "{stats:#?}");
    let trace = printed(&mut terminal, "trace", "error");
    assert_eq!((titles(&trace).join(" "), trace.len()), ("CALL TOOK OUTCOME".to_owned(), 4), "{trace:#?}");
}

#[test]
fn without_a_terminal_a_table_is_whole_unless_a_width_is_given() {
    let script = format!("load echo --as {NAME}; ps; ps > whole; !cat whole");
    let ended = common::commands(&script).run();
    ended.stdout_has("ID  NAME                         PARENT").code(0);
    let ended = common::commands(&script).env("COLUMNS", "40").run();
    ended.stdout_has("ID  NAME").stdout_has("…").stdout_has("ID  NAME                         PARENT").code(0);
}

#[test]
fn a_long_listing_is_bounded_at_a_terminal_and_says_how_to_see_all() {
    let mut terminal = Setup::new(24, 80).argument("--journal-records").argument("150").start();
    terminal.wait_prompt();
    terminal.line("repeat 105; load echo > out; end; load echo --as last");
    terminal.wait_for("106:last");
    terminal.wait_prompt();
    assert_eq!(last_of(&mut terminal, "ps", "shows all"), "… 6 more; `ps -n 0` shows all");
    assert_eq!(last_of(&mut terminal, "ps -n 2 --sort name", "shows all"), "… 104 more; `ps -n 0` shows all");
    assert_eq!(last_of(&mut terminal, "ps -t", "shows all"), "… 6 more; `ps -n 0` shows all");
    assert!(last_of(&mut terminal, "ps -n 0", "106 living").contains("total"));
    terminal.line("call last echo hi --loop 160 > out");
    terminal.wait_prompt();
    assert_eq!(last_of(&mut terminal, "trace", "shows all"), "… 50 older; `trace -n 0` shows all");
    let gone = "116 older calls left the trace, which keeps the newest: see `limits`";
    assert_eq!(last_of(&mut terminal, "stats", "left the trace"), gone);
    terminal.line("ps > all; !grep -c echo all");
    terminal.wait_for("\n106");
}
