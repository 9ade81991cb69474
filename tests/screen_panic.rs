//! A panic restores the terminal: this test's own binary takes a terminal, opens a pane and panics.

mod pty;

use std::thread;

use plugsh::front::screen::{Focus, Key, KeyResult, Redraw, Scene, Screen};
use pty::Setup;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

/// The environment variable that names the place of the panic.
const WHERE: &str = "PANIC_WHERE";

/// A coloured picture.
struct Picture;

impl Scene for Picture {
    fn frame(&mut self, area: Rect, _: Focus, _: Redraw) -> Option<Buffer> {
        let mut buffer = Buffer::empty(area);
        buffer.set_string(area.x, area.y, "the picture", Style::new().fg(Color::Red));
        Some(buffer)
    }

    fn key(&mut self, _: Key) -> KeyResult {
        KeyResult::Leave
    }
}

/// A scene that panics while the painter holds its lock.
struct Broken;

impl Scene for Broken {
    fn frame(&mut self, _: Rect, _: Focus, _: Redraw) -> Option<Buffer> {
        panic!("broken scene");
    }

    fn key(&mut self, _: Key) -> KeyResult {
        KeyResult::Leave
    }
}

/// Not a test: the program that the tests below start in a terminal.
#[test]
#[ignore = "runs in the terminal that the other tests open"]
fn program() {
    let Ok(place) = std::env::var(WHERE) else { return };
    let screen = Screen::open().unwrap();
    screen.set_scene(if place == "painter" { Box::new(Broken) } else { Box::new(Picture) });
    screen.print(b"before\n");
    screen.pane_on().unwrap();
    match place.as_str() {
        "main" => {
            screen.browse();
            panic!("on the main thread");
        }
        "thread" => {
            screen.browse();
            thread::spawn(|| panic!("on another thread")).join().unwrap_err();
        }
        _ => screen.browse(),
    }
    screen.print(b"still alive\n");
}

fn start(place: &str) -> pty::Terminal {
    let program = std::env::current_exe().unwrap().display().to_string();
    let mut setup = Setup::new(20, 60).variable(WHERE, place).variable("RUST_BACKTRACE", "0");
    for argument in ["--exact", "program", "--ignored", "--nocapture", "--test-threads=1"] {
        setup = setup.argument(argument);
    }
    setup.start_program(&program)
}

#[test]
fn on_the_main_thread_it_gives_everything_back() {
    let mut terminal = start("main");
    terminal.wait_for("the picture");
    terminal.wait("the keys in the pane", vt100::Screen::hide_cursor);
    terminal.send("q");
    terminal.wait_end();
    terminal.assert_as_found();
    let text = terminal.text();
    assert!(text.contains("before") && text.contains("on the main thread"), "the message can be read: {text}");
    assert!(!text.contains("the picture"), "{text}");
}

#[test]
fn on_another_thread_it_closes_the_pane_and_the_program_goes_on() {
    let mut terminal = start("thread");
    terminal.wait_for("the picture");
    terminal.send("q");
    assert!(terminal.wait_end().success());
    terminal.assert_as_found();
    let text = terminal.text();
    assert!(text.contains("on another thread") && text.contains("still alive"), "{text}");
    assert!(!text.contains("the picture"), "{text}");
}

#[test]
fn in_the_painter_it_ends_the_pane_and_not_the_program() {
    let mut terminal = start("painter");
    assert!(terminal.wait_end().success(), "{}", terminal.text());
    terminal.assert_as_found();
    assert!(terminal.text().contains("still alive"), "{}", terminal.text());
}
