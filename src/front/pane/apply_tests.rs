//! Keys walk through the pane: key, action, state.

use super::*;
use crate::front::pane::fixture::{call, forest, shop};
use crate::front::pane::keys::action;
use crate::front::pane::tree::{self, SIBLINGS_SHOWN, Sort};
use crate::front::screen::Key;

struct Walk {
    snapshot: Snapshot,
    state: State,
}

impl Walk {
    fn new(snapshot: Snapshot) -> Walk {
        Walk { snapshot, state: State::default() }
    }

    fn key(&mut self, key: Key) -> Effect {
        let rows = tree::rows(&self.snapshot.processes, &self.state.query(), &self.state.tree);
        let world =
            World { snapshot: &self.snapshot, rows: &rows, calls: &self.snapshot.calls, tree_page: 4, calls_page: 3 };
        let effect = action(key, &self.state.layer).map_or(Effect::None, |action| self.state.apply(action, &world));
        let rows = tree::rows(&self.snapshot.processes, &self.state.query(), &self.state.tree);
        self.state.settle(&World { rows: &rows, ..world });
        effect
    }

    fn keys(&mut self, keys: &str) -> Effect {
        keys.chars().map(|c| self.key(Key::Char(c))).last().unwrap_or(Effect::None)
    }
}

#[test]
fn arrows_walk_the_tree_and_stop_at_its_ends() {
    let mut walk = Walk::new(shop());
    walk.keys("jj");
    assert_eq!(walk.state.selected, RowId::Process(2));
    walk.key(Key::Home);
    walk.key(Key::Up);
    assert_eq!(walk.state.selected, RowId::Shell);
    walk.keys("Gj");
    assert_eq!(walk.state.selected, RowId::Process(5));
    assert_eq!(walk.state.tree_top, 2, "six rows, four in sight");
    walk.key(Key::PageUp);
    assert_eq!(walk.state.selected, RowId::Process(1));
}

#[test]
fn left_folds_then_goes_to_the_parent_and_right_opens_again() {
    let mut walk = Walk::new(shop());
    walk.keys("jjj");
    assert_eq!(walk.state.selected, RowId::Process(3));
    walk.keys("h");
    assert_eq!(walk.state.selected, RowId::Process(2), "a leaf goes to its parent");
    walk.keys("h");
    assert!(walk.state.tree.folded.contains(&2));
    walk.keys("l");
    assert!(walk.state.tree.folded.is_empty());
    walk.keys(" ");
    assert!(walk.state.tree.folded.contains(&2), "space folds too");
}

#[test]
fn a_count_opens_into_its_siblings() {
    let mut snapshot = forest(100);
    snapshot.processes.iter_mut().for_each(|process| process.parent = 0);
    let mut walk = Walk::new(snapshot);
    walk.keys("G");
    assert_eq!(walk.state.selected, RowId::More(0));
    walk.keys(" G");
    assert_eq!(walk.state.selected, RowId::Process(100));
    walk.keys("g ");
    assert!(walk.state.tree.spread.is_empty(), "space on their parent counts them again");
    walk.keys("G");
    assert_eq!(walk.state.selected_index, SIBLINGS_SHOWN + 1);
}

#[test]
fn what_is_selected_stays_selected_while_others_come_and_go() {
    let mut walk = Walk::new(shop());
    walk.keys("jjjj");
    assert_eq!(walk.state.selected, RowId::Process(4));
    walk.snapshot.processes.remove(1);
    walk.key(Key::Function(9));
    walk.keys("?");
    walk.key(Key::Esc);
    assert_eq!(walk.state.selected, RowId::Process(4));
    walk.snapshot.processes.retain(|process| process.id != 4);
    walk.keys("?");
    assert_ne!(walk.state.selected, RowId::Process(4), "a row that is gone hands over to its neighbour");
}

