//! What the debugger knows of a chain and says to it, as data: holds, steps, orders, and nested calls as they are recorded.
//! What is done with it is in `hooks`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::view::{FrameView, JobId};
use crate::journal::{Kept, Outcome, Record, Symbol};
use crate::json::some_as_ms;

/// When a call is held: before it runs, or when it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Before,
    After,
}

impl Side {
    /// `before` or `after`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Side::Before => "before",
            Side::After => "after",
        }
    }
}

/// The bytes of an input or output that a held call shows.
pub const PREVIEW_BYTES_MAX: u64 = 64 * 1024;

/// What a chain knows of the debugger.
#[derive(Default)]
pub struct Debugged {
    pub(super) held: Option<Held>,
    /// Where to hold next, without a breakpoint.
    pub step: Option<StepPlan>,
    /// How often it was held.
    pub(super) holds: u64,
    /// All the time that the deadlines of its calls stood still: at breakpoints, and while plugins were loaded.
    pub stood_still: Duration,
    /// The nested calls of the present call from the shell, while a recording runs.
    pub nested_calls: Vec<NestedCall>,
    /// A fault or a breakpoint met the present call from the shell, or one below it.
    pub changed: bool,
}

/// Why a call is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldReason {
    Breakpoint(u32),
    Step,
}

/// How far a job goes on before it is held again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To the next call, at whatever depth, or to the held call's end.
    Into,
    /// To the next call that is not below the held one, or to the end of the caller.
    Over,
    /// To the held call's end.
    Out,
}

/// A step and the depth of the call that it starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepPlan {
    pub(super) step: Step,
    pub(super) depth: u16,
    pub(super) side: Side,
}

impl StepPlan {
    pub(super) fn stops(self, depth: u16, side: Side) -> bool {
        // From a call's end, "the held call" is its caller: it is what goes on.
        let end = if self.side == Side::After { self.depth.saturating_sub(1) } else { self.depth };
        match (self.step, side) {
            (Step::Into, Side::Before) => true,
            (Step::Over, Side::Before) => depth <= self.depth,
            (Step::Out, Side::Before) => false,
            (Step::Over, Side::After) => depth < self.depth,
            (Step::Into | Step::Out, Side::After) => depth <= end,
        }
    }
}

/// What a held call is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Goes on, and is perhaps held again soon.
    Continue(Option<Step>),
    /// Ends well with this output: before the plugin ran, in its place.
    Return(Arc<[u8]>),
    /// Fails with this message, as if the plugin had said so.
    Fail(String),
}

/// A call to hold.
pub struct Stop {
    pub reason: HoldReason,
    pub side: Side,
    pub input: Kept,
    /// On the far side: what it gave, or why it failed.
    pub result: Option<Result<Kept, String>>,
}

/// A call that is held, and what it was told.
pub(super) struct Held {
    pub(super) number: u64,
    pub(super) stop: Stop,
    pub(super) since: Instant,
    pub(super) new_input: Option<Arc<[u8]>>,
    pub(super) order: Option<Order>,
}

/// What a call that was held does next.
pub struct Released {
    /// `None`: the job was ended while it was held.
    pub order: Option<Order>,
    pub new_input: Option<Arc<[u8]>>,
}

/// A held job, for `bt` and the pane.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldView {
    pub job: JobId,
    /// Counts the holds of this job.
    pub number: u64,
    pub reason: HoldReason,
    pub side: Side,
    /// Outermost first; the last one is held.
    pub chain: Vec<FrameView>,
    pub held_for: Duration,
    /// At most [`PREVIEW_BYTES_MAX`]; what `set-input` put in its place.
    pub input: Kept,
    /// After a call that ended well: what it gave.
    pub output: Option<Kept>,
    /// After a call that failed: why.
    pub error: Option<String>,
    pub limits: HoldLimits,
}

/// What bounds a held call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HoldLimits {
    /// What is left until the nearest deadline of its chain; it stands still.
    #[serde(rename = "time_left_ms", serialize_with = "some_as_ms")]
    pub time_left: Option<Duration>,
    pub depth_max: u16,
    pub memory_bytes_max: Option<u64>,
    pub fuel: Option<u64>,
}

/// What a process was replaced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplacedBy {
    /// A fresh instance of its own code.
    Restart,
    /// New code.
    Reload,
}

/// One nested call, without what differs from run to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NestedCall {
    pub seq: u64,
    pub depth: u16,
    pub caller: Symbol,
    pub callee: Symbol,
    pub function: Symbol,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub outcome: Outcome,
}

impl NestedCall {
    /// What of a record stays the same when the call is made again.
    pub fn of(record: &Record) -> NestedCall {
        NestedCall {
            seq: record.seq,
            depth: record.depth,
            caller: record.caller_name,
            callee: record.callee_name,
            function: record.function,
            bytes_in: record.bytes_in,
            bytes_out: record.bytes_out,
            outcome: record.outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(step: Step, side: Side) -> Vec<(u16, Side)> {
        let plan = StepPlan { step, depth: 2, side };
        let all = [1, 2, 3].into_iter().flat_map(|depth| [(depth, Side::Before), (depth, Side::After)]);
        all.filter(|(depth, side)| plan.stops(*depth, *side)).collect()
    }

    #[test]
    fn steps_go_as_far_as_their_names_say() {
        use Side::{After, Before};
        let into = [(1, Before), (1, After), (2, Before), (2, After), (3, Before)];
        assert_eq!(stops(Step::Into, Before), into);
        assert_eq!(stops(Step::Over, Before), [(1, Before), (1, After), (2, Before)]);
        assert_eq!(stops(Step::Out, Before), [(1, After), (2, After)]);
        assert_eq!(stops(Step::Out, After), [(1, After)], "from a call's end: to the caller's");
    }
}
