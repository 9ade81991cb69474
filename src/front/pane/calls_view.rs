//! The view of calls: newest last, indented by depth.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::front::screen::Focus;
use crate::journal::{Outcome, Record, RecordKind};
use crate::kernel::LifeEvent;
use crate::shell::command::trace;
use crate::shell::listing::Unit;
use crate::shell::words::calls::call_text;

use super::cells::{count, put, put_right, trusted, untrusted};
use super::history::Older;
use super::layout::below_title;
use super::life;
use super::preview;
use super::snapshot::Scope;
use super::state::{Clock, Position, UiState, View};
use super::theme;
use super::titles::{self, Surroundings};

/// The rate at which the title says that only the last rows are shown.
pub const BURST_CALLS_PER_SECOND: f64 = 200.0;
/// The widths at which a row has its time and its bytes.
const TIME_COLS_MIN: u16 = 60;
const BYTES_COLS_MIN: u16 = 48;
const TIME_COLS: u16 = 11;
const BYTES_COLS: u16 = 13;
const DURATION_COLS: u16 = 7;
/// Columns that the names keep beside a preview of payloads, and those that a preview needs and takes.
const NAMES_COLS_MIN: u16 = 44;
const PREVIEW_COLS_MIN: u16 = 24;
const PREVIEW_COLS_MAX: u16 = 96;
/// The widest indentation.
const INDENT_COLS_MAX: usize = 24;

/// The data that the view draws.
pub struct Calls<'a> {
    /// In order of seq.
    pub list: &'a [Record],
    /// Starts and ends of processes, in order of time.
    pub events: &'a [LifeEvent],
    /// The number of ended calls that are newer than the list.
    pub newer: u64,
    /// Whether a held list can be continued to older calls.
    pub older: Older,
    /// The session's calls; `None` while only some of them are shown.
    pub total: Option<u64>,
    pub calls_per_second: f64,
    /// The snapshot's time, in nanoseconds since the session began.
    pub now_ns: u64,
}

/// Draws the view with its title.
pub fn draw(buffer: &mut Buffer, area: Rect, calls: &Calls, state: &UiState, surroundings: Surroundings) {
    draw_title(buffer, area, calls, state, surroundings);
    let body = below_title(area);
    let selected = state.call_index(calls.list).or_else(|| calls.list.len().checked_sub(1));
    let in_sight = state.call_index(calls.list);
    let shown = life::lines(calls.list, calls.events, state.calls_top, usize::from(body.height), in_sight);
    let preview_cols = preview_cols(body.width, calls.list);
    for (y, line) in (body.y..).zip(shown) {
        let row = Rect { y, height: 1, ..body };
        let (index, call) = match line {
            life::LifeRow::Call(index, call) => (index, call),
            life::LifeRow::Life(event) => {
                let rest = draw_time(buffer, row, event.at_ns);
                put(buffer, rest, y, life::spans(event));
                continue;
            }
        };
        draw_call(buffer, row, call, preview_cols, calls.now_ns);
        if surroundings.focus == Focus::Pane && state.view == View::Calls && Some(index) == selected {
            buffer.set_style(Rect { y, height: 1, ..body }, theme::SELECTED);
        }
    }
}

fn draw_title(buffer: &mut Buffer, area: Rect, calls: &Calls, state: &UiState, surroundings: Surroundings) {
    let mut title = titles::name(View::Calls, state.view == View::Calls, surroundings.focus);
    title.extend(calls.total.map(|total| trusted(format!(" {}", count(total)), theme::PLAIN)));
    if let Some(narrowed) = &state.narrowed {
        title.push(untrusted(&format!(" {}", narrowed.to.title()), theme::KEY));
    }
    if state.scope == Scope::ErrorsOnly {
        title.push(trusted(" errors only", theme::BAD));
    }
    match (state.clock, state.position) {
        (Clock::Paused, _) => title.push(trusted(" paused", theme::WAIT)),
        (Clock::Live, Position::At(_)) if calls.newer > 0 => {
            title.push(trusted(format!(" {} newer, G follows", count(calls.newer)), theme::WAIT));
        }
        (Clock::Live, Position::At(_)) => title.push(trusted(" held, G follows", theme::DIM)),
        (Clock::Live, Position::Newest) if calls.calls_per_second >= BURST_CALLS_PER_SECOND => {
            let rate = count(calls.calls_per_second as u64);
            title.push(trusted(format!(" {rate}/s, the last rows"), theme::WAIT));
        }
        (Clock::Live, Position::Newest) => {}
    }
    title.push(trusted(" ", theme::PLAIN));
    let row = Rect { height: area.height.min(1), ..area };
    let column_titles = column_titles(row.width, preview_cols(row.width, calls.list));
    let heads_cols = column_titles.iter().map(|head| head.width() as u16).sum::<u16>().min(row.width);
    let left = Rect { width: row.width - heads_cols, ..row };
    titles::draw(buffer, left, Vec::new(), Vec::new());
    put_right(buffer, row, area.y, column_titles);
    // A narrow title row drops the column titles first.
    let title_cols = title.iter().map(Span::width).sum::<usize>();
    let place = if title_cols > usize::from(left.width) { row } else { left };
    titles::draw(buffer, place, title, titles::right(surroundings, position(calls, state, below_title(area).height)));
}

/// The position in a held list, with a `+` where older calls can be fetched. The newest calls are always the last ones.
fn position(calls: &Calls, state: &UiState, page: u16) -> Option<String> {
    match state.position {
        Position::Newest => None,
        Position::At(_) => {
            let position = titles::position(state.calls_top, page.into(), calls.list.len())?;
            Some(if calls.older == Older::Some { format!("{position}+") } else { position })
        }
    }
}

