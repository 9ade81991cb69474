//! The prompt in a pseudo-terminal: typing, completion, hints, history, Ctrl-C, Ctrl-D, here-documents, long calls.

mod pty;

use std::os::unix::fs::PermissionsExt;

use pty::*;

const ROWS: u16 = 30;
const COLS: u16 = 100;
const RIGHT: &str = "\x1b[C";

fn prompt() -> Terminal {
    started(Setup::new(ROWS, COLS))
}

/// Waits until the cursor's row is `line`, including its hint.
fn wait_line(terminal: &Terminal, line: &str) {
    terminal.wait(line, |screen| {
        let row = screen.rows(0, COLS).nth(screen.cursor_position().0.into());
        row.is_some_and(|row| row.trim_end() == line)
    });
}

#[test]
fn commands_print_and_mistakes_let_it_go_on() {
    let mut terminal = prompt();
    run(&mut terminal, "load echo", "1:echo");
    run(&mut terminal, "call echo echo 'hello there'", "\nhello there");
    run(&mut terminal, "cal echo", "no command `cal`; did you mean `call`?");
    run(&mut terminal, "echo \"$?\"", "\n2");
    run(&mut terminal, "call echo nowhere", "no function `nowhere` in `1:echo`");
    run(&mut terminal, "ps", "SOURCE");
    run(&mut terminal, "!echo from the system", "\nfrom the system");
    terminal.line("exit 3");
    assert_eq!(terminal.wait_end().exit_code(), 3);
    terminal.assert_as_found();
}

#[test]
fn a_program_has_the_terminal_for_itself() {
    let mut terminal = prompt();
    run(&mut terminal, "load echo", "1:echo");
    run(&mut terminal, "!test -t 1 && echo \"it is a terminal\"", "\nit is a terminal");
    run(&mut terminal, "call echo echo given | !tr a-z A-Z", "\nGIVEN");
    // Nothing is kept of what goes to a terminal: what the call gave stays.
    run(&mut terminal, "echo \"<$_>\"", "\n<given>");
}

#[test]
fn one_bad_line_of_the_history_costs_one_line() {
    let setup = Setup::new(ROWS, COLS);
    let dir = setup.home().join(".local/state/plugsh");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("history"), b"#V2\necho first\nbad \xff line\necho last\n").unwrap();
    let mut terminal = setup.start();
    terminal.wait_for("a line that was no text is left out");
    terminal.wait_prompt();
    terminal.send(UP);
    terminal.wait_typed("echo last");
    terminal.send(UP);
    terminal.wait_typed("echo first");
    terminal.send(CTRL_C);
    terminal.wait_prompt();
    run(&mut terminal, "echo more", "\nmore");
    assert_eq!(std::fs::read(dir.join("history")).unwrap(), b"#V2\necho first\necho last\necho more\n");
}

#[test]
fn each_kind_of_word_is_completed() {
    let mut terminal = started(Setup::new(ROWS, COLS).file("story one.txt", "x").file("note.txt", "y"));
    run(&mut terminal, "load echo", "1:echo");
    run(&mut terminal, "set greeting hi", "plugsh>");
    completes(&mut terminal, "hist", "history ");
    completes(&mut terminal, "load wordc", "load wordcount ");
    completes(&mut terminal, "load --mem", "load --memory-max ");
    completes(&mut terminal, "call ec", "call echo ");
    completes(&mut terminal, "call echo noth", "call echo nothing ");
    completes(&mut terminal, "echo.noth", "echo.nothing ");
    completes(&mut terminal, "kill ec", "kill echo ");
    completes(&mut terminal, "echo.echo @no", "echo.echo @note.txt ");
    completes(&mut terminal, "source st", "source 'story one.txt' ");
    completes(&mut terminal, "echo x > no", "echo x > note.txt ");
    completes(&mut terminal, "echo $gr", "echo $greeting");
    completes(&mut terminal, "ps --sort na", "ps --sort name ");
    completes(&mut terminal, "trace cl", "trace clear ");
    completes(&mut terminal, "help lo", "help lo");
    completes(&mut terminal, "time hist", "time history ");
    completes(&mut terminal, "load echo --host ex", "load echo --host extism ");
    completes(&mut terminal, "echo.echo x | ca", "echo.echo x | call ");
    completes(&mut terminal, "policy check ec", "policy check echo ");
    completes(&mut terminal, "policy check echo lo", "policy check echo load ");
    completes(&mut terminal, "replay no", "replay note.txt ");
    completes(&mut terminal, "stub echo.noth", "stub echo.nothing ");
    completes(&mut terminal, "bench spawn wordc", "bench spawn wordcount ");
    completes(&mut terminal, "set -d gre", "set -d greeting ");
    completes(&mut terminal, "break 'depth>1 and fun", "break 'depth>1 and function");
    completes(&mut terminal, "trace -e callee=ec", "trace -e callee=echo");
}

