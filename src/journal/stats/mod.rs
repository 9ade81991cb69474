//! Accounts: calls, bytes and time by callee, edge or function, from any set of records. Nothing is drawn here.

mod histogram;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::str::FromStr;

pub use histogram::{Bar, Histogram};

use super::filter::Filter;
use super::record::Record;
use super::symbol::Symbol;
use crate::text::{did_you_mean, quoted};

/// The most rows; what comes later is added up in one row named `(other)`.
pub const STATS_ROWS_MAX: usize = 16_384;
/// The most calls whose nested bytes are followed; of later ones only what they were given counts.
pub const STATS_CALLS_MAX: usize = 1 << 22;

/// What a row stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// One called process.
    #[default]
    Callee,
    /// Who called whom.
    Edge,
    /// One function of one process.
    Function,
}

impl FromStr for By {
    type Err = String;

    fn from_str(word: &str) -> Result<By, String> {
        match word {
            "callee" => Ok(By::Callee),
            "edge" => Ok(By::Edge),
            "function" => Ok(By::Function),
            _ => Err(no_such("grouping", word, &["callee", "edge", "function"])),
        }
    }
}

/// Adds records up. Records may come in any order; running ones are left out.
pub struct Stats {
    by: By,
    rows: Vec<Sums>,
    row_of: HashMap<Key, u32>,
    calls: Vec<Call>,
    self_ns_all: u128,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    caller: Option<(u32, Symbol)>,
    callee: (u32, Symbol),
    function: Option<Symbol>,
}

struct Sums {
    key: Key,
    errors: u64,
    bytes_in: u64,
    bytes_out: u64,
    bytes_below: u64,
    total_ns: u64,
    self_ns: u64,
    durations: Histogram,
}

/// What is kept of each call to find out what it caused.
struct Call {
    seq: u64,
    parent_seq: u64,
    /// Moved by itself and, once summed up, by all calls below it.
    bytes: u64,
    row: Option<u32>,
}

impl Stats {
    /// Empty accounts.
    pub fn new(by: By) -> Stats {
        Stats { by, rows: Vec::new(), row_of: HashMap::new(), calls: Vec::new(), self_ns_all: 0 }
    }

    /// The accounts of those of `records` that match, if there is a filter.
    pub fn of<'a>(by: By, filter: Option<&Filter>, records: impl IntoIterator<Item = &'a Record>) -> Stats {
        let mut stats = Stats::new(by);
        for record in records {
            if filter.is_none_or(|filter| filter.matches(record)) {
                stats.add(record);
            } else {
                stats.add_nested(record);
            }
        }
        stats
    }

    /// Adds a call to its row.
    pub fn add(&mut self, record: &Record) {
        if !record.outcome.is_ended() {
            return;
        }
        let row = self.row(record);
        if let Some(sums) = self.rows.get_mut(row as usize) {
            sums.add(record);
        }
        self.note(record, Some(row));
    }

    /// Adds a call that has no row of its own, only a share in all time and in what the calls above it caused.
    pub fn add_nested(&mut self, record: &Record) {
        if record.outcome.is_ended() {
            self.note(record, None);
        }
    }

    fn row(&mut self, record: &Record) -> u32 {
        let callee = (record.callee, record.callee_name);
        let key = match self.by {
            By::Callee => Key { caller: None, callee, function: None },
            By::Edge => Key { caller: Some((record.caller, record.caller_name)), callee, function: None },
            By::Function => Key { caller: None, callee, function: Some(record.function) },
        };
        let key = if self.rows.len() + 1 < STATS_ROWS_MAX || self.row_of.contains_key(&key) { key } else { OTHER };
        let rows = &mut self.rows;
        *self.row_of.entry(key).or_insert_with(|| {
            rows.push(Sums::new(key));
            rows.len() as u32 - 1
        })
    }

    fn note(&mut self, record: &Record, row: Option<u32>) {
        self.self_ns_all += u128::from(record.self_ns());
        if self.calls.len() < STATS_CALLS_MAX {
            let bytes = record.bytes_in.saturating_add(record.bytes_out);
            self.calls.push(Call { seq: record.seq, parent_seq: record.parent_seq, bytes, row });
        }
    }

    /// The rows, sorted: numbers from the largest down, names from A on.
    pub fn into_rows(mut self, sort: Column) -> Vec<Row> {
        self.sum_up_below();
        let all = self.self_ns_all;
        let mut rows: Vec<Row> = self.rows.into_iter().map(|sums| sums.into_row(all)).collect();
        sort_rows(&mut rows, sort);
        rows
    }

    /// Gives each row the bytes that were moved below its calls. A call has a higher seq than the one it is nested in: from
    /// the highest down, every call is complete when its turn comes.
    fn sum_up_below(&mut self) {
        self.calls.sort_unstable_by_key(|call| call.seq);
        for at in (0..self.calls.len()).rev() {
            let (above, rest) = self.calls.split_at_mut(at);
            let Some(call) = rest.first() else { continue };
            let Ok(parent) = above.binary_search_by_key(&call.parent_seq, |parent| parent.seq) else { continue };
            let Some(parent) = above.get_mut(parent) else { continue };
            parent.bytes = parent.bytes.saturating_add(call.bytes);
            if let Some(sums) = parent.row.and_then(|row| self.rows.get_mut(row as usize)) {
                sums.bytes_below = sums.bytes_below.saturating_add(call.bytes);
            }
        }
    }
}

const OTHER: Key = Key { caller: None, callee: (0, Symbol::OTHER), function: None };

