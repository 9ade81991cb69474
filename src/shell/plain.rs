//! The plain form of a reply, for files, pipes, captures, and a standard output that is no terminal.

use std::borrow::Cow;

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::prose::PROSE_COLUMNS;
use super::reply::{Align, Reply, Span, Table, one_line};
use crate::text;

/// Blanks between two columns.
const COLUMN_GAP: usize = 2;

/// The bytes of a reply without colour; a plugin's output unchanged.
pub fn bytes(reply: &Reply) -> Cow<'_, [u8]> {
    Cow::Owned(match reply {
        Reply::Nothing => Vec::new(),
        Reply::Output { bytes, .. } => return Cow::Borrowed(bytes),
        Reply::Lines(lines) | Reply::News { lines, .. } | Reply::Answer { lines, .. } => {
            lines.iter().map(|line| format!("{line}\n")).collect::<String>().into_bytes()
        }
        Reply::Prose { paragraphs, .. } => {
            let rows = paragraphs.iter().flat_map(|paragraph| paragraph.rows(PROSE_COLUMNS));
            rows.map(|row| format!("{row}\n")).collect::<String>().into_bytes()
        }
        Reply::Table(table) => table_text(table).into_bytes(),
        Reply::Json(value) => json_text(value).into_bytes(),
        Reply::JsonLines(values) => text::json(values.iter().map(|value| format!("{value}\n")).collect()).into_bytes(),
    })
}

/// One JSON value and a newline; an array stands with one element a line.
pub fn json_text(value: &Value) -> String {
    text::json(match value {
        Value::Array(values) if !values.is_empty() => {
            let rows: Vec<String> = values.iter().map(Value::to_string).collect();
            format!("[\n{}\n]\n", rows.join(",\n"))
        }
        value => format!("{value}\n"),
    })
}

fn table_text(table: &Table) -> String {
    let widths = column_widths(table);
    let titles: Vec<Span> =
        table.headings.iter().map(|heading| super::reply::plain(heading.title.to_uppercase())).collect();
    let mut text = String::new();
    for row in std::iter::once(&titles).chain(&table.rows).chain(&table.totals) {
        push_row(&mut text, table, &widths, row);
    }
    text
}

fn column_widths(table: &Table) -> Vec<usize> {
    let mut widths: Vec<usize> = table.headings.iter().map(|heading| heading.title.width()).collect();
    for row in table.rows.iter().chain(&table.totals) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(one_line(&cell.text).width());
        }
    }
    widths
}

fn push_row(text: &mut String, table: &Table, widths: &[usize], row: &[Span]) {
    let mut line = String::new();
    for ((heading, width), cell) in table.headings.iter().zip(widths).zip(row) {
        let shown = one_line(&cell.text);
        let blanks = " ".repeat(width.saturating_sub(shown.width()));
        match heading.align {
            Align::Left => line.extend([shown.as_ref(), &blanks]),
            Align::Right => line.extend([blanks.as_str(), shown.as_ref()]),
        }
        line.push_str(&" ".repeat(COLUMN_GAP));
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::reply::{Heading, Role, cell, plain};

    #[test]
    fn columns_line_up_by_width_on_screen() {
        let table = Table {
            headings: vec![Heading::new("id", Align::Right), Heading::new("name", Align::Left)],
            rows: vec![vec![plain("1"), cell(Role::Name, "wörter")], vec![plain("12"), plain("a\nb")]],
            totals: Some(vec![plain("2"), plain("")]),
            notes: vec!["for a person".into()],
        };
        let text = String::from_utf8(bytes(&Reply::Table(table)).into_owned()).unwrap();
        assert_eq!(text, "ID  NAME\n 1  wörter\n12  a\\nb\n 2\n");
    }

    #[test]
    fn output_stays_as_it_is() {
        let reply = Reply::Output { bytes: [0xff, b'\n', 0].into(), raw: false };
        assert_eq!(*bytes(&reply), [0xff, b'\n', 0]);
    }

    #[test]
    fn json_arrays_stand_with_a_row_a_line() {
        assert_eq!(json_text(&serde_json::json!([{"id": 1}, {"id": 2}])), "[\n{\"id\":1},\n{\"id\":2}\n]\n");
        assert_eq!(json_text(&serde_json::json!([])), "[]\n");
    }
}