#[test]
fn candidates_are_listed() {
    let mut terminal = prompt();
    terminal.send("lo");
    terminal.wait_typed("lo");
    terminal.send("\t\t");
    terminal.wait_for("log-level");
    terminal.wait_for("logs");
}

#[test]
fn what_a_command_still_takes_is_said_and_not_taken() {
    let mut terminal = prompt();
    terminal.wait_for("`help` says how to begin");
    terminal.send("call ");
    terminal.wait_for("plugsh> call PLUGIN FUNCTION [INPUT]");
    terminal.send(RIGHT);
    terminal.send("--loop ");
    terminal.wait_for("plugsh> call --loop N");
    terminal.send("2 x ");
    terminal.wait_for("plugsh> call --loop 2 x FUNCTION [INPUT]");
    terminal.wait_typed("call --loop 2 x ");
}

#[test]
fn what_a_command_takes_is_said_before_what_it_was_given_once() {
    let mut terminal = prompt();
    run(&mut terminal, "load echo", "1:echo");
    terminal.send("load ");
    wait_line(&terminal, "plugsh> load SOURCE");
    terminal.send("e");
    wait_line(&terminal, "plugsh> load echo");
    terminal.wait_typed("load e");
    terminal.send(CTRL_C);
    terminal.wait_prompt();
    // A failed line is not offered as a hint; the one before it is.
    run(&mut terminal, "echo.echo hello", "\nhello");
    run(&mut terminal, "echo.echo hello --nonsense", "no option `--nonsense`");
    terminal.send("echo.echo h");
    wait_line(&terminal, "plugsh> echo.echo hello");
    terminal.wait_typed("echo.echo h");
}

#[test]
fn ctrl_c_leaves_the_line_without_its_hint() {
    let mut terminal = prompt();
    for pane in ["", "pane on"] {
        terminal.line(pane);
        terminal.wait_prompt();
        terminal.send("call ");
        terminal.wait_for("plugsh> call PLUGIN FUNCTION [INPUT]");
        terminal.send(CTRL_C);
        terminal.wait_prompt();
        terminal.wait_gone("PLUGIN FUNCTION");
        terminal.wait_for("plugsh> call \nplugsh>");
    }
    run(&mut terminal, "echo alive", "\nalive");
}

#[test]
fn history_hints_and_search_across_runs() {
    let mut terminal = prompt();
    run(&mut terminal, "echo the first line", "\nthe first line");
    run(&mut terminal, "echo the second line", "\nthe second line");
    terminal.send("echo the f");
    terminal.wait_for("plugsh> echo the first line");
    terminal.send(RIGHT);
    terminal.wait_typed("echo the first line");
    terminal.send(CTRL_C);
    terminal.wait_prompt();
    terminal.send(CTRL_R);
    terminal.send("sec");
    terminal.wait_for("echo the second line");
    terminal.send(ENTER);
    terminal.wait_prompt();
    terminal.line("history");
    terminal.wait_for("1  echo the first line");
    terminal.wait_prompt();
    terminal.send(CTRL_D);
    assert!(terminal.wait_end().success());
    let history = terminal.home.path().join(".local/state/plugsh/history");
    assert_eq!(std::fs::metadata(&history).unwrap().permissions().mode() & 0o777, 0o600);

    let kept = std::fs::read_to_string(&history).unwrap();
    let again = Setup::new(ROWS, COLS);
    let mut again =
        started(again.variable("XDG_STATE_HOME", &terminal.home.path().join(".local/state").display().to_string()));
    again.send(UP);
    again.wait_typed("history");
    again.send(UP);
    again.wait_typed("echo the second line");
    assert!(kept.contains("echo the first line"), "{kept}");
}

