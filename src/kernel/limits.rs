//! The limits of a kernel: each with a default, all in one place.

use std::time::Duration;

use serde::Serialize;

use self::Amount::{Bytes, Count, Off, Time};
use crate::json::as_ms;
use crate::machine;

/// What a kernel allows. Sizes are bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Living processes in all; kept under what the system's memory map count allows.
    pub processes_max: usize,
    /// Living children of one process (the shell has no such bound).
    pub children_max: usize,
    /// Calls nested in one chain.
    pub depth_max: u16,
    /// Calls a second that one process may make of others; 0: no limit.
    pub calls_per_second_max: u64,
    /// Jobs that run at once.
    pub jobs_max: usize,
    /// Output of one call.
    pub output_bytes_max: u64,
    /// What all processes hold together: memories, tables, blocks, variables, globals.
    pub memory_bytes_max: u64,
    /// Log lines that one process may write in a second; more are counted, not kept.
    pub log_lines_per_second_max: u64,
    /// Log text that is kept, of all processes.
    pub log_bytes_max: usize,
    /// Ended calls that the journal keeps.
    pub journal_records_max: usize,
    /// Payload bytes that the journal keeps.
    pub payload_bytes_max: u64,
    /// Ended processes that `ps -a` still shows.
    pub dead_max: usize,
    /// For every call that has no timeout of its own.
    pub timeout: Option<Duration>,
    /// For every load that has none of its own: to find, fetch and compile it.
    pub load_timeout: Option<Duration>,
    /// Heavy modules that are compiled at once, each in a process of its own.
    pub compilations_max: usize,
    /// Memory of each such process.
    pub compile_memory_bytes_max: u64,
}

/// Maps that one instance takes: its memory (the part that the module fills, the rest, the room to grow) and its arena,
/// each with its guard, as measured by `scripts/bench-scale`.
const MAPS_PER_PROCESS: usize = 6;
/// Maps that are left for everything else: code, stacks, the heap.
const MAPS_SPARED: usize = 4_096;

/// How many processes the system's map count allows.
pub fn processes_by_map_count() -> usize {
    machine::map_count_max().saturating_sub(MAPS_SPARED) / MAPS_PER_PROCESS
}

/// The most memory that plugins have by default, however much there is.
const MEMORY_BYTES_DEFAULT_MAX: u64 = 16 << 30;

/// The most memory that one compilation has by default; a quarter of what plugins may have, where that is less.
const COMPILE_MEMORY_DEFAULT_MAX: u64 = 2 << 30;

/// What plugins may have by default: three quarters of what the machine (or the control group) has, so that the system
/// does not end the shell for what a plugin took.
fn memory_by_system() -> u64 {
    (machine::memory_bytes().unwrap_or(u64::MAX) / 4 * 3).min(MEMORY_BYTES_DEFAULT_MAX)
}

/// How much of something. In JSON a number: bytes, milliseconds or a count; `null` is no limit.
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
    pub name: &'static str,
    pub value: Amount,
    pub default: Amount,
    /// The option of the command line that sets it.
    pub flag: &'static str,
    /// What is used now, where that can be said of the whole.
    pub used: Option<Amount>,
    /// What it is a limit on.
    pub of: &'static str,
}

/// What a kernel uses of its limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    pub processes: u64,
    /// Of the process that has most.
    pub children: u64,
    /// Of the deepest chain.
    pub depth: u64,
    pub jobs: u64,
    /// Heavy modules that are being compiled.
    pub compilations: u64,
    pub memory_bytes: u64,
    pub log_bytes: u64,
    pub journal_records: u64,
    pub payload_bytes: u64,
    pub dead: u64,
}

impl Limits {
    /// Refuses what the system cannot hold, or what would leave nothing to work with. The error is one line.
    pub fn check(&self) -> Result<(), String> {
        let by_maps = processes_by_map_count();
        if self.processes_max > by_maps {
            return Err(format!(
                "`--max-processes {}`: the system's `vm.max_map_count` has room for {by_maps}; raise that first",
                self.processes_max
            ));
        }
        let least = [
            ("--max-processes", self.processes_max as u64),
            ("--max-depth", u64::from(self.depth_max)),
            ("--max-jobs", self.jobs_max as u64),
            ("--journal-records", self.journal_records_max as u64),
            ("--max-compilations", self.compilations_max as u64),
        ];
        if let Some((flag, _)) = least.iter().find(|(_, value)| *value == 0) {
            return Err(format!("`{flag} 0`: at least 1 is needed"));
        }
        if self.depth_max > DEPTH_MAX_MAX {
            return Err(format!("`--max-depth {}`: at most {DEPTH_MAX_MAX} can be had", self.depth_max));
        }
        Ok(())
    }

