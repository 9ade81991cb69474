//! Listings: rows and the columns that show them. A command names each column once; the drawn table, the row of sums,
//! what a narrow terminal leaves out, `--sort`, the completion of its words and the pane's titles and figures follow.
//! A row's JSON is its `Serialize`.

use std::cmp::Reverse;
use std::time::Duration;

use serde::Serialize;

use super::reply::{Align, Brevity, ESSENTIAL, Heading, Line, Reply, Role, Span, Table, cell};
use super::units::{show_bytes, show_duration};

/// The rows of a listing that may be long, for a person who does not say `-n`.
pub const ROWS_DEFAULT: usize = 100;

/// One column of a listing of `T`.
pub struct Column<T> {
    /// Name of the column, as after `--sort`.
    pub name: &'static str,
    /// The column's heading.
    pub title: &'static str,
    pub align: Align,
    /// Columns of low importance are left out first where the width is bounded; those of [`ESSENTIAL`] stay.
    importance: u8,
    brevity: Brevity,
    /// True for a column that is hidden where all its cells are empty.
    optional: bool,
    content: Content<T>,
    /// Sort key of `--sort`; `None`: rows cannot be ordered by it.
    sort_key: Option<SortKey<T>>,
    /// Cell in the row of sums, which a listing has when a column has one.
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
        Column {
            name,
            title: name,
            align: Align::Left,
            importance: ESSENTIAL,
            brevity: Brevity::Whole,
            optional: false,
            content: Content::Text(cell),
            sort_key: None,
            total: None,
        }
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
            importance: ESSENTIAL,
            brevity: Brevity::Whole,
            optional: false,
            content: Content::Figure(unit, figure),
            sort_key: Some(SortKey::Amount(figure)),
            total: None,
        }
    }

    /// The column under another title than its name.
    pub const fn titled(self, title: &'static str) -> Column<T> {
        Column { title, ..self }
    }

    /// The column with its importance in a narrow table: the lowest is left out first.
    pub const fn importance(self, importance: u8) -> Column<T> {
        Column { importance, ..self }
    }

    /// The column with its paths and URLs shown by their last part where the width is bounded.
    pub const fn by_last_part(self) -> Column<T> {
        Column { brevity: Brevity::LastPart, ..self }
    }

    /// The column, shown only where a cell has text.
    pub const fn optional(self) -> Column<T> {
        Column { optional: true, ..self }
    }

    /// The column with the key of `--sort`.
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

    /// Sort key of `--sort`; `None`: rows cannot be ordered by it.
    pub fn sort_key(&self) -> Option<SortKey<T>> {
        self.sort_key
    }

    fn heading(&self) -> Heading {
        let Column { title, align, importance, brevity, .. } = *self;
        Heading { title, align, importance, brevity }
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

/// The titles of the columns that a narrow table leaves out, the first to go first: `RESETS, PARENT`.
#[cfg(test)]
pub fn left_out_first<T>(columns: &[Column<T>]) -> String {
    let mut columns: Vec<&Column<T>> = columns.iter().filter(|column| column.importance < ESSENTIAL).collect();
    columns.sort_by_key(|column| column.importance);
    columns.iter().map(|column| column.title.to_uppercase()).collect::<Vec<_>>().join(", ")
}

/// The rows as a table, or as an array of JSON.
pub fn reply<T: Serialize>(rows: &[T], columns: &[Column<T>], json: bool) -> Reply {
    if json { Reply::json(&rows) } else { Reply::Table(table(rows, columns)) }
}

/// The rows as a table.
pub fn table<T>(rows: &[T], columns: &[Column<T>]) -> Table {
    let is_shown = |column: &&Column<T>| !column.optional || rows.iter().any(|row| !column.cell(row).text.is_empty());
    let columns: Vec<&Column<T>> = columns.iter().filter(is_shown).collect();
    let has_totals = columns.iter().any(|column| column.total.is_some());
    Table {
        headings: columns.iter().map(|column| column.heading()).collect(),
        rows: rows.iter().map(|row| columns.iter().map(|column| column.cell(row)).collect()).collect(),
        totals: has_totals.then(|| columns.iter().map(|column| column.total_cell(rows)).collect()),
        notes: Vec::new(),
    }
}

/// Most rows of a listing: as many as `-n` asks for (0: all); without it all, but for a person [`ROWS_DEFAULT`].
pub fn rows_max(asked: Option<usize>, for_person: bool) -> usize {
    match asked {
        Some(0) => usize::MAX,
        Some(rows) => rows,
        None if for_person => ROWS_DEFAULT,
        None => usize::MAX,
    }
}

/// The table's first `rows_max` rows; a note says how many more there are, and that `all` shows them. The sums stay
/// those of all rows.
pub fn first_rows(mut table: Table, rows_max: usize, all: &str) -> Table {
    let left_out = table.rows.len().saturating_sub(rows_max);
    table.rows.truncate(rows_max);
    table.notes.extend(left_out_note(left_out, "more", all));
    table
}

/// `… 9900 more; `ps -n 0` shows all`; `None` when no row was left out.
pub fn left_out_note(left_out: usize, which: &str, all: &str) -> Option<Line> {
    (left_out > 0).then(|| Line::new().with(Role::Dim, format!("… {left_out} {which}; `{all}` shows all")))
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

    #[test]
    fn a_long_listing_says_how_many_more_there_are() {
        assert_eq!([rows_max(None, true), rows_max(None, false)], [ROWS_DEFAULT, usize::MAX]);
        assert_eq!([rows_max(Some(0), true), rows_max(Some(7), false)], [usize::MAX, 7]);
        let first = |rows_max| first_rows(table(&rows(), &COLUMNS), rows_max, "list -n 0");
        assert_eq!((first(3).rows.len(), first(3).notes), (3, vec![]));
        let cut = first(1);
        assert_eq!(cut.notes.iter().map(Line::to_string).collect::<Vec<_>>(), ["… 2 more; `list -n 0` shows all"]);
        assert_eq!((cut.rows.len(), cut.totals), (1, first(3).totals), "the sums are of all rows");
    }

    #[test]
    fn an_optional_column_is_shown_where_a_cell_has_text() {
        let [name, calls, why] = COLUMNS;
        let titles = |columns: &[Column<Plugin>]| {
            table(&rows(), columns).headings.iter().map(|heading| heading.title).collect::<Vec<_>>()
        };
        assert_eq!(titles(&[name, calls.optional(), why.optional()]), ["name", "n"]);
    }
}
