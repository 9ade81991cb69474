//! rustyline's helper: completion, hints, highlighting and validation of the line that is being edited.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;

use rustyline::CompletionType;
use rustyline::completion::{self, Completer, Pair, longest_common_prefix};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::history::SearchDirection;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::keys::{LineEdit, LineKeys, Position, ShownList};
use super::list::{self, ListPage};
use super::shell::{Complete, Shell};
use crate::front::columns::fitting;
use crate::front::screen::Screen;
use crate::shell::command::{TABLE, find};
use crate::shell::completion::{Candidate, Completions, expected_arguments};
use crate::shell::line::{Class, highlight, parse};
use crate::shell::{AliasGrammar, Interrupt, split_dotted};

/// The most failed lines that are remembered; older ones are offered as hints again.
const FAILED_MAX: usize = 1_000;

/// The editor's helper.
pub struct ShellHelper {
    completer: Box<dyn Complete>,
    screen: Option<Arc<Screen>>,
    interrupt: Interrupt,
    grammar: AliasGrammar,
    keys: LineKeys,
    color: bool,
    variables: Vec<String>,
    /// The earlier lines of an unfinished quote or here-document, above the line that is edited.
    previous_lines: String,
    /// Lines that failed when they last ran, which are not offered as hints. At most [`FAILED_MAX`].
    failed: VecDeque<String>,
    /// Columns of the names in the last list; descriptions follow them.
    name_columns: Cell<usize>,
}

impl ShellHelper {
    /// A helper for the lines of a shell. `keys` is given the lists that are shown.
    pub fn new(shell: &mut dyn Shell, screen: Option<Arc<Screen>>, keys: LineKeys) -> ShellHelper {
        ShellHelper {
            completer: shell.completer(),
            screen,
            interrupt: shell.interrupt(),
            grammar: shell.grammar(),
            keys,
            color: shell.colors(),
            variables: Vec::new(),
            previous_lines: String::new(),
            failed: VecDeque::new(),
            name_columns: Cell::new(0),
        }
    }

    /// Sets the names of variables that completion offers.
    pub fn set_variables(&mut self, names: Vec<String>) {
        self.variables = names;
    }

    /// Sets the earlier lines of the input; each ends with a newline.
    pub fn continue_after(&mut self, previous_lines: &str) {
        self.previous_lines = previous_lines.to_owned();
    }

    /// Remembers whether a line failed.
    pub fn note_result(&mut self, line: &str, failed: bool) {
        self.failed.retain(|known| known != line);
        if failed {
            self.failed.push_back(line.to_owned());
            if self.failed.len() > FAILED_MAX {
                self.failed.pop_front();
            }
        }
    }

    /// The rest of the newest history entry that starts with `line` and did not fail. Only the entry's first line: a
    /// here-document would push the prompt off the screen.
    fn history_suggestion(&self, line: &str, context: &Context<'_>) -> Option<String> {
        let history = context.history();
        let mut at = context.history_index().min(history.len());
        while let Some(before) = at.checked_sub(1) {
            let found = history.starts_with(line, before, SearchDirection::Reverse).ok()??;
            if !self.failed.iter().any(|failed| *failed == found.entry) {
                let rest = found.entry.get(line.len()..)?.lines().next()?;
                return (!rest.is_empty()).then(|| rest.to_owned());
            }
            at = found.idx;
        }
        None
    }

    /// Whether the text ends inside of a quote, JSON or a here-document.
    pub fn is_incomplete(&self, text: &str) -> bool {
        parse(text, &self.grammar).is_err_and(|error| error.incomplete())
    }

    /// The page of the candidates' list that this Tab shows, noted for the keys that follow.
    fn list(&self, at: &Position, start: usize, candidates: &[Candidate]) -> Vec<Pair> {
        let Some(room) = self.screen.as_ref().map(|screen| screen.list_room()) else {
            let pair = |candidate: &Candidate| Pair {
                display: candidate.shown.clone(),
                replacement: candidate.replacement.clone(),
            };
            return candidates.iter().map(pair).collect();
        };
        let number = self.keys.next_page(at);
        let ListPage { pairs, name_columns, has_more } = list::page(candidates, room, number);
        self.name_columns.set(name_columns);
        let replacements = candidates.iter().map(|candidate| candidate.replacement.clone()).collect();
        let left = completed(at, start, candidates);
        self.keys.note_list(ShownList { left, start, replacements, page: number, has_more_pages: has_more });
        pairs
    }
}

/// The line as rustyline completes it: as far as all candidates agree, where that is more than was typed.
fn completed(at: &Position, start: usize, candidates: &[Candidate]) -> Position {
    let prefix = longest_common_prefix(candidates).unwrap_or_default();
    let (before, after) = (at.line.get(..start).unwrap_or_default(), at.line.get(at.pos..).unwrap_or_default());
    match prefix.len() > at.pos.saturating_sub(start) {
        true => Position { line: format!("{before}{prefix}{after}"), pos: start + prefix.len() },
        false => at.clone(),
    }
}

