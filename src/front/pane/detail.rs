//! The details of a process (counters, limits, functions, callers and callees) or of a call (figures and payload), as
//! lines.

use std::cmp::Reverse;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::journal::{KeptBytes, LoadSteps, Outcome, Record, RecordKind, stats};
use crate::kernel::{LogLine, ProcessDetail, ProcessId, ProcessState, ProcessView, StackView};
use crate::runtime::{Spec, Worded};
use crate::shell::excerpt::Excerpt;
use crate::shell::reply as shell;
use crate::shell::reply::many_lines;
use crate::shell::units::{exact_size, show_bytes, show_duration};
use crate::shell::words::SHELL;
use crate::shell::words::calls::steps_text;
use crate::shell::words::limits::plugin_limits;
use crate::shell::words::processes::counter_rows;
use crate::shell::words::stack::{Fold, stack_lines};
use crate::text::counted;

use super::cells::{count, trusted, untrusted};
use super::lines::{Line, draw_lines, figure, list};
use super::log_view::level_style;
use super::payload;
use super::rates::sparkline;
use super::snapshot::HeldPlace;
use super::state::Subject;
use super::theme;

/// The place of the line with a request's details: after the function.
const ASKED_AT: usize = 3;
/// The most lines of a call's log.
pub const LOG_LINES_MAX: usize = 500;
/// The most callers, and the most callees, that are listed.
pub const EDGES_MAX: usize = 50;
/// Widest sparkline of the durations of a caller's calls, in columns.
const SPARKLINE_COLS_MAX: usize = 24;

/// The details of one process or call, as lines that scroll.
#[derive(Debug, Clone)]
pub struct Detail {
    pub subject: Subject,
    title: String,
    lines: Vec<Line>,
    /// Where the stack of an error and log lines stand among the lines.
    stack_at: usize,
}

impl Detail {
    /// The details of a process; `detail` is `None` when the kernel no longer knows it.
    pub fn process(id: ProcessId, detail: Option<&ProcessDetail>, edges: &[stats::StatsRow]) -> Detail {
        let subject = Subject::Process(id);
        let Some(detail) = detail else {
            return Detail::gone(subject, format!("process {id}"), "it is gone");
        };
        let mut lines = figures(&detail.view);
        lines.extend(limits(&detail.spec));
        if let Some(error) = &detail.last_error {
            lines.push(figure("last error", vec![untrusted(&error.with_reason(), theme::BAD)]));
        }
        let stack_at = lines.len();
        lines.push(list("functions", &detail.functions, theme::FUNCTION));
        let children: Vec<String> = detail.children.iter().map(ToString::to_string).collect();
        lines.push(list("children", &children, theme::NAME));
        push_edges(
            &mut lines,
            "called by",
            edges,
            |edge| edge.callee.0 == id,
            |edge| edge.caller_label().unwrap_or_default(),
        );
        push_edges(
            &mut lines,
            "calls",
            edges,
            |edge| edge.caller.is_some_and(|caller| caller.0 == id),
            stats::StatsRow::callee_label,
        );
        let exports: Vec<String> = detail.exports.iter().map(ToString::to_string).collect();
        lines.push(list("exports", &exports, theme::PLAIN));
        let imports: Vec<String> = detail.imports.iter().map(ToString::to_string).collect();
        lines.push(list("imports", &imports, theme::PLAIN));
        for (name, hash) in &detail.modules {
            lines.push(figure(
                "module",
                vec![untrusted(name, theme::NAME), trusted(" sha256 ", theme::DIM), untrusted(hash, theme::DIM)],
            ));
        }
        Detail { subject, title: detail.view.label().to_string(), lines, stack_at }
    }

    /// The details of a subject that is no longer known: one line that says why.
    fn gone(subject: Subject, title: String, why: &'static str) -> Detail {
        Detail { subject, title, lines: vec![vec![trusted(why, theme::DIM)]], stack_at: 1 }
    }

