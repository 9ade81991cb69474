//! Lines to scroll through: figures under their names, lists, and how lines are wrapped and drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::cells::{foreign, own, put, put_right, rule};
use super::layout::below_title;
use super::theme;

/// The most functions, imports, hosts and the like that are listed.
pub const LIST_MAX: usize = 200;
/// Columns of the names of figures.
const LABEL_COLS: usize = 11;

/// One line before it is wrapped.
pub type Line = Vec<Span<'static>>;

/// Draws a title and lines over what is in `area`; gives the scroll, moved back to where the last line still shows.
pub fn draw_lines(buffer: &mut Buffer, area: Rect, title: &str, lines: &[Line], scroll: usize) -> usize {
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
    let body = below_title(area);
    let lines: Vec<Line> = lines.iter().flat_map(|line| wrapped(line, usize::from(body.width.max(1)))).collect();
    let scroll = scroll.min(lines.len().saturating_sub(usize::from(body.height)));
    rule(buffer, area);
    let title = vec![own("▌", theme::KEY), foreign(title, theme::STRONG.patch(theme::KEY)), own(" ", theme::PLAIN)];
    put(buffer, area, area.y, title);
    let left = lines.len().saturating_sub(scroll + usize::from(body.height));
    let more = if left > 0 { format!(" {left} more below · Esc ") } else { " Esc ".to_owned() };
    put_right(buffer, Rect { height: area.height.min(1), ..area }, area.y, vec![own(more, theme::DIM)]);
    for (y, line) in (body.y..body.bottom()).zip(lines.into_iter().skip(scroll)) {
        put(buffer, body, y, line);
    }
    scroll
}

/// A line in rows of `width` columns; the rows after the first are indented as figures are.
fn wrapped(line: &Line, width: usize) -> Vec<Line> {
    let indent = if width > LABEL_COLS * 3 { LABEL_COLS + 1 } else { 1 };
    if line.iter().map(Span::width).sum::<usize>() <= width || width <= indent + 2 {
        return vec![line.clone()];
    }
    let mut rows: Vec<Line> = vec![Vec::new()];
    let mut left = width;
    for span in line {
        let mut text = String::new();
        for c in span.content.chars() {
            let columns = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
            if columns > left {
                if let Some(row) = rows.last_mut() {
                    row.push(Span::styled(std::mem::take(&mut text), span.style));
                }
                rows.push(vec![Span::raw(" ".repeat(indent))]);
                left = width - indent;
            }
            left -= columns.min(left);
            text.push(c);
        }
        if let Some(row) = rows.last_mut() {
            row.push(Span::styled(text, span.style));
        }
    }
    rows
}

/// A figure behind its name.
pub fn figure(label: &str, mut value: Line) -> Line {
    value.insert(0, own(format!("{label:>LABEL_COLS$} "), theme::DIM));
    value
}

/// A list behind its name.
pub fn list(label: &str, items: &[String], style: Style) -> Line {
    let mut value = Vec::new();
    for (n, item) in items.iter().take(LIST_MAX).enumerate() {
        if n > 0 {
            value.push(own(", ", theme::DIM));
        }
        value.push(foreign(item, style));
    }
    match items.len() {
        0 => value.push(own("none", theme::DIM)),
        len if len > LIST_MAX => value.push(own(format!(" and {} more", len - LIST_MAX), theme::DIM)),
        _ => {}
    }
    figure(label, value)
}
