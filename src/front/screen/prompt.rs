//! The hooks into rustyline: key dispatch, the handover around a line, and completion lists that fit above the pane.

use std::sync::{Arc, Weak, mpsc};
use std::thread;

use rustyline::error::ReadlineError;
use rustyline::history::History;
use rustyline::{
    Cmd, ConditionalEventHandler, Editor, Event, EventContext, EventHandler, ExternalPrinter, Helper, KeyCode,
    KeyEvent, Modifiers, RepeatCount,
};

use super::Screen;
use super::handover::Resumed;
use super::mouse::{ReportPart, SplitReport};
use super::pane_state::PaneState;
use super::recent::columns_of;
use super::region::Window;
use super::scene::{Focus, Key};
use super::state::{LineEnd, Shared};
use super::tty::{self, StopTarget};
use crate::locks::{Mutex, Rank};

/// The most messages that wait for rustyline to print them above its line.
const MESSAGES_MAX: usize = 64;

impl Screen {
    /// Hooks the screen into an editor: F6, Ctrl-L, Ctrl-Z, all keys while the pane has the focus, and printing above
    /// the line. The front must not bind keys itself: a binding would bypass the screen.
    ///
    /// The editor's configuration should have `keyseq_timeout(Some(ESC_WAIT_MS))`, as the screen reads keys itself.
    /// `line_keys` is asked for the keys that the screen leaves to the line, and for Ctrl-X Ctrl-E.
    ///
    /// # Errors
    /// The editor refuses a binding.
    pub fn attach<H: Helper, I: History>(
        &self,
        editor: &mut Editor<H, I>,
        line_keys: LineKeys,
    ) -> rustyline::Result<()> {
        for event in [Event::Any, Event::KeySeq(vec![KeyEvent::ctrl('X'), KeyEvent::ctrl('E')])] {
            let line_keys = Arc::clone(&line_keys);
            let keys = Keys {
                shared: Arc::downgrade(&self.shared),
                line_keys,
                report: Mutex::new(Rank::MouseReport, SplitReport::default()),
            };
            editor.bind_sequence(event, EventHandler::Conditional(Box::new(keys)));
        }
        // Without a printer (a dumb terminal) notices are written directly.
        let Ok(mut printer) = editor.create_external_printer() else { return Ok(()) };
        let (sender, messages) = mpsc::sync_channel::<String>(MESSAGES_MAX);
        // rustyline's printer can block until the prompt reads, so it has a thread of its own.
        thread::Builder::new().name("above-prompt".to_owned()).spawn(move || {
            for message in messages {
                if printer.print(message).is_err() {
                    return;
                }
            }
        })?;
        self.shared.inner().above_prompt = Some(sender);
        Ok(())
    }

    /// Reads a line, which begins as `initial`; the prompt owns the terminal meanwhile. `prompt` is plain text,
    /// coloured by the highlighter.
    ///
    /// # Errors
    /// Ctrl-C, Ctrl-D, or the terminal cannot be read.
    pub fn read_line<H: Helper, I: History>(
        &self,
        editor: &mut Editor<H, I>,
        prompt: &str,
        initial: &str,
    ) -> rustyline::Result<String> {
        self.shared.enter_prompt(columns_of(prompt));
        let line = editor.readline_with_initial(prompt, (initial, ""));
        let end = std::mem::replace(&mut self.shared.inner().line_end, LineEnd::Accepted);
        let line = line.and_then(|line| match end {
            LineEnd::Accepted => Ok(line),
            LineEnd::GivenUp => Err(ReadlineError::Interrupted),
        });
        let left = match &line {
            Ok(line) => format!("{prompt}{line}\n"),
            Err(_) => format!("{prompt}\n"),
        };
        self.shared.enter_command(&left);
        line
    }

    /// Hides the pane if the line and its hint are taller than the prompt's part. Called from `Hinter::hint`, which
    /// rustyline calls before each redraw.
    pub fn before_redraw(&self, line: &str, hint: Option<&str>) {
        let Window { cols, .. } = self.shared.inner().window;
        let prompt = self.shared.inner().prompt_columns;
        self.shared.make_room_for_input(rows_of_input(prompt, line, hint.unwrap_or_default(), cols));
    }

