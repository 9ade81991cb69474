//! The limits of a kernel: each with a default, all in one place.

use std::time::Duration;

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
    /// Memories and tables of all processes together.
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
}

/// Linux's default for `vm.max_map_count`, where it cannot be read.
const MAP_COUNT_DEFAULT: usize = 65_530;
/// Maps that one instance takes: its memory and its arena, each with its guard, as measured.
const MAPS_PER_PROCESS: usize = 4;
/// Maps that are left for everything else: code, stacks, the heap.
const MAPS_SPARED: usize = 4_096;

/// How many processes the system's map count allows.
pub fn processes_by_map_count() -> usize {
    let read = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok().and_then(|text| text.trim().parse().ok());
    read.unwrap_or(MAP_COUNT_DEFAULT).saturating_sub(MAPS_SPARED) / MAPS_PER_PROCESS
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            processes_max: processes_by_map_count(),
            children_max: 12_000,
            depth_max: 64,
            calls_per_second_max: 0,
            jobs_max: 64,
            output_bytes_max: 1 << 30,
            memory_bytes_max: 16 << 30,
            log_lines_per_second_max: 1_000,
            log_bytes_max: 8 << 20,
            journal_records_max: 65_536,
            payload_bytes_max: 64 << 20,
            dead_max: 1_000,
            timeout: None,
        }
    }
}
