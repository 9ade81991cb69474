//! Records of calls as a product sees them, and the two ways to read them: by number, and as calls end.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::Error;
use super::{ChangedBy, Outcome, ProcessId, RecordKind};
use crate::journal::{Filter, Journal, JournalCursor, Record, Symbol, merge_running};
use crate::kernel::Kernel;

/// One call, load or host request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallRecord {
    /// Given at the start, from 1, never twice.
    pub seq: u64,
    /// The call that this one is nested in; `None` for one that the product made.
    pub parent_seq: Option<u64>,
    pub kind: RecordKind,
    /// The number of the product's call that it belongs to.
    pub job: u32,
    /// The calling process; `None` for the product.
    pub caller: Option<ProcessId>,
    pub caller_name: String,
    /// The called process; `None` where the call named nobody, and for a host request.
    pub callee: Option<ProcessId>,
    pub callee_name: String,
    /// The function; of a host request the host function's name.
    pub function: String,
    /// When it started, since the system was built.
    pub at: Duration,
    /// How long it took, nested calls included; of a running call, so far.
    pub duration: Duration,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// 1 for a call that the product made.
    pub depth: u16,
    /// Fuel of its own, where that is counted.
    pub fuel: Option<u64>,
    pub outcome: Outcome,
    /// Why it failed.
    pub error: Option<String>,
    /// The fault, stub or breakpoint that has changed it.
    pub changed_by: ChangedBy,
    /// The payloads of a host request: given, and got.
    pub detail: Option<String>,
}

impl CallRecord {
    fn of(record: &Record) -> CallRecord {
        let named = |name: Symbol| name.as_str().to_owned();
        CallRecord {
            seq: record.seq,
            parent_seq: (record.parent_seq != 0).then_some(record.parent_seq),
            kind: record.kind,
            job: record.job,
            caller: (record.caller != 0).then_some(record.caller),
            caller_name: named(record.caller_name),
            callee: (record.callee != 0).then_some(record.callee),
            callee_name: named(record.callee_name),
            function: named(record.function),
            at: Duration::from_nanos(record.at_ns),
            duration: Duration::from_nanos(record.duration_ns),
            bytes_in: record.bytes_in,
            bytes_out: record.bytes_out,
            depth: record.depth,
            fuel: record.counted_fuel(),
            outcome: record.outcome,
            error: record.error_line(),
            changed_by: record.changed_by,
            detail: record.detail().map(str::to_owned),
        }
    }
}

/// `4 1:front -> 2:count_vowels.count_vowels: ok`.
impl fmt::Display for CallRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = |id: Option<ProcessId>, name: &str| match id {
            Some(id) => format!("{id}:{name}"),
            None => name.to_owned(),
        };
        let (caller, callee) = (label(self.caller, &self.caller_name), label(self.callee, &self.callee_name));
        let function = crate::text::escape_control(&self.function);
        write!(f, "{} {caller} -> {callee}.{function}: {}", self.seq, self.outcome)
    }
}

/// A choice of records.
#[derive(Debug, Clone, Default)]
pub struct CallQuery {
    after: u64,
    last: Option<usize>,
    filter: Option<Filter>,
}

impl CallQuery {
    /// Every record that is kept, running calls included.
    pub fn all() -> CallQuery {
        CallQuery::default()
    }

    /// Only records with higher numbers than this. A call with a lower number may still run: [`System::follow`] has
    /// each call as it ends.
    ///
    /// [`System::follow`]: super::System::follow
    pub fn after(self, seq: u64) -> CallQuery {
        CallQuery { after: seq, ..self }
    }

    /// At most so many records, with the highest numbers.
    pub fn last(self, records_max: usize) -> CallQuery {
        CallQuery { last: Some(records_max), ..self }
    }

    /// Only records that an expression asks for, as `outcome != ok and callee = cart*`; `plugsh help filters` has its
    /// form.
    ///
    /// # Errors
    /// The text is no such expression; with the column.
    pub fn matching(self, expression: &str) -> Result<CallQuery, Error> {
        let filter = Filter::parse(expression).map_err(|error| Error::refused(error.to_string()))?;
        Ok(CallQuery { filter: Some(filter), ..self })
    }

    fn asks_for(&self, record: &Record) -> bool {
        record.seq > self.after && self.filter.as_ref().is_none_or(|filter| filter.matches(record))
    }

    /// The records, by number.
    pub(super) fn run(&self, kernel: &Kernel) -> Vec<CallRecord> {
        let last = self.last.unwrap_or(usize::MAX);
        // First the running ones: a call that ends in between is found among the ended.
        let mut running = kernel.running();
        running.retain(|record| self.asks_for(record));
        let ended = kernel.journal().drain().find(last, |record| self.asks_for(record));
        let records = merge_running(ended, running);
        records.iter().skip(records.len().saturating_sub(last)).map(CallRecord::of).collect()
    }
}

/// The calls that end, from when the follower was made.
///
/// ```
/// use std::time::Duration;
///
/// use plugsh::System;
///
/// # fn main() -> Result<(), plugsh::system::Error> {
/// let system = System::builder().build()?;
/// let mut follower = system.follow();
/// system.load("echo")?;
/// system.call("echo", "echo", "hi")?;
/// let ended = follower.next(Duration::from_secs(10));
/// assert_eq!(ended.len(), 2, "a load is a record too");
/// assert_eq!((ended[1].function.as_str(), ended[1].bytes_out), ("echo", 2));
/// # Ok(())
/// # }
/// ```
pub struct CallFollower {
    journal: Arc<Journal>,
    cursor: JournalCursor,
    missed: u64,
}

impl CallFollower {
    /// A follower of what ends from now on.
    pub(super) fn new(journal: Arc<Journal>) -> CallFollower {
        let cursor = journal.drain().cursor_at_end();
        CallFollower { journal, cursor, missed: 0 }
    }

    /// The calls that have ended since the last time, in that order; waits for one, for `at_most`. Empty when none
    /// ended.
    pub fn next(&mut self, at_most: Duration) -> Vec<CallRecord> {
        let until = Instant::now() + at_most;
        loop {
            let followed = self.journal.follow(&mut self.cursor);
            self.missed += followed.missed;
            let left = until.saturating_duration_since(Instant::now());
            if !followed.records.is_empty() || left.is_zero() {
                return followed.records.iter().map(CallRecord::of).collect();
            }
            self.journal.wait(&self.cursor, left);
        }
    }

    /// Count of calls that were dropped from the journal before this follower has read them.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}
