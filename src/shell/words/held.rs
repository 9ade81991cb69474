//! Held jobs in words: their chain, payloads and limits.

use std::time::Duration;

use super::payload::preview;
use crate::kernel::hooks::{HeldView, HoldReason};
use crate::shell::reply::{Line, Role};
use crate::shell::units::{show_bytes, show_duration};

/// `%1 is held before 2:cart.total (breakpoint 1)`.
pub fn held_title(view: &HeldView) -> String {
    let reason = match view.reason {
        HoldReason::Breakpoint(id) => format!("breakpoint {id}"),
        HoldReason::Step => "a step".to_owned(),
    };
    let at = view.chain.last().map(|frame| format!("{}.{}", frame.process, frame.function)).unwrap_or_default();
    format!("%{} is held {} {at} ({reason})", view.job, view.side.as_str())
}

/// A held job's title, chain, payloads and limits.
pub fn held_lines(view: &HeldView) -> Vec<Line> {
    let frames: Vec<String> = view.chain.iter().map(|frame| format!("{}.{}", frame.process, frame.function)).collect();
    let mut lines = vec![
        Line::new().with(Role::Warn, held_title(view)),
        Line::new().with(Role::Dim, "  chain   ").plain(frames.join(" → ")),
        Line::new().with(Role::Dim, "  input   ").plain(preview(&view.input)),
    ];
    if let Some(output) = &view.output {
        lines.push(Line::new().with(Role::Dim, "  output  ").plain(preview(output)));
    }
    if let Some(error) = &view.error {
        lines.push(Line::new().with(Role::Dim, "  error   ").with(Role::Bad, error.clone()));
    }
    lines.push(Line::new().with(Role::Dim, "  limits  ").plain(limits_text(view)));
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
