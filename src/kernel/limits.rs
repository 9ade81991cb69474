//! Limits of a kernel, each with its default and bounds.

use std::time::Duration;

use serde::Serialize;

use self::Amount::{Bytes, Count, Off, Time};
use crate::json::as_ms;
use crate::machine;
use crate::runtime::Limit;

/// Limits of a kernel. Sizes are bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Living processes in all; bounded by what the system's memory map count allows.
    pub processes_max: usize,
    /// Living children of one process (the shell has no such bound).
    pub children_max: usize,
    /// Calls nested in one chain.
    pub depth_max: u16,
    /// Calls a second that one process may make of others; 0: no limit.
    pub calls_per_second_max: u64,
    /// Jobs that run at once.
    pub jobs_max: usize,
    /// Output bytes of one call.
    pub output_bytes_max: u64,
    /// Memory of all processes together: memories, tables, blocks, variables, globals.
    pub memory_bytes_max: u64,
    /// Log lines that one process may write in a second; further lines are only counted.
    pub log_lines_per_second_max: u64,
    /// Kept log text of all processes.
    pub log_bytes_max: usize,
    /// Ended calls that the journal keeps.
    pub journal_records_max: usize,
    /// Payload bytes that the journal keeps.
    pub payload_bytes_max: u64,
    /// Ended processes that `ps -a` still shows.
    pub dead_max: usize,
    /// Default timeout of calls.
    pub timeout: Option<Duration>,
    /// Default timeout of loads: to find, fetch and compile a plugin.
    pub load_timeout: Option<Duration>,
    /// Heavy modules that are compiled at once, each in its own system process.
    pub compilations_max: usize,
    /// Memory of each compiling process.
    pub compile_memory_bytes_max: u64,
}

/// Maps that one instance takes: its memory (the part that the module fills, the rest, the room to grow) and its arena,
/// each with its guard, as measured by `scripts/bench-scale`.
const MAPS_PER_PROCESS: usize = 6;
/// Maps reserved for everything else: code, stacks, the heap.
const MAPS_SPARED: usize = 4_096;

/// Count of processes that the system's map count allows.
pub fn processes_by_map_count() -> usize {
    machine::map_count_max().saturating_sub(MAPS_SPARED) / MAPS_PER_PROCESS
}

/// Upper bound of the default memory limit of plugins.
const MEMORY_BYTES_DEFAULT_MAX: u64 = 16 << 30;

/// Upper bound of the default memory limit of one compilation, which is a quarter of the plugins' limit.
const COMPILE_MEMORY_DEFAULT_MAX: u64 = 2 << 30;

/// Default memory limit of plugins: three quarters of the machine's or the control group's memory. The rest keeps the
/// system from ending the shell for lack of memory.
fn memory_by_system() -> u64 {
    (machine::memory_bytes().unwrap_or(u64::MAX) / 4 * 3).min(MEMORY_BYTES_DEFAULT_MAX)
}

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

/// A line of `limits`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitView {
    pub limit: Limit,
    pub name: &'static str,
    pub unit: LimitUnit,
    pub value: Amount,
    pub default: Amount,
    /// Present use, if it is defined for the whole kernel.
    pub used: Option<Amount>,
    /// The limited quantity.
    pub of: &'static str,
}

/// Present use of a kernel's limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    pub processes: u64,
    /// Children of the process that has most.
    pub children: u64,
    /// Depth of the deepest chain.
    pub depth: u64,
    pub jobs: u64,
    /// Compilations of heavy modules in progress.
    pub compilations: u64,
    pub memory_bytes: u64,
    pub log_bytes: u64,
    pub journal_records: u64,
    pub payload_bytes: u64,
    pub dead: u64,
}

/// Unit of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitUnit {
    Count,
    Bytes,
    Time,
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

impl Limits {
    /// Checks each limit against its bounds and the system's map count.
    pub fn check(&self) -> Result<(), LimitError> {
        let by_maps = processes_by_map_count();
        if self.processes_max > by_maps {
            return Err(LimitError::AboveMapCount { value: self.processes_max as u64, most: by_maps as u64 });
        }
        for Line { limit, bounds, value, .. } in &LINES {
            let Count(value) = value(self) else { continue };
            if value < bounds.least {
                return Err(LimitError::BelowLeast { limit: *limit, value, least: bounds.least });
            }
            if value > bounds.most {
                return Err(LimitError::AboveMost { limit: *limit, value, most: bounds.most });
            }
        }
        Ok(())
    }

    /// Every limit as a line of `limits`.
    pub fn views(&self, used: Usage) -> Vec<LimitView> {
        let default = Limits::default();
        let view = |line: &Line| LimitView {
            limit: line.limit,
            name: line.name,
            unit: line.unit,
            value: (line.value)(self),
            default: (line.value)(&default),
            used: (line.used)(&used),
            of: line.of,
        };
        LINES.iter().map(view).collect()
    }
}

/// Description of one limit, shared by all displays.
struct Line {
    limit: Limit,
    name: &'static str,
    of: &'static str,
    unit: LimitUnit,
    bounds: Bounds,
    value: fn(&Limits) -> Amount,
    used: fn(&Usage) -> Option<Amount>,
}

