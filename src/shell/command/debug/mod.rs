//! The commands of the debugger, and what they have in common: held jobs and payloads in words.

pub mod answer;
pub mod breakpoints;
pub mod bt;
pub mod go;
pub mod inject;
pub mod record;
pub mod replay;
pub mod show;
pub mod stub;

use std::time::Duration;

use crate::journal::Kept;
use crate::kernel::hooks::{HeldView, HoldReason};
use crate::shell::reply::{Line, Role, one_line};
use crate::shell::units::{exact_size, show_bytes, show_duration};

use super::{Arguments, Command, CommandTable, Example, Group, Run, syntax};

/// Characters of a payload that stand on its line.
const PREVIEW_CHARS_MAX: usize = 120;
/// Bytes of a payload that is no text.
const PREVIEW_HEX_MAX: usize = 24;

/// `%1 is held before 2:cart.total (breakpoint 1)`.
pub fn held_title(view: &HeldView) -> String {
    let reason = match view.reason {
        HoldReason::Breakpoint(id) => format!("breakpoint {id}"),
        HoldReason::Step => "a step".to_owned(),
    };
    let at = view.chain.last().map(|frame| format!("{}.{}", frame.process, frame.function)).unwrap_or_default();
    format!("%{} is held {} {at} ({reason})", view.job, view.side.as_str())
}

/// Where a job stands, with what, and what bounds it.
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

/// `13 bytes: Hello, World!`, on one line.
pub fn preview(kept: &Kept) -> String {
    let size = match kept.full_len {
        0 => return "nothing".to_owned(),
        bytes => exact_size(bytes),
    };
    if kept.bytes.is_empty() {
        return kept.missing().unwrap_or(size);
    }
    let text = text_of(kept);
    let shown: String = match text {
        Some(text) => one_line(text).chars().take(PREVIEW_CHARS_MAX).collect(),
        None => {
            let digits: Vec<String> =
                kept.bytes.iter().take(PREVIEW_HEX_MAX).map(|byte| format!("{byte:02x}")).collect();
            format!("hex {}", digits.join(" "))
        }
    };
    let all = match text {
        Some(text) => text.chars().count() <= PREVIEW_CHARS_MAX,
        None => kept.bytes.len() <= PREVIEW_HEX_MAX,
    };
    let dots = if all && kept.is_whole() { "" } else { "…" };
    format!("{size}: {shown}{dots}")
}

/// The bytes as text, where they are; a character that the cut went through is left off.
pub fn text_of(kept: &Kept) -> Option<&str> {
    match std::str::from_utf8(&kept.bytes) {
        Ok(text) => Some(text),
        Err(error) if !kept.is_whole() && error.error_len().is_none() => {
            kept.bytes.get(..error.valid_up_to()).and_then(|bytes| std::str::from_utf8(bytes).ok())
        }
        Err(_) => None,
    }
}

/// A payload in JSON: `NAME` when it is text, else `NAME_base64`; null when it was not kept.
pub fn insert_json(object: &mut serde_json::Map<String, serde_json::Value>, name: &str, kept: Option<&Kept>) {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let there = kept.filter(|kept| !kept.bytes.is_empty() || kept.is_whole());
    match there.map(|kept| (kept, text_of(kept))) {
        None => object.insert(name.to_owned(), serde_json::Value::Null),
        Some((_, Some(text))) => object.insert(name.to_owned(), text.into()),
        Some((kept, None)) => object.insert(format!("{name}_base64"), STANDARD.encode(&kept.bytes).into()),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_one_safe_line() {
        let shown = |bytes: &[u8], max| preview(&Kept::keep(bytes, max));
        assert_eq!(shown(b"", 10), "nothing");
        assert_eq!(shown(b"a\n\x1b[2J", 10), "6 bytes: a\\n\\x1b[2J");
        assert_eq!(shown(b"\xff\x00", 10), "2 bytes: hex ff 00");
        assert_eq!(shown("aé".as_bytes(), 2), "3 bytes: a…");
        assert_eq!(preview(&Kept::private(7)), "not kept: 7 bytes of a private plugin");
        assert_eq!(shown(&[b'x'; 500], 1000).chars().count(), "500 bytes: ".len() + PREVIEW_CHARS_MAX + 1);
    }
}