impl Sums {
    fn new(key: Key) -> Sums {
        Sums {
            key,
            errors: 0,
            bytes_in: 0,
            bytes_out: 0,
            bytes_below: 0,
            total_ns: 0,
            self_ns: 0,
            durations: Histogram::default(),
        }
    }

    fn add(&mut self, record: &Record) {
        self.errors += u64::from(record.outcome.is_failure());
        self.bytes_in = self.bytes_in.saturating_add(record.bytes_in);
        self.bytes_out = self.bytes_out.saturating_add(record.bytes_out);
        self.total_ns = self.total_ns.saturating_add(record.duration_ns);
        self.self_ns = self.self_ns.saturating_add(record.self_ns());
        self.durations.add(record.duration_ns);
    }

    fn into_row(self, self_ns_all: u128) -> Row {
        Row {
            caller: self.key.caller,
            callee: self.key.callee,
            function: self.key.function,
            calls: self.durations.count(),
            errors: self.errors,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            total_ns: self.total_ns,
            self_ns: self.self_ns,
            avg_ns: self.durations.mean_ns(),
            p50_ns: self.durations.percentile_ns(50.0),
            p90_ns: self.durations.percentile_ns(90.0),
            p99_ns: self.durations.percentile_ns(99.0),
            max_ns: self.durations.max_ns(),
            share: if self_ns_all == 0 { 0.0 } else { self.self_ns as f64 / self_ns_all as f64 },
            amplification: (self.bytes_in > 0).then(|| self.bytes_below as f64 / self.bytes_in as f64),
            durations: self.durations,
        }
    }
}

/// One row of the accounts.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Only by edge.
    pub caller: Option<(u32, Symbol)>,
    pub callee: (u32, Symbol),
    /// Only by function.
    pub function: Option<Symbol>,
    pub calls: u64,
    /// Calls that did not end `ok`.
    pub errors: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub total_ns: u64,
    /// Without the nested calls.
    pub self_ns: u64,
    pub avg_ns: u64,
    pub p50_ns: u64,
    pub p90_ns: u64,
    pub p99_ns: u64,
    pub max_ns: u64,
    /// Its self time as a part of that of all calls, from 0 to 1.
    pub share: f64,
    /// Bytes that went in and out of the calls below it, per byte that it was given; `None` when it was given none.
    pub amplification: Option<f64>,
    pub durations: Histogram,
}

impl Row {
    /// What the row stands for: `2:cart`, `1:front → 2:cart` or `2:cart.total`.
    pub fn label(&self) -> String {
        let label =
            |(id, name): (u32, Symbol)| Record { callee: id, callee_name: name, ..Record::default() }.callee_label();
        match (self.caller, self.function) {
            (Some(caller), _) => format!("{} → {}", label(caller), label(self.callee)),
            (None, Some(function)) => format!("{}.{function}", label(self.callee)),
            (None, None) => label(self.callee),
        }
    }
}

/// A column of the accounts, to sort by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Column {
    Name,
    Calls,
    Errors,
    BytesIn,
    BytesOut,
    Total,
    #[default]
    SelfTime,
    Avg,
    P50,
    P90,
    P99,
    Max,
    Share,
    Amplification,
}

impl Column {
    /// Every column, in the order they are shown.
    pub const ALL: [Column; 14] = [
        Column::Name,
        Column::Calls,
        Column::Errors,
        Column::BytesIn,
        Column::BytesOut,
        Column::Total,
        Column::SelfTime,
        Column::Avg,
        Column::P50,
        Column::P90,
        Column::P99,
        Column::Max,
        Column::Share,
        Column::Amplification,
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Column::Name => "name",
            Column::Calls => "calls",
            Column::Errors => "errors",
            Column::BytesIn => "bytes_in",
            Column::BytesOut => "bytes_out",
            Column::Total => "total",
            Column::SelfTime => "self",
            Column::Avg => "avg",
            Column::P50 => "p50",
            Column::P90 => "p90",
            Column::P99 => "p99",
            Column::Max => "max",
            Column::Share => "share",
            Column::Amplification => "amplification",
        }
    }

    /// What a row is sorted by; 0 for the name.
    fn of(self, row: &Row) -> f64 {
        let number = match self {
            Column::Name => 0,
            Column::Calls => row.calls,
            Column::Errors => row.errors,
            Column::BytesIn => row.bytes_in,
            Column::BytesOut => row.bytes_out,
            Column::Total => row.total_ns,
            Column::SelfTime => row.self_ns,
            Column::Avg => row.avg_ns,
            Column::P50 => row.p50_ns,
            Column::P90 => row.p90_ns,
            Column::P99 => row.p99_ns,
            Column::Max => row.max_ns,
            Column::Share => return row.share,
            Column::Amplification => return row.amplification.unwrap_or(-1.0),
        };
        number as f64
    }
}

impl FromStr for Column {
    type Err = String;

    fn from_str(word: &str) -> Result<Column, String> {
        let found = Column::ALL.into_iter().find(|column| column.as_str() == word);
        found.ok_or_else(|| no_such("column", word, &Column::ALL.map(Column::as_str)))
    }
}

/// Sorts rows: numbers from the largest down, names from A on; equal ones by name.
pub fn sort_rows(rows: &mut [Row], column: Column) {
    rows.sort_by_cached_key(Row::label);
    rows.sort_by(|one, other| column.of(other).total_cmp(&column.of(one)));
}

fn no_such(what: &str, word: &str, known: &[&str]) -> String {
    let hint = match did_you_mean(word, known.iter().copied()) {
        none if none.is_empty() => format!("; there are: {}", known.join(" ")),
        hint => hint,
    };
    format!("no {what} `{}`{hint}", quoted(word))
}
