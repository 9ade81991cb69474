//! The limits of a kernel, one row each: the row makes the field, the option of the program, its help and the line of
//! `limits`. The limits of a single plugin are in `runtime/limit.rs`.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Serialize;

use crate::json::as_ms;
use crate::machine;

/// Maps that one instance takes: its memory (the part that the module fills, the rest, the room to grow) and its arena,
/// each with its guard, as measured by `scripts/bench-scale`.
const MAPS_PER_PROCESS: usize = 6;
/// Maps reserved for everything else: code, stacks, the heap.
const MAPS_SPARED: usize = 4_096;
/// Upper bound of the default memory limit of plugins.
const MEMORY_BYTES_DEFAULT_MAX: u64 = 16 << 30;
/// Upper bound of the default memory limit of one compilation, which is a quarter of the plugins' limit.
const COMPILE_MEMORY_DEFAULT_MAX: u64 = 2 << 30;
/// Upper bound of the default limit of children.
const CHILDREN_DEFAULT_MAX: usize = 12_000;
/// Greatest chain depth that a job's stack can be sized for.
pub const DEPTH_MAX_MAX: u16 = 4_096;

/// The value of a limit. In JSON a number: bytes, milliseconds or a count; `null` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Amount {
    /// No limit.
    Off,
    Count(u64),
    Bytes(u64),
    Time(#[serde(serialize_with = "as_ms")] Duration),
}

/// Unit of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitUnit {
    Count,
    Bytes,
    Time,
}

/// One limit, as every display and the command line know it.
pub struct LimitRow {
    pub limit: Limit,
    /// The limit's name in `limits`.
    pub name: &'static str,
    /// The limited quantity.
    pub of: &'static str,
    /// The option of the program that sets the limit, without the dashes.
    pub option: &'static str,
    /// The help of the option.
    pub help: &'static str,
    pub unit: LimitUnit,
    /// The greatest value that its field holds, for a count.
    pub holds: u64,
    /// The counts that are allowed.
    bounds: RangeInclusive<u64>,
    /// Whether 0 is no limit.
    zero_is_off: bool,
    value: fn(&Limits) -> Amount,
    set: fn(&mut Limits, Amount),
    used: fn(&LimitUsage) -> Option<u64>,
}

/// Declares the limits. The comment of a row is the help of its option.
macro_rules! limits {
    ($(#[doc = $help:literal] $limit:ident($name:literal, $of:literal) $field:ident: $type:ty = $default:expr,
        $unit:ident $(within $bounds:expr)?, --$option:literal $(, used $used:ident)?;)*) => {
        /// Limits of a kernel. Sizes are bytes.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Limits {
            $(#[doc = $help] pub $field: $type,)*
        }

        /// The name of a limit.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum Limit {
            $(#[doc = $help] $limit,)*
        }

        /// All limits, in the order of [`Limit`].
        pub static LIMITS: &[LimitRow] = &[$(LimitRow {
            limit: Limit::$limit,
            name: $name,
            of: $of,
            option: $option,
            help: $help.trim_ascii(),
            unit: LimitUnit::$unit,
            holds: <$type as Value>::MOST,
            bounds: limits!(@bounds $($bounds)?),
            zero_is_off: <$type as Value>::HAS_OFF,
            value: |limits| limits.$field.amount(LimitUnit::$unit),
            set: |limits, amount| limits.$field = Value::from_amount(amount),
            used: limits!(@used $($used)?),
        }),*];

        impl Default for Limits {
            fn default() -> Limits {
                Limits { $($field: $default,)* }
            }
        }
    };
    (@bounds) => { 0..=u64::MAX };
    (@bounds $bounds:expr) => { $bounds };
    (@used) => { |_| None };
    (@used $used:ident) => { |usage| Some(usage.$used) };
}

