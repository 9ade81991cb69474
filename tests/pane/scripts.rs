//! Scripts with the pane, and the pictures that they save.

use std::path::Path;
use std::process::Command;

use super::pty::{Setup, plugsh};
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

/// `scripts/picture` makes README's picture again when the pane has changed.
#[test]
fn readmes_picture_is_what_the_pane_shows() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/picture");
    let output = Command::new(script).arg("--check").env("PLUGSH", plugsh()).output().expect("the script starts");
    let (diff, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}:\n{diff}\n{errors}", output.status);
}

#[test]
fn a_picture_can_be_larger_than_the_pane_and_needs_none() {
    let mut terminal = with_pane();
    terminal.line("load echo");
    terminal.wait_for("○ 1:echo");
    terminal.line("pane save large.txt --size 140x9; pane off; pane save off.txt --size 90x7; echo saved both");
    terminal.wait_for("the pane in `large.txt`\nthe pane in `off.txt`\nsaved both\n");
    for (file, rows) in [("large.txt", 9), ("off.txt", 7)] {
        let text = std::fs::read_to_string(terminal.home.path().join(file)).unwrap();
        assert!(text.lines().count() == rows && text.contains("○ 1:echo"), "{text}");
    }
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
