//! The parts of a chain: its frames, the state behind its lock, and popped frames.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::caller_ref::CallerRef;
use super::cause::{CancelledByCaller, Cause, Deadline};
use super::debug::Debugged;
use super::error::CallError;
use super::load_in_progress::LoadInProgress;
use super::pauses::Pauses;
use super::process::Process;
use super::stack::CallStack;
use super::view::ProcessId;
use crate::journal::{ChangedBy, FailedCall, Outcome, Symbol};

/// Numbers from here on are of the frames of starts: the number of the load's record, counted from here.
pub const START_SEQ_MIN: u64 = 1 << 63;
/// Numbers from here on are of starts that no load made, by restarts and reloads. They leave no record.
pub const UNRECORDED_START_SEQ_MIN: u64 = START_SEQ_MIN | 1 << 62;

/// One call of a chain, or the start of an instance.
pub struct Frame {
    pub process: Arc<Process>,
    pub function: Symbol,
    /// The number of the call's record; from [`START_SEQ_MIN`] on of a start.
    pub seq: u64,
    pub started: Instant,
    /// Time in nested calls, without holds.
    pub nested: Duration,
    /// Time for which this call or one below it was held at breakpoints: neither its own nor that of its callers.
    pub held_for: Duration,
    pub bytes_in: u64,
    /// The call's own deadline, if it is earlier than its caller's.
    pub deadline: Option<Deadline>,
    pub cause: Option<Cause>,
    /// True while the call is held at a breakpoint.
    pub held: bool,
    /// True for a private plugin or ancestor in the chain: the call's bytes are neither kept nor shown.
    pub private: bool,
    pub changed_by: ChangedBy,
}

impl Frame {
    /// A frame without input and deadline, of a plugin that is not private.
    #[inline]
    pub fn new(process: Arc<Process>, function: Symbol, seq: u64, started: Instant) -> Frame {
        Frame {
            process,
            function,
            seq,
            started,
            nested: Duration::ZERO,
            held_for: Duration::ZERO,
            bytes_in: 0,
            deadline: None,
            cause: None,
            held: false,
            private: false,
            changed_by: ChangedBy::None,
        }
    }

    /// The call's time until `now`; `holding`: time of a present hold.
    pub fn ran_for(&self, now: Instant, holding: Duration) -> Duration {
        now.saturating_duration_since(self.started).saturating_sub(self.held_for + holding)
    }

    /// The number of the record of the call, or of the load whose start it is; `None` for the start of a restart.
    #[inline]
    pub fn record_seq(&self) -> Option<u64> {
        match self.seq {
            seq if seq < START_SEQ_MIN => Some(seq),
            seq if seq < UNRECORDED_START_SEQ_MIN => Some(seq - START_SEQ_MIN),
            _ => None,
        }
    }

    /// Whether it is the start of an instance, and no call.
    pub fn is_start(&self) -> bool {
        self.seq >= START_SEQ_MIN
    }

    /// The call as errors name it.
    pub fn call(&self) -> FailedCall {
        FailedCall { process: self.process.id, name: self.process.name.as_str().into(), function: self.function }
    }
}

/// A chain that one of this chain's calls started.
pub trait ChildChain: Send + Sync {
    /// Ends it, because a call above it was cancelled or has ended.
    fn cancel_by_caller(&self, cancelled: &CancelledByCaller);
}

/// The mutable state of a chain, under its lock.
#[derive(Default)]
pub struct Frames {
    pub stack: Vec<Frame>,
    /// The chains that its calls started and that have not ended, each with the depth of its call.
    pub children: Vec<(u16, Arc<dyn ChildChain>)>,
    /// Set once a call above this chain was cancelled or has ended.
    pub cancelled_by_caller: Option<CancelledByCaller>,
    /// The process of the started call that the deepest call joins; 0: it does not exist.
    pub joins: Option<ProcessId>,
    pub pauses: Pauses,
    /// Set once the whole job is cancelled.
    pub ended: Option<Cause>,
    /// The loads that are under way, the innermost last: at most one for each call, and one before the first.
    pub loads: Vec<LoadInProgress>,
    /// True while a plugin is found, fetched or compiled for the deepest call: deadlines are suspended.
    pub loading: bool,
    /// The process that the deepest call queues for.
    pub waiting_for: Option<Arc<Process>>,
    /// The last failure of a nested call, as the deepest call put it.
    pub propagating: Option<Box<PropagatingError>>,
    /// Outcome of this chain's last start of a process, if it was cancelled.
    pub start_outcome: Option<Outcome>,
    /// The stack of this chain's last failed start of a process, until its error takes it.
    pub start_stack: Option<CallStack>,
    /// Debugger state of this chain.
    pub debug: Debugged,
}

