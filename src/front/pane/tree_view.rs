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
use crate::shell::units::show_bytes;
use crate::shell::words::processes::state_reason;

use super::activity::Activity;
use super::cells::{count, put, put_right, trusted, untrusted};
use super::history::History;
use super::layout::below_title;
use super::snapshot::{Scope, Snapshot};
use super::state::{UiState, View};
use super::theme;
use super::titles::{self, Surroundings};
use super::tree::{Expansion, Sort, TreeEntry};

/// A figure of a row.
#[derive(Clone, Copy)]
enum Figure {
    Column(Column<ProcessView>),
    CallsPerSecond,
    BusyPercent,
}

/// Where a figure stands.
#[derive(Clone, Copy)]
struct FigureColumn {
    figure: Figure,
    /// Including the gap before it.
    cols: u16,
    /// The width of the view at which it is shown.
    view_cols_min: u16,
}

const fn place(figure: Figure, cols: u16, view_cols_min: u16) -> FigureColumn {
    FigureColumn { figure, cols, view_cols_min }
}

/// The figures of a row, from the left.
const FIGURES: [FigureColumn; 6] = [
    place(Figure::Column(ps::CALLS), 6, 30),
    place(Figure::CallsPerSecond, 6, 52),
    place(Figure::Column(ps::ERRORS), 7, 38),
    place(Figure::BusyPercent, 6, 44),
    place(Figure::Column(ps::BUSY), 7, 66),
    place(Figure::Column(ps::MEMORY), 6, 50),
];
/// Guides take at most 1/`DEPTH_SHARE` of the view's width; a deeper row shows its depth as a number.
const DEPTH_SHARE: u16 = 3;

/// The data that the view draws.
pub struct Processes<'a> {
    pub snapshot: &'a Snapshot,
    pub rows: &'a [TreeEntry],
    pub history: &'a History,
}

/// Draws the view with its title.
pub fn draw(buffer: &mut Buffer, area: Rect, processes: &Processes, state: &UiState, surroundings: Surroundings) {
    let Processes { snapshot, rows, history } = processes;
    draw_title(buffer, area, processes, state, surroundings);
    let body = below_title(area);
    if snapshot.processes.is_empty() {
        put(buffer, body, body.y + 1, vec![trusted("no process yet: `load NAME` starts one", theme::DIM)]);
    }
    let shown = rows.iter().skip(state.tree_top).take(usize::from(body.height));
    for (y, row) in (body.y..).zip(shown) {
        let process = row.index.and_then(|index| snapshot.processes.get(index));
        put(buffer, name_area(body), y, name_spans(row, process, processes, body.width));
        if let Some(process) = process {
            draw_figures(buffer, body, y, process, history);
        }
        if surroundings.focus == Focus::Pane && state.view == View::Tree && row.id == state.selected {
            buffer.set_style(Rect { y, height: 1, ..body }, theme::SELECTED);
        }
    }
}

fn figures(width: u16) -> impl Iterator<Item = FigureColumn> {
    FIGURES.into_iter().filter(move |place| width >= place.view_cols_min)
}

fn figures_cols(width: u16) -> u16 {
    figures(width).map(|place| place.cols).sum()
}

fn name_area(body: Rect) -> Rect {
    Rect { width: body.width - figures_cols(body.width), ..body }
}

/// The position in a tree that is longer than the view: without the shell's row, which is no process.
fn position(top: usize, rows_in_sight: usize, rows: usize) -> Option<String> {
    let shells_row = usize::from(top == 0);
    titles::position(top.saturating_sub(1), rows_in_sight.saturating_sub(shells_row), rows.saturating_sub(1))
}

fn draw_title(buffer: &mut Buffer, area: Rect, processes: &Processes, state: &UiState, surroundings: Surroundings) {
    let snapshot = processes.snapshot;
    let mut title = titles::name(View::Tree, state.view == View::Tree, surroundings.focus);
    let body_rows = below_title(area).height.into();
    let count = position(state.tree_top, body_rows, processes.rows.len());
    title.push(trusted(format!(" {}", count.unwrap_or_else(|| snapshot.living().to_string())), theme::PLAIN));
    if state.tree.sort != Sort::default() {
        title.push(trusted(format!(" by {}", state.tree.sort.title()), theme::DIM));
    }
    if state.scope == Scope::ErrorsOnly {
        title.push(trusted(" errors only", theme::BAD));
    }
    title.push(trusted(" ", theme::PLAIN));
    let row = Rect { height: area.height.min(1), ..area };
    let memory_bytes = snapshot.totals.memory_bytes;
    let memory = (memory_bytes > 0).then(|| show_bytes(memory_bytes));
    titles::draw(buffer, name_area(row), title, titles::right(surroundings, memory));
    for (figure, place) in figure_areas(row) {
        put_right(buffer, place, area.y, vec![trusted(figure.title(), theme::FRAME)]);
    }
}