    /// Every limit as a line of `limits`.
    pub fn views(&self, used: Usage) -> Vec<LimitView> {
        let default = Limits::default();
        let view = |line: &Line| LimitView {
            name: line.name,
            value: (line.value)(self),
            default: (line.value)(&default),
            flag: line.flag,
            used: (line.used)(&used),
            of: line.of,
        };
        LINES.iter().map(view).collect()
    }
}

/// One limit, as all that show it know it.
struct Line {
    name: &'static str,
    flag: &'static str,
    of: &'static str,
    value: fn(&Limits) -> Amount,
    used: fn(&Usage) -> Option<Amount>,
}

const fn line(
    (name, flag, of): (&'static str, &'static str, &'static str),
    value: fn(&Limits) -> Amount,
    used: fn(&Usage) -> Option<Amount>,
) -> Line {
    Line { name, flag, of, value, used }
}

#[rustfmt::skip]
static LINES: [Line; 16] = [
    line(("processes", "--max-processes", "living processes"),
        |limits| Count(limits.processes_max as u64), |used| Some(Count(used.processes))),
    line(("children", "--max-children", "children of one process"),
        |limits| Count(limits.children_max as u64), |used| Some(Count(used.children))),
    line(("depth", "--max-depth", "calls nested in one job"),
        |limits| Count(u64::from(limits.depth_max)), |used| Some(Count(used.depth))),
    line(("calls/s", "--max-calls-per-second", "calls that one process makes"),
        |limits| if limits.calls_per_second_max == 0 { Off } else { Count(limits.calls_per_second_max) }, |_| None),
    line(("jobs", "--max-jobs", "jobs that run at once"),
        |limits| Count(limits.jobs_max as u64), |used| Some(Count(used.jobs))),
    line(("output", "--max-output", "output of one call"),
        |limits| Bytes(limits.output_bytes_max), |_| None),
    line(("memory", "--max-memory", "what all processes hold"),
        |limits| Bytes(limits.memory_bytes_max), |used| Some(Bytes(used.memory_bytes))),
    line(("timeout", "--default-timeout", "a call without a timeout of its own"),
        |limits| limits.timeout.map_or(Off, Time), |_| None),
    line(("loading", "--load-timeout", "fetching and compiling a plugin"),
        |limits| limits.load_timeout.map_or(Off, Time), |_| None),
    line(("compilations", "--max-compilations", "heavy modules compiled at once"),
        |limits| Count(limits.compilations_max as u64), |used| Some(Count(used.compilations))),
    line(("compiler", "--max-compile-memory", "memory to compile one of them"),
        |limits| Bytes(limits.compile_memory_bytes_max), |_| None),
    line(("log lines/s", "--max-log-rate", "lines that one process logs"),
        |limits| Count(limits.log_lines_per_second_max), |_| None),
    line(("log", "--max-log-bytes", "log text that is kept"),
        |limits| Bytes(limits.log_bytes_max as u64), |used| Some(Bytes(used.log_bytes))),
    line(("journal", "--journal-records", "calls that are kept"),
        |limits| Count(limits.journal_records_max as u64), |used| Some(Count(used.journal_records))),
    line(("payloads", "--payload-bytes", "payloads that are kept"),
        |limits| Bytes(limits.payload_bytes_max), |used| Some(Bytes(used.payload_bytes))),
    line(("dead", "--dead-kept", "ended processes that are remembered"),
        |limits| Count(limits.dead_max as u64), |used| Some(Count(used.dead))),
];

/// The most children of one process by default, however many processes there may be.
const CHILDREN_DEFAULT_MAX: usize = 12_000;

/// Deepest chain that a job's stack can be made for.
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
    use super::*;

    #[test]
    fn more_processes_than_maps_are_refused_with_the_reason() {
        let limits = Limits { processes_max: processes_by_map_count() + 1, ..Limits::default() };
        assert!(limits.check().unwrap_err().contains("`vm.max_map_count` has room for"));
        assert_eq!(Limits::default().check(), Ok(()));
        let none = Limits { jobs_max: 0, ..Limits::default() };
        assert_eq!(none.check().unwrap_err(), "`--max-jobs 0`: at least 1 is needed");
    }

    #[test]
    fn plugins_have_less_memory_than_the_machine() {
        let default = Limits::default().memory_bytes_max;
        assert!(default > 0 && default <= MEMORY_BYTES_DEFAULT_MAX);
        assert!(machine::memory_bytes().is_none_or(|total| default < total));
    }

    #[test]
    fn every_limit_has_a_line_with_a_flag_of_its_own() {
        let views = Limits::default().views(Usage::default());
        let mut flags: Vec<&str> = views.iter().map(|view| view.flag).collect();
        flags.sort_unstable();
        flags.dedup();
        assert_eq!(flags.len(), LINES.len());
        assert!(views.iter().all(|view| view.value == view.default));
    }
}
