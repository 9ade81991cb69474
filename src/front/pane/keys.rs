//! Keys and their actions, by the pane's top layer. One table drives the keys, the help of `?` and the status line's
//! hints.

use crate::front::screen::Key;

use super::action::Action;
use super::state::{Layer, Subject};

/// Where a key of the table is valid. The filter's input and questions have keys of their own, outside of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyContext {
    Views,
    Detail,
    Help,
}

/// Keys with one meaning: a line of the help.
pub struct KeyGroup {
    keys: &'static [(Key, Action)],
    places: &'static [KeyContext],
    pub meaning: &'static str,
    /// The word of the status line.
    hint: &'static str,
}

const VIEWS: &[KeyContext] = &[KeyContext::Views];
const DETAIL: &[KeyContext] = &[KeyContext::Detail];
const VIEWS_AND_DETAIL: &[KeyContext] = &[KeyContext::Views, KeyContext::Detail];
const ALL: &[KeyContext] = &[KeyContext::Views, KeyContext::Detail, KeyContext::Help];

/// All keys but those of the filter's input and of questions.
pub const KEYS: &[KeyGroup] = &[
    KeyGroup {
        keys: &[
            (Key::Up, Action::Up),
            (Key::Down, Action::Down),
            (Key::Left, Action::Left),
            (Key::Right, Action::Right),
            (Key::Char('h'), Action::Left),
            (Key::Char('j'), Action::Down),
            (Key::Char('k'), Action::Up),
            (Key::Char('l'), Action::Right),
        ],
        places: ALL,
        meaning: "move; ← folds, then to the parent or caller",
        hint: "move",
    },
    KeyGroup {
        keys: &[(Key::PageUp, Action::PageUp), (Key::PageDown, Action::PageDown)],
        places: ALL,
        meaning: "a page",
        hint: "page",
    },
    KeyGroup {
        keys: &[
            (Key::Home, Action::First),
            (Key::End, Action::Last),
            (Key::Char('g'), Action::First),
            (Key::Char('G'), Action::Last),
        ],
        places: ALL,
        meaning: "first, last; G follows the newest call",
        hint: "ends",
    },
    KeyGroup {
        keys: &[(Key::Enter, Action::Open)],
        places: VIEWS,
        meaning: "details of the process or call",
        hint: "details",
    },
    KeyGroup {
        keys: &[(Key::Char('J'), Action::ScrollDown), (Key::Char('K'), Action::ScrollUp)],
        places: DETAIL,
        meaning: "scroll details; ↑ ↓ go to the next ones",
        hint: "scroll",
    },
    KeyGroup {
        keys: &[(Key::Esc, Action::Back)],
        places: ALL,
        meaning: "one step back, at last to the prompt",
        hint: "back",
    },
    KeyGroup {
        keys: &[(Key::Function(6), Action::Leave), (Key::Ctrl('c'), Action::Leave)],
        places: ALL,
        meaning: "to the prompt; Ctrl-C ends what runs, too",
        hint: "prompt",
    },
    KeyGroup {
        keys: &[(Key::Char('q'), Action::Quit)],
        places: ALL,
        meaning: "close what is open, else leave",
        hint: "close",
    },
    KeyGroup {
        keys: &[(Key::Tab, Action::NextView), (Key::BackTab, Action::NextView)],
        places: VIEWS_AND_DETAIL,
        meaning: "the other view",
        hint: "view",
    },
    KeyGroup {
        keys: &[(Key::Char('z'), Action::FullScreen)],
        places: VIEWS_AND_DETAIL,
        meaning: "full screen, and back",
        hint: "full screen",
    },
    KeyGroup {
        keys: &[(Key::Char('Z'), Action::Zoom)],
        places: VIEWS_AND_DETAIL,
        meaning: "this view alone",
        hint: "alone",
    },
    KeyGroup { keys: &[(Key::Char(' '), Action::Fold)], places: VIEWS, meaning: "fold and unfold", hint: "fold" },
    KeyGroup {
        keys: &[(Key::Char('/'), Action::StartFilter)],
        places: ALL,
        meaning: "filter: a name, `state=crashed and memory>1M`, `callee=cart and duration>5ms`",
        hint: "filter",
    },
    KeyGroup {
        keys: &[(Key::Char('s'), Action::NextSort)],
        places: VIEWS,
        meaning: "sort: id name calls errors busy mem",
        hint: "sort",
    },
    KeyGroup {
        keys: &[(Key::Char('f'), Action::Narrow), (Key::Char('F'), Action::NarrowSubtree)],
        places: VIEWS_AND_DETAIL,
        meaning: "calls of this process, or of all below it too, and back",
        hint: "its calls",
    },
    KeyGroup { keys: &[(Key::Char('e'), Action::ErrorsOnly)], places: VIEWS, meaning: "errors only", hint: "errors" },
    KeyGroup {
        keys: &[(Key::Char('p'), Action::Pause)],
        places: VIEWS_AND_DETAIL,
        meaning: "pause the view; nothing is lost",
        hint: "pause",
    },
    KeyGroup {
        keys: &[(Key::Char('x'), Action::Kill), (Key::Char('X'), Action::KillSubtree)],
        places: VIEWS_AND_DETAIL,
        meaning: "kill one, or all below it too; asks first",
        hint: "kill",
    },
    KeyGroup {
        keys: &[(Key::Char('L'), Action::ToggleLog)],
        places: VIEWS_AND_DETAIL,
        meaning: "log lines in place of the calls, and back",
        hint: "log",
    },
    KeyGroup {
        keys: &[(Key::Char('H'), Action::Hold)],
        places: VIEWS_AND_DETAIL,
        meaning: "hold what runs where it is, with its stack, and back",
        hint: "hold",
    },
    KeyGroup {
        keys: &[(Key::Char('c'), Action::Continue)],
        places: VIEWS_AND_DETAIL,
        meaning: "continue a held job: the selected one, or the only one",
        hint: "continue",
    },
    KeyGroup {
        keys: &[(Key::Char('i'), Action::StepInto)],
        places: VIEWS_AND_DETAIL,
        meaning: "step: on to its next call",
        hint: "step",
    },
    KeyGroup {
        keys: &[(Key::Char('n'), Action::StepOver)],
        places: VIEWS_AND_DETAIL,
        meaning: "next: on to the next call at this depth",
        hint: "next",
    },
    KeyGroup {
        keys: &[(Key::Char('o'), Action::StepOut)],
        places: VIEWS_AND_DETAIL,
        meaning: "finish: on to the end of the call",
        hint: "finish",
    },
    KeyGroup { keys: &[(Key::Char('?'), Action::Help)], places: ALL, meaning: "these keys", hint: "keys" },
];