    /// The details of a call; `call` is `None` when the journal has evicted it.
    pub fn call(seq: u64, call: Option<&Record>, now: Duration) -> Detail {
        let subject = Subject::Call(seq);
        let Some(call) = call else {
            let why = "the journal has let it go: newer calls needed its place";
            return Detail::gone(subject, format!("call {seq}"), why);
        };
        let ended = call.outcome.is_ended();
        let held = Duration::from_nanos(call.held_ns);
        let so_far = now.saturating_sub(Duration::from_nanos(call.at_ns)).saturating_sub(held);
        let stands = ended || call.outcome == Outcome::Held;
        let duration = if stands { Duration::from_nanos(call.duration_ns) } else { so_far };
        let mut lines = vec![
            figure("caller", vec![untrusted(&call.caller_label(), theme::NAME)]),
            figure("callee", vec![untrusted(&call.callee_label(), theme::NAME)]),
            figure("function", vec![untrusted(call.function.as_str(), theme::FUNCTION)]),
            figure("outcome", vec![trusted(call.outcome.as_str(), theme::outcome(call.outcome))]),
            figure(
                "duration",
                vec![
                    trusted(show_duration(duration), theme::PLAIN),
                    trusted(format!(", {} in itself", show_duration(Duration::from_nanos(call.self_ns()))), theme::DIM),
                ],
            ),
            figure("began", vec![trusted(format!("{:.3}s into the session", call.at_ns as f64 / 1e9), theme::PLAIN)]),
            figure("depth", vec![trusted(format!("{}{}", call.depth, job_text(call)), theme::PLAIN)]),
        ];
        lines.extend(call.load().map(load_lines).into_iter().flatten());
        if let Some(detail) = call.detail() {
            lines.insert(ASKED_AT, figure("asked", vec![untrusted(detail, theme::PLAIN)]));
        }
        if call.held_ns > 0 {
            lines.push(figure("held", vec![trusted(show_duration(held), theme::WAIT)]));
        }
        if let Some(bytes) = call.grew.bytes().filter(|bytes| *bytes > 0) {
            let grown = format!("by {}, which it left there", show_bytes(bytes));
            lines.push(figure("grew", vec![trusted(grown, theme::WAIT)]));
        }
        if let Some(fuel) = call.counted_fuel() {
            lines.push(figure("fuel", vec![trusted(format!("{fuel} units in itself"), theme::PLAIN)]));
        }
        if let Some(error) = &call.error {
            lines.push(figure("error", vec![untrusted(&error.to_string(), theme::BAD)]));
        }
        let stack_at = lines.len();
        if let Some(word) = call.changed_by.as_str() {
            lines.push(figure("changed by", vec![trusted(word, theme::WAIT)]));
        }
        let noun = if call.kind == RecordKind::Load { "load" } else { "call" };
        if call.kind != RecordKind::Load {
            push_payloads(&mut lines, call);
        }
        Detail { subject, title: format!("{noun} {seq}"), lines, stack_at }
    }

    /// The details with the stack of the error below it.
    pub fn with_stack(mut self, stack: Option<&StackView>) -> Detail {
        if let Some(stack) = stack.filter(|stack| stack.has_frames()) {
            self.lines.splice(self.stack_at..self.stack_at, lines_of(stack));
        }
        self
    }

    /// The details with the place where the job of a held process or call stands, before all else: the source, where it
    /// was found, and the stack.
    pub fn with_held_place(mut self, place: &HeldPlace) -> Detail {
        if place.stack.has_frames() {
            let title = vec![trusted("── held, where it stands ", theme::WAIT)];
            let source = place.source.iter().flat_map(source_lines);
            let lines: Vec<Line> = std::iter::once(title).chain(source).chain(lines_of(&place.stack)).collect();
            self.lines.splice(0..0, lines);
        }
        self
    }

    /// The details with the lines that the call logged, before its bytes.
    pub fn with_log(mut self, log: &[LogLine]) -> Detail {
        let title = vec![trusted(format!("── {} ", counted(log.len() as u64, "log line")), theme::STRONG)];
        let lines = log.iter().map(|line| {
            let level = trusted(format!("{:<5} ", line.level.as_str()), level_style(line.level));
            vec![level, untrusted(&line.text, theme::PLAIN)]
        });
        let lines: Vec<Line> = std::iter::once(title).filter(|_| !log.is_empty()).chain(lines).collect();
        self.lines.splice(self.stack_at..self.stack_at, lines);
        self
    }

    /// Draws the title and the lines from `scroll` on. Returns the scroll position, reduced to the last possible one.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect, scroll: usize) -> usize {
        draw_lines(buffer, area, &self.title, &self.lines, scroll)
    }
}

/// The lines of an excerpt with its file before them and an empty line after them.
fn source_lines(excerpt: &Excerpt) -> Vec<Line> {
    let mut lines = vec![vec![untrusted(&excerpt.file, theme::DIM)]];
    lines.extend(excerpt.numbered().map(|(number, text, is_here)| {
        let mark = if is_here { "→" } else { " " };
        let style = if is_here { theme::STRONG } else { theme::PLAIN };
        vec![trusted(format!("{mark}{number:>5}  "), theme::DIM), untrusted(&many_lines(text), style)]
    }));
    lines.push(Line::new());
    lines
}

/// The lines of a stack, as the shell shows it.
fn lines_of(stack: &StackView) -> Vec<Line> {
    let line = |line: shell::Line| line.spans.iter().map(|span| untrusted(&span.text, style_of(span.role))).collect();
    stack_lines(stack, Fold::Runtime).into_iter().map(line).collect()
}

/// The input and, of an ended call, the output.
fn push_payloads(lines: &mut Vec<Line>, call: &Record) {
    let kept = call.kept();
    push_payload(lines, "input", call.bytes_in, kept.map(|payload| &payload.input));
    if call.outcome.is_ended() {
        push_payload(lines, "output", call.bytes_out, kept.map(|payload| &payload.output));
    }
}

