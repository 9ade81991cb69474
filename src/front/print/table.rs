//! Tables for a terminal, drawn by comfy-table. In a narrow terminal columns of text are cut and columns of numbers are
//! not; where even that is too wide, each row becomes a record of one line a cell.

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table as Drawing, Width, presets,
};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::options::RenderOptions;
use super::paint::to_ansi;
use crate::shell::reply::{Align, Line, Role, Span, Table, one_line};

/// The narrowest that a column of text is cut to.
const WORDS_COLUMNS_MIN: usize = 8;

/// The table, laid out for `options.columns`.
pub fn render_table(table: &Table, options: RenderOptions) -> String {
    match layout(table, usize::from(options.columns)) {
        Some(layout) => rows(table, &layout, options),
        None => records(table, options),
    }
}

fn rows(table: &Table, Layout { gap, widths }: &Layout, options: RenderOptions) -> String {
    let gap = *gap;
    let mut drawing = Drawing::new();
    drawing.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    drawing.set_width(u16::MAX);
    match options.color {
        true => drawing.enforce_styling(),
        false => drawing.force_no_tty(),
    };
    let titles = table.headings.iter().map(|column| styled(column.title.to_uppercase(), Role::Strong, column.align));
    drawing.set_header(titles);
    let last = widths.len().saturating_sub(1);
    for row in table.rows.iter().chain(&table.totals) {
        let cells = table.headings.iter().zip(row).zip(widths).enumerate();
        drawing.add_row(cells.map(|(index, ((column, span), width))| {
            let text = one_line(&span.text);
            // The last column wraps, the others are cut.
            let text = if index == last { text.into_owned() } else { cut(&text, *width) };
            styled(text, span.role, column.align)
        }));
    }
    for ((index, column), width) in drawing.column_iter_mut().enumerate().zip(widths) {
        let gap = if index == last { 0 } else { gap };
        column.set_padding((0, gap as u16));
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed((width + gap).min(u16::MAX.into()) as u16)));
    }
    let lines: Vec<String> = drawing.lines().map(|line| line.trim_end().to_owned()).collect();
    format!("{}\n", lines.join("\n"))
}

/// The widths of the columns and of the gap between two.
struct Layout {
    gap: usize,
    widths: Vec<usize>,
}

/// The widths at which the table fits into `columns`; `None` if it cannot.
fn layout(table: &Table, columns: usize) -> Option<Layout> {
    let mut widths: Vec<usize> = table.headings.iter().map(|column| column.title.width().max(1)).collect();
    for row in table.rows.iter().chain(&table.totals) {
        for (width, span) in widths.iter_mut().zip(row) {
            *width = (*width).max(one_line(&span.text).width());
        }
    }
    let total = |widths: &[usize], gap: usize| widths.iter().sum::<usize>() + gap * widths.len().saturating_sub(1);
    let gap = if total(&widths, 2) <= columns { 2 } else { 1 };
    while total(&widths, gap) > columns {
        let words = widths.iter_mut().zip(&table.headings).filter(|(_, column)| column.align == Align::Left);
        *words.map(|(width, _)| width).filter(|width| **width > WORDS_COLUMNS_MIN).max()? -= 1;
    }
    Some(Layout { gap, widths })
}

/// Each row as a record: a line `TITLE  cell` for each cell that is not empty, a blank line between records.
fn records(table: &Table, options: RenderOptions) -> String {
    let width = table.headings.iter().map(|column| column.title.width()).max().unwrap_or(0);
    let record = |row: &Vec<Span>| -> String {
        let cells = table.headings.iter().zip(row).filter(|(_, span)| !span.text.is_empty());
        let lines = cells.map(|(column, span)| {
            let title = format!("{:<width$}  ", column.title.to_uppercase());
            let mut line = Line::new().with(Role::Strong, title);
            line.spans.push(span.clone());
            format!("{}\n", to_ansi(&line, options.color))
        });
        lines.collect()
    };
    let records: Vec<String> = table.rows.iter().chain(&table.totals).map(record).collect();
    records.join("\n")
}

/// The text in at most `width` columns; a cut text ends with `…`.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let fits = |c: &char| {
        let columns = c.width().unwrap_or(0);
        let fits = columns <= left;
        left = left.saturating_sub(columns);
        fits
    };
    let mut shown: String = text.chars().take_while(fits).collect();
    shown.push('…');
    shown
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
    use crate::shell::reply::{Heading, cell, plain};

    fn heading(title: &'static str, align: Align) -> Heading {
        Heading { title, align }
    }

    fn text(columns: u16, name: &str, source: &str) -> String {
        let table = Table {
            headings: vec![heading("id", Align::Right), heading("name", Align::Left), heading("source", Align::Left)],
            rows: vec![vec![plain("1"), cell(Role::Name, name), cell(Role::Dim, source)]],
            totals: Some(vec![plain("1"), plain(""), plain("")]),
        };
        render_table(&table, RenderOptions { terminal: true, color: false, columns, rows: 24 })
    }

    #[test]
    fn words_give_way_and_figures_stay() {
        assert_eq!(text(40, "echo", "built-in:echo"), "ID  NAME  SOURCE\n 1  echo  built-in:echo\n 1\n");
        assert_eq!(
            text(24, "a-long-name", "one two six"),
            "ID NAME       SOURCE\n 1 a-long-na… one two\n              six\n 1\n"
        );
        for columns in [0, 1, 5, 20] {
            assert!(text(columns, "a-long-name", "x").contains("a-long-"), "{columns}");
        }
    }

    #[test]
    fn where_no_row_fits_each_is_lines_of_its_own() {
        assert_eq!(text(10, "echo", "built-in"), "ID      1\nNAME    echo\nSOURCE  built-in\n\nID      1\n");
    }

    #[test]
    fn nothing_in_a_cell_is_obeyed() {
        let text = text(80, "a\x1b]0;x\x07", "b\nc");
        assert!(text.contains("a\\x1b]0;x\\x07") && text.contains("b\\nc"), "{text}");
    }

    #[test]
    fn a_cut_says_so() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
        assert_eq!(cut("日本語", 4), "日…");
    }
}
