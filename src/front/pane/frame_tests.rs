//! Tests of frames of any size, with names that a plugin chose, and of frames that are not drawn.

use unicode_width::UnicodeWidthStr;

use super::fixture::{call, process, shop, with_payload};
use super::tests::{frame, pane};
use super::*;
use crate::journal::Outcome;
use crate::kernel::ProcessState;

/// A row is as wide as the pane and has no control characters, whatever a plugin's name or error is.
#[test]
fn hostile_names_stay_in_their_cells() {
    const HOSTILE: [&str; 7] = [
        "\x1b[2J\x1b[1;1Hgotcha",
        "\u{202e}evil\u{2066}",
        "漢字漢字漢字漢字漢字漢字漢字漢字",
        "👩\u{200d}👩\u{200d}👧🇩🇪❤\u{fe0f}",
        "z\u{301}\u{302}\u{303}\u{304}\u{305}",
        "a\nb\rc\td\x00e\u{9b}31m\u{85}",
        "\u{feff}\u{200b}\u{ad}",
    ];
    let mut snapshot = shop();
    for (n, name) in (0..).zip(HOSTILE) {
        let mut process = process(10 + n, 0, name);
        process.state =
            ProcessState::Crashed { crash: crate::kernel::Crash::Call(super::fixture::failure(None, name)) };
        snapshot.processes.push(process);
        let mut call = call(10 + u64::from(n), 1, (0, name), (10 + n, name), name);
        call.outcome = Outcome::Error;
        call.error = Some(name.into());
        snapshot.calls.push(with_payload(call, name.as_bytes(), name.as_bytes()));
    }
    for width in (20..=200).step_by(3) {
        for keys in
            [&[][..], &[Key::End, Key::Enter], &[Key::Tab, Key::Enter], &[Key::Char('/'), Key::Char('\u{202e}')]]
        {
            let mut pane = pane(snapshot.clone());
            frame(&mut pane, width, 20);
            for key in keys {
                pane.key(*key);
            }
            let frame = frame(&mut pane, width, 20);
            for y in 0..20 {
                let mut x = 0;
                while x < width {
                    let symbol = frame[(x, y)].symbol();
                    let safe = symbol.chars().count() == 1 && symbol.chars().all(|c| printable::printable_char(c) == c);
                    assert!(safe, "{width} columns, at {x},{y}: {symbol:?}");
                    x += symbol.width() as u16;
                }
                assert_eq!(x, width, "{width} columns: row {y} is as wide as the pane");
            }
        }
    }
}

#[test]
fn every_size_can_be_drawn() {
    let keys: [&[Key]; 5] = [
        &[],
        &[Key::Tab],
        &[Key::Down, Key::Enter, Key::End],
        &[Key::Char('?'), Key::PageDown],
        &[Key::Char('z'), Key::Tab],
    ];
    for keys in keys {
        let mut pane = pane(shop());
        frame(&mut pane, 80, 20);
        for key in keys {
            pane.key(*key);
        }
        for width in 1..=200 {
            for height in [1, 2, 3, 4, 5, 7, 13, 40] {
                let area = Rect::new(0, 9, width, height);
                let frame = pane.frame(area, Focus::Pane, Redraw::Always).unwrap();
                assert_eq!(frame.area, area);
            }
        }
    }
}

#[test]
fn nothing_new_is_no_frame() {
    let mut snapshot = shop();
    snapshot.calls.retain(|call| call.outcome.is_ended());
    let mut pane = pane(snapshot);
    let area = Rect::new(0, 0, 80, 10);
    assert!(pane.frame(area, Focus::Prompt, Redraw::IfChanged).is_some());
    assert!(pane.frame(area, Focus::Prompt, Redraw::IfChanged).is_none());
    assert!(pane.frame(area, Focus::Pane, Redraw::IfChanged).is_some(), "the focus shows");
    pane.key(Key::Down);
    assert!(pane.frame(area, Focus::Pane, Redraw::IfChanged).is_some(), "so does a key");
    assert!(pane.frame(area, Focus::Pane, Redraw::Fresh).is_some());
    assert!(pane.frame(area, Focus::Pane, Redraw::IfChanged).is_some(), "the terminal has not got the picture's frame");
}
