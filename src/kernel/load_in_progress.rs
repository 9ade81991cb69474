//! A load that is under way in a chain, as its record tells it. Data only: `load_record` begins and ends them.

use std::time::{Duration, Instant};

use super::caller_ref::CallerRef;
use crate::journal::{LoadSteps, Outcome, Payload, Record, RecordKind, Symbol};

/// A load from its request to its end, the look-up included.
pub struct LoadInProgress {
    /// The number of its record.
    pub seq: u64,
    /// The call that asked for it.
    pub caller: CallerRef,
    /// The depth of the load: one more than the caller's.
    pub depth: u16,
    /// `load` of the shell, `register_plugin` of a guest.
    pub function: Symbol,
    pub started: Instant,
    /// Time of its start that was spent in calls and loads of its own.
    pub nested: Duration,
    /// Time for which calls of its start were held at breakpoints.
    pub held_for: Duration,
    /// The caller's time in nested calls before it.
    pub nested_before: Duration,
    /// Bytes of its modules; 0 until it was found.
    pub bytes_in: u64,
    pub steps: LoadSteps,
}

impl LoadInProgress {
    /// The load's time until `now`; `holding`: time of a present hold.
    pub fn ran_for(&self, now: Instant, holding: Duration) -> Duration {
        now.saturating_duration_since(self.started).saturating_sub(self.held_for + holding)
    }

    /// The load's record while it runs; `epoch` is the kernel's start.
    pub fn record(&self, job: u32, epoch: Instant, ran_for: Duration) -> Record {
        Record {
            seq: self.seq,
            parent_seq: self.caller.seq,
            at_ns: self.started.saturating_duration_since(epoch).as_nanos() as u64,
            duration_ns: ran_for.as_nanos() as u64,
            nested_ns: self.nested.as_nanos() as u64,
            held_ns: self.held_for.as_nanos() as u64,
            job,
            caller: self.caller.process,
            caller_name: self.caller.name,
            function: self.function,
            bytes_in: self.bytes_in,
            depth: self.depth,
            outcome: Outcome::Running,
            kind: RecordKind::Load,
            payload: Some(Box::new(Payload::of_load(self.steps.clone()))),
            ..Record::default()
        }
    }
}
