//! The view of the process tree; draws only the rows in sight.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Span;

use crate::front::screen::Focus;
use crate::kernel::{ProcessState, ProcessView};
use crate::shell::command::ps;
use crate::shell::listing::{Column, Unit};
use crate::shell::tree::Guides;

use super::cells::{count, put, put_right, trusted, untrusted};
use super::layout::below_title;
use super::snapshot::{Scope, Snapshot};
use super::state::{State, View};
use super::theme;
use super::titles::{self, Surroundings};
use super::tree::{Expansion, Row, Sort};

/// The figures of a row, from the left, with the width of the view at which each is shown.
const FIGURES: [(Column<ProcessView>, u16); 4] = [(ps::CALLS, 30), (ps::ERRORS, 38), (ps::BUSY, 46), (ps::MEMORY, 54)];
/// Columns of one figure, including its gap.
const FIGURE_COLS: u16 = 7;
/// Guides take at most 1/`DEPTH_SHARE` of the view's width; a deeper row shows its depth as a number.
const DEPTH_SHARE: u16 = 3;

/// Draws the view with its title. `fading` returns a dead process's age as a share of the time that it is shown.
pub fn draw(
    buffer: &mut Buffer,
    area: Rect,
    snapshot: &Snapshot,
    rows: &[Row],
    state: &State,
    surroundings: Surroundings,
    fading: impl Fn(&ProcessView) -> f32,
) {
    draw_title(buffer, area, snapshot, rows.len(), state, surroundings);
    let body = below_title(area);
    if snapshot.processes.is_empty() {
        put(buffer, body, body.y + 1, vec![trusted("no process yet: `load NAME` starts one", theme::DIM)]);
    }
    let shown = rows.iter().skip(state.tree_top).take(usize::from(body.height));
    for (y, row) in (body.y..).zip(shown) {
        let process = row.index.and_then(|index| snapshot.processes.get(index));
        put(buffer, name_area(body), y, name_spans(row, process, snapshot, body.width, &fading));
        if let Some(process) = process {
            draw_figures(buffer, body, y, process);
        }
        if surroundings.focus == Focus::Pane && state.view == View::Tree && row.id == state.selected {
            buffer.set_style(Rect { y, height: 1, ..body }, theme::SELECTED);
        }
    }
}

fn figures(width: u16) -> impl Iterator<Item = Column<ProcessView>> {
    FIGURES.into_iter().filter(move |(_, from)| width >= *from).map(|(figure, _)| figure)
}

fn figures_cols(width: u16) -> u16 {
    figures(width).count() as u16 * FIGURE_COLS
}

fn name_area(body: Rect) -> Rect {
    Rect { width: body.width - figures_cols(body.width), ..body }
}

fn draw_title(
    buffer: &mut Buffer,
    area: Rect,
    snapshot: &Snapshot,
    rows: usize,
    state: &State,
    surroundings: Surroundings,
) {
    let mut title = titles::name(View::Tree, state.view == View::Tree, surroundings.focus);
    title.push(trusted(format!(" {}", snapshot.living()), theme::PLAIN));
    if state.tree.sort != Sort::default() {
        title.push(trusted(format!(" by {}", state.tree.sort.title()), theme::DIM));
    }
    if state.scope == Scope::ErrorsOnly {
        title.push(trusted(" errors only", theme::BAD));
    }
    title.push(trusted(" ", theme::PLAIN));
    let row = Rect { height: area.height.min(1), ..area };
    // The shell's row is not counted.
    let (top, page) = match (state.tree_top, usize::from(below_title(area).height)) {
        (0, page) => (0, page.saturating_sub(1)),
        (top, page) => (top - 1, page),
    };
    let position = titles::position(top, page, rows.saturating_sub(1));
    titles::draw(buffer, name_area(row), title, titles::right(surroundings, position));
    for (column, place) in figure_areas(row) {
        put_right(buffer, place, area.y, vec![trusted(column.title, theme::FRAME)]);
    }
}

