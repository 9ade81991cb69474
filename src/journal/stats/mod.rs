//! Accounts: calls, bytes and time by callee, edge or function, from any set of records. Nothing is drawn here.

mod histogram;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::str::FromStr;

pub use histogram::{Bar, Histogram};

use serde::{Serialize, Serializer};

use super::filter::Filter;
use super::record::{Record, RecordKind, label};
use super::symbol::Symbol;
use crate::json::ns_as_micros;
use crate::text::{did_you_mean_of, quoted};

/// The most rows; later keys are summed in one row named `(other)`.
pub const STATS_ROWS_MAX: usize = 16_384;
/// The most calls whose nested bytes are followed; later ones count their own input only.
pub const STATS_CALLS_MAX: usize = 1 << 22;

/// The grouping of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// One called process.
    #[default]
    Callee,
    /// One pair of caller and callee.
    Edge,
    /// One function of one process.
    Function,
}

impl By {
    /// The words of `--by`.
    pub const fn as_str(self) -> &'static str {
        match self {
            By::Callee => "callee",
            By::Edge => "edge",
            By::Function => "function",
        }
    }
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

/// Sums up records, in any order; running ones are left out.
pub struct Stats {
    by: By,
    rows: Vec<Sums>,
    row_of: HashMap<Key, u32>,
    calls: Vec<Call>,
    /// The call that asked for each load, and the load's time; as bounded as `calls`.
    loads: Vec<(u64, u64)>,
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
    grew_bytes: u64,
    fuel: u64,
    fuel_below: u64,
    total_ns: u64,
    self_ns: u64,
    loads_ns: u64,
    held_ns: u64,
    durations: Histogram,
}

/// A call's data for the sums of the calls below it.
struct Call {
    seq: u64,
    parent_seq: u64,
    /// Bytes moved by the call itself and, after the sum, by all calls below it.
    bytes: u64,
    /// Fuel of the call itself and, after the sum, of all calls below it.
    fuel: u64,
    row: Option<u32>,
}

impl Stats {
    /// Empty accounts.
    pub fn new(by: By) -> Stats {
        Stats { by, rows: Vec::new(), row_of: HashMap::new(), calls: Vec::new(), loads: Vec::new(), self_ns_all: 0 }
    }