/// Activity of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// No call runs.
    Idle,
    /// A plugin is found, fetched or compiled.
    Loading,
    /// The deepest call waits for its process.
    Queued,
    /// The deepest call waits for one that it started.
    Joining,
    /// The deepest call is held at a breakpoint.
    Held,
    Running,
}

impl Frames {
    /// Whether the calls' deadlines are suspended.
    pub fn deadlines_are_paused(&self) -> bool {
        self.pauses.any()
    }

    /// The call at this depth, the first of a chain at 1; `None` at 0 and below the deepest call.
    pub fn at_depth(&self, depth: u32) -> Option<&Frame> {
        self.stack.get((depth as usize).checked_sub(1)?)
    }

    /// As [`Frames::at_depth`], to change it.
    pub fn at_depth_mut(&mut self, depth: u32) -> Option<&mut Frame> {
        self.stack.get_mut((depth as usize).checked_sub(1)?)
    }

    /// The chains that calls at and below `depth` started, and why they end. 0: those of all calls.
    pub fn children_to_cancel(&self, depth: u32) -> Option<(CancelledByCaller, Vec<Arc<dyn ChildChain>>)> {
        let children = self.children.iter().filter(|(of, _)| u32::from(*of) >= depth);
        let children: Vec<_> = children.map(|(_, chain)| chain.clone()).collect();
        if children.is_empty() {
            return None;
        }
        let own = self
            .at_depth(depth)
            .and_then(|frame| Some(CancelledByCaller { cause: frame.cause.clone()?, target: frame.call() }));
        own.or_else(|| self.cancelled_by_caller.clone()).map(|cancelled| (cancelled, children))
    }

    /// Current activity of the chain.
    pub fn activity(&self) -> Activity {
        match self.stack.last() {
            _ if self.loading => Activity::Loading,
            None => Activity::Idle,
            Some(_) if self.waiting_for.is_some() => Activity::Queued,
            Some(_) if self.joins.is_some() => Activity::Joining,
            Some(deepest) if deepest.held => Activity::Held,
            Some(_) => Activity::Running,
        }
    }

    /// Time of the present hold until `now`.
    pub fn holding(&self, now: Instant) -> Duration {
        self.debug.held.as_ref().map_or(Duration::ZERO, |held| now.saturating_duration_since(held.since))
    }

    /// Adds time of a hold, in this chain or in one below, which does not count for the calls.
    pub fn add_held(&mut self, held_for: Duration) {
        self.debug.held_for += held_for;
        self.stack.iter_mut().for_each(|frame| frame.held_for += held_for);
        self.loads.iter_mut().for_each(|load| load.held_for += held_for);
    }

    /// Ends a hold.
    pub fn end_hold(&mut self, held_for: Duration) {
        self.add_held(held_for);
        if let Some(frame) = self.stack.last_mut() {
            frame.held = false;
        }
    }

    /// Ends one suspension of the deadlines. The last one moves them by its time: the earliest then.
    pub fn resume_deadlines(&mut self) -> Option<Instant> {
        let paused_for = self.pauses.end()?;
        self.debug.paused_for += paused_for;
        for deadline in self.stack.iter_mut().filter_map(|frame| frame.deadline.as_mut()) {
            deadline.at += paused_for;
        }
        self.stack.iter().filter_map(|frame| frame.deadline.map(|deadline| deadline.at)).min()
    }
}

/// A failure on its way up.
#[derive(Clone)]
pub struct PropagatingError {
    pub error: CallError,
    /// True while its cause is the cancel of an ancestor.
    pub for_ancestor: bool,
}

impl PropagatingError {
    /// A failure that no cancel of an ancestor caused.
    pub fn own(error: CallError) -> PropagatingError {
        PropagatingError { error, for_ancestor: false }
    }
}

/// A frame removed from the end of a chain, with its context.
pub struct PoppedFrame {
    pub frame: Frame,
    pub depth: u16,
    pub caller: CallerRef,
    /// Cause of the call's cancel: its own or an ancestor's.
    pub cause: Option<Cause>,
    /// The ancestor that the cancel targets; `None`: this call.
    pub cancel_target: Option<FailedCall>,
    /// Path of the chain, this call included.
    pub path: String,
    /// The nested call's failure, which this call may propagate.
    pub propagating: Option<Box<PropagatingError>>,
}

/// Reason that a call was not added to the chain.
pub enum Refusal {
    /// The job is cancelled, or the started chain: by `target`.
    Ended { cause: Cause, target: Option<FailedCall> },
    /// The chain is as deep as it may be.
    TooDeep { depth_max: u16 },
}
