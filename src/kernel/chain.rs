//! A chain: the nested calls of one job, and how any of them is cancelled from outside.
//!
//! A cancel names a call by depth and number. It is one atomic word, which the running call (always the deepest) reads:
//! every call at or below that depth ends. The frame that was named turns the cancel into its own failure; its callers
//! go on.

mod deadlines;
mod nesting;
mod records;

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::call_path::{path_of, path_under};
use super::caller_ref::CallerRef;
use super::cause::Cause;
use super::clock::{Clock, Timed};
use super::debug::StopRequest;
use super::frame::{Frame, Frames, PoppedFrame, PropagatingError, Refusal, START_SEQ_MIN, UNRECORDED_START_SEQ_MIN};
use super::parent_call::ParentCall;
use super::process::{Occupant, Process};
use super::profile::flags::SampleFlags;
use super::stack::CallStack;
use super::view::JobId;
use crate::journal::Outcome;
use crate::locks::{Condvar, Mutex, MutexGuard, Rank};

/// The value of `cancelled` while no call is cancelled.
const NOT_CANCELLED: u32 = u32::MAX;

/// The calls of one job. Aligned to its own cache lines, because each call writes to it.
#[repr(align(128))]
pub struct Chain {
    /// A reference to itself, for the clock.
    this: Weak<dyn Timed>,
    clock: Arc<Clock>,
    /// The kernel's start, from which the times in records count.
    epoch: Instant,
    depth_max: u16,
    /// Never used by another chain of the kernel.
    pub id: u64,
    pub job: JobId,
    /// True when a stub's commands began the chain, on behalf of the call that they answer.
    pub answers: bool,
    /// The call that started it; `None`: a job, or the kernel itself.
    pub parent: Option<ParentCall>,
    /// The process for which this chain starts a new instance; 0: none. A call of that process from here is a circle.
    pub replaces: AtomicU32,
    /// The count of starts that were numbered.
    starts: AtomicU64,
    cancelled: AtomicU32,
    /// A [`StopRequest`].
    pub stop_request: AtomicU8,
    pub samples: SampleFlags,
    /// Use [`Chain::with_frames`].
    frames: Mutex<Frames>,
    /// Notified when a call is cancelled, and when a held call gets an order.
    woken: Condvar,
}

/// The parts of a new chain.
pub struct NewChain<'a> {
    pub clock: &'a Arc<Clock>,
    /// The kernel's start.
    pub epoch: Instant,
    /// Most calls of the job at once, those above included.
    pub depth_max: u16,
    pub id: u64,
    pub job: JobId,
    /// True for a chain of a stub's commands.
    pub answers: bool,
    pub parent: Option<ParentCall>,
}

impl Chain {
    /// An empty chain for a job.
    pub fn new(new: NewChain<'_>) -> Arc<Self> {
        Arc::new_cyclic(|this: &Weak<Chain>| Chain {
            this: this.clone(),
            clock: new.clock.clone(),
            epoch: new.epoch,
            depth_max: new.depth_max,
            id: new.id,
            job: new.job,
            answers: new.answers,
            parent: new.parent,
            replaces: AtomicU32::new(0),
            starts: AtomicU64::new(0),
            cancelled: AtomicU32::new(NOT_CANCELLED),
            stop_request: AtomicU8::new(StopRequest::None as u8),
            samples: SampleFlags::default(),
            frames: Mutex::new(Rank::Frames, Frames::default()),
            woken: Condvar::new(),
        })
    }

    /// Runs `work` on the frames under their lock. `work` must not take a lock of a lower rank, run a guest or drop an
    /// instance.
    pub fn with_frames<T>(&self, work: impl FnOnce(&mut Frames) -> T) -> T {
        work(&mut self.frames.lock())
    }

    /// Wakes the chain's thread from [`Chain::wait_woken`] or [`Chain::sleep_until`].
    pub fn notify_woken(&self) {
        self.woken.notify_all();
    }

    /// Waits until `is_over` holds or a call is cancelled, then runs `work` under the lock. `is_over` is checked at
    /// each wake-up.
    pub fn wait_woken<T>(&self, is_over: impl Fn(&Frames) -> bool, work: impl FnOnce(&mut Frames) -> T) -> T {
        let mut frames = self.frames.lock();
        while !self.is_cancelled() && !is_over(&frames) {
            self.woken.wait(&mut frames);
        }
        work(&mut frames)
    }