/// The actions whose keys the status line shows, the most useful first.
const HINTS: [Action; 10] = [
    Action::Help,
    Action::Back,
    Action::Open,
    Action::NextView,
    Action::StartFilter,
    Action::Narrow,
    Action::Kill,
    Action::Pause,
    Action::NextSort,
    Action::FullScreen,
];

/// The actions that the status line shows before the others while a job is held.
const HELD_HINTS: [Action; 4] = [Action::Continue, Action::StepInto, Action::StepOver, Action::StepOut];

impl KeyGroup {
    /// The names of the keys.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.keys.iter().map(|(key, _)| name(*key)).collect();
        names.join(" ")
    }
}

/// The keys of the status line: name and meaning; `held`: a job is held.
pub fn hints(layer: &Layer, held: bool) -> impl Iterator<Item = (String, &'static str)> {
    let place = place(layer);
    let no_process = matches!(layer, Layer::Detail { subject: Subject::Call(_), .. });
    let does_nothing = move |action: &Action| no_process && *action == Action::Kill;
    let held = HELD_HINTS.into_iter().filter(move |_| held);
    held.chain(HINTS).filter(move |action| !does_nothing(action)).filter_map(move |action| {
        let group = KEYS.iter().find(|group| group.keys.iter().any(|(_, does)| *does == action))?;
        let (key, _) = group.keys.iter().find(|(_, does)| *does == action)?;
        group.places.contains(&place?).then(|| (name(*key), group.hint))
    })
}

/// The action of a key; `None` if it has none.
pub fn action(key: Key, layer: &Layer) -> Option<Action> {
    match layer {
        Layer::Filter { .. } => in_filter(key),
        Layer::Confirm { .. } => in_question(key),
        Layer::Views | Layer::Detail { .. } | Layer::Help { .. } => in_table(key, place(layer)?),
    }
}

fn place(layer: &Layer) -> Option<KeyContext> {
    match layer {
        Layer::Views => Some(KeyContext::Views),
        Layer::Detail { .. } => Some(KeyContext::Detail),
        Layer::Help { .. } => Some(KeyContext::Help),
        Layer::Filter { .. } | Layer::Confirm { .. } => None,
    }
}

fn in_table(key: Key, place: KeyContext) -> Option<Action> {
    let here = KEYS.iter().filter(|group| group.places.contains(&place));
    here.flat_map(|group| group.keys).find(|(bound, _)| *bound == key).map(|(_, action)| *action)
}

fn in_filter(key: Key) -> Option<Action> {
    match key {
        Key::Char(c) => Some(Action::Type(c)),
        Key::Backspace => Some(Action::Erase),
        Key::Enter => Some(Action::Open),
        Key::Esc => Some(Action::Back),
        Key::Ctrl('c') | Key::Function(6) => Some(Action::Leave),
        _ => None,
    }
}

fn in_question(key: Key) -> Option<Action> {
    match key {
        Key::Char('y' | 'Y') => Some(Action::Yes),
        Key::Char('n' | 'N' | 'q') => Some(Action::No),
        Key::Esc => Some(Action::Back),
        Key::Ctrl('c') | Key::Function(6) => Some(Action::Leave),
        _ => None,
    }
}

