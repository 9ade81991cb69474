//! Scripts with the pane, and the pictures that they save.

use super::pty::Setup;
use super::{COLS, ROWS, with_pane};

#[test]
fn a_frame_is_saved_as_a_picture_and_as_text() {
    let mut terminal = with_pane();
    terminal.line("load echo");
    terminal.wait_for("○ 1:echo");
    terminal.line("pane save shot.txt; pane save shot.svg; echo saved both");
    terminal.wait_for("the pane in `shot.txt`\nthe pane in `shot.svg`\nsaved both\n");
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
fn a_script_runs_above_it_and_waits_for_a_key_at_its_end() {
    let mut terminal = Setup::new(ROWS, COLS)
        .file("demo.plugsh", "load echo\n sleep 1ms\ncall echo echo hello\n")
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
    assert!(!rows.iter().any(|row| row.contains("sleep")), "pauses are not: {}", terminal.text());
    assert!(rows.iter().any(|row| row == "plugsh> call echo echo hello"), "lines are echoed: {}", terminal.text());
    assert!(
        rows.iter().any(|row| row == "hello") && !rows.iter().any(|row| row.contains("processes")),
        "{}",
        terminal.text()
    );
}

#[test]
fn in_a_window_that_is_too_small_it_waits_too_and_shows_itself_in_a_larger_one() {
    let small = || Setup::new(5, COLS).file("demo.plugsh", "load echo\n").argument("--pane").argument("demo.plugsh");
    let mut terminal = small().start();
    terminal.wait_for("any key ends");
    terminal.send("x");
    assert!(terminal.wait_end().success());
    terminal.assert_as_found();

    let mut terminal = small().start();
    terminal.wait_for("any key ends");
    terminal.resize(ROWS, COLS);
    terminal.wait_for("○ 1:echo");
    terminal.send("j");
    terminal.send("q");
    assert!(terminal.wait_end().success());
    terminal.assert_as_found();
}
