//! Held jobs in words and in JSON: their chain, payloads and limits.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::payload::{JsonPayload, preview};
use super::stack::{Fold, StackRow, stack_lines, stack_rows};
use crate::json::as_ms;
use crate::kernel::hooks::{HeldView, HoldLimits, HoldReason, HoldSide};
use crate::kernel::{FrameView, JobId};
use crate::runtime::stopping::StopCause;
use crate::shell::reply::{Line, Role, one_line};
use crate::shell::stopped::{frames_of, shown_frame};
use crate::shell::units::{show_bytes, show_duration};

/// `%1 is held before 2:cart.total (breakpoint 1)`.
pub fn held_title(view: &HeldView) -> String {
    let reason = match view.reason {
        HoldReason::Breakpoint(id) => match view.code.as_ref().map(|at| &at.cause) {
            Some(StopCause::Trap(trap)) => format!("breakpoint {id}, {}", one_line(trap)),
            _ => format!("breakpoint {id}"),
        },
        HoldReason::Step => "a step".to_owned(),
        HoldReason::Asked => "`hold`".to_owned(),
    };
    let at = view.chain.last().map(|frame| format!("{}.{}", frame.process, frame.function)).unwrap_or_default();
    let side = if view.side == HoldSide::During { "in" } else { view.side.as_str() };
    match code_place(view) {
        Some(place) => format!("%{} is held at {place} in {at} ({reason})", view.job),
        None => format!("%{} is held {side} {at} ({reason})", view.job),
    }
}

/// The line of a call that is held in a plugin's code.
fn code_place(view: &HeldView) -> Option<String> {
    view.code.as_ref()?;
    shown_frame(&frames_of(view))?.guest.place()
}

/// A held job's title, chain, payloads, limits and stack. Of a call that has not begun or has ended, the stack is that
/// of its callers, where any of them has lines.
pub fn held_lines(view: &HeldView, fold: Fold) -> Vec<Line> {
    let frames: Vec<String> = view.chain.iter().map(|frame| format!("{}.{}", frame.process, frame.function)).collect();
    let mut lines = vec![
        Line::new().with(Role::Warn, held_title(view)),
        Line::new().with(Role::Dim, "  chain   ").plain(frames.join(" → ")),
    ];
    if view.side != HoldSide::During {
        lines.push(Line::new().with(Role::Dim, "  input   ").plain(preview(&view.input)));
    }
    if let Some(output) = &view.output {
        lines.push(Line::new().with(Role::Dim, "  output  ").plain(preview(output)));
    }
    if let Some(error) = &view.error {
        lines.push(Line::new().with(Role::Dim, "  error   ").with(Role::Bad, error.clone()));
    }
    lines.push(Line::new().with(Role::Dim, "  limits  ").plain(limits_text(view)));
    if view.side == HoldSide::During || view.stack.has_lines() {
        lines.push(Line::new().with(Role::Dim, "  stack"));
        lines.extend(stack_lines(&view.stack, fold));
    }
    lines
}

fn limits_text(view: &HeldView) -> String {
    let limits = &view.limits;
    let mut parts = vec![format!("depth {} of {}", view.chain.len(), limits.depth_max)];
    if let Some(left) = limits.time_left {
        parts.push(format!(
            "{} left, the clock stands still",
            show_duration(Duration::from_millis(left.as_millis() as u64))
        ));
    }
    if let Some(bytes) = limits.memory_bytes_max {
        parts.push(format!("memory {}", show_bytes(bytes)));
    }
    if let Some(fuel) = limits.fuel {
        parts.push(format!("fuel {fuel}"));
    }
    parts.join(", ")
}

/// A held job in JSON, as `bt --json` has it.
pub fn held_json(view: &HeldView) -> Value {
    serde_json::to_value(HeldRow::of(view)).unwrap_or_default()
}

/// A held job in JSON.
#[derive(Serialize)]
struct HeldRow<'a> {
    job: JobId,
    side: HoldSide,
    breakpoint: Option<u32>,
    #[serde(rename = "elapsed_ms", serialize_with = "as_ms")]
    held_for: Duration,
    chain: Vec<FrameRow<'a>>,
    bytes_in: u64,
    #[serde(flatten)]
    input: JsonPayload<'a>,
    bytes_out: Option<u64>,
    #[serde(flatten)]
    output: JsonPayload<'a>,
    error: Option<&'a str>,
    stack: Vec<StackRow<'a>>,
    #[serde(flatten)]
    limits: &'a HoldLimits,
}

#[derive(Serialize)]
struct FrameRow<'a> {
    #[serde(flatten)]
    frame: &'a FrameView,
    depth: u16,
}

impl HeldRow<'_> {
    fn of(view: &HeldView) -> HeldRow<'_> {
        HeldRow {
            job: view.job,
            side: view.side,
            breakpoint: if let HoldReason::Breakpoint(id) = view.reason { Some(id) } else { None },
            held_for: view.held_for,
            chain: view.chain.iter().map(|frame| FrameRow { frame, depth: frame.depth }).collect(),
            bytes_in: view.input.full_len,
            input: JsonPayload::kept("input", Some(&view.input)),
            bytes_out: view.output.as_ref().map(|output| output.full_len),
            output: JsonPayload::kept("output", view.output.as_ref()),
            error: view.error.as_deref(),
            stack: stack_rows(&view.stack),
            limits: &view.limits,
        }
    }
}
