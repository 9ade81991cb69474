//! rustyline's helper: completion, hints, highlighting and validation of the line that is being edited.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::history::SearchDirection;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::complete::{Completions, complete, expected_arguments};
use crate::front::screen::Screen;
use crate::kernel::Kernel;
use crate::shell::command::{TABLE, find};
use crate::shell::line::{Class, highlight, parse};
use crate::shell::split_dotted;
use crate::shell::{CommandGrammar, Interrupt};

/// The most failed lines that are remembered; older ones are offered as hints again.
const FAILED_MAX: usize = 1_000;

/// The editor's helper.
pub struct ShellHelper {
    kernel: Arc<Kernel>,
    screen: Option<Arc<Screen>>,
    interrupt: Interrupt,
    color: bool,
    variables: Vec<String>,
    /// The earlier lines of an unfinished quote or here-document, above the line that is edited.
    previous_lines: String,
    /// Lines that failed when they last ran, which are not offered as hints. At most [`FAILED_MAX`].
    failed: VecDeque<String>,
    /// The line of the last completion list, and the page of the list that was shown.
    page: RefCell<(String, usize)>,
}

impl ShellHelper {
    pub fn new(kernel: Arc<Kernel>, screen: Option<Arc<Screen>>, interrupt: Interrupt, color: bool) -> ShellHelper {
        let page = RefCell::new((String::new(), 0));
        let (variables, previous_lines, failed) = (Vec::new(), String::new(), VecDeque::new());
        ShellHelper { kernel, screen, interrupt, color, variables, previous_lines, failed, page }
    }

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

    /// One page of the candidates, as many as fit above the pane; each further Tab on the same line shows the next
    /// page.
    fn paged(&self, line: &str, candidates: Vec<Pair>) -> Vec<Pair> {
        let columns = |pair: &Pair| unicode_width::UnicodeWidthStr::width(pair.display.as_str());
        let widest = candidates.iter().map(columns).max().unwrap_or(0);
        let page = self.screen.as_ref().and_then(|screen| screen.completion_page(widest));
        let Some(page) = page.filter(|page| candidates.len() > page.candidates_max) else { return candidates };
        let mut last = self.page.borrow_mut();
        let number = if last.0 == line { last.1 + 1 } else { 0 };
        *last = (line.to_owned(), number);
        let pages = page.pages(candidates.len());
        let mut shown: Vec<Pair> = page
            .slice(&candidates, number)
            .iter()
            .map(|pair| Pair { display: pair.display.clone(), replacement: pair.replacement.clone() })
            .collect();
        // The page number shares no prefix with the candidates, so rustyline never completes to it.
        shown.push(Pair { display: format!("({}/{pages})", number % pages + 1), replacement: String::new() });
        shown
    }
}

impl Helper for ShellHelper {}

impl Completer for ShellHelper {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = self.previous_lines.len();
        let whole = format!("{}{line}", self.previous_lines);
        let Completions { start, candidates } = complete(&self.kernel, &self.variables, &whole, before + pos);
        // A word that starts in an earlier line cannot be replaced.
        let Some(start) = start.checked_sub(before) else { return Ok((pos, Vec::new())) };
        let pairs = candidates
            .into_iter()
            .map(|candidate| Pair { display: candidate.shown, replacement: candidate.replacement })
            .collect();
        Ok((start, self.paged(line, pairs)))
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
            || expected_arguments(&format!("{}{line}", self.previous_lines)).map(Suggestion::Usage);
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

/// Whether the text ends inside of a quote, JSON or a here-document.
pub fn is_incomplete(text: &str) -> bool {
    parse(text, &CommandGrammar(TABLE)).is_err_and(|error| error.incomplete())
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
        for (span, class) in highlight(&whole, &CommandGrammar(TABLE)) {
            let piece = whole.get(span.start.max(self.previous_lines.len())..span.end).unwrap_or_default();
            match codes(class, piece) {
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

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        self.color
    }
}

fn codes(class: Class, text: &str) -> &'static str {
    match class {
        Class::Plain | Class::Argument => "",
        Class::Command if find(TABLE, text).is_some() => "1",
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
