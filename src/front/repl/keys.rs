//! Keys of the line editor beyond rustyline's own: a further Tab steps through the candidates of the list, Alt-. puts
//! in the last argument of earlier lines, Ctrl-X Ctrl-E asks for an editor.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use rustyline::{Cmd, EditMode, EventContext, InputMode, KeyCode, KeyEvent, Modifiers};

/// The most last arguments that are kept.
const LAST_ARGUMENTS_MAX: usize = 1_000;

/// State of the keys between lines; shared by the editor's helper and the key handler.
#[derive(Clone, Default)]
pub struct LineKeys {
    state: Arc<Mutex<LineKeysState>>,
}

#[derive(Default)]
struct LineKeysState {
    list: Option<List>,
    /// The last arguments of earlier lines, newest last.
    last_arguments: VecDeque<String>,
    yanked: Option<Yanked>,
    planned: Option<LineEdit>,
    wants_editor: bool,
}

/// A line and its cursor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Position {
    pub line: String,
    pub pos: usize,
}

/// A text for the line, from `start` to the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineEdit {
    pub start: usize,
    pub text: String,
}

/// The list of candidates that rustyline shows.
pub struct ShownList {
    /// The line as the list left it: completed as far as all candidates agree.
    pub left: Position,
    /// Where the completed word starts.
    pub start: usize,
    pub replacements: Vec<String>,
    pub page: usize,
    pub has_more_pages: bool,
}

/// The list that was shown last, and the step in it.
struct List {
    shown: ShownList,
    /// The line as the list or the last step left it.
    now: Position,
    /// The candidate in the line.
    at: Option<usize>,
}

/// The last argument that Alt-. put in.
struct Yanked {
    now: Position,
    start: usize,
    /// Age in lines, from 0.
    age: usize,
}

impl LineKeys {
    /// Forgets the list: a new line begins.
    pub fn begin_line(&self) {
        let mut state = self.state.lock();
        state.list = None;
        state.yanked = None;
        state.planned = None;
        state.wants_editor = false;
    }

    /// Adds the last argument of a line that was entered.
    pub fn remember(&self, last_argument: Option<String>) {
        let Some(argument) = last_argument else { return };
        let arguments = &mut self.state.lock().last_arguments;
        arguments.push_back(argument);
        if arguments.len() > LAST_ARGUMENTS_MAX {
            arguments.pop_front();
        }
    }

    /// Whether the line was left for an editor.
    pub fn take_editor_request(&self) -> bool {
        std::mem::take(&mut self.state.lock().wants_editor)
    }

    /// The text that the last key puts into the line. rustyline has no command that replaces a part of the line and
    /// leaves the cursor behind it but the completion of one candidate: the keys ask for a completion, and this is it.
    pub fn take_planned(&self) -> Option<LineEdit> {
        self.state.lock().planned.take()
    }

    /// The page of the list that a Tab at this position shows.
    pub fn next_page(&self, at: &Position) -> usize {
        let state = self.state.lock();
        state
            .list
            .as_ref()
            .filter(|list| list.now == *at && list.shown.has_more_pages)
            .map_or(0, |list| list.shown.page + 1)
    }

    /// Notes the list that rustyline shows.
    pub fn note_list(&self, shown: ShownList) {
        self.state.lock().list = Some(List { now: shown.left.clone(), shown, at: None });
    }

    /// The command for a key of the line; `None`: rustyline's own.
    pub fn command(&self, event: &KeyEvent, context: &EventContext<'_>) -> Option<Cmd> {
        let now = Position { line: context.line().to_owned(), pos: context.pos() };
        match (event.0, event.1) {
            (KeyCode::Tab, Modifiers::NONE) | (KeyCode::Char('I'), Modifiers::CTRL) => self.step(&now, Step::Next),
            (KeyCode::BackTab, _) => self.step(&now, Step::Previous),
            (KeyCode::Char('.' | '_'), Modifiers::ALT) => self.last_argument(&now).or(Some(Cmd::Noop)),
            (KeyCode::Char('v'), Modifiers::NONE)
                if context.mode() == EditMode::Vi && context.input_mode() == InputMode::Command =>
            {
                Some(self.ask_for_editor())
            }
            _ => None,
        }
    }

    /// Ends the line for an editor.
    pub fn ask_for_editor(&self) -> Cmd {
        self.state.lock().wants_editor = true;
        Cmd::AcceptLine
    }