limits! {
    /// Living processes.
    Processes("processes", "living processes") processes_max: usize = processes_by_map_count(),
        Count within 1..=u64::MAX, --"max-processes", used processes;
    /// Children of one process.
    Children("children", "children of one process") children_max: usize = processes_by_map_count().min(CHILDREN_DEFAULT_MAX),
        Count, --"max-children", used children;
    /// Calls nested in one job.
    Depth("depth", "calls nested in one job") depth_max: u16 = 64,
        Count within 1..=DEPTH_MAX_MAX as u64, --"max-depth", used depth;
    /// Calls that one process makes in a second; 0: no limit.
    CallRate("calls/s", "calls that one process makes") calls_per_second_max: Option<u64> = None,
        Count, --"max-calls-per-second";
    /// Jobs that run at once.
    Jobs("jobs", "jobs that run at once") jobs_max: usize = 64,
        Count within 1..=u64::MAX, --"max-jobs", used jobs;
    /// Calls that one call has started and not joined.
    StartedEach("started each", "started calls of one call") started_each_max: usize = 1_024,
        Count, --"max-started-each";
    /// Started calls that are not joined, in all.
    Started("started", "started calls of all calls") started_max: usize = 4_096,
        Count, --"max-started", used started;
    /// Output of one call.
    Output("output", "output of one call") output_bytes_max: u64 = 1 << 30,
        Bytes, --"max-output";
    /// Memory of all processes together: their memories, tables, blocks, variables, globals and collected heaps.
    Memory("memory", "what all processes hold") memory_bytes_max: u64 = memory_by_system(),
        Bytes, --"max-memory", used memory_bytes;
    /// For calls that have no timeout of their own; 0: no limit.
    Timeout("timeout", "a call without a timeout of its own") timeout: Option<Duration> = None,
        Time, --"default-timeout";
    /// To fetch and compile one plugin, downloads included; no part of its calls' time; 0: no limit.
    LoadTimeout("loading", "fetching and compiling a plugin") load_timeout: Option<Duration> = None,
        Time, --"load-timeout";
    /// Heavy modules that are compiled at once.
    Compilations("compilations", "heavy modules compiled at once") compilations_max: usize = 2,
        Count within 1..=u64::MAX, --"max-compilations", used compilations;
    /// Memory to compile one of them.
    CompileMemory("compiler", "memory to compile one of them") compile_memory_bytes_max: u64 = compile_memory_by_system(),
        Bytes, --"max-compile-memory";
    /// Log lines that one process writes in a second.
    LogRate("log lines/s", "lines that one process logs") log_lines_per_second_max: u64 = 1_000,
        Count, --"max-log-rate";
    /// Log text that is kept.
    LogBytes("log", "log text that is kept") log_bytes_max: usize = 8 << 20,
        Bytes, --"max-log-bytes", used log_bytes;
    /// Calls that the trace keeps.
    JournalRecords("journal", "calls that are kept") journal_records_max: usize = 65_536,
        Count within 1..=u64::MAX, --"journal-records", used journal_records;
    /// Payload bytes that the trace keeps; given, it keeps those of every call from the start, 64k of a side at most.
    PayloadBytes("payloads", "payloads that are kept") payload_bytes_max: u64 = 64 << 20,
        Bytes, --"payload-bytes", used payload_bytes;
    /// Ended processes that `ps -a` shows.
    Dead("dead", "ended processes that are remembered") dead_max: usize = 1_000,
        Count, --"dead-kept", used dead;
}

/// Count of processes that the system's map count allows.
pub fn processes_by_map_count() -> usize {
    machine::map_count_max().saturating_sub(MAPS_SPARED) / MAPS_PER_PROCESS
}

/// Default memory limit of plugins: three quarters of the machine's or the control group's memory. The rest keeps the
/// system from ending the shell for lack of memory.
fn memory_by_system() -> u64 {
    (machine::memory_bytes().unwrap_or(u64::MAX) / 4 * 3).min(MEMORY_BYTES_DEFAULT_MAX)
}

fn compile_memory_by_system() -> u64 {
    COMPILE_MEMORY_DEFAULT_MAX.min(memory_by_system() / 4)
}

/// The type of a field that holds a limit.
pub(crate) trait Value: Copy {
    /// The greatest value.
    const MOST: u64;
    /// Whether there may be no limit.
    const HAS_OFF: bool = false;
    /// The value with its unit.
    fn amount(self, unit: LimitUnit) -> Amount;
    /// The value of an amount in the limit's unit; more than [`Value::MOST`], or no limit where that cannot be, is
    /// that.
    fn from_amount(amount: Amount) -> Self;
}

macro_rules! number_values {
    ($($number:ty)*) => {$(
        impl Value for $number {
            const MOST: u64 = <$number>::MAX as u64;
            fn amount(self, unit: LimitUnit) -> Amount {
                if unit == LimitUnit::Bytes { Amount::Bytes(self as u64) } else { Amount::Count(self as u64) }
            }
            fn from_amount(amount: Amount) -> $number {
                amount.number().and_then(|number| number.try_into().ok()).unwrap_or(<$number>::MAX)
            }
        }
    )*};
}

number_values! { u16 usize u64 }

impl Value for Option<u64> {
    const MOST: u64 = u64::MAX;
    const HAS_OFF: bool = true;
    fn amount(self, unit: LimitUnit) -> Amount {
        self.map_or(Amount::Off, |number| number.amount(unit))
    }
    fn from_amount(amount: Amount) -> Option<u64> {
        amount.number()
    }
}

impl Value for Option<Duration> {
    const MOST: u64 = u64::MAX;
    const HAS_OFF: bool = true;
    fn amount(self, _: LimitUnit) -> Amount {
        self.map_or(Amount::Off, Amount::Time)
    }
    fn from_amount(amount: Amount) -> Option<Duration> {
        if let Amount::Time(time) = amount { Some(time) } else { None }
    }
}

