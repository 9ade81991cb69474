//! Tables for a terminal, or for another bounded width, drawn by comfy-table. `layout` decides on columns and widths.

use std::borrow::Cow;

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table as Drawing, Width, presets,
};
use unicode_width::UnicodeWidthStr;

use super::layout::{Layout, layout};
use super::paint::to_ansi;
use crate::front::columns::cut;
use crate::shell::reply::{Align, Brevity, Heading, Role, Span, Table, one_line};

/// The table in at most `columns` columns.
pub fn render_table(table: &Table, columns: u16, color: bool) -> String {
    let Layout { gap, columns } = layout(&table.headings, &cell_widths(table), columns.into());
    let mut drawing = Drawing::new();
    drawing.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    drawing.set_width(u16::MAX);
    match color {
        true => drawing.enforce_styling(),
        false => drawing.force_no_tty(),
    };
    let headings = || columns.iter().filter_map(|placed| Some((placed, table.headings.get(placed.index)?)));
    drawing.set_header(headings().map(|(placed, heading)| {
        styled(cut(&heading.title.to_uppercase(), placed.width), Role::Strong, heading.align)
    }));
    for row in table.rows.iter().chain(&table.totals) {
        drawing.add_row(headings().filter_map(|(placed, heading)| {
            let span = row.get(placed.index)?;
            Some(styled(cut(&shown(span, heading), placed.width), span.role, heading.align))
        }));
    }
    let last = columns.len().saturating_sub(1);
    for ((index, column), placed) in drawing.column_iter_mut().enumerate().zip(&columns) {
        let gap = if index == last { 0 } else { gap };
        column.set_padding((0, gap as u16));
        let width = (placed.width + gap).min(u16::MAX.into()) as u16;
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
    }
    let mut lines: Vec<String> = drawing.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.extend(table.notes.iter().map(|note| to_ansi(note, color)));
    format!("{}\n", lines.join("\n"))
}

/// A cell's text on one line, short where its column is.
fn shown<'a>(span: &'a Span, heading: &Heading) -> Cow<'a, str> {
    match heading.brevity {
        Brevity::Whole => one_line(&span.text),
        Brevity::LastPart => one_line(last_part(&span.text)),
    }
}

/// `echo.wasm` of `/plugins/echo.wasm` and of `https://host/echo.wasm?v=1`.
fn last_part(source: &str) -> &str {
    let path = match source.split_once("://") {
        Some((_, rest)) => rest.split(['?', '#']).next().unwrap_or(rest),
        None => source,
    };
    path.rsplit('/').find(|part| !part.is_empty()).unwrap_or(source)
}

/// The widths of the columns' widest cells.
fn cell_widths(table: &Table) -> Vec<usize> {
    let mut widths = vec![0; table.headings.len()];
    for row in table.rows.iter().chain(&table.totals) {
        for ((width, span), heading) in widths.iter_mut().zip(row).zip(&table.headings) {
            *width = (*width).max(shown(span, heading).width());
        }
    }
    widths
}

fn styled(text: String, role: Role, align: Align) -> Cell {
    let cell = Cell::new(text).set_alignment(match align {
        Align::Left => CellAlignment::Left,
        Align::Right => CellAlignment::Right,
    });
    match role {
        Role::Plain => cell,
        Role::Strong => cell.add_attribute(Attribute::Bold),
        Role::Dim => cell.add_attribute(Attribute::Dim),
        Role::Name | Role::Code => cell.fg(Color::DarkCyan),
        Role::Good => cell.fg(Color::DarkGreen),
        Role::Warn => cell.fg(Color::DarkYellow),
        Role::Bad => cell.fg(Color::DarkRed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::reply::{cell, plain};

    fn text(columns: u16, name: &str, source: &str) -> String {
        let table = Table {
            headings: vec![
                Heading::new("id", Align::Right),
                Heading::new("name", Align::Left),
                Heading { importance: 1, brevity: Brevity::LastPart, ..Heading::new("source", Align::Left) },
            ],
            rows: vec![vec![plain("1"), cell(Role::Name, name), cell(Role::Dim, source)]],
            totals: Some(vec![plain("1"), plain(""), plain("")]),
            notes: Vec::new(),
        };
        render_table(&table, columns, false)
    }

    #[test]
    fn columns_go_and_cells_are_cut_but_a_row_stays_a_line() {
        assert_eq!(text(40, "echo", "built-in:echo"), "ID  NAME  SOURCE\n 1  echo  built-in:echo\n 1\n");
        assert_eq!(text(24, "a-long-name", "one-two-six-ten"), "ID  NAME\n 1  a-long-name\n 1\n");
        assert_eq!(text(12, "a-long-name", "x"), "ID NAME\n 1 a-long-n…\n 1\n");
        for columns in [0, 1, 5, 20] {
            assert_eq!(text(columns, "a-long-name", "x").lines().count(), 3, "{columns}");
        }
    }

    #[test]
    fn a_source_is_shown_by_its_last_part() {
        assert!(text(80, "x", "/plugins/of/mine/echo.wasm").contains(" echo.wasm\n"));
        assert_eq!(last_part("https://host/a/echo.wasm?token=/b#/c"), "echo.wasm");
        assert_eq!(["built-in:echo", "a/", "/", "echo.wasm"].map(last_part), ["built-in:echo", "a", "/", "echo.wasm"]);
    }

    #[test]
    fn nothing_in_a_cell_is_obeyed() {
        let text = text(80, "a\x1b]0;x\x07", "b\nc");
        assert!(text.contains("a\\x1b]0;x\\x07") && text.contains("b\\nc"), "{text}");
    }
}