    /// Puts the next candidate into the line, where its list stands above it.
    fn step(&self, now: &Position, step: Step) -> Option<Cmd> {
        let mut state = self.state.lock();
        let list = state.list.as_mut().filter(|list| list.now == *now && list.shown.replacements.len() > 1)?;
        if list.shown.has_more_pages && step == Step::Next {
            return None;
        }
        let count = list.shown.replacements.len();
        let at = match (list.at, step) {
            (None, Step::Next) => 0,
            (None, Step::Previous) => count - 1,
            (Some(at), Step::Next) => (at + 1) % count,
            (Some(at), Step::Previous) => (at + count - 1) % count,
        };
        list.at = Some(at);
        let planned = LineEdit { start: list.shown.start, text: list.shown.replacements.get(at)?.clone() };
        list.now = now.with(&planned)?;
        state.planned = Some(planned);
        Some(Cmd::Complete)
    }

    /// Puts in the last argument of the line before, and again that of an older one.
    fn last_argument(&self, now: &Position) -> Option<Cmd> {
        let mut state = self.state.lock();
        let again = state.yanked.take().filter(|yanked| yanked.now == *now);
        let (start, age) = again.map_or((now.pos, 0), |yanked| (yanked.start, yanked.age + 1));
        let age = age.min(state.last_arguments.len().saturating_sub(1));
        let planned = LineEdit { start, text: state.last_arguments.iter().rev().nth(age)?.clone() };
        state.yanked = Some(Yanked { now: now.with(&planned)?, start, age });
        state.planned = Some(planned);
        Some(Cmd::Complete)
    }
}

impl Position {
    /// The line with the text put in, and the cursor behind it.
    fn with(&self, planned: &LineEdit) -> Option<Position> {
        let LineEdit { start, text } = planned;
        let (before, after) = (self.line.get(..*start)?, self.line.get(self.pos..)?);
        Some(Position { line: format!("{before}{text}{after}"), pos: start + text.len() })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Next,
    Previous,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: &str) -> Position {
        Position { line: line.to_owned(), pos: line.len() }
    }

    fn list(line: &str, replacements: [&str; 2], page: usize, has_more_pages: bool) -> ShownList {
        let replacements = replacements.map(str::to_owned).to_vec();
        ShownList { left: at(line), start: 0, replacements, page, has_more_pages }
    }

    /// The line after a key, as rustyline makes it.
    fn after(keys: &LineKeys, line: &str, command: Option<Cmd>) -> Option<String> {
        assert!(command.is_none_or(|command| command == Cmd::Complete));
        keys.take_planned().and_then(|planned| at(line).with(&planned)).map(|position| position.line)
    }

    fn stepped(keys: &LineKeys, line: &str, step: Step) -> Option<String> {
        after(keys, line, keys.step(&at(line), step))
    }

    fn with_argument(keys: &LineKeys, line: &str) -> Option<String> {
        after(keys, line, keys.last_argument(&at(line)))
    }

    #[test]
    fn tabs_after_the_list_step_through_it() {
        let keys = LineKeys::default();
        assert!(keys.step(&at("lo"), Step::Next).is_none(), "no list yet");
        keys.note_list(list("lo", ["load ", "logs "], 0, false));
        assert_eq!(stepped(&keys, "lo", Step::Next).as_deref(), Some("load "));
        assert_eq!(stepped(&keys, "load ", Step::Next).as_deref(), Some("logs "));
        assert_eq!(stepped(&keys, "logs ", Step::Next).as_deref(), Some("load "));
        assert_eq!(stepped(&keys, "load ", Step::Previous).as_deref(), Some("logs "));
        assert!(keys.step(&at("logs x"), Step::Next).is_none(), "the line was edited");
        keys.begin_line();
        assert!(keys.step(&at("logs "), Step::Next).is_none());
    }

    #[test]
    fn pages_come_before_steps() {
        let keys = LineKeys::default();
        keys.note_list(list("x", ["xa", "xb"], 0, true));
        assert!(keys.step(&at("x"), Step::Next).is_none());
        assert_eq!((keys.next_page(&at("x")), keys.next_page(&at("y"))), (1, 0));
        keys.note_list(list("x", ["xa", "xb"], 1, false));
        assert_eq!(stepped(&keys, "x", Step::Next).as_deref(), Some("xa"));
    }

    #[test]
    fn the_last_arguments_come_newest_first() {
        let keys = LineKeys::default();
        assert_eq!(keys.last_argument(&at("echo ")), None);
        keys.remember(Some("old".into()));
        keys.remember(None);
        keys.remember(Some("'n e w'".into()));
        assert_eq!(with_argument(&keys, "echo ").as_deref(), Some("echo 'n e w'"));
        assert_eq!(with_argument(&keys, "echo 'n e w'").as_deref(), Some("echo old"));
        assert_eq!(with_argument(&keys, "echo old").as_deref(), Some("echo old"), "the oldest stays");
        assert_eq!(with_argument(&keys, "ps ").as_deref(), Some("ps 'n e w'"), "another line begins anew");
    }
}