#[test]
fn enter_opens_and_esc_goes_back_step_by_step_to_the_prompt() {
    let mut walk = Walk::new(shop());
    walk.keys("j");
    walk.key(Key::Enter);
    assert_eq!(walk.state.layer, Layer::Detail { subject: Subject::Process(1), scroll: 0 });
    walk.keys("jj");
    assert_eq!(walk.state.layer, Layer::Detail { subject: Subject::Process(1), scroll: 2 });
    assert_eq!(walk.key(Key::Esc), Effect::None);
    assert_eq!(walk.state.layer, Layer::Views);
    walk.keys("/tax");
    walk.key(Key::Enter);
    assert_eq!(walk.key(Key::Esc), Effect::None, "first the filter goes");
    assert_eq!(walk.state.filter, "");
    assert_eq!(walk.key(Key::Esc), Effect::Leave);
}

#[test]
fn leaving_works_from_everywhere() {
    for keys in ["", "?", "/ab", "jx"] {
        let mut walk = Walk::new(shop());
        walk.keys(keys);
        assert_eq!(walk.key(Key::Ctrl('c')), Effect::Leave, "after `{keys}`");
        assert_eq!(walk.state.layer, Layer::Views);
    }
}

#[test]
fn a_filter_works_while_it_is_typed_and_esc_takes_it_back() {
    let mut walk = Walk::new(shop());
    walk.keys("/cax");
    walk.key(Key::Backspace);
    assert!(walk.state.query().matches_process(&walk.snapshot.processes[1]), "`ca` is in `cart`");
    walk.key(Key::Enter);
    assert_eq!(walk.state.filter, "ca");
    walk.keys("/rt");
    walk.key(Key::Esc);
    assert_eq!(walk.state.filter, "ca");
    walk.keys("/");
    walk.keys(&"y".repeat(FILTER_CHARS_MAX * 2));
    assert!(matches!(&walk.state.layer, Layer::Filter { text } if text.chars().count() == FILTER_CHARS_MAX));
}

#[test]
fn a_broken_filter_stays_open() {
    let mut walk = Walk::new(shop());
    walk.keys("/depth >");
    walk.key(Key::Enter);
    assert!(matches!(&walk.state.layer, Layer::Filter { text } if text == "depth >"), "{:?}", walk.state.layer);
    walk.keys(" 1");
    walk.key(Key::Enter);
    assert_eq!((&walk.state.layer, walk.state.filter.as_str()), (&Layer::Views, "depth > 1"));
}

#[test]
fn a_filter_is_typed_from_everywhere() {
    for place in ["j\r", "?"] {
        let mut walk = Walk::new(shop());
        for c in place.chars() {
            walk.key(if c == '\r' { Key::Enter } else { Key::Char(c) });
        }
        walk.keys("/tax");
        assert_eq!(walk.state.layer, Layer::Filter { text: "tax".to_owned() }, "after `{place}`");
        walk.key(Key::Enter);
        assert_eq!((&walk.state.layer, walk.state.filter.as_str()), (&Layer::Views, "tax"));
    }
}

#[test]
fn killing_asks_first() {
    let mut walk = Walk::new(shop());
    walk.keys("jx");
    assert!(matches!(&walk.state.layer, Layer::Confirm { id: 1, text, .. } if text.contains("1:front")));
    assert_eq!(walk.keys("n"), Effect::None);
    assert_eq!(walk.state.layer, Layer::Views);
    walk.keys("X");
    assert!(matches!(&walk.state.layer, Layer::Confirm { text, .. } if text.contains("3 processes below")));
    assert_eq!(walk.keys("jk"), Effect::None, "other keys are no answer");
    assert_eq!(walk.keys("y"), Effect::Kill { id: 1, extent: Extent::Subtree });
    assert_eq!(walk.state.layer, Layer::Views);
}

#[test]
fn the_shell_and_a_call_are_nothing_to_kill() {
    let mut walk = Walk::new(shop());
    walk.keys("x");
    assert!(matches!(walk.state.message, Some(Message::Failed(_))));
    walk.key(Key::Tab);
    assert_eq!(walk.keys("X"), Effect::None);
    assert_eq!(walk.state.layer, Layer::Views);
}

