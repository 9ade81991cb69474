//! Tests of navigation: key, action, state.

use super::*;
use crate::front::pane::fixture::{call, forest, shop};
use crate::front::pane::keys::action;
use crate::front::pane::tree::{self, SIBLINGS_SHOWN, Sort};
use crate::front::screen::Key;

struct TestPane {
    snapshot: Snapshot,
    state: UiState,
    hidden: Option<View>,
}

impl TestPane {
    fn new(snapshot: Snapshot) -> TestPane {
        TestPane { snapshot, state: UiState::default(), hidden: None }
    }

    fn key(&mut self, key: Key) -> Effect {
        let rows = tree::rows(&self.snapshot, &self.state.query(), &self.state.tree);
        let data = ViewData {
            snapshot: &self.snapshot,
            rows: &rows,
            calls: &self.snapshot.calls,
            tree_page: 4,
            calls_page: 3,
            detail_page: 6,
            help_page: 7,
            hidden: self.hidden,
        };
        let before = self.state.cursor();
        let effect = action(key, &self.state.layer).map_or(Effect::None, |action| self.state.apply(action, &data));
        let rows = tree::rows(&self.snapshot, &self.state.query(), &self.state.tree);
        let data = ViewData { rows: &rows, ..data };
        self.state.clamp(&data);
        if self.state.cursor() != before {
            self.state.follow_cursor(&data);
        }
        effect
    }

    fn keys(&mut self, keys: &str) -> Effect {
        keys.chars().map(|c| self.key(Key::Char(c))).last().unwrap_or(Effect::None)
    }
}

#[test]
fn arrows_walk_the_tree_and_stop_at_its_ends() {
    let mut pane = TestPane::new(shop());
    pane.keys("jj");
    assert_eq!(pane.state.selected, RowId::Process(2));
    pane.key(Key::Home);
    pane.key(Key::Up);
    assert_eq!(pane.state.selected, RowId::Shell);
    pane.keys("Gj");
    assert_eq!(pane.state.selected, RowId::Process(5));
    assert_eq!(pane.state.tree_top, 2, "six rows, four in sight");
    pane.key(Key::PageUp);
    assert_eq!(pane.state.selected, RowId::Process(1));
}

#[test]
fn left_folds_then_goes_to_the_parent_and_right_opens_again() {
    let mut pane = TestPane::new(shop());
    pane.keys("jjj");
    assert_eq!(pane.state.selected, RowId::Process(3));
    pane.keys("h");
    assert_eq!(pane.state.selected, RowId::Process(2), "a leaf goes to its parent");
    pane.keys("h");
    assert!(pane.state.tree.folded.contains(&2));
    pane.keys("l");
    assert!(pane.state.tree.folded.is_empty());
    pane.keys(" ");
    assert!(pane.state.tree.folded.contains(&2), "space folds too");
}

#[test]
fn a_count_opens_into_its_siblings() {
    let mut snapshot = forest(100);
    snapshot.processes.iter_mut().for_each(|process| process.parent = 0);
    let mut pane = TestPane::new(snapshot);
    pane.keys("G");
    assert_eq!(pane.state.selected, RowId::More(0));
    pane.keys(" G");
    assert_eq!(pane.state.selected, RowId::Process(100));
    pane.keys("g ");
    assert!(pane.state.tree.expanded.is_empty(), "space on their parent counts them again");
    pane.keys("G");
    assert_eq!(pane.state.selected_index, SIBLINGS_SHOWN + 1);
}

#[test]
fn what_is_selected_stays_selected_while_others_come_and_go() {
    let mut pane = TestPane::new(shop());
    pane.keys("jjjj");
    assert_eq!(pane.state.selected, RowId::Process(4));
    pane.snapshot.processes.remove(1);
    pane.key(Key::Function(9));
    pane.keys("?");
    pane.key(Key::Esc);
    assert_eq!(pane.state.selected, RowId::Process(4));
    pane.snapshot.processes.retain(|process| process.id != 4);
    pane.keys("?");
    assert_ne!(pane.state.selected, RowId::Process(4), "a row that is gone hands over to its neighbour");
}

#[test]
fn a_page_of_details_and_of_the_help_is_what_is_shown_of_them() {
    let mut pane = TestPane::new(shop());
    pane.keys("?");
    for (key, scroll) in [(Key::PageDown, 7), (Key::PageDown, 14), (Key::PageUp, 7)] {
        pane.key(key);
        assert_eq!(pane.state.layer, Layer::Help { scroll });
    }
    pane.key(Key::Esc);
    pane.keys("j");
    pane.key(Key::Enter);
    pane.key(Key::PageDown);
    assert_eq!(pane.state.layer, Layer::Detail { subject: Subject::Process(1), scroll: 6 });
}