#[test]
fn ctrl_c_clears_the_line_and_ctrl_d_leaves() {
    let mut terminal = prompt();
    terminal.send("load ech");
    terminal.wait_typed("load ech");
    terminal.send(CTRL_C);
    terminal.wait_prompt();
    run(&mut terminal, "echo \"<$?>\"", "\n<0>");
    terminal.send(CTRL_D);
    assert!(terminal.wait_end().success());
    terminal.assert_as_found();
}

#[test]
fn ctrl_c_ends_a_call_and_not_the_shell() {
    let mut terminal = prompt();
    run(&mut terminal, "load misbehave", "1:misbehave");
    terminal.line("misbehave.spin");
    // The progress line names the plugin and the way to end the call.
    terminal.wait_for("running for");
    terminal.wait_for("in 1:misbehave.spin");
    terminal.send(CTRL_C);
    terminal.wait_for("interrupted");
    terminal.wait_prompt();
    terminal.wait_gone("running for");
    run(&mut terminal, "echo \"<$?>\"", "\n<130>");
    for (word, command) in [("one", "trace -f"), ("two", "logs -f"), ("three", "sleep 1h"), ("four", "watch -n 1h ps")]
    {
        terminal.line(&format!("echo {word}; {command}"));
        // Once the program prints, Ctrl-C is a signal again.
        terminal.wait_for(&format!("\n{word}"));
        terminal.send(CTRL_C);
        terminal.wait_prompt();
    }
    run(&mut terminal, "echo alive", "\nalive");
}

#[test]
fn here_documents_and_open_quotes_go_on_over_lines() {
    let mut terminal = prompt();
    run(&mut terminal, "load echo", "1:echo");
    terminal.line("echo.echo <<END");
    terminal.line("first");
    terminal.line("second");
    terminal.line("END");
    terminal.wait_for("plugsh> echo.echo <<END\n   ...> first\n   ...> second\n   ...> END\nfirst\nsecond");
    terminal.wait_prompt();
    terminal.line("echo 'open");
    terminal.line("closed'");
    terminal.wait_for("plugsh> echo 'open\n   ...> closed'\nopen\nclosed");
    terminal.wait_prompt();
    // Ctrl-C discards all lines, Ctrl-D runs those typed; the history keeps them as one entry.
    terminal.line("echo 'never");
    terminal.wait_for("plugsh> echo 'never\n   ...>");
    terminal.send("done");
    terminal.wait_for("...> done");
    terminal.send(CTRL_C);
    terminal.wait_prompt();
    terminal.line("echo.echo <<END");
    terminal.wait_for("   ...> done\nplugsh> echo.echo <<END\n   ...>");
    terminal.send(CTRL_D);
    terminal.wait_for("`END`");
    terminal.wait_prompt();
    terminal.send(UP);
    terminal.send(UP);
    terminal.wait_for("plugsh> echo 'open\nclosed'");
    terminal.send(CTRL_C);
    terminal.wait_prompt();
    terminal.line("echo.echo {\"a\":");
    terminal.line("1}");
    terminal.wait_for("\n{\"a\":\n1}");
    terminal.wait_prompt();
}

#[test]
fn output_is_safe_and_cut_at_a_terminal() {
    let mut terminal = prompt();
    run(&mut terminal, "load echo", "1:echo");
    run(&mut terminal, "echo.echo \"bell\\x07 \\x1b[2J gone?\"", "bell\\x07 \\x1b[2J gone?");
    run(&mut terminal, "echo.echo --hex 00ff1b5b", "00000000  00 ff 1b 5b");
    std::fs::write(terminal.home.path().join("long"), "line\n".repeat(10_000)).unwrap();
    run(&mut terminal, "echo.echo @long", "keep all of it with `> FILE`");
}

