//! Debugger data of a chain: holds, steps, orders, and recorded nested calls. The module `hooks` acts on them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::call_failure::CallFailure;
use super::stack::{CallStack, StackView};
use super::view::{FrameView, JobId};
use crate::journal::{KeptBytes, Outcome, Record, Symbol};
use crate::json::some_as_ms;
use crate::runtime::stopping::{CodeStop, FrameDepth, SourceLine, StoppedGuest};

/// Side of a call that a hold stands at: before its run, within it or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldSide {
    Before,
    /// While the guest runs.
    During,
    After,
}

impl HoldSide {
    /// `before`, `during` or `after`.
    pub const fn as_str(self) -> &'static str {
        match self {
            HoldSide::Before => "before",
            HoldSide::During => "during",
            HoldSide::After => "after",
        }
    }
}

/// Most bytes of an input or output that a held call shows.
pub const PREVIEW_BYTES_MAX: u64 = 64 * 1024;

/// Debugger state of a chain.
#[derive(Default)]
pub struct Debugged {
    pub(super) held: Option<HoldState>,
    /// The pending step, which holds a call without a breakpoint.
    pub step: Option<StepPlan>,
    /// Count of steps that began or ended.
    pub steps: u64,
    /// Count of holds; that of the outermost chain counts those of its job.
    pub(super) holds: u64,
    /// Total time of the holds that are over.
    pub held_for: Duration,
    /// Total time that deadlines were suspended, at breakpoints and during loads.
    pub paused_for: Duration,
    /// Nested calls of the shell's current call, while a recording runs.
    pub nested_calls: Vec<NestedCall>,
    /// True after a fault or a breakpoint met the shell's current call or a nested one.
    pub changed: bool,
    /// Where the plugins stood when somebody looked.
    pub looked_at: Option<CallStack>,
}

/// Reason of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldReason {
    Breakpoint(u32),
    Step,
    /// A person.
    Asked,
}

/// Request to a running chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum StopRequest {
    None,
    /// To see where it stands.
    Look,
    /// To hold it there.
    Hold,
}

impl StopRequest {
    /// The request of this number.
    pub fn of(number: u8) -> StopRequest {
        [StopRequest::Look, StopRequest::Hold]
            .into_iter()
            .find(|request| *request as u8 == number)
            .unwrap_or(StopRequest::None)
    }
}

/// Distance that a job runs until its next hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To the next call at any depth, or to the held call's end.
    Into,
    /// To the next call that is not below the held one, or to the end of the caller.
    Over,
    /// To the held call's end.
    Out,
    /// To a line of the function that the held call stands in.
    Until(u32),
}

/// A step and the depth of the call that it starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepPlan {
    pub(super) step: Step,
    pub(super) depth: u16,
    pub(super) side: HoldSide,
    /// Where in its code the call stands; then the step goes by lines.
    pub(super) code: Option<CodeMark>,
}

/// The place in its code that a call is stepped from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeMark {
    /// The call's number.
    pub seq: u64,
    pub frames: FrameDepth,
    pub line: Option<SourceLine>,
}

/// Whether the guests of a call and of its caller stop in their code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopsInCode {
    pub caller: bool,
    pub callee: bool,
}

impl StepPlan {
    /// Whether the step ends at this side of a call at this depth. `in_code` tells a step by lines where others go on.
    pub(super) fn stops(self, depth: u16, side: HoldSide, in_code: impl FnOnce() -> StopsInCode) -> bool {
        if self.code.is_some() {
            return match side {
                HoldSide::Before => self.step == Step::Into && !in_code().callee,
                HoldSide::During => false,
                HoldSide::After => depth <= self.depth && !in_code().caller,
            };
        }
        // At a call's end, the step counts from its caller, which continues.
        let end = if self.side == HoldSide::After { self.depth.saturating_sub(1) } else { self.depth };
        match (self.step, side) {
            (_, HoldSide::During) | (Step::Until(_), _) => false,
            (Step::Into, HoldSide::Before) => true,
            (Step::Over, HoldSide::Before) => depth <= self.depth,
            (Step::Out, HoldSide::Before) => false,
            (Step::Over, HoldSide::After) => depth < self.depth,
            (Step::Into | Step::Out, HoldSide::After) => depth <= end,
        }
    }
}

/// The debugger's order to a held call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Continues, with a step to the next hold or without.
    Continue(Option<Step>),
    /// Succeeds with this output; at a hold before the call, the plugin does not run.
    Return(Arc<[u8]>),
    /// Fails with this message as the plugin's error.
    Fail(String),
}

/// A call to hold.
pub struct HoldPoint {
    pub reason: HoldReason,
    pub side: HoldSide,
    pub input: KeptBytes,
    /// At a hold after the call: its output or its error.
    pub result: Option<Result<KeptBytes, CallFailure>>,
    /// Where the plugins stand; of a call that has not begun or has ended, its callers.
    pub stack: CallStack,
    /// The place in its code where the guest can be looked into.
    pub code: Option<CodeStop>,
}

/// A look into the guest of a held call, on the call's thread.
pub type Look = Box<dyn FnOnce(&mut dyn StoppedGuest) + Send>;

/// A held call and its order.
pub(super) struct HoldState {
    pub(super) number: u64,
    pub(super) stop: HoldPoint,
    pub(super) since: Instant,
    pub(super) new_input: Option<Arc<[u8]>>,
    pub(super) order: Option<Order>,
    pub(super) looks: Vec<Look>,
}

