//! The parts of a chain: frames, causes of cancels, and popped frames.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::call_failure::CallFailure;
use super::caller_ref::CallerRef;
use super::crash::ExitReason;
use super::debug::Debugged;
use super::error::CallError;
use super::load_in_progress::LoadInProgress;
use super::pauses::Pauses;
use super::process::Process;
use super::stack::CallStack;
use super::view::{ProcessId, ProcessLabel};
use crate::journal::units::exact_duration;
use crate::journal::{ChangedBy, FailedCall, Outcome, Symbol};
use crate::limits::Limit;
use crate::runtime::{Advice, Failure, FailureKind, Problem, Wording};

/// The cause of a cancel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Ctrl-C.
    Interrupted,
    /// The end of the call's process, or of its job.
    Killed { by: Killer },
    /// A deadline that passed, with its timeout.
    Timeout { timeout: Duration },
    /// The end of the call that started it and has not joined it.
    NotJoined,
}

/// The initiator of a kill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Killer {
    Shell,
    /// An ancestor that freed its descendant.
    Ancestor(ProcessLabel),
    /// The process's own crash, which its supervision ends it for.
    Crash(Arc<CallFailure>),
    Restart,
}

impl Killer {
    /// Why the process that it kills has ended. A restart ends a call alone.
    pub fn exit_reason(&self) -> ExitReason {
        match self {
            Killer::Shell | Killer::Restart => ExitReason::Killed,
            Killer::Ancestor(process) => ExitReason::Freed(process.clone()),
            Killer::Crash(failure) => ExitReason::Crashed(failure.clone()),
        }
    }

    fn words(&self, wording: Wording) -> String {
        match self {
            Killer::Shell => ExitReason::Killed.words(wording),
            Killer::Ancestor(process) => format!("killed by `{process}`"),
            Killer::Crash(_) => "killed by its own crash".into(),
            Killer::Restart => format!("killed by {}", wording.restart()),
        }
    }
}

impl Cause {
    /// The outcome of a call that was cancelled for this cause.
    pub fn outcome(&self) -> Outcome {
        match self {
            Cause::Interrupted | Cause::Killed { .. } | Cause::NotJoined => Outcome::Killed,
            Cause::Timeout { .. } => Outcome::Timeout,
        }
    }

    /// In the words of the error.
    pub fn words(&self, wording: Wording) -> String {
        match self {
            Cause::Interrupted => "interrupted".into(),
            Cause::Killed { by } => by.words(wording),
            Cause::Timeout { timeout } => timed_out(*timeout),
            Cause::NotJoined => "ended before it joined this call".into(),
        }
    }
}

fn timed_out(timeout: Duration) -> String {
    format!("timed out after {}", exact_duration(timeout))
}

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
}

/// The latest end of a call or a load, and the timeout behind it.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    pub at: Instant,
    pub timeout: Duration,
}

impl Deadline {
    /// A deadline after a timeout from now.
    pub fn after(timeout: Duration) -> Deadline {
        Deadline { at: Instant::now() + timeout, timeout }
    }

    /// The first of the deadlines of what began at `started` with these timeouts.
    #[inline]
    pub fn first_of(started: Instant, timeouts: [Option<Duration>; 3]) -> Option<Deadline> {
        let timeout = timeouts.into_iter().flatten().min()?;
        Some(Deadline { at: started + timeout, timeout })
    }

    /// Whether the deadline has passed.
    pub fn has_passed(&self) -> bool {
        Instant::now() >= self.at
    }

    /// The failure of a load that it ended while the plugin was `done`: `fetched`, `compiled`.
    pub fn load_failure(&self, done: &str) -> Failure {
        let why = format!("{} while it was {done}", timed_out(self.timeout));
        Failure::advised(FailureKind::Interrupted, why, Advice::Raise(Limit::LoadTimeout))
    }
}