fn figure_areas(row: Rect) -> impl Iterator<Item = (Column<ProcessView>, Rect)> {
    let left = row.right() - figures_cols(row.width);
    (0..).zip(figures(row.width)).map(move |(n, column)| {
        let place = Rect { x: left + n * FIGURE_COLS + 1, width: FIGURE_COLS - 1, ..row };
        (column, place)
    })
}

fn draw_figures(buffer: &mut Buffer, body: Rect, y: u16, process: &ProcessView) {
    for (column, place) in figure_areas(body) {
        if let Some((unit, figure)) = column.figure(process) {
            put_right(buffer, place, y, vec![figure_span(unit, figure)]);
        }
    }
}

/// A figure in few columns; a dash says that there are no errors, or that there is no memory.
fn figure_span(unit: Unit, figure: u64) -> Span<'static> {
    match (unit, figure) {
        (Unit::Errors | Unit::Bytes, 0) => trusted("-", theme::DIM),
        (Unit::Errors, errors) => trusted(count(errors), theme::BAD),
        (Unit::Count, n) => trusted(count(n), theme::PLAIN),
        (Unit::Bytes | Unit::Nanoseconds, amount) => trusted(unit.text(amount), theme::PLAIN),
    }
}

fn name_spans(
    row: &Row,
    process: Option<&ProcessView>,
    snapshot: &Snapshot,
    width: u16,
    fading: impl Fn(&ProcessView) -> f32,
) -> Vec<Span<'static>> {
    let mut spans = vec![trusted(guides(row, usize::from(width / DEPTH_SHARE)), theme::DIM)];
    match (process, row.expansion) {
        (_, Expansion::Summary { siblings, busy, crashed }) => {
            spans.push(trusted(format!("… {siblings} more"), theme::DIM));
            if busy > 0 {
                spans.push(trusted(format!(" {busy} busy"), theme::GOOD));
            }
            if crashed > 0 {
                spans.push(trusted(format!(" {crashed} crashed"), theme::BAD));
            }
        }
        (None, _) => spans.push(trusted("shell", theme::STRONG)),
        (Some(process), _) => push_process(&mut spans, process, snapshot, fading),
    }
    if let Expansion::Folded(count) = row.expansion {
        spans.push(trusted(format!(" ▸{count}"), theme::KEY));
    }
    spans
}

fn push_process(
    spans: &mut Vec<Span<'static>>,
    process: &ProcessView,
    snapshot: &Snapshot,
    fading: impl Fn(&ProcessView) -> f32,
) {
    let (glyph, style) = theme::process(&process.state);
    let name_style = match &process.state {
        ProcessState::Dead { .. } if fading(process) > 0.3 => theme::DIM,
        ProcessState::Dead { .. } | ProcessState::Crashed { .. } => theme::BAD,
        ProcessState::Running => theme::NAME.add_modifier(Modifier::BOLD),
        ProcessState::Idle | ProcessState::Waiting { .. } => theme::NAME,
    };
    let glyph_style = if name_style == theme::DIM { Style::new().patch(theme::DIM) } else { style };
    spans.push(trusted(format!("{glyph} "), glyph_style));
    spans.push(trusted(format!("{}:", process.id), theme::DIM));
    spans.push(untrusted(&process.name, name_style));
    match &process.state {
        ProcessState::Waiting { on } => {
            let whom = snapshot.process(*on).map_or_else(|| on.to_string(), |other| other.label().to_string());
            spans.push(trusted(" ⇢ ", theme::WAIT));
            spans.push(untrusted(&whom, theme::WAIT));
        }
        ProcessState::Crashed { why } => spans.push(untrusted(&format!(" {why}"), theme::BAD)),
        ProcessState::Dead { reason } => spans.push(untrusted(&format!(" {reason}"), theme::DIM)),
        ProcessState::Idle | ProcessState::Running => {}
    }
}

/// The guides before a row's name (`│ └ `); a number in place of guides wider than `cols` columns.
fn guides(row: &Row, cols: usize) -> String {
    if row.depth * 2 > cols.max(4) {
        return format!("⋯{} ", row.depth);
    }
    Guides::NARROW.before(row.depth, |depth| match depth == row.depth {
        true => !row.last,
        false => row.guides.checked_shr(depth as u32).is_some_and(|bits| bits & 1 == 1),
    })
}
