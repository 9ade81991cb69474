//! Tests of whole frames, as text.

use std::time::Duration;

use ratatui::style::Color;

use super::fixture::{FixedSource, call, failure, forest, life, log_line, process, shop, with_payload};
use super::save::{PictureFormat, picture};
use super::snapshot::{Extent, HeldCall};
use super::*;
use crate::journal::Symbol;
use crate::kernel::hooks::Step;
use crate::kernel::{ExitReason, JobState, JobView, LifeChange};
use crate::runtime::LogLevel;

/// A pane of one snapshot.
pub(super) fn pane(snapshot: Snapshot) -> Pane {
    Pane::new(Box::new(FixedSource::new(snapshot)))
}

pub(super) fn frame(pane: &mut Pane, width: u16, height: u16) -> Buffer {
    pane.frame(Rect::new(0, 0, width, height), Focus::Pane, Redraw::Always).unwrap()
}

/// The frame after some keys, as text.
fn screen_after(snapshot: Snapshot, keys: &[Key], width: u16, height: u16) -> String {
    let mut pane = pane(snapshot);
    frame(&mut pane, width, height);
    for key in keys {
        pane.key(*key);
        frame(&mut pane, width, height);
    }
    picture(&frame(&mut pane, width, height), PictureFormat::Text)
}

fn typed(keys: &str) -> Vec<Key> {
    keys.chars().map(Key::Char).collect()
}

#[test]
fn a_wide_pane_has_both_views_side_by_side() {
    insta::assert_snapshot!(screen_after(shop(), &[], 120, 12));
}

#[test]
fn a_narrow_pane_has_them_below_each_other() {
    insta::assert_snapshot!(screen_after(shop(), &[], 64, 18));
}

#[test]
fn a_small_pane_has_the_view_with_the_keys() {
    insta::assert_snapshot!(screen_after(shop(), &[], 40, 7));
}

#[test]
fn eighty_columns_say_where_the_calls_are() {
    insta::assert_snapshot!(screen_after(forest(1_000), &typed("jjjjjjjjjjjjjjjj"), 80, 12));
}

#[test]
fn held_calls_say_which_of_them_are_in_sight() {
    let mut snapshot = shop();
    snapshot.calls = (1..=60).map(|seq| call(seq, 1, (0, "shell"), (5, "log"), "write")).collect();
    insta::assert_snapshot!(screen_after(snapshot, &[Key::Tab, Key::PageUp, Key::PageUp], 80, 12));
}

#[test]
fn the_smallest_pane_still_says_something() {
    insta::assert_snapshot!(screen_after(shop(), &[Key::Tab], 20, 4));
}

#[test]
fn a_very_wide_pane_uses_its_room() {
    insta::assert_snapshot!(screen_after(shop(), &[], 200, 9));
}

#[test]
fn no_process_is_no_emptiness() {
    insta::assert_snapshot!(screen_after(Snapshot::default(), &[], 100, 6));
}

#[test]
fn one_process() {
    let snapshot = Snapshot { processes: vec![process(1, 0, "echo")], ..Snapshot::default() };
    insta::assert_snapshot!(screen_after(snapshot, &[], 100, 6));
}

#[test]
fn a_thousand_siblings_are_a_few_and_a_count() {
    let mut snapshot = forest(1_000);
    snapshot.processes.iter_mut().for_each(|process| process.parent = 0);
    insta::assert_snapshot!(screen_after(snapshot, &[Key::End], 60, 20));
}

#[test]
fn ten_thousand_processes_scroll() {
    insta::assert_snapshot!(screen_after(forest(10_000), &[Key::PageDown, Key::PageDown, Key::PageDown], 60, 14));
}

#[test]
fn a_chain_deeper_than_the_pane_is_wide_says_how_deep() {
    let processes = (1..=200).map(|id| process(id, id - 1, "deep")).collect();
    insta::assert_snapshot!(screen_after(Snapshot { processes, ..Snapshot::default() }, &[Key::End], 40, 8));
}

#[test]
fn details_of_a_process() {
    insta::assert_snapshot!(screen_after(shop(), &[Key::Down, Key::Enter], 130, 22));
}

