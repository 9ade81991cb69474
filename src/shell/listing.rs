//! Listings: rows and the columns that show them. A command names each column once; the drawn table, the row of sums,
//! `--sort`, the completion of its words and the pane's titles and figures follow. What a row is in JSON is its
//! `Serialize`.

use std::cmp::Reverse;
use std::time::Duration;

use serde::Serialize;

use super::reply::{Align, Heading, Reply, Role, Span, Table, cell};
use super::units::{show_bytes, show_duration};

/// One column of a listing of `T`.
pub struct Column<T> {
    /// Its word after `--sort`.
    pub name: &'static str,
    /// The column's heading.
    pub title: &'static str,
    pub align: Align,
    content: Content<T>,
    /// What `--sort` goes by; `None`: rows cannot be ordered by it.
    sort_key: Option<SortKey<T>>,
    /// Its cell in the row of sums, which a listing has when a column has one.
    total: Option<Total<T>>,
}

/// The content of a column's cells.
enum Content<T> {
    Text(fn(&T) -> Span),
    Figure(Unit, fn(&T) -> u64),
}

/// The unit of a column's figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Count,
    /// Failed calls: bad, unless there are none.
    Errors,
    Bytes,
    Nanoseconds,
}

/// A column's cell in the row of sums.
enum Total<T> {
    /// The sum of the column's figures.
    Sum,
    Text(fn(&[T]) -> String),
}

/// The sort key of rows, and its direction.
pub enum SortKey<T> {
    /// Words, from A on.
    Word(fn(&T) -> String),
    /// Numbers that name something, from the lowest on.
    Number(fn(&T) -> u64),
    /// Figures of a [`Unit`], from the largest down.
    Amount(fn(&T) -> u64),
    /// Other figures, from the largest down.
    Figure(fn(&T) -> f64),
}

/// `Copy` whatever the rows are, which a derive would ask of them too.
macro_rules! copy {
    ($($name:ident),*) => {
        $(
            impl<T> Clone for $name<T> {
                fn clone(&self) -> Self {
                    *self
                }
            }

            impl<T> Copy for $name<T> {}
        )*
    };
}

copy!(Column, Content, Total, SortKey);

impl<T> Column<T> {
    /// A column of words, which lean left.
    pub const fn left(name: &'static str, cell: fn(&T) -> Span) -> Column<T> {
        Column { name, title: name, align: Align::Left, content: Content::Text(cell), sort_key: None, total: None }
    }

    /// A column of words that lean right, as figures without a [`Unit`] do.
    pub const fn right(name: &'static str, cell: fn(&T) -> Span) -> Column<T> {
        Column { align: Align::Right, ..Column::left(name, cell) }
    }

    /// A column of figures, which can be ordered by; the largest come first.
    pub const fn figures(name: &'static str, unit: Unit, figure: fn(&T) -> u64) -> Column<T> {
        Column {
            name,
            title: name,
            align: Align::Right,
            content: Content::Figure(unit, figure),
            sort_key: Some(SortKey::Amount(figure)),
            total: None,
        }
    }

    /// The column under another title than its name.
    pub const fn titled(self, title: &'static str) -> Column<T> {
        Column { title, ..self }
    }

    /// The column with what `--sort` goes by.
    pub const fn by(self, sort_key: SortKey<T>) -> Column<T> {
        Column { sort_key: Some(sort_key), ..self }
    }

    /// The column with the sum of its figures in the row of sums.
    pub const fn summed(self) -> Column<T> {
        Column { total: Some(Total::Sum), ..self }
    }

    /// The column with a cell of its own in the row of sums.
    pub const fn totalled(self, total: fn(&[T]) -> String) -> Column<T> {
        Column { total: Some(Total::Text(total)), ..self }
    }

    /// What `--sort` goes by; `None`: rows cannot be ordered by it.
    pub fn sort_key(&self) -> Option<SortKey<T>> {
        self.sort_key
    }

    /// The row's figure and its unit; `None` for a column of words.
    pub fn figure(&self, row: &T) -> Option<(Unit, u64)> {
        match self.content {
            Content::Text(_) => None,
            Content::Figure(unit, figure) => Some((unit, figure(row))),
        }
    }

    /// The row's cell.
    pub fn cell(&self, row: &T) -> Span {
        match self.content {
            Content::Text(text) => text(row),
            Content::Figure(unit, figure) => unit.cell(figure(row)),
        }
    }

    /// The cell in the row of sums.
    fn total_cell(&self, rows: &[T]) -> Span {
        let text = match (self.total, self.content) {
            (None, _) | (Some(Total::Sum), Content::Text(_)) => String::new(),
            (Some(Total::Text(text)), _) => text(rows),
            (Some(Total::Sum), Content::Figure(unit, figure)) => {
                unit.text(rows.iter().fold(0, |sum: u64, row| sum.saturating_add(figure(row))))
            }
        };
        cell(Role::Strong, text)
    }
}

impl Unit {
    /// A figure as tables show it.
    pub fn text(self, figure: u64) -> String {
        match self {
            Unit::Count | Unit::Errors => figure.to_string(),
            Unit::Bytes => show_bytes(figure),
            Unit::Nanoseconds => show_duration(Duration::from_nanos(figure)),
        }
    }

    fn cell(self, figure: u64) -> Span {
        let role = if self == Unit::Errors && figure > 0 { Role::Bad } else { Role::Plain };
        cell(role, self.text(figure))
    }
}

impl<T> SortKey<T> {
    /// Orders items by their rows; those that are equal stay in their order.
    pub fn sort<I>(self, items: &mut [I], row_of: impl Fn(&I) -> &T) {
        match self {
            SortKey::Word(word) => items.sort_by_cached_key(|item| word(row_of(item))),
            SortKey::Number(number) => items.sort_by_key(|item| number(row_of(item))),
            SortKey::Amount(amount) => items.sort_by_key(|item| Reverse(amount(row_of(item)))),
            SortKey::Figure(figure) => {
                items.sort_by(|one, other| figure(row_of(other)).total_cmp(&figure(row_of(one))));
            }
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
        key.sort(rows, |row| row);
    }
}

/// The rows as a table, or as an array of JSON.
pub fn reply<T: Serialize>(rows: &[T], columns: &[Column<T>], json: bool) -> Reply {
    if json { Reply::json(&rows) } else { Reply::Table(table(rows, columns)) }
}

/// The rows as a table.
pub fn table<T>(rows: &[T], columns: &[Column<T>]) -> Table {
    let has_totals = columns.iter().any(|column| column.total.is_some());
    Table {
        headings: columns.iter().map(|column| Heading { title: column.title, align: column.align }).collect(),
        rows: rows.iter().map(|row| columns.iter().map(|column| column.cell(row)).collect()).collect(),
        totals: has_totals.then(|| columns.iter().map(|column| column.total_cell(rows)).collect()),
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
        Column::figures("calls", Unit::Count, |row: &Plugin| row.calls).titled("n").summed(),
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