#[test]
fn a_background_job_tells_of_its_end_above_the_line() {
    let mut terminal = prompt();
    run(&mut terminal, "load misbehave", "1:misbehave");
    run(&mut terminal, "misbehave.spin --timeout 300ms &", "%1 misbehave.spin");
    terminal.send("echo typed");
    terminal.wait_for("%1 failed after");
    terminal.wait_typed("echo typed");
    terminal.send(ENTER);
    terminal.wait_for("\ntyped");
}

#[test]
fn leaving_with_running_jobs_says_so_once() {
    let mut terminal = prompt();
    run(&mut terminal, "load misbehave", "1:misbehave");
    run(&mut terminal, "misbehave.spin &", "%1 misbehave.spin");
    terminal.send(CTRL_D);
    terminal.wait_for("still running: %1; leave again to end that");
    terminal.wait_prompt();
    terminal.send(CTRL_D);
    assert!(terminal.wait_end().success());
}

#[test]
fn the_rc_file_is_read_at_the_prompt_only() {
    let setup = || {
        let setup = Setup::new(ROWS, COLS).file("rc", "echo from rc\nset rc_ran yes\n");
        std::fs::create_dir_all(setup.home().join(".config/plugsh")).unwrap();
        let rc = setup.home().join(".config/plugsh/rc");
        std::fs::rename(setup.home().join("rc"), &rc).unwrap();
        std::fs::set_permissions(rc, std::fs::Permissions::from_mode(0o664)).unwrap();
        setup
    };
    let mut terminal = started(setup());
    terminal.wait_for("from rc");
    let rc = terminal.home.path().join(".config/plugsh/rc");
    assert_eq!(std::fs::metadata(rc).unwrap().permissions().mode() & 0o777, 0o600, "others may write what is run");
    run(&mut terminal, "echo \"<$rc_ran>\"", "\n<yes>");
    let terminal = started(setup().argument("--no-rc"));
    assert!(!terminal.text().contains("from rc"));
    let mut terminal = setup().argument("-c").argument("echo script").start();
    terminal.wait_end();
    assert!(!terminal.text().contains("from rc"));
}

#[test]
fn a_script_can_stay_at_the_prompt() {
    let mut terminal = started(Setup::new(ROWS, COLS).file("s", "load echo\nset x 1\n").argument("-i").argument("s"));
    terminal.wait_for("1:echo");
    run(&mut terminal, "echo \"<$x>\"", "\n<1>");
}

#[test]
fn colour_follows_no_color() {
    let mut terminal = prompt();
    run(&mut terminal, "help", "what can be loaded");
    assert!(contains(&terminal.raw(), b"\x1b[36m"));
    let mut terminal = started(Setup::new(ROWS, COLS).variable("NO_COLOR", "1"));
    run(&mut terminal, "help", "what can be loaded");
    assert!(!contains(&terminal.raw(), b"\x1b[36m"));
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn output_without_an_end_of_line_is_left_whole_by_the_prompt() {
    let mut terminal = prompt();
    run(&mut terminal, "load text", "1:text");
    for pane in ["", "pane on"] {
        terminal.line(pane);
        terminal.wait_prompt();
        for (line, left) in [
            ("!printf '%s' 'of the system'", "of the system"),
            ("text.upper abc | !tr B X", "AXC"),
            ("text.upper abcd --raw", "ABCD"),
            // No empty line follows output that ends with a newline.
            ("!echo whole", "whole"),
        ] {
            terminal.line(line);
            terminal.wait(&format!("{left:?} above the prompt"), |screen| {
                let rows: Vec<String> = screen.rows(0, COLS).map(|row| row.trim_end().to_owned()).collect();
                rows.windows(2).any(|rows| rows[0] == left && rows[1] == "plugsh>")
            });
            terminal.wait_prompt();
        }
    }
}
