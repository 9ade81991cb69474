//! The view of log lines, in place of the calls: newest last. It scrolls like a pager and has no selected row.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::front::screen::Focus;
use crate::kernel::LogLine;
use crate::runtime::LogLevel;

use super::action::Action;
use super::calls_view::clock;
use super::cells::{put, trusted, untrusted};
use super::layout::below_title;
use super::snapshot::Snapshot;
use super::state::{Clock, UiState, View};
use super::theme;
use super::titles::{self, Surroundings};

/// The most lines that are held for scrolling.
pub const HELD_LINES_MAX: usize = 5_000;
/// The columns of a call's number.
const SEQ_COLS: usize = 5;
/// The width at which a row has its time and the number of its call.
const TIME_COLS_MIN: u16 = 60;

/// The newest lines, or held ones that do not move while newer come.
#[derive(Debug, Default)]
pub struct LogList {
    held: Option<HeldLines>,
}

#[derive(Debug)]
struct HeldLines {
    /// Oldest first.
    lines: Vec<LogLine>,
    /// The number of lines up to the last one in sight.
    end: usize,
}

impl LogList {
    /// Scrolls by an action; `fetch` returns the lines to hold, where none are. Going beyond the last line follows the
    /// newest again.
    pub fn scroll(&mut self, action: Action, page: usize, fetch: impl FnOnce() -> Vec<LogLine>) {
        let held = self.held.get_or_insert_with(|| {
            let lines = fetch();
            HeldLines { end: lines.len(), lines }
        });
        let (page, len) = (page.max(1), held.lines.len());
        let end = match action {
            Action::Up => held.end.saturating_sub(1),
            Action::PageUp => held.end.saturating_sub(page),
            Action::First => 0,
            Action::Down => held.end + 1,
            Action::PageDown => held.end + page,
            Action::Last => len + 1,
            _ => held.end,
        };
        // A page that reaches the end follows; one line at a time does so only beyond it.
        if end > len || len <= page {
            self.held = None;
        } else {
            held.end = end.max(page);
        }
    }

    /// Follows the newest lines.
    pub fn follow(&mut self) {
        self.held = None;
    }

    /// The lines in sight, at most a page.
    fn in_sight<'a>(&'a self, snapshot: &'a Snapshot, page: usize) -> &'a [LogLine] {
        let lines = match &self.held {
            Some(held) => held.lines.get(..held.end).unwrap_or(&held.lines),
            None => &snapshot.log,
        };
        lines.get(lines.len().saturating_sub(page)..).unwrap_or_default()
    }

    fn position(&self, page: usize) -> Option<String> {
        let held = self.held.as_ref()?;
        titles::position(held.end.saturating_sub(page), page, held.lines.len())
    }
}

/// Draws the view with its title.
pub fn draw(
    buffer: &mut Buffer,
    area: Rect,
    log: &LogList,
    snapshot: &Snapshot,
    state: &UiState,
    surroundings: Surroundings,
) {
    let body = below_title(area);
    let page = usize::from(body.height);
    let mut title = titles::named("log", state.view == View::Calls, surroundings.focus);
    match (state.clock, &log.held) {
        (Clock::Paused, _) => title.push(trusted(" paused", theme::WAIT)),
        (Clock::Live, Some(_)) => title.push(trusted(" held, G follows", theme::DIM)),
        (Clock::Live, None) => {}
    }
    title.push(trusted(" ", theme::PLAIN));
    let row = Rect { height: area.height.min(1), ..area };
    titles::draw(buffer, row, title, titles::right(surroundings, log.position(page)));
    let lines = log.in_sight(snapshot, page);
    if lines.is_empty() {
        let way = match surroundings.focus {
            Focus::Pane => "no log lines; L shows the calls again",
            Focus::Prompt => "no log lines; `log-level debug` keeps more",
        };
        put(buffer, body, body.y, vec![trusted(way, theme::DIM)]);
    }
    for (y, line) in (body.y..).zip(lines) {
        let mut spans = Vec::new();
        if body.width >= TIME_COLS_MIN {
            let at_ns = u64::try_from(line.at.as_nanos()).unwrap_or(u64::MAX);
            let seq = line.call_seq.map_or_else(|| "-".to_owned(), |seq| seq.to_string());
            spans.push(trusted(format!("{}  {seq:>SEQ_COLS$}  ", clock(at_ns)), theme::DIM));
        }
        spans.push(trusted(format!("{:<5} ", line.level.as_str()), level_style(line.level)));
        spans.push(untrusted(&line.process.to_string(), theme::NAME));
        if let Some(function) = line.function {
            spans.push(untrusted(&format!(".{function}"), theme::FUNCTION));
        }
        spans.push(untrusted(&format!(" {}", line.text), theme::PLAIN));
        put(buffer, body, y, spans);
    }
}

/// Style of a line of this level.
pub fn level_style(level: LogLevel) -> Style {
    match level {
        LogLevel::Error => theme::BAD,
        LogLevel::Warn => theme::WAIT,
        LogLevel::Info => theme::GOOD,
        LogLevel::Debug | LogLevel::Trace | LogLevel::Off => theme::DIM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::pane::fixture::log_line;

    fn texts(log: &LogList, snapshot: &Snapshot) -> Vec<u64> {
        log.in_sight(snapshot, 3).iter().map(|line| line.seq).collect()
    }

    #[test]
    fn the_log_follows_is_held_and_follows_again() {
        let all: Vec<LogLine> = (1..=10).map(|seq| log_line(seq, LogLevel::Info, "text")).collect();
        let snapshot = Snapshot { log: all[7..].to_vec(), ..Snapshot::default() };
        let mut log = LogList::default();
        let mut scroll = |action| {
            log.scroll(action, 3, || all.clone());
            (texts(&log, &snapshot), log.position(3))
        };
        assert_eq!(scroll(Action::Up), (vec![7, 8, 9], Some("7–9/10".to_owned())));
        assert_eq!(scroll(Action::PageUp).0, [4, 5, 6]);
        assert_eq!(scroll(Action::First).0, [1, 2, 3]);
        assert_eq!(scroll(Action::Up).0, [1, 2, 3]);
        assert_eq!(scroll(Action::Down).0, [2, 3, 4]);
        assert_eq!(scroll(Action::Last), (vec![8, 9, 10], None));
    }

    #[test]
    fn a_log_that_fits_has_nothing_to_scroll() {
        let snapshot = Snapshot { log: vec![log_line(1, LogLevel::Warn, "only")], ..Snapshot::default() };
        let mut log = LogList::default();
        log.scroll(Action::Up, 3, || snapshot.log.clone());
        assert!(log.held.is_none());
        assert_eq!(texts(&log, &snapshot), [1]);
    }
}
