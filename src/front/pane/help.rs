//! The keys, as `?` shows them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::cells::own;
use super::keys::HELP;
use super::lines::draw_lines;
use super::theme;

/// Draws the help over what is in `area`; gives the scroll, moved back to where the last line still shows.
pub fn draw(buffer: &mut Buffer, area: Rect, scroll: usize) -> usize {
    draw_lines(buffer, area, "keys", &lines(), scroll)
}

fn lines() -> Vec<Vec<Span<'static>>> {
    let line = |keys: &str, meaning: &str| vec![own(format!(" {keys:<18} "), theme::KEY), own(meaning, theme::PLAIN)];
    let mut lines: Vec<_> = HELP.iter().map(|help| line(help.keys, help.meaning)).collect();
    lines.push(Vec::new());
    let glyphs = [
        ("○", theme::DIM, "idle"),
        ("●", theme::GOOD, "running"),
        ("◐", theme::WAIT, "waiting, ⇢ for whom"),
        ("✗", theme::BAD, "crashed"),
        ("†", theme::BAD, "just died"),
    ];
    let mut legend = vec![own(" ", theme::PLAIN)];
    for (glyph, style, meaning) in glyphs {
        legend.push(own(glyph, style));
        legend.push(own(format!(" {meaning}   "), theme::PLAIN));
    }
    lines.push(legend);
    lines
}