/// The titles of the columns at the right.
fn column_titles(width: u16, preview_cols: u16) -> Vec<Span<'static>> {
    let head = |text: &str, cols: u16| trusted(format!("{text:>0$}", usize::from(cols)), theme::FRAME);
    let mut column_titles = Vec::new();
    if preview_cols > 0 {
        column_titles.push(trusted(format!("{:<1$}", "input → output", usize::from(preview_cols)), theme::FRAME));
    }
    if width >= BYTES_COLS_MIN {
        let title = format!("{} → {}", trace::BYTES_IN.title, trace::BYTES_OUT.title);
        column_titles.push(head(&title, BYTES_COLS));
    }
    if width > DURATION_COLS * 2 {
        column_titles.push(head(trace::TOOK.title, DURATION_COLS));
    }
    column_titles
}

/// The columns of the previews: 0 in a narrow view, and where no call has a payload.
fn preview_cols(width: u16, calls: &[Record]) -> u16 {
    let room = width.saturating_sub(TIME_COLS + BYTES_COLS + DURATION_COLS + NAMES_COLS_MIN);
    let is_shown = room >= PREVIEW_COLS_MIN && calls.iter().any(|call| call.kept().is_some());
    if is_shown { room.min(PREVIEW_COLS_MAX) } else { 0 }
}

fn draw_call(buffer: &mut Buffer, row: Rect, call: &Record, preview_cols: u16, now_ns: u64) {
    let mut rest = draw_time(buffer, row, call.at_ns);
    let duration = duration_span(call, now_ns);
    if row.width > DURATION_COLS * 2 {
        put_right(buffer, rest, row.y, vec![duration]);
        rest.width -= DURATION_COLS;
    }
    // A failed call shows its error in place of its bytes.
    if row.width >= BYTES_COLS_MIN && !call.outcome.is_failure() {
        put_right(buffer, rest, row.y, bytes_spans(call));
        rest.width -= BYTES_COLS;
        rest.width -= preview_cols;
        let place = Rect { x: rest.right(), width: preview_cols.saturating_sub(1), ..rest };
        put(buffer, place, row.y, preview::spans(call, place.width.into()));
    }
    let whole = name_spans(call, Caller::Named);
    let fits = whole.iter().map(Span::width).sum::<usize>() <= usize::from(rest.width);
    // In a narrow row the caller is left out: it is usually the row above.
    put(buffer, rest, row.y, if fits { whole } else { name_spans(call, Caller::LeftOut) });
}

/// Draws the time of a row, where there is room for it. Returns the rest of the row.
fn draw_time(buffer: &mut Buffer, row: Rect, at_ns: u64) -> Rect {
    if row.width < TIME_COLS_MIN {
        return row;
    }
    put(buffer, row, row.y, vec![trusted(clock(at_ns), theme::DIM)]);
    Rect { x: row.x + TIME_COLS, width: row.width - TIME_COLS, ..row }
}

/// A time since the session began: `01:23.456`.
pub fn clock(at_ns: u64) -> String {
    let ms = at_ns / 1_000_000;
    let (minutes, seconds) = (ms / 60_000, ms / 1000 % 60);
    format!("{minutes:02}:{seconds:02}.{:03}", ms % 1000)
}

fn duration_span(call: &Record, now_ns: u64) -> Span<'static> {
    let text = match call.outcome {
        Outcome::Running => {
            let so_far = now_ns.saturating_sub(call.at_ns).saturating_sub(call.held_ns);
            Unit::Nanoseconds.text(so_far.max(call.duration_ns))
        }
        _ => trace::TOOK.cell(call).text,
    };
    trusted(text, theme::outcome(call.outcome))
}

fn bytes_spans(call: &Record) -> Vec<Span<'static>> {
    let output = if call.outcome.is_ended() { trace::BYTES_OUT.cell(call).text } else { "…".to_owned() };
    vec![trusted(format!("{} → {output}", trace::BYTES_IN.cell(call).text), theme::DIM)]
}

/// Whether a row shows the caller's name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caller {
    Named,
    LeftOut,
}

fn name_spans(call: &Record, caller: Caller) -> Vec<Span<'static>> {
    let indent = usize::from(call.depth.saturating_sub(1)) * 2;
    let mut spans = vec![trusted(" ".repeat(indent.min(INDENT_COLS_MAX)), theme::PLAIN)];
    if let Some(glyph) = theme::outcome_glyph(call.outcome) {
        spans.push(trusted(format!("{glyph} "), theme::outcome(call.outcome)));
    }
    if call.is_started() {
        spans.push(trusted(call.started_mark(), theme::DIM));
    }
    if caller == Caller::Named {
        spans.push(untrusted(&call.caller_label(), theme::DIM));
        spans.push(trusted(" → ", theme::DIM));
    }
    if call.kind == RecordKind::Load {
        spans.push(untrusted(&call_text(call), theme::NAME));
    } else {
        spans.push(untrusted(&call.callee_label(), theme::NAME));
        spans.push(trusted(".", theme::DIM));
        spans.push(untrusted(call.function.as_str(), theme::FUNCTION));
    }
    if let Some(detail) = call.detail() {
        spans.push(untrusted(&format!(" {detail}"), theme::PLAIN));
    }
    if let Some(word) = call.changed_by.as_str() {
        spans.push(trusted(format!(" [{word}]"), theme::WAIT));
    }
    if call.outcome == Outcome::Held {
        spans.push(trusted(" held", theme::WAIT));
    }
    if call.outcome.is_failure() {
        spans.push(trusted(format!(" {}", call.outcome), theme::BAD));
        if let Some(error) = &call.error {
            spans.push(untrusted(&format!(": {}", error.beside(call.callee, call.function)), theme::BAD));
        }
    }
    spans
}
