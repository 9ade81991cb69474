//! Listings: rows and the columns that show them. A command names each column once; the drawn table, the row of sums,
//! `--sort` and the completion of its words follow. What a row is in JSON is its `Serialize`.

use serde::Serialize;

use super::reply::{Align, Heading, Reply, Role, Span, Table, cell};

/// One column of a listing of `T`.
pub struct Column<T> {
    /// Its word after `--sort`.
    pub name: &'static str,
    /// What stands above it.
    pub title: &'static str,
    pub align: Align,
    pub cell: fn(&T) -> Span,
    /// What `--sort` goes by; `None`: rows cannot be ordered by it.
    pub sort_key: Option<SortKey<T>>,
    /// Its cell in the row of sums, which a listing has when a column has one.
    pub total: Option<fn(&[T]) -> String>,
}

/// What rows are ordered by, and which of them come first.
pub enum SortKey<T> {
    /// Words, from A on.
    Word(fn(&T) -> String),
    /// Numbers that name something, from the lowest on.
    Number(fn(&T) -> u64),
    /// Figures, from the largest down.
    Figure(fn(&T) -> f64),
}

impl<T> Clone for Column<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Column<T> {}

impl<T> Clone for SortKey<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for SortKey<T> {}

impl<T> Column<T> {
    /// A column of words, which lean left.
    pub const fn left(name: &'static str, cell: fn(&T) -> Span) -> Column<T> {
        Column { name, title: name, align: Align::Left, cell, sort_key: None, total: None }
    }

    /// A column of figures, which lean right.
    pub const fn right(name: &'static str, cell: fn(&T) -> Span) -> Column<T> {
        Column { align: Align::Right, ..Column::left(name, cell) }
    }

    /// The column under another title than its name.
    pub const fn titled(self, title: &'static str) -> Column<T> {
        Column { title, ..self }
    }

    /// The column with what `--sort` goes by.
    pub const fn by(self, sort_key: SortKey<T>) -> Column<T> {
        Column { sort_key: Some(sort_key), ..self }
    }

    /// The column with its cell in the row of sums.
    pub const fn summed(self, total: fn(&[T]) -> String) -> Column<T> {
        Column { total: Some(total), ..self }
    }
}

impl<T> SortKey<T> {
    /// Orders rows; those that are equal stay in their order.
    pub fn sort(self, rows: &mut [T]) {
        match self {
            SortKey::Word(word) => rows.sort_by_cached_key(word),
            SortKey::Number(number) => rows.sort_by_key(number),
            SortKey::Figure(figure) => rows.sort_by(|one, other| figure(other).total_cmp(&figure(one))),
        }
    }
}

/// The words that `--sort` takes.
pub fn sort_words<T>(columns: &[Column<T>]) -> Vec<&'static str> {
    columns.iter().filter(|column| column.sort_key.is_some()).map(|column| column.name).collect()
}

/// Orders rows by the column that `--sort` names.
pub fn sort<T>(rows: &mut [T], columns: &[Column<T>], word: &str) {
    if let Some(key) = columns.iter().find(|column| column.name == word).and_then(|column| column.sort_key) {
        key.sort(rows);
    }
}

/// The rows as a table, or as an array of JSON.
pub fn reply<T: Serialize>(rows: &[T], columns: &[Column<T>], json: bool) -> Reply {
    if json { Reply::json(&rows) } else { Reply::Table(table(rows, columns)) }
}

/// The rows as a table.
pub fn table<T>(rows: &[T], columns: &[Column<T>]) -> Table {
    let total = |column: &Column<T>| {
        let text = column.total.map(|total| total(rows)).unwrap_or_default();
        cell(Role::Strong, text)
    };
    let has_totals = columns.iter().any(|column| column.total.is_some());
    Table {
        headings: columns.iter().map(|column| Heading { title: column.title, align: column.align }).collect(),
        rows: rows.iter().map(|row| columns.iter().map(|column| (column.cell)(row)).collect()).collect(),
        totals: has_totals.then(|| columns.iter().map(total).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::reply::plain;

    #[derive(Serialize)]
    struct Plugin {
        name: &'static str,
        calls: u64,
    }

    const COLUMNS: [Column<Plugin>; 3] = [
        Column::left("name", |row: &Plugin| plain(row.name)).by(SortKey::Word(|row| row.name.to_owned())),
        Column::right("calls", |row: &Plugin| plain(row.calls.to_string()))
            .titled("n")
            .by(SortKey::Figure(|row| row.calls as f64))
            .summed(|rows| rows.iter().map(|row| row.calls).sum::<u64>().to_string()),
        Column::left("why", |_| plain("")),
    ];

    fn rows() -> Vec<Plugin> {
        vec![Plugin { name: "b", calls: 1 }, Plugin { name: "c", calls: 3 }, Plugin { name: "a", calls: 3 }]
    }

    #[test]
    fn one_table_of_columns_says_all_of_a_listing() {
        let table = table(&rows(), &COLUMNS);
        let text = crate::shell::plain::bytes(&Reply::Table(table)).into_owned();
        assert_eq!(String::from_utf8(text).unwrap(), "NAME  N  WHY\nb     1\nc     3\na     3\n      7\n");
        assert_eq!(sort_words(&COLUMNS), ["name", "calls"]);
        let json = reply(&rows()[..1], &COLUMNS, true);
        assert_eq!(crate::shell::plain::bytes(&json).into_owned(), b"[\n{\"name\":\"b\",\"calls\":1}\n]\n");
    }

    #[test]
    fn words_go_up_and_figures_go_down() {
        let sorted = |word: &str| {
            let mut rows = rows();
            sort(&mut rows, &COLUMNS, word);
            rows.iter().map(|row| row.name).collect::<String>()
        };
        assert_eq!([sorted("name"), sorted("calls"), sorted("why")], ["abc", "cab", "bca"]);
    }
}