fn figure_areas(row: Rect) -> impl Iterator<Item = (Figure, Rect)> {
    let mut x = row.right() - figures_cols(row.width);
    figures(row.width).map(move |FigureColumn { figure, cols, .. }| {
        let area = Rect { x: x + 1, width: cols - 1, ..row };
        x += cols;
        (figure, area)
    })
}

fn draw_figures(buffer: &mut Buffer, body: Rect, y: u16, process: &ProcessView, history: &History) {
    let activity = history.activities.of(process);
    for (figure, area) in figure_areas(body) {
        if let Some(span) = figure.span(process, activity) {
            put_right(buffer, area, y, vec![span]);
        }
    }
}

impl Figure {
    fn title(self) -> &'static str {
        match self {
            Figure::Column(column) => column.title,
            Figure::CallsPerSecond => "/s",
            Figure::BusyPercent => "busy%",
        }
    }

    fn span(self, process: &ProcessView, activity: Activity) -> Option<Span<'static>> {
        match self {
            Figure::Column(column) => column.figure(process).map(|(unit, figure)| figure_span(unit, figure)),
            Figure::CallsPerSecond => Some(rate_span(activity.calls_per_second)),
            Figure::BusyPercent => Some(rate_span(activity.busy_percent)),
        }
    }
}

/// A rate in at most five columns, a small one with its first decimal; a dash for none.
fn rate_span(rate: f64) -> Span<'static> {
    match rate {
        rate if rate < 0.05 => trusted("-", theme::DIM),
        rate if rate < 9.95 => trusted(format!("{rate:.1}"), theme::PLAIN),
        rate => trusted(count(rate.round() as u64), theme::PLAIN),
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

fn name_spans(row: &TreeEntry, process: Option<&ProcessView>, processes: &Processes, width: u16) -> Vec<Span<'static>> {
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
        (Some(process), _) => push_process(&mut spans, process, processes),
    }
    if let Expansion::Folded(count) = row.expansion {
        spans.push(trusted(format!(" ▸{count}"), theme::KEY));
    }
    spans
}

fn push_process(spans: &mut Vec<Span<'static>>, process: &ProcessView, processes: &Processes) {
    let Processes { snapshot, history, .. } = processes;
    let (glyph, style) = match snapshot.is_held(process.id) {
        true => (theme::HELD, theme::WAIT),
        false => theme::process(&process.state),
    };
    let name_style = match &process.state {
        ProcessState::Dead { .. } if history.fading(process) > 0.3 => theme::DIM,
        ProcessState::Dead { .. } | ProcessState::Crashed { .. } => theme::BAD,
        ProcessState::Running | ProcessState::Held => theme::NAME.add_modifier(Modifier::BOLD),
        ProcessState::Idle | ProcessState::Waiting { .. } => theme::NAME,
    };
    let glyph_style = if name_style == theme::DIM { Style::new().patch(theme::DIM) } else { style };
    spans.push(trusted(format!("{glyph} "), glyph_style));
    spans.push(trusted(format!("{}:", process.id), theme::DIM));
    spans.push(untrusted(&process.name, name_style));
    if let Some(node) = &process.node {
        spans.push(untrusted(&format!("@{node}"), theme::DIM));
    }
    match &process.state {
        ProcessState::Waiting { on } => {
            let whom = snapshot.process(*on).map_or_else(|| on.to_string(), |other| other.label().to_string());
            spans.push(trusted(" ⇢ ", theme::WAIT));
            spans.push(untrusted(&whom, theme::WAIT));
        }
        ProcessState::Crashed { .. } | ProcessState::Dead { .. } => {
            let style = if process.exit_reason().is_some() { theme::DIM } else { theme::BAD };
            spans.push(untrusted(&format!(" {}", state_reason(process).unwrap_or_default()), style));
        }
        ProcessState::Idle | ProcessState::Running | ProcessState::Held => {}
    }
}

/// The guides before a row's name (`│ └ `); a number in place of guides wider than `cols` columns.
fn guides(row: &TreeEntry, cols: usize) -> String {
    if row.depth * 2 > cols.max(4) {
        return format!("⋯{} ", row.depth);
    }
    Guides::NARROW.before(row.depth, |depth| match depth == row.depth {
        true => !row.last,
        false => row.guides.checked_shr(depth as u32).is_some_and(|bits| bits & 1 == 1),
    })
}