    /// The call `seq` at `depth` as the occupant of a process.
    pub fn occupant(&self, depth: u16, seq: u64) -> Occupant {
        Occupant { chain: self.id, job: self.job, depth, seq }
    }

    /// The number of the next start of an instance: of the innermost load, or without a record. Unique within the
    /// chain, and distinct from all numbers of calls.
    pub fn next_start_seq(&self) -> u64 {
        match self.frames.lock().loads.last() {
            Some(load) => START_SEQ_MIN + load.seq,
            None => UNRECORDED_START_SEQ_MIN + self.starts.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// True when the running call is cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst) != NOT_CANCELLED
    }

    /// Adds a call at the end of the chain and returns its depth. Its deadline is kept only where it is earlier than
    /// its callers'.
    ///
    /// # Errors
    /// The chain is cancelled or as deep as it may be.
    pub fn push(&self, mut frame: Frame) -> Result<u16, Refusal> {
        let depth_max = self.depth_max;
        let mut frames = self.frames.lock();
        if let Some(cause) = &frames.ended {
            let target = frames.cancelled_by_caller.as_ref().map(|cancelled| cancelled.target.clone());
            return Err(Refusal::Ended { cause: cause.clone(), target });
        }
        if frames.stack.len() + usize::from(self.depth_above()) >= usize::from(depth_max) {
            return Err(Refusal::TooDeep { depth_max });
        }
        if let Some(own) = frame.deadline
            && frames.stack.iter().filter_map(|frame| frame.deadline).any(|other| other.at <= own.at)
        {
            frame.deadline = None;
        }
        let deadline = frame.deadline;
        frame.private |= match frames.stack.last() {
            Some(caller) => caller.private,
            None => self.parent.as_ref().is_some_and(|parent| parent.private),
        };
        frames.stack.push(frame);
        let depth = frames.stack.len() as u16;
        drop(frames);
        if let Some(deadline) = deadline {
            self.watch(deadline.at);
        }
        Ok(depth)
    }

    /// Removes the deepest call, `elapsed` after its start. `failed`: the path and causes for its error are collected.
    pub fn pop(&self, elapsed: Duration, failed: bool) -> Option<PoppedFrame> {
        let mut frames = self.frames.lock();
        let depth = frames.stack.len() as u32;
        let cancelled = self.cancelled.load(Ordering::SeqCst);
        let is_cancelled = cancelled <= depth;
        let path = if failed || is_cancelled { self.path_in(&frames) } else { String::new() };
        let frame = frames.stack.pop()?;
        let caller = self.caller_of(&frames.stack);
        let target = frames.at_depth(cancelled);
        let (cause, cancel_target) = match target {
            _ if !is_cancelled => (None, None),
            Some(target) => (frame.cause.clone().or(target.cause.clone()), Some(target.call())),
            None => match &frames.cancelled_by_caller {
                Some(by_caller) => (Some(by_caller.cause.clone()), Some(by_caller.target.clone())),
                None => (frame.cause.clone(), None),
            },
        };
        if cancelled == depth {
            self.cancelled.store(NOT_CANCELLED, Ordering::SeqCst);
        }
        if let Some(caller) = frames.stack.last_mut() {
            caller.nested += elapsed.saturating_sub(frame.held_for);
        }
        let propagating = if failed { frames.propagating.take() } else { None };
        let depth = self.depth_above() + depth as u16;
        Some(PoppedFrame { frame, depth, caller, cause, cancel_target, path, propagating })
    }

    /// Keeps a failure for the caller, which either fails with it or receives it as a value.
    pub fn set_propagating(&self, propagating: PropagatingError) {
        self.frames.lock().propagating = Some(Box::new(propagating));
    }

    /// Cancels the call `seq` at `depth` and all calls below it; false when it has already ended.
    pub fn cancel(&self, depth: u16, seq: u64, cause: Cause) -> bool {
        let mut frames = self.frames.lock();
        let Some(frame) = frames.at_depth_mut(u32::from(depth)).filter(|frame| frame.seq == seq) else {
            return false;
        };
        frame.cause.get_or_insert(cause);
        self.wake(u32::from(depth), frames);
        true
    }

    /// Ends the whole job: its running calls are cancelled and later ones are refused.
    pub fn end(&self, cause: Cause) {
        let mut frames = self.frames.lock();
        frames.ended.get_or_insert(cause.clone());
        match frames.stack.first_mut() {
            Some(frame) => {
                frame.cause.get_or_insert(cause);
                self.wake(1, frames);
            }
            // No call can be pushed any more, so the cancel stays set for a thread that waits without a frame.
            None => self.wake(0, frames),
        }
    }

    fn wake(&self, depth: u32, frames: MutexGuard<'_, Frames>) {
        self.cancelled.fetch_min(depth, Ordering::SeqCst);
        let waiting_for = frames.waiting_for.clone();
        let children = frames.children_to_cancel(depth);
        self.woken.notify_all();
        drop(frames);
        if let Some((cancelled, children)) = children {
            children.iter().for_each(|chain| chain.cancel_by_caller(&cancelled));
        }
        if let Some(process) = waiting_for {
            // The slot's lock closes a race: a chain about to wait has seen the cancel or gets this notification.
            process.with_slot(|_| process.notify_changed());
        }
        self.clock.cancel(&self.this);
    }

    /// Whether the running guest is to stop where it is.
    pub fn is_stop_wanted(&self) -> bool {
        self.stop_request.load(Ordering::SeqCst) != StopRequest::None as u8
    }

    /// Interrupts the running guest until it needs no more interrupts.
    pub fn interrupt(&self) {
        self.clock.cancel(&self.this);
    }

    /// The outcome of an interrupted load or replacement: that of its chain's cancel, or of its start's. Without
    /// either, the load timeout ended it.
    pub fn outcome_of_cancel(&self) -> Outcome {
        let frames = self.frames.lock();
        let target = frames.at_depth(self.cancelled.load(Ordering::SeqCst)).and_then(|frame| frame.cause.as_ref());
        let cause = frames.ended.as_ref().or(target);
        cause.map(Cause::outcome).or(frames.start_outcome).unwrap_or(Outcome::Timeout)
    }

    /// Keeps the outcome of a cancelled start for whoever requested it.
    pub fn set_start_outcome(&self, outcome: Option<Outcome>) {
        self.frames.lock().start_outcome = outcome;
    }

    /// The stack of the chain's last failed start; taken once.
    pub fn take_start_stack(&self) -> Option<Box<CallStack>> {
        self.frames.lock().start_stack.take().map(Box::new)
    }

    /// Waits until `found` gives something, or until `until`.
    pub fn wait_woken_until<T>(&self, until: Instant, mut found: impl FnMut(&mut Frames) -> Option<T>) -> Option<T> {
        let mut frames = self.frames.lock();
        loop {
            if let Some(found) = found(&mut frames) {
                return Some(found);
            }
            if self.woken.wait_until(&mut frames, until).timed_out() {
                return None;
            }
        }
    }

    /// Sleeps until `until` or a cancel.
    pub fn sleep_until(&self, until: Instant) {
        let mut frames = self.frames.lock();
        while !self.is_cancelled() && !self.woken.wait_until(&mut frames, until).timed_out() {}
    }

    /// Process, number and depth of the deepest call: the caller of an upcall.
    pub fn top(&self) -> Option<(Arc<Process>, u64, u16)> {
        let frames = self.frames.lock();
        frames.stack.last().map(|frame| (frame.process.clone(), frame.seq, frames.stack.len() as u16))
    }

    /// The path, of frames that are locked.
    fn path_in(&self, frames: &Frames) -> String {
        match &self.parent {
            Some(parent) => path_under(&parent.path, &frames.stack),
            None => path_of(&frames.stack),
        }
    }

    /// The caller of the call after `stack`, which is the start of the chain's own: its last frame, with the number of
    /// the nearest frame that has a record (the start of a restart has none).
    fn caller_of(&self, stack: &[Frame]) -> CallerRef {
        let parent = self.parent.as_ref().map_or(CallerRef::SHELL, |parent| parent.caller);
        let Some(frame) = stack.last() else { return parent };
        let seq = stack.iter().rev().find_map(Frame::record_seq).unwrap_or(parent.seq);
        CallerRef { process: frame.process.id, name: frame.process.name_symbol, seq }
    }

    /// The depth in the job of the call that started this chain; 0: none did.
    pub fn depth_above(&self) -> u16 {
        self.parent.as_ref().map_or(0, |parent| parent.depth)
    }

    /// Registers a deadline with the clock.
    pub fn watch(&self, at: Instant) {
        self.clock.watch(&self.this, at);
    }
}