#[test]
fn enter_opens_and_esc_goes_back_step_by_step_to_the_prompt() {
    let mut pane = TestPane::new(shop());
    pane.keys("j");
    pane.key(Key::Enter);
    assert_eq!(pane.state.layer, Layer::Detail { subject: Subject::Process(1), scroll: 0 });
    pane.keys("JJ");
    assert_eq!(pane.state.layer, Layer::Detail { subject: Subject::Process(1), scroll: 2 });
    pane.keys("j");
    assert_eq!(pane.state.layer, Layer::Detail { subject: Subject::Process(2), scroll: 0 });
    assert_eq!(pane.key(Key::Esc), Effect::None);
    assert_eq!(pane.state.layer, Layer::Views);
    pane.keys("/tax");
    pane.key(Key::Enter);
    assert_eq!(pane.key(Key::Esc), Effect::None, "first the filter goes");
    assert_eq!(pane.state.filter, "");
    assert_eq!(pane.key(Key::Esc), Effect::Back);
}

#[test]
fn leaving_works_from_everywhere() {
    for keys in ["", "?", "/ab", "jx"] {
        let mut pane = TestPane::new(shop());
        pane.keys(keys);
        assert_eq!(pane.key(Key::Ctrl('c')), Effect::Leave, "after `{keys}`");
        assert_eq!(pane.state.layer, Layer::Views);
    }
}

#[test]
fn a_filter_works_while_it_is_typed_and_esc_takes_it_back() {
    let mut pane = TestPane::new(shop());
    pane.keys("/cax");
    pane.key(Key::Backspace);
    assert!(pane.state.query().matches_process(&pane.snapshot.processes[1], false), "`ca` is in `cart`");
    pane.key(Key::Enter);
    assert_eq!(pane.state.filter, "ca");
    pane.keys("/rt");
    pane.key(Key::Esc);
    assert_eq!(pane.state.filter, "ca");
    pane.keys("/");
    pane.keys(&"y".repeat(FILTER_CHARS_MAX * 2));
    assert!(matches!(&pane.state.layer, Layer::Filter { text } if text.chars().count() == FILTER_CHARS_MAX));
}

#[test]
fn a_broken_filter_stays_open() {
    let mut pane = TestPane::new(shop());
    pane.keys("/depth >");
    pane.key(Key::Enter);
    assert!(matches!(&pane.state.layer, Layer::Filter { text } if text == "depth >"), "{:?}", pane.state.layer);
    pane.keys(" 1");
    pane.key(Key::Enter);
    assert_eq!((&pane.state.layer, pane.state.filter.as_str()), (&Layer::Views, "depth > 1"));
}

#[test]
fn a_filter_is_typed_from_everywhere() {
    for place in ["j\r", "?"] {
        let mut pane = TestPane::new(shop());
        for c in place.chars() {
            pane.key(if c == '\r' { Key::Enter } else { Key::Char(c) });
        }
        pane.keys("/tax");
        assert_eq!(pane.state.layer, Layer::Filter { text: "tax".to_owned() }, "after `{place}`");
        pane.key(Key::Enter);
        assert_eq!((&pane.state.layer, pane.state.filter.as_str()), (&Layer::Views, "tax"));
    }
}

#[test]
fn killing_asks_first() {
    let mut pane = TestPane::new(shop());
    pane.keys("jx");
    assert!(matches!(&pane.state.layer, Layer::Confirm { id: 1, text, .. } if text.contains("1:front")));
    assert_eq!(pane.keys("n"), Effect::None);
    assert_eq!(pane.state.layer, Layer::Views);
    pane.keys("X");
    assert!(matches!(&pane.state.layer, Layer::Confirm { text, .. } if text.contains("3 processes below")));
    assert_eq!(pane.keys("jk"), Effect::None, "other keys are no answer");
    assert_eq!(pane.keys("y"), Effect::Kill { id: 1, extent: Extent::Subtree });
    assert_eq!(pane.state.layer, Layer::Views);
}

#[test]
fn the_shell_and_a_call_are_nothing_to_kill() {
    let mut pane = TestPane::new(shop());
    pane.keys("x");
    assert!(matches!(pane.state.message, Some(Message::Missing(Missing::Process(ProcessUse::Kill)))));
    pane.key(Key::Tab);
    assert_eq!(pane.keys("X"), Effect::None);
    assert_eq!(pane.state.layer, Layer::Views);
}

#[test]
fn going_up_in_the_calls_holds_them_and_the_end_follows_again() {
    let mut pane = TestPane::new(shop());
    pane.key(Key::Tab);
    assert_eq!(pane.state.position, Position::Newest);
    assert_eq!(pane.key(Key::Home), Effect::FirstCall);
    assert_eq!(pane.key(Key::Up), Effect::HoldCalls);
    assert_eq!(pane.state.position, Position::At(4));
    assert_eq!(pane.key(Key::Up), Effect::None);
    pane.key(Key::Home);
    assert_eq!((pane.state.position, pane.state.calls_top), (Position::At(1), 0));
    assert_eq!(pane.key(Key::Up), Effect::OlderCalls);
    assert_eq!(pane.keys("G"), Effect::None);
    assert_eq!((pane.state.position, pane.state.calls_top), (Position::Newest, 2));
    pane.keys("kj");
    assert_eq!(pane.state.position, Position::At(5));
    pane.keys("j");
    assert_eq!(pane.state.position, Position::Newest, "below the last one is whatever comes");
}