#[test]
fn going_up_in_the_calls_holds_them_and_the_end_follows_again() {
    let mut walk = Walk::new(shop());
    walk.key(Key::Tab);
    assert_eq!(walk.state.position, Position::Newest);
    assert_eq!(walk.key(Key::Up), Effect::HoldCalls);
    assert_eq!(walk.state.position, Position::At(4));
    assert_eq!(walk.key(Key::Up), Effect::None);
    walk.key(Key::Home);
    assert_eq!((walk.state.position, walk.state.calls_top), (Position::At(1), 0));
    assert_eq!(walk.key(Key::Up), Effect::OlderCalls);
    assert_eq!(walk.keys("G"), Effect::None);
    assert_eq!((walk.state.position, walk.state.calls_top), (Position::Newest, 2));
    walk.keys("kj");
    assert_eq!(walk.state.position, Position::At(5));
    walk.keys("j");
    assert_eq!(walk.state.position, Position::Newest, "below the last one is whatever comes");
}

#[test]
fn left_in_the_calls_goes_to_the_caller_and_enter_opens() {
    let mut snapshot = shop();
    snapshot.calls[3].parent_seq = 1;
    let mut walk = Walk::new(snapshot);
    walk.key(Key::Tab);
    walk.keys("k");
    walk.key(Key::Enter);
    assert_eq!(walk.state.layer, Layer::Detail { subject: Subject::Call(4), scroll: 0 });
    walk.key(Key::Esc);
    walk.key(Key::Left);
    assert_eq!(walk.state.position, Position::At(1));
}

#[test]
fn no_calls_are_no_trouble() {
    let mut walk = Walk::new(Snapshot::default());
    walk.key(Key::Tab);
    for key in [Key::Up, Key::Down, Key::PageUp, Key::PageDown, Key::Home, Key::End, Key::Enter, Key::Left, Key::Right]
    {
        assert_eq!(walk.key(key), Effect::None, "{key:?}");
    }
    assert_eq!(walk.state.layer, Layer::Views);
}

#[test]
fn switches_switch_and_switch_back() {
    let mut walk = Walk::new(shop());
    walk.keys("zpes");
    assert_eq!((walk.state.zoom, walk.state.clock), (Zoom::One, Clock::Paused));
    assert_eq!((walk.state.scope, walk.state.tree.sort), (Scope::ErrorsOnly, Sort::Name));
    walk.keys("zpe");
    assert_eq!((walk.state.zoom, walk.state.clock, walk.state.scope), (Zoom::Both, Clock::Live, Scope::All));
}

#[test]
fn every_key_in_every_layer_leaves_a_state_that_fits() {
    let mut snapshot = forest(50);
    snapshot.calls = (1..40).map(|seq| call(seq, 1, (0, "shell"), (1, "a"), "f")).collect();
    let mut walk = Walk::new(snapshot);
    let keys = [Key::Up, Key::Down, Key::PageDown, Key::PageUp, Key::End, Key::Home, Key::Left, Key::Right, Key::Enter];
    let letters = "jkhlgG /x?zsepXnyq".chars().map(Key::Char);
    let all: Vec<Key> = keys.into_iter().chain([Key::Tab, Key::Esc, Key::Backspace]).chain(letters).collect();
    for step in 0..5_000 {
        // A walk that is the same each time and comes everywhere.
        walk.key(all[(step * step + step * 7 + step / 11) % all.len()]);
        let rows = tree::rows(&walk.snapshot.processes, &walk.state.query(), &walk.state.tree);
        let index = rows.iter().position(|row| row.id == walk.state.selected);
        let index = index.unwrap_or_else(|| panic!("step {step}: {:?} is not shown", walk.state.selected));
        assert!((walk.state.tree_top..walk.state.tree_top + 4).contains(&index), "step {step}: out of sight");
        assert!(walk.state.calls_top <= 40);
    }
}
