//! What the pane draws from: one moment of the kernel, taken under its short locks and drawn without any.

use std::time::Duration;

use crate::journal::Record;
use crate::kernel::{JobView, ProcessDetail, ProcessId, ProcessState, ProcessView};

/// One moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Since the session began.
    pub at: Duration,
    /// In id order: the living, and those that died a moment ago.
    pub processes: Vec<ProcessView>,
    /// The newest calls that match, running ones included, in order of seq.
    pub calls: Vec<Record>,
    pub jobs: Vec<JobView>,
    pub totals: Totals,
    /// What changes calls on their way now (breakpoints, faults, stubs), one short text each.
    pub notes: Vec<String>,
}

impl Snapshot {
    /// The process with this id.
    pub fn process(&self, id: ProcessId) -> Option<&ProcessView> {
        let place = self.processes.binary_search_by_key(&id, |process| process.id).ok()?;
        self.processes.get(place)
    }

    /// How many processes live.
    pub fn living(&self) -> usize {
        self.processes.iter().filter(|process| !matches!(process.state, ProcessState::Dead { .. })).count()
    }
}

/// Sums since the session began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    pub calls: u64,
    pub errors: u64,
    /// In and out.
    pub bytes: u64,
}

/// Which calls are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    #[default]
    All,
    ErrorsOnly,
}

/// What `/` filters by: a part of a name or function, in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needle {
    lower: String,
}

impl Needle {
    pub fn new(text: &str) -> Needle {
        Needle { lower: text.trim().to_lowercase() }
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.lower.is_empty()
    }

    /// Whether the text contains it.
    pub fn is_in(&self, text: &str) -> bool {
        let same_case = text.len() >= self.lower.len() && contains_ignoring_ascii_case(text, &self.lower);
        self.lower.is_empty() || same_case || (!text.is_ascii() && text.to_lowercase().contains(&self.lower))
    }
}

fn contains_ignoring_ascii_case(text: &str, lower: &str) -> bool {
    text.as_bytes().windows(lower.len().max(1)).any(|part| part.eq_ignore_ascii_case(lower.as_bytes()))
}

/// Which calls a view shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    pub needle: Needle,
    pub scope: Scope,
}

impl Wish {
    /// Whether a call is wished for.
    pub fn matches(&self, call: &Record) -> bool {
        (self.scope == Scope::All || call.outcome.is_failure())
            && (self.needle.is_empty()
                || [call.function, call.callee_name, call.caller_name]
                    .iter()
                    .any(|name| self.needle.is_in(name.as_str())))
    }

    /// Whether a process is wished for by itself (not for what is below it).
    pub fn matches_process(&self, process: &ProcessView) -> bool {
        let fails = || process.errors > 0 || matches!(process.state, ProcessState::Crashed { .. });
        self.needle.is_in(&process.name) && (self.scope == Scope::All || fails())
    }

    /// Whether everything is wished for.
    pub fn is_all(&self) -> bool {
        self.scope == Scope::All && self.needle.is_empty()
    }
}

/// One direction between two processes that call each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    pub caller: (ProcessId, String),
    pub callee: (ProcessId, String),
    pub calls: u64,
    pub errors: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// How many calls took how long: [`LATENCY_BUCKETS`] buckets, each four times as long as the one before.
    pub latency: [u64; LATENCY_BUCKETS],
}

/// Buckets of an edge's histogram: under 1 µs, under 4 µs, and so on; the last has all that took longer.
pub const LATENCY_BUCKETS: usize = 16;

/// The bucket for a duration in nanoseconds.
pub fn latency_bucket(duration_ns: u64) -> usize {
    let us = duration_ns / 1000;
    let bits = (u64::BITS - us.leading_zeros()) as usize;
    bits.div_ceil(2).min(LATENCY_BUCKETS - 1)
}

/// What a kill takes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    One,
    Subtree,
}

/// Where snapshots come from: the kernel, or a test.
pub trait Source: Send {
    /// The moment now with its newest `calls_max` calls that match; `None` when nothing changed since the last one that
    /// was asked for in the same way.
    fn sample(&mut self, wish: &Wish, calls_max: usize) -> Option<Snapshot>;
    /// The newest `calls_max` ended calls that match, none of them after `seq_max`.
    fn calls_until(&self, wish: &Wish, seq_max: u64, calls_max: usize) -> Vec<Record>;
    /// One call, with what is kept of its bytes.
    fn call(&self, seq: u64) -> Option<Record>;
    fn process(&self, id: ProcessId) -> Option<ProcessDetail>;
    /// Who called the process and whom it called, as far as the journal still knows, the busiest first.
    fn edges(&self, id: ProcessId) -> Vec<Edge>;
    /// Ends a process; what it did, in a line, or why not.
    fn kill(&self, id: ProcessId, extent: Extent) -> Result<String, String>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_needle_is_found_in_any_case() {
        for (needle, text) in [("", "x"), ("CART", "my-cart"), ("rö", "GRÖSSE"), (" a ", "bab")] {
            assert!(Needle::new(needle).is_in(text), "{needle} in {text}");
        }
        assert!(!Needle::new("cart").is_in("car"));
        assert!(!Needle::new("x").is_in(""));
    }

    #[test]
    fn buckets_grow_fourfold() {
        let us = 1000;
        assert_eq!([0, us - 1].map(latency_bucket), [0, 0]);
        assert_eq!([us, 4 * us - 1, 4 * us, 16 * us - 1].map(latency_bucket), [1, 1, 2, 2]);
        assert_eq!(latency_bucket(u64::MAX), LATENCY_BUCKETS - 1);
    }
}