    /// The room for a list of completion candidates.
    pub fn list_room(&self) -> ListRoom {
        let inner = self.shared.inner();
        let above_pane = matches!(inner.pane, PaneState::Shown(_));
        ListRoom { rows: inner.output_rows(), cols: inner.window.cols, above_pane }
    }
}

/// The room for a list of completion candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListRoom {
    /// The rows of the prompt's part.
    pub rows: u16,
    pub cols: u16,
    /// A pane follows, over which rustyline's own paging would write.
    pub above_pane: bool,
}

/// The front's handler of keys; `None`: rustyline's command.
pub type LineKeys = Arc<dyn Fn(&Event, &EventContext<'_>) -> Option<Cmd> + Send + Sync>;

/// The size of a page of completion candidates. rustyline pages by the window's rows and not by the prompt's part, so
/// the completer returns one page at a time; each further Tab on the same line shows the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompletionPage {
    /// At least 1, not counting the entry with the page's number.
    pub candidates_max: usize,
}

impl CompletionPage {
    /// The page that fits into these rows, of candidates of at most `columns_max` columns.
    pub fn fit(rows: u16, cols: u16, columns_max: usize) -> CompletionPage {
        /// rustyline's padding between two columns of candidates.
        const PADDING: usize = 2;
        let per_row = (usize::from(cols) / (columns_max + PADDING)).max(1);
        // Three rows are taken: the prompt, the row after the list, and a free one.
        let fit = per_row * usize::from(rows.saturating_sub(3));
        CompletionPage { candidates_max: fit.saturating_sub(1).max(1) }
    }

    /// The pages that `candidates` candidates take.
    pub fn pages(self, candidates: usize) -> usize {
        candidates.div_ceil(self.candidates_max).max(1)
    }

    /// The candidates of one page; after the last page comes the first.
    pub fn slice<T>(self, candidates: &[T], page: usize) -> &[T] {
        let first = page % self.pages(candidates.len()) * self.candidates_max;
        let last = candidates.len().min(first + self.candidates_max);
        candidates.get(first..last).unwrap_or_default()
    }
}

/// An upper bound of the rows that rustyline lays out for a line after its prompt.
fn rows_of_input(prompt_columns: usize, line: &str, hint: &str, cols: u16) -> usize {
    let cols = usize::from(cols.max(1));
    let mut columns_before = prompt_columns;
    format!("{line}{hint}")
        .split('\n')
        .map(|part| {
            // A tab takes at most eight columns.
            let tabs = part.matches('\t').count();
            (std::mem::take(&mut columns_before) + columns_of(part) + tabs * 8) / cols + 1
        })
        .sum()
}

/// The handler that rustyline calls for every key.
struct Keys {
    shared: Weak<Shared>,
    line_keys: LineKeys,
    /// A report of the mouse that is being read.
    report: Mutex<SplitReport>,
}

impl Keys {
    /// Whether a key that the screen leaves to rustyline is typed into the line.
    fn is_for_line(&self, key: &KeyEvent) -> bool {
        key.0 != KeyCode::BracketedPasteStart
            && self.shared.upgrade().is_some_and(|shared| shared.focus() == Focus::Prompt)
    }

    /// The command for rustyline; `None`: its default for the key.
    fn handle_key(&self, event: &KeyEvent, repeats: RepeatCount) -> Option<Cmd> {
        let shared = self.shared.upgrade()?;
        shared.key_was_read();
        shared.inner().line_end = LineEnd::Accepted;
        if let Some(read) = self.mouse(&shared, event, repeats) {
            return Some(read);
        }
        if *event == KeyEvent::ctrl('Z') {
            shared.suspend(StopTarget::Group, Resumed::OnPromptThread);
            // The line is on the main screen, and painted again with it.
            let is_full = matches!(shared.inner().pane, PaneState::Full(_));
            return Some(if is_full { Cmd::Noop } else { Cmd::Repaint });
        }
        match shared.focus() {
            Focus::Pane => self.pane_key(&shared, event),
            Focus::Prompt if *event == KeyEvent(KeyCode::F(6), Modifiers::NONE) => {
                if shared.pane_on().is_err() {
                    return None;
                }
                shared.set_focus(Focus::Pane);
                Some(Cmd::Repaint)
            }
            // The line ends as an accepted one, because rustyline then clears its hint; after its own interrupt it does
            // not.
            Focus::Prompt if *event == KeyEvent::ctrl('C') => {
                shared.inner().line_end = LineEnd::GivenUp;
                Some(Cmd::AcceptLine)
            }
            Focus::Prompt if *event == KeyEvent::ctrl('L') => shared.clear_prompt().then_some(Cmd::Repaint),
            Focus::Prompt => None,
        }
    }

