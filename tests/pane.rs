//! The pane and the prompt on one terminal: what they must survive, in the built binary.

mod pty;

use pty::*;

const ROWS: u16 = 30;
const COLS: u16 = 100;
/// Half of the window is the pane's.
const PROMPT_ROWS: u16 = 15;

/// A prompt with the pane open.
fn with_pane() -> Terminal {
    let mut terminal = Setup::new(ROWS, COLS).start();
    terminal.wait_prompt();
    terminal.line("pane on");
    terminal.wait_for("processes");
    terminal.wait_prompt();
    terminal
}

/// The rows of the pane.
fn pane_rows(terminal: &Terminal) -> Vec<String> {
    terminal.rows().split_off(usize::from(PROMPT_ROWS))
}

#[track_caller]
fn assert_pane_whole(terminal: &Terminal) {
    let rows = pane_rows(terminal);
    let whole = rows[0].contains("processes") && rows[0].contains("calls") && rows[14].contains("calls/s");
    assert!(whole && rows[1].starts_with("shell"), "the pane is damaged:\n{}", terminal.text());
}

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
    terminal.wait_for("† 1:echo");
    terminal.wait_gone("† 1:echo");
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
    // This emulator keeps no scrollback of a region; the next test has one that does.
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    assert!((0..500).all(|n| raw.contains(&format!("line-{n:03}\r\n"))), "every line was written whole");
}

#[test]
fn in_tmux_all_lines_are_in_the_scrollback_and_the_pane_is_not() {
    if std::process::Command::new("tmux").arg("-V").output().is_err() {
        eprintln!("no tmux here: not tested");
        return;
    }
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
fn typing_while_calls_run_corrupts_no_cell() {
    let mut terminal = with_pane();
    terminal.line("load echo");
    terminal.wait_for("○ 1:echo");
    terminal.line("call echo echo busy --loop 1000000000 &");
    terminal.wait_for("the last of them");
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
    // Between two calls it leaves the process idle, inside of one crashed.
    terminal.wait_for("%1 failed after");
    terminal.wait_gone("● 1:echo");
    terminal.wait_prompt();
    terminal.line("pane save shot.txt; echo it is saved");
    terminal.wait_for("\nit is saved\n");
    let saved = std::fs::read_to_string(terminal.home.path().join("shot.txt")).unwrap();
    // The last row has rates, which go on.
    let saved: Vec<&str> = saved.lines().take(14).collect();
    terminal.wait(&format!("every cell as in the frame {saved:#?}"), |screen| {
        let shown: Vec<String> = screen.rows(0, COLS).map(|row| row.trim_end().to_owned()).collect();
        shown[usize::from(PROMPT_ROWS)..].iter().take(14).eq(&saved)
    });
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
    terminal.wait_for("kill 1:echo? y n");
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
fn a_frame_is_saved_as_a_picture_and_as_text() {
    let mut terminal = with_pane();
    terminal.line("load echo");
    terminal.wait_for("○ 1:echo");
    terminal.line("pane save shot.txt; pane save shot.svg; echo saved both");
    terminal.wait_for("\nsaved both\n");
    let text = std::fs::read_to_string(terminal.home.path().join("shot.txt")).unwrap();
    assert!(text.lines().count() == 15 && text.contains("○ 1:echo"), "{text}");
    let svg = std::fs::read_to_string(terminal.home.path().join("shot.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains(">echo</text>"), "{svg}");
    terminal.line("pane save shot.png");
    terminal.wait_for("`pane save` writes `.svg` and `.txt`");
}

#[test]
fn a_script_saves_what_it_has_just_done() {
    let mut terminal = Setup::new(ROWS, COLS)
        .file("shot.plugsh", "load echo\ncall echo echo hello\npane save shot.txt\n")
        .argument("--pane")
        .argument("shot.plugsh")
        .start();
    terminal.wait("the keys in the pane", vt100::Screen::hide_cursor);
    terminal.send("q");
    assert!(terminal.wait_end().success());
    let text = std::fs::read_to_string(terminal.home.path().join("shot.txt")).unwrap();
    assert!(text.contains("○ 1:echo") && text.contains("shell → 1:echo.echo"), "{text}");
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

#[test]
fn signals_that_end_the_program_give_the_terminal_back() {
    for (name, typed) in [("TERM", "echo half"), ("HUP", ""), ("QUIT", "echo x"), ("INT", "")] {
        let mut terminal = with_pane();
        terminal.send(typed);
        terminal.wait_typed(typed);
        terminal.signal(name);
        if name == "INT" {
            // It is for what runs, and nothing runs.
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

#[test]
fn keys_typed_while_a_command_runs_wait_for_the_prompt_and_are_not_echoed_into_the_pane() {
    let mut terminal = with_pane();
    terminal.start("sleep 1s");
    terminal.send("echo typed ahead\r");
    terminal.wait_for("\ntyped ahead\n");
    terminal.wait_prompt();
    assert_pane_whole(&terminal);
}

/// A shell with job control around plugsh.
fn in_a_shell() -> Terminal {
    let mut terminal =
        Setup::new(ROWS, COLS).argument("--norc").argument("-i").variable("PS1", "outer$ ").start_program("bash");
    terminal.wait_for("outer$ ");
    terminal.line(&pty::plugsh());
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
fn a_dumb_terminal_says_why_it_has_none() {
    let mut terminal = Setup::new(ROWS, COLS).variable("TERM", "dumb").start();
    terminal.line("pane on");
    terminal.wait_for("TERM says `dumb`");
    terminal.line("exit");
    terminal.wait_end();
    terminal.assert_as_found();
}

#[test]
fn a_script_runs_above_it_and_waits_for_a_key_at_its_end() {
    let mut terminal = Setup::new(ROWS, COLS)
        .file("demo.plugsh", "load echo\ncall echo echo hello\n")
        .argument("--pane")
        .argument("demo.plugsh")
        .start();
    terminal.wait_for("shell → 1:echo.echo");
    terminal.wait("the cursor gone", vt100::Screen::hide_cursor);
    terminal.send("j");
    terminal.send("q");
    assert!(terminal.wait_end().success());
    terminal.assert_as_found();
    let rows = terminal.rows();
    assert!(
        rows.iter().any(|row| row == "hello") && !rows.iter().any(|row| row.contains("processes")),
        "{}",
        terminal.text()
    );
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
