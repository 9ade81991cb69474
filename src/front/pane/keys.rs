//! What a key means, by what is on top of the pane. One table, which `?` shows too.

use crate::front::screen::Key;

use super::state::Layer;

/// What a person asks for with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
    Open,
    Back,
    Leave,
    Fold,
    NextView,
    Zoom,
    StartFilter,
    Type(char),
    Erase,
    NextSort,
    ErrorsOnly,
    Pause,
    Kill,
    KillSubtree,
    Yes,
    No,
    Help,
}

/// A line of the help.
pub struct KeyHelp {
    pub keys: &'static str,
    pub meaning: &'static str,
}

/// All keys of the views, as help shows them. The test below walks it.
pub const HELP: &[KeyHelp] = &[
    KeyHelp { keys: "↑ ↓ ← →  h j k l", meaning: "move; ← folds or goes to the parent" },
    KeyHelp { keys: "PgUp PgDn", meaning: "a page" },
    KeyHelp { keys: "Home End  g G", meaning: "first and last; G follows the newest call" },
    KeyHelp { keys: "Enter", meaning: "details of the process or call" },
    KeyHelp { keys: "Esc", meaning: "one step back, at last to the prompt" },
    KeyHelp { keys: "F6  q  Ctrl-C", meaning: "to the prompt at once" },
    KeyHelp { keys: "space", meaning: "fold, unfold" },
    KeyHelp { keys: "Tab", meaning: "the other view" },
    KeyHelp { keys: "z", meaning: "zoom this view" },
    KeyHelp { keys: "/", meaning: "filter both views by name or function" },
    KeyHelp { keys: "s", meaning: "sort: id, name, calls, errors, busy, memory" },
    KeyHelp { keys: "e", meaning: "errors only" },
    KeyHelp { keys: "p", meaning: "pause the view; nothing is lost" },
    KeyHelp { keys: "x  X", meaning: "kill the process; its subtree (asks first)" },
    KeyHelp { keys: "?", meaning: "these keys" },
];

/// What the key asks for; `None`: nothing.
pub fn action(key: Key, layer: &Layer) -> Option<Action> {
    match key {
        Key::Ctrl('c') | Key::Function(6) => return Some(Action::Leave),
        Key::Esc => return Some(Action::Back),
        _ => {}
    }
    match layer {
        Layer::Views => in_views(key).or_else(|| moving(key)),
        Layer::Detail { .. } => in_detail(key).or_else(|| moving(key)),
        Layer::Help { .. } => match key {
            Key::Char('?' | 'q') | Key::Enter => Some(Action::Back),
            key => moving(key),
        },
        Layer::Filter { .. } => match key {
            Key::Char(c) => Some(Action::Type(c)),
            Key::Backspace => Some(Action::Erase),
            Key::Enter => Some(Action::Open),
            _ => None,
        },
        Layer::Confirm { .. } => match key {
            Key::Char('y' | 'Y') => Some(Action::Yes),
            Key::Char('n' | 'N' | 'q') => Some(Action::No),
            _ => None,
        },
    }
}

fn in_views(key: Key) -> Option<Action> {
    Some(match key {
        Key::Enter => Action::Open,
        Key::Char('q') => Action::Leave,
        Key::Char(' ') => Action::Fold,
        Key::Tab | Key::BackTab => Action::NextView,
        Key::Char('z') => Action::Zoom,
        Key::Char('/') => Action::StartFilter,
        Key::Char('s') => Action::NextSort,
        Key::Char('e') => Action::ErrorsOnly,
        Key::Char('p') => Action::Pause,
        Key::Char('x') => Action::Kill,
        Key::Char('X') => Action::KillSubtree,
        Key::Char('?') => Action::Help,
        _ => return None,
    })
}

fn in_detail(key: Key) -> Option<Action> {
    Some(match key {
        Key::Char('q') | Key::Left | Key::Char('h') => Action::Back,
        Key::Tab | Key::BackTab => Action::NextView,
        Key::Char('z') => Action::Zoom,
        Key::Char('p') => Action::Pause,
        Key::Char('x') => Action::Kill,
        Key::Char('X') => Action::KillSubtree,
        Key::Char('?') => Action::Help,
        _ => return None,
    })
}

fn moving(key: Key) -> Option<Action> {
    Some(match key {
        Key::Up | Key::Char('k') => Action::Up,
        Key::Down | Key::Char('j') => Action::Down,
        Key::Left | Key::Char('h') => Action::Left,
        Key::Right | Key::Char('l') => Action::Right,
        Key::PageUp => Action::PageUp,
        Key::PageDown => Action::PageDown,
        Key::Home | Key::Char('g') => Action::First,
        Key::End | Key::Char('G') => Action::Last,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::pane::snapshot::Extent;

    fn keys_of(help: &KeyHelp) -> Vec<Key> {
        let key = |word: &str| match word {
            "↑" => Key::Up,
            "↓" => Key::Down,
            "←" => Key::Left,
            "→" => Key::Right,
            "PgUp" => Key::PageUp,
            "PgDn" => Key::PageDown,
            "Home" => Key::Home,
            "End" => Key::End,
            "Enter" => Key::Enter,
            "Esc" => Key::Esc,
            "F6" => Key::Function(6),
            "Ctrl-C" => Key::Ctrl('c'),
            "space" => Key::Char(' '),
            "Tab" => Key::Tab,
            word => Key::Char(word.chars().next().unwrap()),
        };
        help.keys.split_whitespace().map(key).collect()
    }

    #[test]
    fn every_key_in_the_help_does_something() {
        for help in HELP {
            for key in keys_of(help) {
                assert!(action(key, &Layer::Views).is_some(), "{key:?} of `{}`", help.keys);
            }
        }
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
