//! The keys and the glyphs, as `?` shows them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::cells::own;
use super::keys::KEYS;
use super::lines::{Line, draw_lines};
use super::theme;

/// Columns of the keys' names.
const NAMES_COLS: usize = 19;
/// What is shown without words.
const GLYPHS: [(&str, Style, &str); 7] = [
    ("○", theme::DIM, "idle"),
    ("●", theme::GOOD, "running"),
    ("◐", theme::WAIT, "waiting, ⇢ for whom"),
    ("‖", theme::WAIT, "held at a breakpoint"),
    ("✗", theme::BAD, "crashed or failed"),
    ("†", theme::BAD, "just died"),
    ("▸", theme::KEY, "folded, how many"),
];

/// Draws the help over what is in `area`; gives the scroll, moved back to where the last line still shows.
pub fn draw(buffer: &mut Buffer, area: Rect, scroll: usize) -> usize {
    draw_lines(buffer, area, "keys", &lines(), scroll)
}

fn lines() -> Vec<Line> {
    let named = |name: &str, style, meaning: &str| -> Vec<Span<'static>> {
        vec![own(format!(" {name:<NAMES_COLS$} "), style), own(meaning, theme::PLAIN)]
    };
    let mut lines: Vec<Line> = KEYS.iter().map(|group| named(&group.names(), theme::KEY, group.meaning)).collect();
    lines.push(Vec::new());
    lines.extend(GLYPHS.iter().map(|(glyph, style, meaning)| named(glyph, *style, meaning)));
    lines
}
