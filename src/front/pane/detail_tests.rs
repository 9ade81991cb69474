//! Tests of the details beside the views: what they follow, and when they stay.

use super::fixture::{FixedSource, call, shop};
use super::save::{PictureFormat, picture};
use super::snapshot::HeldCall;
use super::tests::{frame, pane};
use super::*;

/// The first row of the frame that a detail's title is in.
fn title(pane: &mut Pane) -> String {
    let text = picture(&frame(pane, 80, 10), PictureFormat::Text);
    text.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn details_follow_the_cursor() {
    let mut pane = pane(shop());
    frame(&mut pane, 80, 10);
    for key in [Key::Down, Key::Enter] {
        pane.key(key);
    }
    assert!(title(&mut pane).starts_with("▌1:front"));
    pane.key(Key::Down);
    assert!(title(&mut pane).starts_with("▌2:cart"));
    pane.key(Key::Char('J'));
    assert!(title(&mut pane).contains("─ 2–9/"), "J scrolls by a line: {}", title(&mut pane));
    for _ in 0..9 {
        pane.key(Key::Down);
    }
    assert!(title(&mut pane).starts_with("▌5:log"), "the last one stays");
    for _ in 0..9 {
        pane.key(Key::Char('k'));
    }
    assert!(title(&mut pane).starts_with("▌1:front"), "the shell has no details");
}

#[test]
fn details_of_calls_follow_too_and_go_on_to_newer_ones() {
    let mut pane = pane(shop());
    frame(&mut pane, 80, 10);
    for key in [Key::Tab, Key::Enter] {
        pane.key(key);
    }
    assert!(title(&mut pane).starts_with("▌call 5 "));
    let mut later = shop();
    later.calls.extend([6, 7].map(|seq| call(seq, 1, (0, "shell"), (5, "log"), "write")));
    pane.source = Box::new(FixedSource::new(later));
    assert!(title(&mut pane).starts_with("▌call 5 "), "newer calls do not replace it");
    for (key, call) in [(Key::Down, 6), (Key::Down, 7), (Key::Down, 7), (Key::Up, 6), (Key::Up, 5), (Key::Up, 4)] {
        pane.key(key);
        assert!(title(&mut pane).starts_with(&format!("▌call {call} ")), "after {key:?}: {}", title(&mut pane));
    }
}

#[test]
fn details_stay_when_their_process_disappears() {
    let mut pane = pane(shop());
    frame(&mut pane, 80, 10);
    for key in [Key::End, Key::Enter] {
        pane.key(key);
    }
    let mut later = shop();
    later.processes.pop();
    pane.source = Box::new(FixedSource::new(later));
    pane.detail = None;
    assert!(title(&mut pane).starts_with("▌process 5 "));
    assert_eq!(pane.state.selected, tree::RowId::Process(4), "the cursor has moved");
    assert!(title(&mut pane).starts_with("▌process 5 "));
}

#[test]
fn details_of_a_failed_call_have_its_stack() {
    let mut pane = pane(shop());
    frame(&mut pane, 80, 44);
    for key in [Key::Tab, Key::Up, Key::Enter] {
        pane.key(key);
        frame(&mut pane, 80, 44);
    }
    insta::assert_snapshot!(picture(&frame(&mut pane, 80, 44), PictureFormat::Text));
}

#[test]
fn a_key_holds_a_process_and_shows_where_it_stands() {
    let mut snapshot = shop();
    let source = FixedSource::new(snapshot.clone());
    let held = source.held.clone();
    let mut pane = Pane::new(Box::new(source));
    frame(&mut pane, 80, 24);
    for key in [Key::Char('H'), Key::Down, Key::Down, Key::Char('H')] {
        pane.key(key);
        frame(&mut pane, 80, 24);
    }
    assert_eq!(*held.lock(), [Subject::Process(2)], "the shell's row has nothing to hold");
    snapshot.held = vec![HeldCall { process: 2, job: 1 }];
    pane.source = Box::new(FixedSource::new(snapshot));
    pane.key(Key::Char('H'));
    insta::assert_snapshot!(picture(&frame(&mut pane, 80, 24), PictureFormat::Text));
}