#[test]
fn left_in_the_calls_goes_to_the_caller_and_enter_opens() {
    let mut snapshot = shop();
    snapshot.calls[3].parent_seq = 1;
    let mut pane = TestPane::new(snapshot);
    pane.key(Key::Tab);
    pane.keys("k");
    pane.key(Key::Enter);
    assert_eq!(pane.state.layer, Layer::Detail { subject: Subject::Call(4), scroll: 0 });
    pane.key(Key::Esc);
    pane.key(Key::Left);
    assert_eq!(pane.state.position, Position::At(1));
}

#[test]
fn no_calls_are_no_trouble() {
    let mut pane = TestPane::new(Snapshot::default());
    pane.key(Key::Tab);
    for key in [Key::Up, Key::Down, Key::PageUp, Key::PageDown, Key::Home, Key::End, Key::Enter, Key::Left, Key::Right]
    {
        assert_eq!(pane.key(key), Effect::None, "{key:?}");
    }
    assert_eq!(pane.state.layer, Layer::Views);
}

#[test]
fn a_process_narrows_the_calls_and_the_key_or_esc_takes_it_back() {
    let mut pane = TestPane::new(shop());
    let shown = |pane: &TestPane| pane.snapshot.calls.iter().filter(|call| pane.state.query().matches(call)).count();
    pane.keys("jjf");
    assert_eq!((shown(&pane), pane.state.view), (3, View::Tree), "of 2:cart");
    pane.keys("f");
    assert_eq!(shown(&pane), 5, "the key again takes it back");
    pane.keys("kF");
    assert_eq!(shown(&pane), 5, "all of them are below 1:front");
    pane.keys("jF");
    assert_eq!(shown(&pane), 3, "another process replaces it");
    assert_eq!(pane.key(Key::Esc), Effect::None);
    assert_eq!((shown(&pane), pane.state.narrowed.is_none()), (5, true));
    pane.key(Key::Tab);
    pane.keys("kf");
    assert_eq!(shown(&pane), 1, "a call stands for its callee, 4:stock");
}

#[test]
fn a_narrowing_shows_the_calls_where_they_have_no_room_beside() {
    let mut pane = TestPane::new(shop());
    pane.hidden = Some(View::Calls);
    pane.keys("jjf");
    pane.hidden = Some(View::Tree);
    assert_eq!(pane.state.view, View::Calls);
    pane.key(Key::Esc);
    assert_eq!((pane.state.view, pane.state.selected), (View::Tree, RowId::Process(2)));
}

#[test]
fn switches_switch_and_switch_back() {
    let mut pane = TestPane::new(shop());
    pane.keys("Zpes");
    assert_eq!((pane.state.zoom, pane.state.clock), (Zoom::One, Clock::Paused));
    assert_eq!((pane.state.scope, pane.state.tree.sort), (Scope::ErrorsOnly, Sort::default().next()));
    assert_eq!(pane.keys("z"), Effect::ToggleFull);
    pane.keys("Zpe");
    assert_eq!((pane.state.zoom, pane.state.clock, pane.state.scope), (Zoom::Both, Clock::Live, Scope::All));
}

#[test]
fn every_key_in_every_layer_leaves_a_state_that_fits() {
    let mut snapshot = forest(50);
    snapshot.calls = (1..40).map(|seq| call(seq, 1, (0, "shell"), (1, "a"), "f")).collect();
    let mut pane = TestPane::new(snapshot);
    let keys = [Key::Up, Key::Down, Key::PageDown, Key::PageUp, Key::End, Key::Home, Key::Left, Key::Right, Key::Enter];
    let letters = "jkhlgG /x?zsfFJKepXnyq".chars().map(Key::Char);
    let all: Vec<Key> = keys.into_iter().chain([Key::Tab, Key::Esc, Key::Backspace]).chain(letters).collect();
    for step in 0..5_000 {
        // A fixed sequence that reaches every layer.
        pane.key(all[(step * step + step * 7 + step / 11) % all.len()]);
        let rows = tree::rows(&pane.snapshot, &pane.state.query(), &pane.state.tree);
        let index = rows.iter().position(|row| row.id == pane.state.selected);
        let index = index.unwrap_or_else(|| panic!("step {step}: {:?} is not shown", pane.state.selected));
        assert!((pane.state.tree_top..pane.state.tree_top + 4).contains(&index), "step {step}: out of sight");
        assert!(pane.state.calls_top <= 40);
    }
}