impl completion::Candidate for Candidate {
    fn display(&self) -> &str {
        &self.shown
    }

    fn replacement(&self) -> &str {
        &self.replacement
    }
}

impl Helper for ShellHelper {}

impl Completer for ShellHelper {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        if let Some(LineEdit { start, text }) = self.keys.take_planned() {
            return Ok((start, vec![Pair { display: text.clone(), replacement: text }]));
        }
        let before = self.previous_lines.len();
        let whole = format!("{}{line}", self.previous_lines);
        let Completions { start, candidates } =
            self.completer.complete(&self.grammar, &self.variables, &whole, before + pos);
        // A word that starts in an earlier line cannot be replaced.
        let Some(start) = start.checked_sub(before) else { return Ok((pos, Vec::new())) };
        Ok((start, self.list(&Position { line: line.to_owned(), pos }, start, &candidates)))
    }
}

/// A hint, shown dim behind the cursor.
pub enum Suggestion {
    /// The rest of a line of the history; the right arrow accepts it.
    History(String),
    /// The arguments that the command still takes; cannot be accepted.
    Usage(String),
}

impl Hint for Suggestion {
    fn display(&self) -> &str {
        match self {
            Suggestion::History(text) | Suggestion::Usage(text) => text,
        }
    }

    fn completion(&self) -> Option<&str> {
        match self {
            Suggestion::History(text) => Some(text),
            Suggestion::Usage(_) => None,
        }
    }
}

impl Hinter for ShellHelper {
    type Hint = Suggestion;

    fn hint(&self, line: &str, pos: usize, context: &Context<'_>) -> Option<Suggestion> {
        let at_end = pos == line.len();
        let expected_arguments =
            || expected_arguments(&self.grammar, &format!("{}{line}", self.previous_lines)).map(Suggestion::Usage);
        let typed = || match line.is_empty() || !self.previous_lines.is_empty() {
            true => None,
            false => self.history_suggestion(line, context).map(Suggestion::History),
        };
        // The usage goes before the history.
        let hint = if at_end { expected_arguments().or_else(typed) } else { None };
        if let Some(screen) = &self.screen {
            screen.before_redraw(line, hint.as_ref().map(Suggestion::display));
        }
        hint
    }
}

impl Validator for ShellHelper {
    fn validate(&self, _: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        // rustyline validates when Enter is typed. While it has the terminal, Ctrl-C is a key: an interrupt that was
        // raised earlier is dropped here, so that from now on Ctrl-C ends this line's command.
        self.interrupt.take();
        // Errors are reported when the line runs; an incomplete line continues at a prompt of its own.
        Ok(ValidationResult::Valid(None))
    }
}

impl Highlighter for ShellHelper {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        if !self.color {
            return Cow::Borrowed(line);
        }
        let mut text = String::with_capacity(line.len() * 2);
        let whole = format!("{}{line}", self.previous_lines);
        for (span, class) in highlight(&whole, &self.grammar) {
            let piece = whole.get(span.start.max(self.previous_lines.len())..span.end).unwrap_or_default();
            match self.codes(class, piece) {
                _ if piece.is_empty() => {}
                "" => text.push_str(piece),
                codes => text.push_str(&format!("\x1b[{codes}m{piece}\x1b[0m")),
            }
        }
        Cow::Owned(text)
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        if self.color { Cow::Owned(format!("\x1b[1;32m{prompt}\x1b[0m")) } else { Cow::Borrowed(prompt) }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if self.color { Cow::Owned(format!("\x1b[2m{hint}\x1b[0m")) } else { Cow::Borrowed(hint) }
    }

    fn highlight_candidate<'c>(&self, candidate: &'c str, _: CompletionType) -> Cow<'c, str> {
        let columns = self.name_columns.get();
        match candidate.split_at_checked(fitting(candidate, columns).len()) {
            Some((name, about)) if self.color && columns > 0 && !about.is_empty() => {
                Cow::Owned(format!("{name}\x1b[2m{about}\x1b[0m"))
            }
            _ => Cow::Borrowed(candidate),
        }
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        self.color
    }
}

impl ShellHelper {
    /// The SGR parameters of a piece of the line.
    fn codes(&self, class: Class, text: &str) -> &'static str {
        match class {
            Class::Plain | Class::Argument => "",
            Class::Command if find(TABLE, text).is_some() || self.grammar.aliases.get(text).is_some() => "1",
            Class::Command if split_dotted(text).is_some() => "36",
            Class::Command => "31",
            Class::Option => "36",
            Class::Quoted | Class::HereDoc => "33",
            Class::Json => "32",
            Class::Variable => "35",
            Class::InputFile => "4",
            Class::Operator | Class::System => "1;34",
            Class::Comment => "2",
        }
    }
}
