//! Findings and the thresholds that make them.

use serde::{Serialize, Serializer};

use crate::journal::record::Record;
use crate::journal::symbol::Symbol;
use crate::json::ns_as_us;

/// Calls of one function within one call that are called a loop.
pub const REPEATS_MIN: u64 = 10;
/// Calls that waited for one process, and the part of its calls' time, in percent, that make a queue.
pub const WAITS_MIN: u64 = 3;
/// Part of their time, in percent, that the calls to a process must have waited to make a queue.
pub const WAITED_PERCENT_MIN: u64 = 20;
/// Bytes of the smallest payload that is worth not to be copied, and how many such calls make a finding.
pub const BOUNCED_BYTES_MIN: usize = 64;
/// Calls with such payloads that make a finding.
pub const BOUNCES_MIN: u64 = 3;
/// Calls that a finding shows.
pub const SEQS_MAX: usize = 5;
/// Findings of one kind; those with the most calls are kept.
pub const FINDINGS_MAX: usize = 100;

/// A process, or a function of it; a caller may be the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FunctionRef {
    pub id: u32,
    pub name: Symbol,
    /// Empty: the process.
    pub function: Symbol,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CallFinding {
    /// One call calls the same function many times.
    Repeated {
        caller: FunctionRef,
        callee: FunctionRef,
        /// Calls in all such calls.
        calls: u64,
        /// Most calls within one.
        most: u64,
        /// Calls with an input that the same call had given before, of those whose input was kept.
        same_input: u64,
        #[serde(rename = "took_us", serialize_with = "ns_as_us")]
        took_ns: u64,
        /// The calls that made them.
        seqs: Vec<u64>,
    },
    /// Calls wait for a process that is busy with others.
    Queued {
        process: FunctionRef,
        calls: u64,
        /// Calls that waited.
        waits: u64,
        #[serde(rename = "waited_us", serialize_with = "ns_as_us")]
        waited_ns: u64,
        #[serde(rename = "longest_us", serialize_with = "ns_as_us")]
        longest_ns: u64,
        /// The calls that waited longest.
        seqs: Vec<u64>,
    },
    /// A call failed, and its caller ended well.
    Swallowed {
        caller: FunctionRef,
        callee: FunctionRef,
        calls: u64,
        /// The first one's error.
        error: String,
        seqs: Vec<u64>,
    },
    /// A nested call gave back its input.
    Echoed { caller: FunctionRef, callee: FunctionRef, calls: u64, bytes: u64, seqs: Vec<u64> },
    /// A call handed its input on, and gave the answer as its own.
    PassedOn { caller: FunctionRef, callee: FunctionRef, calls: u64, bytes: u64, seqs: Vec<u64> },
}

impl FunctionRef {
    /// The caller of a call, with the function of `parent`, its enclosing call.
    pub(super) fn caller(record: &Record, parent: Option<&Record>) -> FunctionRef {
        let function = parent.map_or(Symbol::NONE, |parent| parent.function);
        FunctionRef { id: record.caller, name: record.caller_name, function }
    }

    /// The process and function that were called.
    pub(super) fn callee(record: &Record) -> FunctionRef {
        FunctionRef { id: record.callee, name: record.callee_name, function: record.function }
    }

    /// `2:cart.total`, `2:cart`, or `shell`.
    pub fn label(&self) -> String {
        let process = if self.id == 0 { self.name.to_string() } else { format!("{}:{}", self.id, self.name) };
        if self.function.is_none() { process } else { format!("{process}.{}", self.function) }
    }
}

impl Serialize for FunctionRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct FunctionRow {
            id: u32,
            name: &'static str,
            function: Option<&'static str>,
        }
        let function = (!self.function.is_none()).then(|| self.function.as_str());
        FunctionRow { id: self.id, name: self.name.as_str(), function }.serialize(serializer)
    }
}

impl CallFinding {
    /// The calls that show it.
    pub fn seqs(&self) -> &[u64] {
        match self {
            CallFinding::Repeated { seqs, .. }
            | CallFinding::Queued { seqs, .. }
            | CallFinding::Swallowed { seqs, .. }
            | CallFinding::Echoed { seqs, .. }
            | CallFinding::PassedOn { seqs, .. } => seqs,
        }
    }
}
