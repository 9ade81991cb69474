//! Tables at a terminal, by comfy-table.

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table as Drawing, presets};

use super::Look;
use crate::shell::reply::{Align, Role, Span, Table, one_line};

/// The table with a rule under its titles, in the terminal's width.
pub fn drawn(table: &Table, look: Look) -> String {
    let mut drawing = Drawing::new();
    drawing.load_preset(presets::NOTHING);
    drawing.set_content_arrangement(ContentArrangement::Dynamic).set_width(look.columns.max(1));
    match look.color {
        true => drawing.enforce_styling(),
        false => drawing.force_no_tty(),
    };
    let titles = table.columns.iter().map(|column| styled(column.title.to_uppercase(), Role::Strong, column.align));
    drawing.set_header(titles);
    for row in table.rows.iter().chain(&table.totals) {
        drawing.add_row(table.columns.iter().zip(row).map(|(column, span)| cell(span, column.align)));
    }
    let columns = drawing.column_iter_mut();
    for (index, column) in columns.enumerate() {
        column.set_padding((if index == 0 { 0 } else { 1 }, 1));
    }
    let lines: Vec<String> = drawing.lines().map(|line| line.trim_end().to_owned()).collect();
    format!("{}\n", lines.join("\n"))
}

fn cell(span: &Span, align: Align) -> Cell {
    styled(one_line(&span.text).into_owned(), span.role, align)
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
    use crate::shell::reply::{Column, cell as reply_cell, plain};

    #[test]
    fn a_table_fits_and_is_safe() {
        let table = Table {
            columns: vec![Column::right("id"), Column::left("source")],
            rows: vec![vec![plain("1"), reply_cell(Role::Dim, "a\x1b]0;x\x07 long source that is wrapped")]],
            totals: Some(vec![plain("1"), plain("")]),
        };
        let look = Look { terminal: true, color: false, columns: 30, rows: 24 };
        let text = drawn(&table, look);
        assert!(text.lines().all(|line| line.chars().count() <= 30), "{text}");
        assert!(text.starts_with("ID  SOURCE\n 1  a\\x1b]0;x\\x07"), "{text}");
        assert!(drawn(&table, Look { color: true, ..look }).contains("\x1b["));
    }
}
