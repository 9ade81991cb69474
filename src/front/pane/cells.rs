//! Writing to cells: styled text, cut to an area, and counts in few columns.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::printable::printable;
use super::theme;
use crate::front::columns::fitting;

/// Text from a plugin or a user, made printable.
pub fn untrusted(text: &str, style: Style) -> Span<'static> {
    Span::styled(printable(text).into_owned(), style)
}

/// The pane's own text.
pub fn trusted(text: impl Into<String>, style: Style) -> Span<'static> {
    Span::styled(text.into(), style)
}

/// Writes spans at the left of row `y` of `area`, cut with `…` at its end. Returns the columns used.
pub fn put(buffer: &mut Buffer, area: Rect, y: u16, spans: Vec<Span<'static>>) -> u16 {
    if y >= area.bottom() || y < area.y || area.width == 0 {
        return 0;
    }
    let spans = cut(spans, usize::from(area.width));
    let width = spans.iter().map(Span::width).sum::<usize>();
    buffer.set_line(area.x, y, &Line::from(spans), area.width);
    u16::try_from(width).unwrap_or(area.width).min(area.width)
}

/// Writes spans at the right of row `y` of `area`.
pub fn put_right(buffer: &mut Buffer, area: Rect, y: u16, spans: Vec<Span<'static>>) {
    let width = u16::try_from(spans.iter().map(Span::width).sum::<usize>()).unwrap_or(u16::MAX).min(area.width);
    put(buffer, Rect { x: area.right() - width, width, ..area }, y, spans);
}

/// Draws a horizontal line in the first row of `area`; a title is written over it.
pub fn rule(buffer: &mut Buffer, area: Rect) {
    put(buffer, area, area.y, vec![trusted("─".repeat(area.width.into()), theme::FRAME)]);
}

/// Draws a vertical line in the middle of three columns, joined to the horizontal line of the first row.
pub fn divide(buffer: &mut Buffer, area: Rect) {
    for y in area.top()..area.bottom() {
        let piece = if y == area.top() { "─┬─" } else { " │ " };
        put(buffer, area, y, vec![trusted(piece, theme::FRAME)]);
    }
}

/// The spans cut to `width` columns.
fn cut(spans: Vec<Span<'static>>, width: usize) -> Vec<Span<'static>> {
    if spans.iter().map(Span::width).sum::<usize>() <= width {
        return spans;
    }
    let mut left = width.saturating_sub(1);
    let mut kept = Vec::with_capacity(spans.len());
    for span in spans {
        if span.width() <= left {
            left -= span.width();
            kept.push(span);
            continue;
        }
        kept.push(Span::styled(format!("{}…", fitting(&span.content, left)), span.style));
        break;
    }
    kept
}

/// A count in at most five columns: `0`, `12345`, `123k`, `4.5M`.
pub fn count(n: u64) -> String {
    match n {
        0..=99_999 => n.to_string(),
        100_000..=9_999_999_999 => {
            let (unit, size) = if n < 1_000_000 {
                ("k", 1e3)
            } else if n < 1_000_000_000 {
                ("M", 1e6)
            } else {
                ("G", 1e9)
            };
            let scaled = n as f64 / size;
            if scaled < 9.95 { format!("{scaled:.1}{unit}") } else { format!("{scaled:.0}{unit}") }
        }
        n => format!("{:.0}G", n as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(width: u16, text: &str) -> String {
        let area = Rect::new(0, 0, width, 1);
        let mut buffer = Buffer::empty(area);
        put(&mut buffer, area, 0, vec![untrusted(text, Style::new())]);
        (0..width).map(|x| buffer[(x, 0)].symbol().to_owned()).collect()
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(row(6, "abcdef"), "abcdef");
        assert_eq!(row(6, "abcdefg"), "abcde…");
        assert_eq!(row(1, "ab"), "…");
    }

    #[test]
    fn a_wide_character_is_never_halved() {
        assert_eq!(row(4, "a漢字z").trim_end(), "a漢 …");
        assert_eq!(row(3, "漢字").trim_end(), "漢 …");
    }

    #[test]
    fn nothing_is_written_outside() {
        let area = Rect::new(2, 2, 3, 1);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 5));
        for y in 0..5 {
            put(&mut buffer, area, y, vec![trusted("xxxxxxxx", Style::new())]);
            put_right(&mut buffer, area, y, vec![trusted("xxxxxxxx", Style::new())]);
        }
        let outside = (0..5).flat_map(|y| (0..10).map(move |x| (x, y))).filter(|at| !area.contains((*at).into()));
        assert!(outside.into_iter().all(|at| buffer[at].symbol() == " "));
    }

    #[test]
    fn counts_stay_short() {
        let shown = [0, 99_999, 100_000, 1_500_000, 25_000_000, 7_000_000_000, u64::MAX / 1_000_000].map(count);
        assert_eq!(shown, ["0", "99999", "100k", "1.5M", "25M", "7.0G", "18447G"]);
    }
}