    /// Reads a report of the mouse, which comes from rustyline as an unknown sequence and characters. `None` for a key.
    fn mouse(&self, shared: &Shared, event: &KeyEvent, repeats: RepeatCount) -> Option<Cmd> {
        let mut report = self.report.lock();
        match *event {
            KeyEvent(KeyCode::UnknownEscSeq, _) if shared.inner().mouse.may_report() => report.begin(),
            KeyEvent(KeyCode::Char(c), Modifiers::NONE | Modifiers::SHIFT) => match report.take(c, repeats.into()) {
                ReportPart::None => return None,
                ReportPart::Some | ReportPart::Last(None) => {}
                ReportPart::Last(Some(mouse)) => {
                    drop(report);
                    if shared.focus() == Focus::Pane {
                        let _ = shared.key(Key::Mouse(mouse));
                    }
                }
            },
            _ => {
                report.end();
                return None;
            }
        }
        Some(Cmd::Noop)
    }

    fn pane_key(&self, shared: &Shared, event: &KeyEvent) -> Option<Cmd> {
        // Pasted text belongs to the line; it is never keys for the pane.
        if event.0 == KeyCode::BracketedPasteStart {
            // On the alternate screen the line could not be seen.
            shared.unfill(&mut shared.inner());
            return None;
        }
        if let Some(key) = Key::from_rustyline(event) {
            let _ = shared.key(key);
        }
        Some(Cmd::Noop)
    }
}

impl ConditionalEventHandler for Keys {
    fn handle(&self, event: &Event, repeats: RepeatCount, _: bool, context: &EventContext) -> Option<Cmd> {
        // The screen was asked about the first key of a sequence.
        if event.get(1).is_some() {
            return (self.line_keys)(event, context);
        }
        let key = event.get(0)?;
        let leaves_key = |command: &Option<Cmd>| command.is_none() && self.is_for_line(key);
        match self.handle_key(key, repeats) {
            command if leaves_key(&command) => (self.line_keys)(event, context),
            command => command,
        }
    }
}

impl Shared {
    /// Restores the keyboard once rustyline has read the type-ahead.
    fn key_was_read(&self) {
        if let Some(keyboard) = &self.keyboard {
            self.inner().type_ahead.restore_stdin_if_read(keyboard);
        }
    }

    /// Handles Ctrl-L by clearing the prompt's part. False without a pane: rustyline then clears the window.
    fn clear_prompt(&self) -> bool {
        let mut inner = self.inner();
        inner.recent.clear();
        let PaneState::Shown(split) = inner.pane else { return false };
        let _ = tty::write(split.clear_prompt().as_bytes());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_as_tall_as_it_wraps() {
        assert_eq!(rows_of_input(8, "", "", 80), 1);
        assert_eq!(rows_of_input(8, "call 1 run", " {}", 80), 1);
        assert_eq!(rows_of_input(8, &"x".repeat(72), "", 80), 2, "the cursor stands in the next row");
        assert_eq!(rows_of_input(8, &"漢".repeat(40), "", 80), 2);
        assert_eq!(rows_of_input(0, "a\nb\nc", "", 80), 3);
        assert_eq!(rows_of_input(8, "", &"h".repeat(200), 20), 11);
    }

    #[test]
    fn pages_hold_every_candidate_once() {
        let page = CompletionPage::fit(10, 80, 18);
        assert_eq!(page.candidates_max, 4 * 7 - 1);
        let all: Vec<usize> = (0..100).collect();
        let pages = page.pages(all.len());
        let seen: Vec<usize> = (0..pages).flat_map(|n| page.slice(&all, n)).copied().collect();
        assert_eq!(seen, all);
        assert_eq!(page.slice(&all, pages), page.slice(&all, 0), "the last page is followed by the first");
    }

    #[test]
    fn the_smallest_part_still_shows_a_candidate() {
        assert_eq!(CompletionPage::fit(0, 20, 200).candidates_max, 1);
        assert_eq!(CompletionPage { candidates_max: 1 }.slice::<u8>(&[], 3), &[] as &[u8]);
    }
}