/// Next action of a call whose hold has ended.
pub struct Released {
    /// `None`: the job was ended during the hold.
    pub order: Option<Order>,
    pub new_input: Option<Arc<[u8]>>,
}

/// A held job, for `bt` and the pane.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldView {
    pub job: JobId,
    /// Number of this hold within its job.
    pub number: u64,
    pub reason: HoldReason,
    pub side: HoldSide,
    /// The place in its code where the guest can be looked into.
    pub code: Option<CodeStop>,
    /// The calls of the chain, outermost first; the last one is held.
    pub chain: Vec<FrameView>,
    pub held_for: Duration,
    /// Input, or its replacement by `set-input`; at most [`PREVIEW_BYTES_MAX`].
    pub input: KeptBytes,
    /// Output, after a call that succeeded.
    pub output: Option<KeptBytes>,
    /// Error, after a call that failed.
    pub error: Option<String>,
    pub stack: StackView,
    pub limits: HoldLimits,
}

/// Remaining limits of a held call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HoldLimits {
    /// Time left until the nearest deadline of its chain, which is suspended.
    #[serde(rename = "time_left_ms", serialize_with = "some_as_ms")]
    pub time_left: Option<Duration>,
    pub depth_max: u16,
    pub memory_bytes_max: Option<u64>,
    pub fuel: Option<u64>,
}

/// Kind of a process's replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplacedBy {
    /// A fresh instance of its own code.
    Restart,
    /// New code.
    Reload,
}

/// One nested call, reduced to fields that are equal in every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NestedCall {
    pub seq: u64,
    /// The number of the call that made it.
    pub parent_seq: u64,
    pub depth: u16,
    pub caller: Symbol,
    pub callee: Symbol,
    pub function: Symbol,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub outcome: Outcome,
    /// Units of fuel of the call itself; `None`: not counted.
    pub fuel: Option<u64>,
}

impl NestedCall {
    /// The fields of a record that a repeated call reproduces.
    pub fn of(record: &Record) -> NestedCall {
        NestedCall {
            seq: record.seq,
            parent_seq: record.parent_seq,
            depth: record.depth,
            caller: record.caller_name,
            callee: record.callee_name,
            function: record.function,
            bytes_in: record.bytes_in,
            bytes_out: record.bytes_out,
            outcome: record.outcome,
            fuel: record.counted_fuel(),
        }
    }
}

/// Calls below `root` in an order that is equal in every run, also where some ran beside each other: each before those
/// that it made, and those of one caller in the order in which it made them. A call whose caller is not among them, as
/// one of a start function, counts as made by `root`.
pub fn in_calling_order(root: u64, calls: Vec<NestedCall>) -> Vec<NestedCall> {
    let mut made: BTreeMap<u64, Vec<NestedCall>> = BTreeMap::new();
    let callers: BTreeSet<u64> = calls.iter().map(|call| call.seq).collect();
    for call in calls {
        let caller = if callers.contains(&call.parent_seq) { call.parent_seq } else { root };
        made.entry(caller).or_default().push(call);
    }
    // The last to be looked at comes last in the list.
    let mut next_of = |seq: u64| {
        let mut calls = made.remove(&seq).unwrap_or_default();
        calls.sort_by_key(|call| std::cmp::Reverse(call.seq));
        calls
    };
    let mut waiting = next_of(root);
    let mut ordered = Vec::new();
    while let Some(call) = waiting.pop() {
        ordered.push(call);
        waiting.extend(next_of(call.seq));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(step: Step, side: HoldSide) -> Vec<(u16, HoldSide)> {
        let plan = StepPlan { step, depth: 2, side, code: None };
        let all = [1, 2, 3].into_iter().flat_map(|depth| [(depth, HoldSide::Before), (depth, HoldSide::After)]);
        let not_asked = || unreachable!("a step by calls");
        all.filter(|(depth, side)| plan.stops(*depth, *side, not_asked)).collect()
    }

    #[test]
    fn calls_beside_each_other_have_one_order() {
        let call = |seq, parent_seq| NestedCall::of(&Record { seq, parent_seq, ..Record::default() });
        let (one, other) = ([(2, 1), (3, 1), (4, 2), (5, 3)], [(2, 1), (3, 1), (5, 2), (4, 3)]);
        let order = |calls: [(u64, u64); 4]| {
            let calls = calls.into_iter().map(|(seq, parent)| call(seq, parent)).collect();
            in_calling_order(1, calls).iter().map(|call| call.parent_seq).collect::<Vec<_>>()
        };
        assert_eq!(order(one), [1, 2, 1, 3]);
        assert_eq!(order(other), order(one));
        assert_eq!(in_calling_order(1, vec![call(4, 3), call(2, 1)]).len(), 2, "the caller 3 is a load");
    }

    #[test]
    fn steps_go_as_far_as_their_names_say() {
        use HoldSide::{After, Before};
        let into = [(1, Before), (1, After), (2, Before), (2, After), (3, Before)];
        assert_eq!(stops(Step::Into, Before), into);
        assert_eq!(stops(Step::Over, Before), [(1, Before), (1, After), (2, Before)]);
        assert_eq!(stops(Step::Out, Before), [(1, After), (2, After)]);
        assert_eq!(stops(Step::Out, After), [(1, After)], "from a call's end: to the caller's");
    }
}