/// A chain that one of this chain's calls started.
pub trait ChildChain: Send + Sync {
    /// Ends it, because a call above it was cancelled or has ended.
    fn cancel_by_caller(&self, cancelled: &CancelledByCaller);
}

/// Why a chain ends before its time: a call above it was cancelled, or has ended.
#[derive(Debug, Clone)]
pub struct CancelledByCaller {
    pub cause: Cause,
    /// That call.
    pub target: FailedCall,
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

    /// The chains that calls at and below `depth` started, and why they end. 0: those of all calls.
    pub fn children_to_cancel(&self, depth: u32) -> Option<(CancelledByCaller, Vec<Arc<dyn ChildChain>>)> {
        let children = self.children.iter().filter(|(of, _)| u32::from(*of) >= depth);
        let children: Vec<_> = children.map(|(_, chain)| chain.clone()).collect();
        if children.is_empty() {
            return None;
        }
        let frame = self.stack.get((depth as usize).wrapping_sub(1));
        let own = frame.and_then(|frame| Some(CancelledByCaller { cause: frame.cause.clone()?, target: frame.call() }));
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

/// The error of a chain at its depth limit.
pub fn too_deep(depth_max: u16) -> Problem {
    let message = format!("the chain is {depth_max} calls deep, the limit");
    Problem::advised(message, Advice::Raise(Limit::Depth))
}

/// `1:front.run → 2:cart.total`, outermost first.
pub fn path_of(stack: &[Frame]) -> String {
    join_steps(stack, |frame| frame.call().to_string())
}

/// The path of a chain's calls below `above`, which is the path of the call that started it.
pub fn path_under(above: &str, stack: &[Frame]) -> String {
    if stack.is_empty() { above.to_owned() } else { [above, &path_of(stack)].join(ARROW) }
}

const ARROW: &str = " → ";
/// The longest way in an error, in bytes, about; of a longer one the steps in the middle are counted.
const STEPS_BYTES_MAX: usize = 1_000;

/// Steps with arrows between them. Takes no longer and no more room for a chain of thousands.
pub fn join_steps<T>(steps: &[T], label: impl Fn(&T) -> String) -> String {
    let upto = |bytes_max: usize, steps: &mut dyn Iterator<Item = &T>| {
        let mut bytes = 0;
        let labels = steps.map(&label).take_while(|label| {
            bytes += label.len() + ARROW.len();
            bytes <= bytes_max
        });
        labels.collect::<Vec<String>>()
    };
    let mut labels = upto(STEPS_BYTES_MAX, &mut steps.iter());
    if labels.len() < steps.len() {
        labels = upto(STEPS_BYTES_MAX / 2, &mut steps.iter());
        let last = upto(STEPS_BYTES_MAX / 2, &mut steps.iter().rev());
        labels.push(format!("… {} more …", steps.len() - labels.len() - last.len()));
        labels.extend(last.into_iter().rev());
    }
    labels.join(ARROW)
}

impl Frame {
    /// The call as errors name it.
    pub fn call(&self) -> FailedCall {
        FailedCall { process: self.process.id, name: self.process.name.as_str().into(), function: self.function }
    }
}

#[cfg(test)]
mod tests {
    use super::{STEPS_BYTES_MAX, join_steps};

    #[test]
    fn a_long_way_is_told_from_both_ends() {
        let label = |step: &u32| format!("{step}:echo.relay");
        assert_eq!(join_steps(&[1, 2, 3], label), "1:echo.relay → 2:echo.relay → 3:echo.relay");
        let steps: Vec<u32> = (1..=4_000).collect();
        let told = join_steps(&steps, label);
        assert!(told.len() <= STEPS_BYTES_MAX + 30, "{} bytes", told.len());
        assert!(told.starts_with("1:echo.relay → 2:echo.relay → "), "{told}");
        assert!(told.ends_with(" → 3999:echo.relay → 4000:echo.relay"), "{told}");
        let names = told.matches("echo").count();
        assert!(told.contains(&format!(" → … {} more … → ", 4_000 - names)), "{told}");
    }
}