fn name(key: Key) -> String {
    let word = match key {
        Key::Char(' ') => "space",
        Key::Char(c) => return c.to_string(),
        Key::Ctrl(c) => return format!("Ctrl-{}", c.to_ascii_uppercase()),
        Key::Function(n) => return format!("F{n}"),
        Key::Up => "↑",
        Key::Down => "↓",
        Key::Left => "←",
        Key::Right => "→",
        Key::PageUp => "PgUp",
        Key::PageDown => "PgDn",
        Key::Home => "Home",
        Key::End => "End",
        Key::Enter => "Enter",
        Key::Esc => "Esc",
        Key::Tab => "Tab",
        Key::BackTab => "Shift-Tab",
        Key::Backspace => "Backspace",
        Key::Delete => "Delete",
        Key::Mouse(_) => "mouse",
    };
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::pane::snapshot::Extent;

    #[test]
    fn the_orders_are_said_as_the_key_goes_through_them() {
        let titles: Vec<&str> = crate::front::pane::tree::SORT_COLUMNS.iter().map(|column| column.title).collect();
        let sort = KEYS.iter().find(|group| group.hint == "sort").unwrap();
        assert_eq!(sort.meaning, format!("sort: {}", titles.join(" ")));
    }

    #[test]
    fn no_key_means_two_things_in_a_place() {
        for place in [KeyContext::Views, KeyContext::Detail, KeyContext::Help] {
            let mut seen = Vec::new();
            for group in KEYS.iter().filter(|group| group.places.contains(&place)) {
                for (key, _) in group.keys {
                    assert!(!seen.contains(key), "{} twice in {place:?}", name(*key));
                    seen.push(*key);
                }
            }
        }
    }

    #[test]
    fn every_promised_key_is_bound() {
        let keys = "hjklgGJKsfFepxXzZHcinoL?/ q".chars().map(Key::Char).chain([
            Key::Up,
            Key::Down,
            Key::Left,
            Key::Right,
            Key::PageUp,
            Key::PageDown,
            Key::Home,
            Key::End,
            Key::Enter,
            Key::Esc,
            Key::Tab,
            Key::Function(6),
        ]);
        for key in keys {
            let detail = Layer::Detail { subject: Subject::Process(1), scroll: 0 };
            let bound = |layer| action(key, layer).is_some();
            assert!(bound(&Layer::Views) || bound(&detail), "{}", name(key));
        }
    }

    #[test]
    fn every_hint_names_a_key_that_does_it() {
        let detail = Layer::Detail { subject: Subject::Process(1), scroll: 0 };
        for layer in [Layer::Views, detail, Layer::Help { scroll: 0 }] {
            let hints: Vec<_> = hints(&layer, false).collect();
            assert!(hints.iter().any(|(key, _)| key == "Esc"), "there is always a way back: {hints:?}");
            assert!(hints.iter().all(|(_, meaning)| !meaning.is_empty()), "{hints:?}");
        }
        let words: Vec<String> = hints(&Layer::Views, false).map(|(key, meaning)| format!("{key} {meaning}")).collect();
        assert_eq!(words[..4], ["? keys", "Esc back", "Enter details", "Tab view"]);
    }

    #[test]
    fn a_call_is_not_offered_to_be_killed() {
        let of = |subject| {
            let layer = Layer::Detail { subject, scroll: 0 };
            hints(&layer, false).any(|(_, meaning)| meaning == "kill")
        };
        assert!(of(Subject::Process(1)) && !of(Subject::Call(1)));
    }

    #[test]
    fn arrows_and_letters_move_alike() {
        let same =
            [(Key::Up, 'k'), (Key::Down, 'j'), (Key::Left, 'h'), (Key::Right, 'l'), (Key::Home, 'g'), (Key::End, 'G')];
        for (key, letter) in same {
            assert_eq!(action(key, &Layer::Views), action(Key::Char(letter), &Layer::Views), "{letter}");
        }
    }

    #[test]
    fn what_is_typed_into_the_filter_is_text() {
        let layer = Layer::Filter { text: String::new() };
        for c in ['x', 'X', 'q', ' ', '/', '?', 'é'] {
            assert_eq!(action(Key::Char(c), &layer), Some(Action::Type(c)));
        }
        assert_eq!(action(Key::Esc, &layer), Some(Action::Back));
    }

    #[test]
    fn a_question_takes_only_answers() {
        let layer = Layer::Confirm { id: 1, text: String::new(), extent: Extent::One };
        assert_eq!(action(Key::Char('y'), &layer), Some(Action::Yes));
        assert_eq!(action(Key::Char('x'), &layer), None);
        assert_eq!(action(Key::Enter, &layer), None, "Enter is no answer to a question that ends a process");
    }
}