/// Bounds of a count, both included.
#[derive(Clone, Copy)]
struct Bounds {
    least: u64,
    most: u64,
}

const ANY: Bounds = Bounds { least: 0, most: u64::MAX };
const AT_LEAST_ONE: Bounds = Bounds { least: 1, ..ANY };

const fn line(
    (limit, name, of): (Limit, &'static str, &'static str),
    unit: LimitUnit,
    bounds: Bounds,
    value: fn(&Limits) -> Amount,
    used: fn(&Usage) -> Option<Amount>,
) -> Line {
    Line { limit, name, of, unit, bounds, value, used }
}

#[rustfmt::skip]
static LINES: [Line; 16] = [
    line((Limit::Processes, "processes", "living processes"), LimitUnit::Count, AT_LEAST_ONE,
        |limits| Count(limits.processes_max as u64), |used| Some(Count(used.processes))),
    line((Limit::Children, "children", "children of one process"), LimitUnit::Count, ANY,
        |limits| Count(limits.children_max as u64), |used| Some(Count(used.children))),
    line((Limit::Depth, "depth", "calls nested in one job"), LimitUnit::Count, Bounds { least: 1, most: DEPTH_MAX_MAX as u64 },
        |limits| Count(u64::from(limits.depth_max)), |used| Some(Count(used.depth))),
    line((Limit::CallRate, "calls/s", "calls that one process makes"), LimitUnit::Count, ANY,
        |limits| if limits.calls_per_second_max == 0 { Off } else { Count(limits.calls_per_second_max) }, |_| None),
    line((Limit::Jobs, "jobs", "jobs that run at once"), LimitUnit::Count, AT_LEAST_ONE,
        |limits| Count(limits.jobs_max as u64), |used| Some(Count(used.jobs))),
    line((Limit::Output, "output", "output of one call"), LimitUnit::Bytes, ANY,
        |limits| Bytes(limits.output_bytes_max), |_| None),
    line((Limit::Memory, "memory", "what all processes hold"), LimitUnit::Bytes, ANY,
        |limits| Bytes(limits.memory_bytes_max), |used| Some(Bytes(used.memory_bytes))),
    line((Limit::Timeout, "timeout", "a call without a timeout of its own"), LimitUnit::Time, ANY,
        |limits| limits.timeout.map_or(Off, Time), |_| None),
    line((Limit::LoadTimeout, "loading", "fetching and compiling a plugin"), LimitUnit::Time, ANY,
        |limits| limits.load_timeout.map_or(Off, Time), |_| None),
    line((Limit::Compilations, "compilations", "heavy modules compiled at once"), LimitUnit::Count, AT_LEAST_ONE,
        |limits| Count(limits.compilations_max as u64), |used| Some(Count(used.compilations))),
    line((Limit::CompileMemory, "compiler", "memory to compile one of them"), LimitUnit::Bytes, ANY,
        |limits| Bytes(limits.compile_memory_bytes_max), |_| None),
    line((Limit::LogRate, "log lines/s", "lines that one process logs"), LimitUnit::Count, ANY,
        |limits| Count(limits.log_lines_per_second_max), |_| None),
    line((Limit::LogBytes, "log", "log text that is kept"), LimitUnit::Bytes, ANY,
        |limits| Bytes(limits.log_bytes_max as u64), |used| Some(Bytes(used.log_bytes))),
    line((Limit::JournalRecords, "journal", "calls that are kept"), LimitUnit::Count, AT_LEAST_ONE,
        |limits| Count(limits.journal_records_max as u64), |used| Some(Count(used.journal_records))),
    line((Limit::PayloadBytes, "payloads", "payloads that are kept"), LimitUnit::Bytes, ANY,
        |limits| Bytes(limits.payload_bytes_max), |used| Some(Bytes(used.payload_bytes))),
    line((Limit::Dead, "dead", "ended processes that are remembered"), LimitUnit::Count, ANY,
        |limits| Count(limits.dead_max as u64), |used| Some(Count(used.dead))),
];

/// Upper bound of the default limit of children.
const CHILDREN_DEFAULT_MAX: usize = 12_000;

/// Greatest chain depth that a job's stack can be sized for.
pub const DEPTH_MAX_MAX: u16 = 4_096;

impl Default for Limits {
    fn default() -> Self {
        let processes_max = processes_by_map_count();
        Limits {
            processes_max,
            children_max: processes_max.min(CHILDREN_DEFAULT_MAX),
            depth_max: 64,
            calls_per_second_max: 0,
            jobs_max: 64,
            output_bytes_max: 1 << 30,
            memory_bytes_max: memory_by_system(),
            log_lines_per_second_max: 1_000,
            log_bytes_max: 8 << 20,
            journal_records_max: 65_536,
            payload_bytes_max: 64 << 20,
            dead_max: 1_000,
            timeout: None,
            load_timeout: None,
            compilations_max: 2,
            compile_memory_bytes_max: COMPILE_MEMORY_DEFAULT_MAX.min(memory_by_system() / 4),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

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
    fn every_limit_has_a_line_of_its_own() {
        let views = Limits::default().views(Usage::default());
        let limits: HashSet<Limit> = views.iter().map(|view| view.limit).collect();
        assert_eq!(limits.len(), LINES.len());
        assert!(views.iter().all(|view| view.value == view.default));
    }
}
