//! Lines that scroll: named figures and lists, wrapping, drawing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::cells::{put, trusted, untrusted};
use super::layout::below_title;
use super::theme;
use super::titles;
use crate::front::columns::char_columns;

/// The most items of one list.
pub const LIST_MAX: usize = 200;
/// Columns of a figure's name.
const LABEL_COLS: usize = 11;

/// One line before wrapping.
pub type Line = Vec<Span<'static>>;

/// Draws a title and lines over `area`. Returns the scroll position, reduced to the last possible one.
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
    let title =
        vec![trusted("▌", theme::KEY), untrusted(title, theme::STRONG.patch(theme::KEY)), trusted(" ", theme::PLAIN)];
    let esc = vec![trusted(" Esc ", theme::DIM)];
    let position = titles::position(scroll, body.height.into(), lines.len());
    let position = position.map(|position| vec![trusted(format!(" {position} ·"), theme::DIM)]);
    let right = std::iter::once(esc).chain(position).collect();
    titles::draw(buffer, Rect { height: area.height.min(1), ..area }, title, right);
    for (y, line) in (body.y..body.bottom()).zip(lines.into_iter().skip(scroll)) {
        put(buffer, body, y, line);
    }
    scroll
}

/// A line wrapped to `width` columns, between words if possible; further rows are indented like figures.
fn wrapped(line: &Line, width: usize) -> Vec<Line> {
    let indent = if width > LABEL_COLS * 3 { LABEL_COLS + 1 } else { 1 };
    if line.iter().map(Span::width).sum::<usize>() <= width || width <= indent + 2 {
        return vec![line.clone()];
    }
    let chars: Vec<(char, Style)> =
        line.iter().flat_map(|span| span.content.chars().map(|c| (c, span.style))).collect();
    let mut rows: Vec<Line> = Vec::new();
    let mut rest = chars.as_slice();
    while !rest.is_empty() {
        let before = if rows.is_empty() { 0 } else { indent };
        // The blanks that align a figure's name are no place to break at.
        let from = if rows.is_empty() { LABEL_COLS + 1 } else { 0 };
        let (row, behind) = rest.split_at(row_chars(rest, width - before, from));
        rows.push(std::iter::once(trusted(" ".repeat(before), Style::new())).chain(spans(row)).collect());
        rest = if let [(' ', _), after @ ..] = behind { after } else { behind };
    }
    rows
}

/// The number of characters, at least one, of a row of at most `width` columns. The row does not end at a blank before
/// `from`, nor at one before a word that is longer than a row.
fn row_chars(chars: &[(char, Style)], width: usize, from: usize) -> usize {
    let mut columns = 0;
    let mut blank = None;
    for (at, (c, _)) in chars.iter().enumerate() {
        columns += char_columns(*c);
        if *c == ' ' && at >= from {
            blank = Some(at);
        }
        if columns > width {
            let fits = |blank: &usize| {
                let word = chars.iter().skip(blank + 1).map_while(|(c, _)| (*c != ' ').then_some(*c));
                word.map(char_columns).sum::<usize>() <= width
            };
            return blank.filter(fits).unwrap_or(at).max(1);
        }
    }
    chars.len()
}

/// The characters as spans of one style each.
fn spans(chars: &[(char, Style)]) -> impl Iterator<Item = Span<'static>> {
    chars.chunk_by(|(_, one), (_, other)| one == other).map(|chunk| {
        let style = chunk.first().map_or(Style::new(), |(_, style)| *style);
        Span::styled(chunk.iter().map(|(c, _)| c).collect::<String>(), style)
    })
}

/// A line `NAME  value`.
pub fn figure(label: &str, mut value: Line) -> Line {
    value.insert(0, trusted(format!("{label:>LABEL_COLS$} "), theme::DIM));
    value
}

/// A line `NAME  item, item`.
pub fn list(label: &str, items: &[String], style: Style) -> Line {
    let mut value = Vec::new();
    for (n, item) in items.iter().take(LIST_MAX).enumerate() {
        if n > 0 {
            value.push(trusted(", ", theme::DIM));
        }
        value.push(untrusted(item, style));
    }
    match items.len() {
        0 => value.push(trusted("none", theme::DIM)),
        len if len > LIST_MAX => value.push(trusted(format!(" and {} more", len - LIST_MAX), theme::DIM)),
        _ => {}
    }
    figure(label, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(line: &Line, width: usize) -> Vec<String> {
        wrapped(line, width).iter().map(|row| row.iter().map(|span| &*span.content).collect()).collect()
    }

    #[test]
    fn lines_break_between_words() {
        let line = figure(
            "chain",
            vec![trusted("1:front.run → ", theme::PLAIN), trusted("2:count_vowels.count", theme::STRONG)],
        );
        assert_eq!(rows(&line, 36), ["      chain 1:front.run →", "            2:count_vowels.count"]);
        assert_eq!(rows(&line, 46), ["      chain 1:front.run → 2:count_vowels.count"]);
        let word = vec![trusted("x".repeat(10), theme::PLAIN)];
        assert_eq!(rows(&word, 6), ["xxxxxx", " xxxx"], "a word that is too long is broken all the same");
    }
}