#[test]
fn details_of_a_call_show_its_bytes() {
    let mut snapshot = shop();
    let last = call(6, 1, (0, "shell"), (5, "log"), "write");
    snapshot.calls.push(with_payload(last, br#"{"item":"tea","count":2}"#, b"\x00\xff\x1b[31m"));
    insta::assert_snapshot!(screen_after(snapshot, &[Key::Tab, Key::Enter], 70, 24));
}

#[test]
fn the_keys_explain_themselves() {
    insta::assert_snapshot!(screen_after(shop(), &typed("?"), 80, 24));
}

#[test]
fn a_filter_shows_while_it_is_typed() {
    insta::assert_snapshot!(screen_after(shop(), &typed("/tax"), 100, 8));
}

#[test]
fn a_filter_with_a_mistake_says_so_while_it_is_typed() {
    let line = screen_after(shop(), &typed("/callee=tax and depht>1"), 120, 8);
    assert!(line.contains("column 16: no field `depht`; did you mean `depth`?"), "{line}");
}

#[test]
fn a_narrowed_view_says_whose_calls_it_shows() {
    insta::assert_snapshot!(screen_after(shop(), &typed("jjf"), 110, 8));
}

#[test]
fn errors_only() {
    insta::assert_snapshot!(screen_after(shop(), &typed("e"), 110, 8));
}

#[test]
fn a_kill_is_asked_about_and_done() {
    let source = FixedSource::new(shop());
    let killed = source.killed.clone();
    let mut pane = Pane::new(Box::new(source));
    frame(&mut pane, 80, 10);
    for key in typed("jX") {
        pane.key(key);
    }
    let asked = picture(&frame(&mut pane, 80, 10), PictureFormat::Text);
    assert!(asked.ends_with(" kill 1:front and the 3 processes below it? [y/n]\n"), "{asked}");
    assert_eq!(*killed.lock(), []);
    pane.key(Key::Char('y'));
    assert_eq!(*killed.lock(), [(1, Extent::Subtree)]);
    let done = picture(&frame(&mut pane, 80, 10), PictureFormat::Text);
    assert!(done.ends_with(" ended 1:front\n"), "{done}");
}

#[test]
fn a_burst_is_a_rate_and_the_last_rows() {
    let mut snapshot = shop();
    let mut pane = pane(snapshot.clone());
    frame(&mut pane, 100, 8);
    snapshot.at += Duration::from_secs(1);
    snapshot.totals.calls += 10_000;
    snapshot.totals.bytes += 5 << 20;
    pane.source = Box::new(FixedSource::new(snapshot));
    let text = picture(&frame(&mut pane, 100, 8), PictureFormat::Text);
    assert!(text.contains("10000/s, the last rows"), "{text}");
    assert!(text.contains("10000 calls/s") && text.contains("5MB/s"), "{text}");
}

#[test]
fn rates_and_shares_stand_with_their_processes() {
    let mut snapshot = shop();
    let mut pane = pane(snapshot.clone());
    frame(&mut pane, 120, 8);
    snapshot.at += Duration::from_secs(2);
    snapshot.processes[0].calls += 1_000;
    snapshot.processes[0].busy += Duration::from_millis(940);
    snapshot.processes[1].calls += 3;
    pane.source = Box::new(FixedSource::new(snapshot));
    let text = picture(&frame(&mut pane, 120, 8), PictureFormat::Text);
    assert!(text.contains(" 13345   500      -    47  1.2M │"), "{text}");
    assert!(text.contains("    10   1.5      -     -  1.2M │"), "{text}");
}

#[test]
fn a_held_process_has_its_glyph_and_all_memory_stands_in_the_title() {
    let mut snapshot = shop();
    snapshot.held = vec![HeldCall { process: 2, job: 3 }];
    let text = screen_after(snapshot, &[], 120, 8);
    assert!(
        text.contains("‖ 2:cart") && text.contains("◐ 1:front") && text.contains("processes 5 ──── 5.9M "),
        "{text}"
    );
}

#[test]
fn a_held_job_goes_on_by_a_key_and_the_status_says_which() {
    let mut snapshot = shop();
    snapshot.held = vec![HeldCall { process: 2, job: 3 }];
    let source = FixedSource::new(snapshot.clone());
    let released = source.released.clone();
    let mut pane = Pane::new(Box::new(source));
    let first = picture(&frame(&mut pane, 120, 8), PictureFormat::Text);
    assert!(first.contains(" c continue  i step  n next  o finish  ? keys"), "{first}");
    for key in typed("cino") {
        pane.key(key);
    }
    let steps = [None, Some(Step::Into), Some(Step::Over), Some(Step::Out)];
    assert_eq!(*released.lock(), steps.map(|step| (3, step)));
    let text = picture(&frame(&mut pane, 120, 8), PictureFormat::Text);
    assert!(text.ends_with(" %3 goes on to the end of the call\n"), "{text}");
    snapshot.held.push(HeldCall { process: 4, job: 7 });
    pane.source = Box::new(FixedSource::new(snapshot));
    pane.key(Key::Down);
    frame(&mut pane, 120, 8);
    pane.key(Key::Char('c'));
    let text = picture(&frame(&mut pane, 120, 8), PictureFormat::Text);
    assert!(text.contains("2 jobs are held: select the process or the call (‖) of one"), "{text}");
}

#[test]
fn without_a_held_job_the_keys_say_so() {
    let text = screen_after(shop(), &typed("c"), 100, 8);
    assert!(text.contains("no job is held; `break EXPR` at the prompt holds calls"), "{text}");
}

#[test]
fn a_wide_view_has_previews_of_payloads() {
    let mut snapshot = shop();
    let add = |snapshot: &mut Snapshot, seq, input: &[u8], output: &[u8]| {
        snapshot.calls.push(with_payload(call(seq, 1, (0, "shell"), (5, "log"), "write"), input, output));
    };
    add(&mut snapshot, 6, br#"{"item":"tea","count":2}"#, b"ok");
    add(&mut snapshot, 7, "a long line of text that no row has room for ".repeat(9).as_bytes(), b"\x00\xff\x1b[31m");
    insta::assert_snapshot!(screen_after(snapshot.clone(), &[], 200, 11));
    let narrow = screen_after(snapshot, &[], 120, 11);
    assert!(!narrow.contains("tea"), "there is no room for them: {narrow}");
}

#[test]
fn starts_and_ends_stand_between_the_calls() {
    let mut snapshot = shop();
    snapshot.events = vec![
        life(0, LifeChange::Started { parent: 0, parent_name: None }),
        life(2, LifeChange::Started { parent: 7, parent_name: Some(Symbol::intern("boss")) }),
        life(3, LifeChange::Restarted),
        life(4, LifeChange::Crashed { failure: failure(Some((1, "a", "run")), "wasm trap: \u{1b}[31munreachable") }),
        life(9, LifeChange::Ended { reason: ExitReason::Killed }),
    ];
    insta::assert_snapshot!(screen_after(snapshot, &[], 120, 13));
}

#[test]
fn log_lines_take_the_place_of_the_calls_and_give_it_back() {
    let mut snapshot = shop();
    snapshot.log = vec![
        log_line(1, LogLevel::Info, "started"),
        log_line(2, LogLevel::Error, "\u{1b}[31mno such item"),
        log_line(3, LogLevel::Warn, "tea is low"),
    ];
    insta::assert_snapshot!(screen_after(snapshot.clone(), &typed("L"), 120, 8));
    let details = screen_after(snapshot.clone(), &[Key::Tab, Key::Enter], 80, 24);
    assert!(details.contains("1 log line") && details.contains("error ␛[31mno such item"), "{details}");
    assert!(!details.contains("tea is low"), "another call's: {details}");
    let narrow = screen_after(snapshot.clone(), &[Key::Char('L'), Key::Tab], 80, 8);
    assert!(narrow.contains("log: Tab"), "{narrow}");
    let back = screen_after(snapshot, &typed("LL"), 120, 8);
    assert!(back.contains("▌calls 12356") && !back.contains("tea is low"), "{back}");
}

#[test]
fn jobs_and_notes_are_in_the_status() {
    let mut snapshot = shop();
    snapshot.hooks.breakpoints = 2;
    snapshot.jobs = [JobState::Running, JobState::Held, JobState::Done]
        .into_iter()
        .map(|state| JobView {
            id: 1,
            text: String::new(),
            background: true,
            state,
            elapsed: Duration::ZERO,
            runs_done: 0,
            runs_total: 1,
            runs_per_second: 0.0,
            chain: Vec::new(),
        })
        .collect();
    let text = screen_after(snapshot, &[], 120, 8);
    assert!(text.lines().last().is_some_and(|status| status.contains("2 jobs, 1 held · 2 breakpoints")), "{text}");
}

#[test]
fn a_paused_pane_stands_still_and_misses_nothing() {
    let mut pane = pane(shop());
    frame(&mut pane, 100, 8);
    pane.key(Key::Char('p'));
    let mut later = shop();
    later.processes.push(process(6, 0, "new"));
    later.calls.push(call(6, 1, (0, "shell"), (6, "new"), "begin"));
    pane.source = Box::new(FixedSource::new(later));
    let paused = picture(&frame(&mut pane, 100, 8), PictureFormat::Text);
    assert!(paused.contains("PAUSED") && !paused.contains("new"), "{paused}");
    for key in typed("/new") {
        pane.key(key);
    }
    let filtered = picture(&frame(&mut pane, 100, 8), PictureFormat::Text);
    assert!(!filtered.contains("begin"), "what came later is not there, not even filtered: {filtered}");
    pane.key(Key::Esc);
    pane.key(Key::Char('p'));
    let live = picture(&frame(&mut pane, 100, 8), PictureFormat::Text);
    assert!(live.contains("6:new.begin") && live.contains("6:new"), "{live}");
}

#[test]
fn a_crashed_process_and_a_failed_call_are_red() {
    let mut pane = pane(shop());
    let frame = frame(&mut pane, 120, 12);
    let red = |text: &str| {
        (0..12).any(|y| {
            let row: Vec<(String, Color)> =
                (0..120).map(|x| (frame[(x, y)].symbol().to_owned(), frame[(x, y)].fg)).collect();
            let red: String =
                row.into_iter().map(|(symbol, fg)| if fg == Color::Red { symbol } else { " ".into() }).collect();
            red.contains(text)
        })
    };
    assert!(red("stock unrea"), "the process");
    assert!(red("trap: wasm trap"), "the call");
    assert!(!red("cart"));
}
