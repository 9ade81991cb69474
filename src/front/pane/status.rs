//! The status line: sums, rates, active hooks and key hints; or a question, or the filter's input.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::front::screen::Focus;
use crate::kernel::{JobState, JobView};
use crate::shell::units::show_bytes;

use super::cells::{count, put, put_right, trusted, untrusted};
use super::keys;
use super::rates::{Rates, sparkline};
use super::snapshot::{ActiveHooks, Snapshot, mistake};
use super::state::{Clock, Layer, UiState};
use super::theme;
use crate::text::{counted, plural};

/// The width at which rates have sparklines.
const SPARKLINE_COLS_MIN: u16 = 70;
/// The width while a job is held: the keys for it need the room.
const HELD_SPARKLINE_COLS_MIN: u16 = 120;
const SPARKLINE_COLS: usize = 12;

/// Draws the status line into one row.
pub fn draw(buffer: &mut Buffer, row: Rect, snapshot: &Snapshot, rates: &Rates, state: &UiState, focus: Focus) {
    match (&state.layer, &state.message) {
        (Layer::Confirm { text, .. }, _) => {
            put(buffer, row, row.y, vec![trusted(format!(" {text} "), theme::ASK)]);
        }
        (Layer::Filter { text }, _) => {
            let hint = match mistake(text, state.view) {
                Some(mistake) => untrusted(&format!("   {mistake}"), theme::BAD),
                None => trusted("   Enter keeps it, Esc takes it back", theme::DIM),
            };
            put(
                buffer,
                row,
                row.y,
                vec![trusted(" /", theme::KEY), untrusted(text, theme::PLAIN), trusted("▏", theme::KEY), hint],
            );
        }
        (_, Some(message)) => {
            let style = if message.is_failure() { theme::BAD } else { theme::GOOD };
            put(buffer, row, row.y, vec![untrusted(&format!(" {}", message.text()), style)]);
        }
        (_, None) => draw_sums(buffer, row, snapshot, rates, state, focus),
    }
}

fn draw_sums(buffer: &mut Buffer, row: Rect, snapshot: &Snapshot, rates: &Rates, state: &UiState, focus: Focus) {
    let mut spans = Vec::new();
    if state.clock == Clock::Paused {
        spans.push(trusted(" PAUSED ", theme::ASK));
    }
    if !state.filter.is_empty() {
        spans.push(trusted(" /", theme::KEY));
        spans.push(untrusted(&state.filter, theme::KEY));
    }
    if let Some(narrowed) = &state.narrowed {
        spans.push(untrusted(&format!(" calls {}", narrowed.to.title()), theme::KEY));
    }
    let sparkline_cols_min = if snapshot.held.is_empty() { SPARKLINE_COLS_MIN } else { HELD_SPARKLINE_COLS_MIN };
    let has_sparklines = row.width >= sparkline_cols_min;
    let (calls, bytes) = rates.now();
    spans.push(trusted(format!(" {} proc", count(snapshot.living() as u64)), theme::PLAIN));
    push_rate(
        &mut spans,
        has_sparklines,
        format!("{} calls/s", count(calls.round() as u64)),
        sparkline(rates.calls(), SPARKLINE_COLS),
    );
    push_rate(
        &mut spans,
        has_sparklines,
        format!("{}B/s", show_bytes(bytes.round() as u64)),
        sparkline(rates.bytes(), SPARKLINE_COLS),
    );
    if snapshot.totals.errors > 0 {
        spans.push(trusted(" · ", theme::DIM));
        let errors = snapshot.totals.errors;
        spans.push(trusted(format!("{} {}", count(errors), plural(errors, "error")), theme::BAD));
    }
    push_jobs(&mut spans, &snapshot.jobs);
    push_hooks(&mut spans, &snapshot.hooks);
    let used = put(buffer, row, row.y, spans);
    let rest = Rect { x: row.x + used, width: row.width - used, ..row };
    let hints = hints(focus, &state.layer, !snapshot.held.is_empty(), rest.width);
    put_right(buffer, rest, row.y, hints);
}

fn push_hooks(spans: &mut Vec<Span<'static>>, hooks: &ActiveHooks) {
    let counted = [(hooks.breakpoints, "breakpoint"), (hooks.faults, "fault"), (hooks.stubs, "stub")];
    let counted = counted.into_iter().filter(|(hooks, _)| *hooks > 0);
    let notes = counted.map(|(hooks, noun)| format!("{hooks} {}", plural(hooks, noun)));
    for note in notes.chain(hooks.is_recording.then(|| "recording".to_owned())) {
        spans.push(trusted(" · ", theme::DIM));
        spans.push(trusted(note, theme::WAIT));
    }
}

fn push_rate(spans: &mut Vec<Span<'static>>, has_sparkline: bool, rate: String, sparkline: String) {
    spans.push(trusted(" · ", theme::DIM));
    spans.push(trusted(rate, theme::PLAIN));
    if has_sparkline {
        spans.push(trusted(format!(" {sparkline}"), theme::GOOD));
    }
}

fn push_jobs(spans: &mut Vec<Span<'static>>, jobs: &[JobView]) {
    let held = jobs.iter().filter(|job| job.state == JobState::Held).count();
    let running = jobs.iter().filter(|job| job.state == JobState::Running).count();
    let jobs = running + held;
    if jobs == 0 {
        return;
    }
    spans.push(trusted(" · ", theme::DIM));
    spans.push(trusted(counted(jobs as u64, "job"), theme::PLAIN));
    match held {
        0 => {}
        held if held == jobs => spans.push(trusted(" held", theme::WAIT)),
        held => spans.push(trusted(format!(", {held} held"), theme::WAIT)),
    }
}

/// The key hints, as many as fit.
fn hints(focus: Focus, layer: &Layer, held: bool, cols: u16) -> Vec<Span<'static>> {
    let hints: Vec<(String, &str)> = match focus {
        Focus::Prompt => vec![("F6".to_owned(), "keys here")],
        Focus::Pane => keys::hints(layer, held).collect(),
    };
    let mut spans = Vec::new();
    let mut left = usize::from(cols);
    for (key, meaning) in hints {
        let hint = [trusted(format!(" {key}"), theme::KEY), trusted(format!(" {meaning} "), theme::DIM)];
        let width: usize = hint.iter().map(Span::width).sum();
        if width > left {
            break;
        }
        left -= width;
        spans.extend(hint);
    }
    spans
}
