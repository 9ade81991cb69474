//! Tests of clicks and the wheel.

use ratatui::layout::Rect;

use super::*;
use crate::front::pane::Subject;
use crate::front::pane::fixture::{FixedSource, call, forest, shop};
use crate::front::pane::tree::RowId;
use crate::front::screen::{Focus, Key, Redraw, Scene};
use crate::kernel::ProcessId;

/// A pane whose first row is the window's fourth.
fn pane(snapshot: super::super::Snapshot, width: u16) -> Pane {
    let mut pane = Pane::new(Box::new(FixedSource::new(snapshot)));
    draw(&mut pane, width);
    pane
}

fn draw(pane: &mut Pane, width: u16) {
    let _ = pane.frame(Rect::new(0, 3, width, 9), Focus::Pane, Redraw::Always);
}

fn mouse(pane: &mut Pane, action: MouseAction, col: u16, row: u16) -> KeyResult {
    pane.key(Key::Mouse(Mouse { action, col, row }))
}

fn press(pane: &mut Pane, col: u16, row: u16) -> KeyResult {
    mouse(pane, MouseAction::Press, col, row)
}

fn detail_of(pane: &Pane) -> Option<Subject> {
    match pane.state.layer {
        Layer::Detail { subject, .. } => Some(subject),
        _ => None,
    }
}

const PROCESS: fn(ProcessId) -> Option<Subject> = |id| Some(Subject::Process(id));

#[test]
fn a_click_chooses_and_a_click_on_the_chosen_opens() {
    let mut pane = pane(shop(), 80);
    assert_eq!(press(&mut pane, 5, 6), KeyResult::Stay);
    assert_eq!((pane.state.selected, detail_of(&pane)), (RowId::Process(2), None));
    press(&mut pane, 5, 6);
    assert_eq!(detail_of(&pane), PROCESS(2));
    press(&mut pane, 5, 7);
    assert_eq!(detail_of(&pane), PROCESS(2), "the details cover the rows");
    pane.key(Key::Esc);
    press(&mut pane, 5, 11);
    press(&mut pane, 5, 3);
    assert_eq!(pane.state.selected, RowId::Process(2), "neither the status line nor the title is a row");
}

#[test]
fn a_click_gives_a_view_the_keys_and_details_follow_it() {
    let mut pane = pane(shop(), 120);
    press(&mut pane, 80, 5);
    assert_eq!((pane.state.view, pane.state.position), (View::Calls, Position::At(2)));
    press(&mut pane, 5, 3);
    assert_eq!(pane.state.view, View::Tree, "the title too");
    for row in [5, 5] {
        press(&mut pane, 5, row);
    }
    assert_eq!(detail_of(&pane), PROCESS(1));
    draw(&mut pane, 120);
    press(&mut pane, 5, 7);
    assert_eq!(detail_of(&pane), PROCESS(3), "beside the details the rows can be chosen");
}

#[test]
fn a_click_outside_is_for_the_prompt() {
    let mut pane = pane(shop(), 80);
    assert_eq!(press(&mut pane, 5, 2), KeyResult::Leave);
    assert_eq!(mouse(&mut pane, MouseAction::WheelUp, 5, 2), KeyResult::Stay);
}

#[test]
fn the_wheel_scrolls_what_it_is_over() {
    let mut snapshot = forest(100);
    snapshot.calls = (1..=50).map(|seq| call(seq, 1, (0, "shell"), (1, "a"), "f")).collect();
    let mut pane = pane(snapshot, 120);
    mouse(&mut pane, MouseAction::WheelDown, 5, 6);
    assert_eq!((pane.state.tree_top, pane.state.selected_index), (3, 3), "the selection stays in sight");
    mouse(&mut pane, MouseAction::WheelUp, 5, 6);
    assert_eq!((pane.state.tree_top, pane.state.selected_index), (0, 3));
    mouse(&mut pane, MouseAction::WheelUp, 80, 6);
    assert_eq!((pane.state.calls_top, pane.state.position), (40, Position::At(47)), "44 to 50 were in sight");
    assert_eq!(pane.state.view, View::Tree, "the keys stay where they are");
    mouse(&mut pane, MouseAction::WheelDown, 80, 6);
    assert_eq!(pane.state.position, Position::At(47));
    mouse(&mut pane, MouseAction::WheelDown, 80, 6);
    assert_eq!(pane.state.position, Position::Newest, "below the last one is whatever comes");
}

#[test]
fn a_click_on_a_followed_call_holds_what_is_in_sight() {
    let mut snapshot = shop();
    snapshot.calls = (1..=50).map(|seq| call(seq, 1, (0, "shell"), (1, "a"), "f")).collect();
    let mut pane = pane(snapshot, 120);
    press(&mut pane, 80, 5);
    assert_eq!((pane.state.calls_top, pane.state.position), (43, Position::At(45)), "the second of 44 to 50");
    press(&mut pane, 80, 5);
    assert_eq!(detail_of(&pane), Some(Subject::Call(45)));
}

#[test]
fn a_question_takes_no_clicks() {
    let mut pane = pane(shop(), 80);
    for key in [Key::Down, Key::Char('x')] {
        pane.key(key);
    }
    press(&mut pane, 5, 7);
    assert!(matches!(pane.state.layer, Layer::Confirm { id: 1, .. }));
}

#[test]
fn the_wheel_scrolls_details() {
    let mut pane = pane(shop(), 80);
    for key in [Key::Down, Key::Enter] {
        pane.key(key);
    }
    draw(&mut pane, 80);
    mouse(&mut pane, MouseAction::WheelDown, 5, 7);
    assert_eq!(pane.state.layer, Layer::Detail { subject: Subject::Process(1), scroll: 3 });
}
