//! The help of `?`: keys and glyphs with their meanings.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::cells::trusted;
use super::keys::KEYS;
use super::lines::{Line, draw_lines};
use super::theme;
use crate::text::wrapped;

/// Columns of the keys' names.
const NAMES_COLS: usize = 19;
/// The fewest columns that a meaning has beside a name.
const MEANING_COLS_MIN: usize = 16;
/// The glyphs, their styles and their meanings.
const GLYPHS: [(&str, Style, &str); 9] = [
    ("○", theme::DIM, "idle"),
    ("●", theme::GOOD, "running"),
    ("◐", theme::WAIT, "waiting, ⇢ for whom"),
    (theme::HELD, theme::WAIT, "held at a breakpoint"),
    ("✗", theme::BAD, "crashed or failed"),
    ("†", theme::BAD, "just died"),
    ("▸", theme::KEY, "folded, how many"),
    ("+", theme::GOOD, "in the calls: a process has started"),
    ("↻", theme::WAIT, "in the calls: it was restarted or reloaded"),
];

/// The mouse, while the pane has the keys.
const MOUSE: [(&str, &str); 3] = [
    ("click", "choose; once more for details; above the pane: to the prompt"),
    ("wheel", "scroll"),
    ("Shift and mouse", "select text as ever; `set mouse off` leaves it so"),
];

/// Draws the help over `area`. Returns the scroll position, reduced to the last possible one.
pub fn draw(buffer: &mut Buffer, area: Rect, scroll: usize) -> usize {
    draw_lines(buffer, area, "keys", &lines(area.width.into()), scroll)
}

/// The keys, the mouse and glyphs with their meanings, in rows of `width` columns.
fn lines(width: usize) -> Vec<Line> {
    let mut lines: Vec<Line> =
        KEYS.iter().flat_map(|group| named(&group.names(), theme::KEY, group.meaning, width)).collect();
    lines.extend(MOUSE.iter().flat_map(|(does, meaning)| named(does, theme::KEY, meaning, width)));
    lines.push(Vec::new());
    lines.extend(GLYPHS.iter().flat_map(|(glyph, style, meaning)| named(glyph, *style, meaning, width)));
    lines
}

/// A name and its meaning, broken between words. In a narrow area the meaning stands below the name.
fn named(name: &str, style: Style, meaning: &str, width: usize) -> Vec<Line> {
    let beside = width >= NAMES_COLS + 2 + MEANING_COLS_MIN;
    let indent = if beside { NAMES_COLS + 2 } else { 3 };
    let mut parts = wrapped(meaning, width.saturating_sub(indent)).into_iter();
    let mut first = vec![trusted(format!(" {name:<indent$}", indent = indent - 1), style)];
    if beside {
        first.extend(parts.next().map(|part| trusted(part, theme::PLAIN)));
    }
    let below = parts.map(|part| vec![trusted(" ".repeat(indent), theme::PLAIN), trusted(part, theme::PLAIN)]);
    std::iter::once(first).chain(below).collect()
}

#[cfg(test)]
mod tests {
    use ratatui::text::Span;

    use super::*;

    /// The words of the rows, in order.
    fn words(rows: &[Line]) -> Vec<String> {
        let text = |row: &Line| row.iter().map(|span| span.content.as_ref()).collect::<String>();
        rows.iter().flat_map(|row| text(row).split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn no_row_is_too_long_and_no_word_is_broken() {
        let whole = words(&lines(usize::MAX));
        for width in 24..120 {
            let rows = lines(width);
            let longest = rows.iter().map(|row| row.iter().map(Span::width).sum::<usize>()).max();
            assert!(longest.is_some_and(|columns| columns <= width), "{longest:?} columns in {width}");
            assert_eq!(words(&rows), whole, "in {width} columns");
        }
    }
}