/// The source and the steps of a load.
fn load_lines(steps: &LoadSteps) -> [Line; 2] {
    [
        figure("source", vec![untrusted(&steps.source, theme::PLAIN)]),
        figure("steps", vec![trusted(steps_text(steps), theme::PLAIN)]),
    ]
}

/// The job of a call; empty for a load at the prompt, which is no job.
fn job_text(call: &Record) -> String {
    if call.kind == RecordKind::Load && call.job == 0 { String::new() } else { format!(", in job %{}", call.job) }
}

/// The style of a span of the shell's.
fn style_of(role: shell::Role) -> Style {
    match role {
        shell::Role::Strong => theme::STRONG,
        shell::Role::Name => theme::NAME,
        shell::Role::Dim => theme::DIM,
        shell::Role::Bad => theme::BAD,
        _ => theme::PLAIN,
    }
}

fn figures(view: &ProcessView) -> Vec<Line> {
    let (glyph, style) = theme::process(&view.state);
    let mut state = vec![trusted(format!("{glyph} {}", view.state.word()), style)];
    match &view.state {
        ProcessState::Waiting { on } => state.push(trusted(format!(" on {on}"), style)),
        ProcessState::Crashed { crash } => state.push(untrusted(&format!(": {crash}"), style)),
        ProcessState::Dead { reason } => state.push(untrusted(&format!(": {}", reason.words(SHELL)), style)),
        ProcessState::Idle | ProcessState::Running | ProcessState::Held => {}
    }
    state.push(trusted(format!(", {} old", show_duration(view.age)), theme::DIM));
    let host = match &view.node {
        Some(node) => format!(", on node {node}"),
        None => format!(", {} host", view.host.as_str()),
    };
    let source = vec![untrusted(&view.source, theme::PLAIN), trusted(host, theme::DIM)];
    let mut figures = vec![figure("state", state), figure("source", source)];
    let counters = counter_rows(view).into_iter().map(|(title, figures)| {
        figure(title, figures.spans.into_iter().map(|span| trusted(span.text, style_of(span.role))).collect())
    });
    figures.extend(counters);
    figures
}

fn limits(spec: &Spec) -> Vec<Line> {
    let mut limits = plugin_limits(spec);
    if !spec.wasi {
        limits.push("no WASI".to_owned());
    }
    let paths: Vec<String> = spec
        .allowed_paths
        .iter()
        .map(|path| {
            format!("{} → {}{}", path.host.display(), path.guest, if path.read_only { " (read only)" } else { "" })
        })
        .collect();
    vec![
        list("limits", &limits, theme::PLAIN),
        list("hosts", &spec.allowed_hosts, theme::PLAIN),
        list("paths", &paths, theme::PLAIN),
    ]
}

fn push_edges(
    lines: &mut Vec<Line>,
    title: &str,
    edges: &[stats::StatsRow],
    belongs: impl Fn(&stats::StatsRow) -> bool,
    name: impl Fn(&stats::StatsRow) -> String,
) {
    let mut edges: Vec<&stats::StatsRow> = edges.iter().filter(|edge| belongs(edge)).collect();
    edges.sort_by_key(|edge| Reverse(edge.calls));
    if edges.is_empty() {
        lines.push(figure(title, vec![trusted("nobody in the journal", theme::DIM)]));
    }
    for (n, edge) in edges.iter().take(EDGES_MAX).enumerate() {
        let errors = if edge.errors > 0 { theme::BAD } else { theme::DIM };
        let bars = edge.durations.bars();
        lines.push(figure(
            if n == 0 { title } else { "" },
            vec![
                untrusted(&name(edge), theme::NAME),
                trusted(format!("  {} calls", count(edge.calls)), theme::PLAIN),
                trusted(format!("  {} errors", count(edge.errors)), errors),
                trusted(format!("  {} → {}", show_bytes(edge.bytes_in), show_bytes(edge.bytes_out)), theme::PLAIN),
                trusted(
                    format!(
                        "  {} {} {}",
                        show_duration(Duration::from_nanos(edge.p50_ns)),
                        sparkline(bars.iter().map(|bar| bar.count), bars.len().clamp(1, SPARKLINE_COLS_MAX)),
                        show_duration(Duration::from_nanos(edge.max_ns))
                    ),
                    theme::GOOD,
                ),
            ],
        ));
    }
    if edges.len() > EDGES_MAX {
        lines.push(figure("", vec![trusted(format!("and {} more", edges.len() - EDGES_MAX), theme::DIM)]));
    }
}

fn push_payload(lines: &mut Vec<Line>, title: &str, bytes: u64, kept: Option<&KeptBytes>) {
    lines.push(vec![trusted(format!("── {title}, {} ", exact_size(bytes)), theme::STRONG)]);
    match kept {
        Some(kept) => lines.extend(payload::lines(kept).into_iter().map(|line| vec![trusted(line, theme::PLAIN)])),
        None if bytes == 0 => lines.push(vec![trusted("no bytes", theme::DIM)]),
        None => lines.push(vec![trusted("not kept: payloads were off", theme::DIM)]),
    }
}