    /// The accounts of the `records` that the filter counts, or of all calls without one.
    pub fn of<'a>(by: By, filter: Option<&Filter>, records: impl IntoIterator<Item = &'a Record>) -> Stats {
        let mut stats = Stats::new(by);
        for record in records {
            let is_call = record.kind == RecordKind::Call;
            if filter.map_or(is_call, |filter| filter.counts(record)) {
                stats.add(record);
            } else if is_call {
                stats.add_nested(record);
            } else if record.kind == RecordKind::Load {
                stats.push_call(record, None);
            }
            stats.add_load(record);
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

    /// Adds a call without a row of its own: it counts in the total time and in the bytes below its callers.
    pub fn add_nested(&mut self, record: &Record) {
        if record.outcome.is_ended() {
            self.note(record, None);
        }
    }

    /// Adds the time of a load to the call that asked for it.
    fn add_load(&mut self, record: &Record) {
        let is_nested = record.kind == RecordKind::Load && record.outcome.is_ended() && record.parent_seq != 0;
        if is_nested && self.loads.len() < STATS_CALLS_MAX {
            self.loads.push((record.parent_seq, record.duration_ns));
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
        self.push_call(record, row);
    }

    fn push_call(&mut self, record: &Record, row: Option<u32>) {
        if self.calls.len() < STATS_CALLS_MAX {
            // A module's bytes are not moved between plugins.
            let is_load = record.kind == RecordKind::Load;
            let bytes = if is_load { 0 } else { record.bytes_in.saturating_add(record.bytes_out) };
            self.calls.push(Call { seq: record.seq, parent_seq: record.parent_seq, bytes, fuel: record.fuel, row });
        }
    }

    /// The rows, sorted by label.
    pub fn into_rows(mut self) -> Vec<StatsRow> {
        self.sum_up_below();
        let all = self.self_ns_all;
        let mut rows: Vec<StatsRow> = self.rows.into_iter().map(|sums| sums.into_row(all)).collect();
        rows.sort_by_cached_key(StatsRow::label);
        rows
    }

    /// Gives each row the time of its calls' loads, the bytes that were moved below its calls, and the fuel that was
    /// used there. A call has a higher seq than the one it is nested in: from the highest down, every call is complete
    /// when its turn comes.
    fn sum_up_below(&mut self) {
        self.calls.sort_unstable_by_key(|call| call.seq);
        for (parent_seq, took_ns) in std::mem::take(&mut self.loads) {
            let Ok(at) = self.calls.binary_search_by_key(&parent_seq, |call| call.seq) else { continue };
            let row = self.calls.get(at).and_then(|call| call.row);
            if let Some(sums) = row.and_then(|row| self.rows.get_mut(row as usize)) {
                sums.loads_ns = sums.loads_ns.saturating_add(took_ns);
            }
        }
        for at in (0..self.calls.len()).rev() {
            let (above, rest) = self.calls.split_at_mut(at);
            let Some(call) = rest.first() else { continue };
            let Ok(parent) = above.binary_search_by_key(&call.parent_seq, |parent| parent.seq) else { continue };
            let Some(parent) = above.get_mut(parent) else { continue };
            parent.bytes = parent.bytes.saturating_add(call.bytes);
            parent.fuel = parent.fuel.saturating_add(call.fuel);
            if let Some(sums) = parent.row.and_then(|row| self.rows.get_mut(row as usize)) {
                sums.bytes_below = sums.bytes_below.saturating_add(call.bytes);
                sums.fuel_below = sums.fuel_below.saturating_add(call.fuel);
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
            grew_bytes: 0,
            fuel: 0,
            fuel_below: 0,
            total_ns: 0,
            self_ns: 0,
            loads_ns: 0,
            held_ns: 0,
            durations: Histogram::default(),
        }
    }

    fn add(&mut self, record: &Record) {
        self.errors += u64::from(record.outcome.is_failure());
        self.bytes_in = self.bytes_in.saturating_add(record.bytes_in);
        self.bytes_out = self.bytes_out.saturating_add(record.bytes_out);
        self.grew_bytes = self.grew_bytes.saturating_add(record.grew.bytes().unwrap_or(0));
        self.fuel = self.fuel.saturating_add(record.fuel);
        self.total_ns = self.total_ns.saturating_add(record.duration_ns);
        self.self_ns = self.self_ns.saturating_add(record.self_ns());
        self.held_ns = self.held_ns.saturating_add(record.held_ns);
        self.durations.add(record.duration_ns);
    }

    fn into_row(self, self_ns_all: u128) -> StatsRow {
        let fuel_total = self.fuel.saturating_add(self.fuel_below);
        StatsRow {
            caller: self.key.caller,
            callee: self.key.callee,
            function: self.key.function,
            calls: self.durations.count(),
            errors: self.errors,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            grew_bytes: self.grew_bytes,
            fuel_total: (fuel_total > 0).then_some(fuel_total),
            fuel_self: (self.fuel > 0).then_some(self.fuel),
            total_ns: self.total_ns,
            self_ns: self.self_ns,
            loads_ns: self.loads_ns,
            held_ns: self.held_ns,
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

/// One row of the accounts. In JSON, fields that do not apply to the grouping are `null`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StatsRow {
    /// Only by edge.
    #[serde(flatten, serialize_with = "caller")]
    pub caller: Option<(u32, Symbol)>,
    #[serde(flatten, serialize_with = "callee")]
    pub callee: (u32, Symbol),
    /// Only by function.
    #[serde(serialize_with = "function")]
    pub function: Option<Symbol>,
    pub calls: u64,
    /// Calls that did not end `ok`.
    pub errors: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Linear memory that the calls added and left there.
    pub grew_bytes: u64,
    /// Units of fuel, nested calls included; `None` where none were counted.
    pub fuel_total: Option<u64>,
    /// Units of fuel without nested calls; `None` where none were counted.
    pub fuel_self: Option<u64>,
    #[serde(rename = "total_us", serialize_with = "ns_as_micros")]
    pub total_ns: u64,
    /// Time without nested calls and loads.
    #[serde(rename = "self_us", serialize_with = "ns_as_micros")]
    pub self_ns: u64,
    /// Time in the loads that the calls asked for.
    #[serde(rename = "loads_us", serialize_with = "ns_as_micros")]
    pub loads_ns: u64,
    /// Time at breakpoints, which is part of no other figure.
    #[serde(rename = "held_us", serialize_with = "ns_as_micros")]
    pub held_ns: u64,
    #[serde(rename = "avg_us", serialize_with = "ns_as_micros")]
    pub avg_ns: u64,
    #[serde(rename = "p50_us", serialize_with = "ns_as_micros")]
    pub p50_ns: u64,
    #[serde(rename = "p90_us", serialize_with = "ns_as_micros")]
    pub p90_ns: u64,
    #[serde(rename = "p99_us", serialize_with = "ns_as_micros")]
    pub p99_ns: u64,
    #[serde(rename = "max_us", serialize_with = "ns_as_micros")]
    pub max_ns: u64,
    /// The row's share of the self time of all calls, from 0 to 1.
    pub share: f64,
    /// Bytes in and out of the calls below, per byte of own input; `None` without input.
    pub amplification: Option<f64>,
    #[serde(skip)]
    pub durations: Histogram,
}

fn caller<S: Serializer>(caller: &Option<(u32, Symbol)>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Caller {
        caller: Option<u32>,
        caller_name: Option<&'static str>,
    }
    let (caller, name) = caller.unzip();
    Caller { caller, caller_name: name.map(Symbol::as_str) }.serialize(serializer)
}

fn callee<S: Serializer>((id, name): &(u32, Symbol), serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Callee {
        callee: Option<u32>,
        callee_name: Option<&'static str>,
    }
    let callee_name = (!name.is_none()).then(|| name.as_str());
    Callee { callee: (*id != 0).then_some(*id), callee_name }.serialize(serializer)
}

fn function<S: Serializer>(function: &Option<Symbol>, serializer: S) -> Result<S::Ok, S::Error> {
    function.map(Symbol::as_str).serialize(serializer)
}

impl StatsRow {
    /// The row's label: `2:cart`, `1:front → 2:cart` or `2:cart.total`.
    pub fn label(&self) -> String {
        match (self.caller_label(), self.function) {
            (Some(caller), _) => format!("{caller} → {}", self.callee_label()),
            (None, Some(function)) => format!("{}.{function}", self.callee_label()),
            (None, None) => self.callee_label(),
        }
    }

    /// The caller, as `1:front`; `None` unless the rows are edges.
    pub fn caller_label(&self) -> Option<String> {
        self.caller.map(|(id, name)| label(id, name))
    }

    /// The callee, as `2:cart`.
    pub fn callee_label(&self) -> String {
        label(self.callee.0, self.callee.1)
    }
}

fn no_such(what: &str, word: &str, known: &[&str]) -> String {
    let hint = did_you_mean_of(word, known);
    format!("no {what} `{}`{hint}", quoted(word))
}