impl Amount {
    /// The count or bytes.
    fn number(self) -> Option<u64> {
        match self {
            Amount::Count(number) | Amount::Bytes(number) => Some(number),
            Amount::Off | Amount::Time(_) => None,
        }
    }

    /// No limit for 0.
    pub fn off_if_zero(self) -> Amount {
        match self {
            Amount::Count(0) | Amount::Bytes(0) | Amount::Time(Duration::ZERO) => Amount::Off,
            amount => amount,
        }
    }
}

/// A line of `limits`.
pub struct LimitView {
    pub row: &'static LimitRow,
    pub value: Amount,
    pub default: Amount,
    /// Present use, if it is defined for the whole kernel.
    pub used: Option<Amount>,
}

/// Present use of a kernel's limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimitUsage {
    pub processes: u64,
    /// Children of the process that has most.
    pub children: u64,
    /// Depth of the deepest chain.
    pub depth: u64,
    pub jobs: u64,
    pub started: u64,
    /// Compilations of heavy modules in progress.
    pub compilations: u64,
    pub memory_bytes: u64,
    pub log_bytes: u64,
    pub journal_records: u64,
    pub payload_bytes: u64,
    pub dead: u64,
}

/// A limit that is out of its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitError {
    /// A value under the least that works.
    BelowLeast { limit: Limit, value: u64, least: u64 },
    /// A value over the most that is supported.
    AboveMost { limit: Limit, value: u64, most: u64 },
    /// More processes than the system's `vm.max_map_count` has room for.
    AboveMapCount { value: u64, most: u64 },
}

impl Limit {
    /// The limit's row of the table.
    pub fn row(self) -> &'static LimitRow {
        &LIMITS[self as usize]
    }
}

impl Limits {
    /// Sets a limit; `amount` has the unit of its row. 0 is no limit where there may be none: nothing could run within
    /// it.
    pub fn set(&mut self, limit: Limit, amount: Amount) {
        let row = limit.row();
        (row.set)(self, if row.zero_is_off { amount.off_if_zero() } else { amount });
    }

    /// Checks each limit against its bounds and the system's map count.
    ///
    /// # Errors
    /// The first limit out of bounds.
    pub fn check(&self) -> Result<(), LimitError> {
        let by_maps = processes_by_map_count();
        if self.processes_max > by_maps {
            return Err(LimitError::AboveMapCount { value: self.processes_max as u64, most: by_maps as u64 });
        }
        for LimitRow { limit, bounds, value, .. } in LIMITS {
            let Amount::Count(value) = value(self) else { continue };
            if value < *bounds.start() {
                return Err(LimitError::BelowLeast { limit: *limit, value, least: *bounds.start() });
            }
            if value > *bounds.end() {
                return Err(LimitError::AboveMost { limit: *limit, value, most: *bounds.end() });
            }
        }
        Ok(())
    }

    /// Every limit as a line of `limits`.
    pub fn views(&self, usage: &LimitUsage) -> Vec<LimitView> {
        let default = Limits::default();
        let view = |row: &'static LimitRow| LimitView {
            row,
            value: (row.value)(self),
            default: (row.value)(&default),
            used: (row.used)(usage).map(|used| used.amount(row.unit)),
        };
        LIMITS.iter().map(view).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_processes_than_maps_are_refused_with_the_reason() {
        let limits = Limits { processes_max: processes_by_map_count() + 1, ..Limits::default() };
        assert!(matches!(limits.check(), Err(LimitError::AboveMapCount { .. })));
        assert_eq!(Limits::default().check(), Ok(()));
        let none = Limits { jobs_max: 0, ..Limits::default() };
        assert_eq!(none.check(), Err(LimitError::BelowLeast { limit: Limit::Jobs, value: 0, least: 1 }));
    }

    #[test]
    fn plugins_have_less_memory_than_the_machine() {
        let default = Limits::default().memory_bytes_max;
        assert!(default > 0 && default <= MEMORY_BYTES_DEFAULT_MAX);
        assert!(machine::memory_bytes().is_none_or(|total| default < total));
    }

    #[test]
    fn a_limit_that_is_set_is_the_one_that_is_shown() {
        for row in LIMITS {
            assert_eq!(row.limit.row().name, row.name);
            let mut limits = Limits::default();
            let amount = match row.unit {
                LimitUnit::Count => Amount::Count(7),
                LimitUnit::Bytes => Amount::Bytes(7),
                LimitUnit::Time => Amount::Time(Duration::from_millis(7)),
            };
            limits.set(row.limit, amount);
            let changed = limits.views(&LimitUsage::default()).into_iter().filter(|view| view.value != view.default);
            assert_eq!(changed.map(|view| (view.row.name, view.value)).collect::<Vec<_>>(), [(row.name, amount)]);
        }
    }
}
