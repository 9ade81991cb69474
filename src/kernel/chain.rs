//! A chain: the calls that one job is nested in now, and how any of them is ended from outside.
//!
//! A call is cut by its depth and its number: the cut is one atomic word that the running call reads (it is always the
//! deepest), and everything at or below the cut ends. The frame that was meant turns the cut into its own failure.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::clock::{Clock, Timed};
use super::frame::{Cause, Frame, Frames, PoppedFrame, PropagatingError, Refusal, START_SEQ_MIN, path_of};
use super::process::{Occupant, Process};
use super::view::{FrameView, JobId, ProcessId};
use crate::journal::{Outcome, Record, Symbol};
use crate::locks::{Condvar, Mutex, MutexGuard, Rank};

/// No call of the chain is cut.
const NOT_CANCELLED: u32 = u32::MAX;

/// The calls of one job. On cache lines of its own, since each call writes to it.
#[repr(align(128))]
pub struct Chain {
    /// Itself, as the clock knows it.
    this: Weak<dyn Timed>,
    clock: Arc<Clock>,
    /// When the kernel began: what the times in records count from.
    epoch: Instant,
    depth_max: u16,
    /// Unique among all chains ever.
    pub id: u64,
    pub job: JobId,
    /// Begun by the commands of a stub, on behalf of the call that they answer.
    pub answers: bool,
    /// The process of which it starts another instance, whose calls of that are calls in a circle; 0: none.
    pub replaces: AtomicU32,
    /// How many starts were numbered.
    starts: AtomicU64,
    cancelled: AtomicU32,
    /// Reached by [`Chain::with_frames`].
    frames: Mutex<Frames>,
    /// Notified when a call is cut, and when a held one is told something.
    woken: Condvar,
}

impl Chain {
    /// An empty chain for a job, at most `depth_max` calls deep; `epoch` is when the kernel began, `answers` that it was begun
    /// by the commands of a stub.
    pub fn new(clock: &Arc<Clock>, epoch: Instant, depth_max: u16, id: u64, job: JobId, answers: bool) -> Arc<Self> {
        Arc::new_cyclic(|this: &Weak<Chain>| Chain {
            this: this.clone(),
            clock: clock.clone(),
            epoch,
            depth_max,
            id,
            job,
            answers,
            replaces: AtomicU32::new(0),
            starts: AtomicU64::new(0),
            cancelled: AtomicU32::new(NOT_CANCELLED),
            frames: Mutex::new(Rank::Frames, Frames::default()),
            woken: Condvar::new(),
        })
    }

    /// Looks at its calls or changes them, under their lock: no other lock that comes before it, no guest, no drop of an instance.
    pub fn with_frames<T>(&self, work: impl FnOnce(&mut Frames) -> T) -> T {
        work(&mut self.frames.lock())
    }

    /// Wakes its thread, where that waits in [`Chain::wait_woken`] or sleeps.
    pub fn notify_woken(&self) {
        self.woken.notify_all();
    }

    /// Waits until `is_over`, looked at whenever the chain is woken, or until a call is cut; then does `work`, under the same
    /// lock.
    pub fn wait_woken<T>(&self, is_over: impl Fn(&Frames) -> bool, work: impl FnOnce(&mut Frames) -> T) -> T {
        let mut frames = self.frames.lock();
        while !self.is_cancelled() && !is_over(&frames) {
            self.woken.wait(&mut frames);
        }
        work(&mut frames)
    }

    /// The call `seq` at `depth`, as the process knows it that it occupies.
    pub fn occupant(&self, depth: u16, seq: u64) -> Occupant {
        Occupant { chain: self.id, job: self.job, depth, seq }
    }

    /// The number of the next start of an instance: unique within the chain, and no record's.
    pub fn next_start_seq(&self) -> u64 {
        START_SEQ_MIN + self.starts.fetch_add(1, Ordering::Relaxed)
    }

    /// True when the running call must end now.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst) != NOT_CANCELLED
    }

    /// Adds a call at the chain's end; its depth. Its deadline is kept where it is nearer than its callers'.
    pub fn push(&self, mut frame: Frame) -> Result<u16, Refusal> {
        let depth_max = self.depth_max;
        let mut frames = self.frames.lock();
        if let Some(cause) = &frames.ended {
            return Err(Refusal::Ended(cause.clone()));
        }
        if frames.stack.len() >= usize::from(depth_max) {
            return Err(Refusal::TooDeep { depth_max });
        }
        if let Some(own) = frame.deadline
            && frames.stack.iter().filter_map(|frame| frame.deadline).any(|other| other.at <= own.at)
        {
            frame.deadline = None;
        }
        let deadline = frame.deadline;
        frame.private |= frames.stack.last().is_some_and(|caller| caller.private);
        frames.stack.push(frame);
        let depth = frames.stack.len() as u16;
        drop(frames);
        if let Some(deadline) = deadline {
            self.watch(deadline.at);
        }
        Ok(depth)
    }

    /// Takes the deepest call off. `failed` says that its words are needed.
    pub fn pop(&self, duration: Duration, failed: bool) -> Option<PoppedFrame> {
        let mut frames = self.frames.lock();
        let depth = frames.stack.len() as u32;
        let cancelled = self.cancelled.load(Ordering::SeqCst);
        let is_cancelled = cancelled <= depth;
        let path = if failed || is_cancelled { path_of(&frames.stack) } else { String::new() };
        let frame = frames.stack.pop()?;
        let caller = caller_of(&frames.stack);
        let target = frames.stack.get((cancelled as usize).wrapping_sub(1));
        let (cause, meant) = match target {
            _ if !is_cancelled => (None, None),
            Some(target) => (frame.cause.clone().or(target.cause.clone()), Some(target.label())),
            None => (frame.cause.clone(), None),
        };
        if cancelled == depth {
            self.cancelled.store(NOT_CANCELLED, Ordering::SeqCst);
        }
        if let Some(caller) = frames.stack.last_mut() {
            caller.nested += duration;
        }
        let failing = if failed { frames.failing.take() } else { None };
        Some(PoppedFrame { frame, depth: depth as u16, caller, cause, meant, path, failing })
    }

    /// Keeps a failure for the caller, which will end with it or take it as a value.
    pub fn set_failing(&self, failing: PropagatingError) {
        self.frames.lock().failing = Some(failing);
    }

    /// Ends the call `seq` at `depth` and what runs below it; false when it has ended already.
    pub fn cancel(&self, depth: u16, seq: u64, cause: Cause) -> bool {
        let mut frames = self.frames.lock();
        let Some(frame) = frames.stack.get_mut(usize::from(depth).wrapping_sub(1)).filter(|frame| frame.seq == seq)
        else {
            return false;
        };
        frame.cause.get_or_insert(cause);
        self.wake(u32::from(depth), frames);
        true
    }

    /// Ends all of the job: what runs now, and what would come after.
    pub fn end(&self, cause: Cause) {
        let mut frames = self.frames.lock();
        frames.ended.get_or_insert(cause.clone());
        match frames.stack.first_mut() {
            Some(frame) => {
                frame.cause.get_or_insert(cause);
                self.wake(1, frames);
            }
            // Nothing can be pushed any more, so nothing takes this back: what waits without a frame sees it.
            None => self.wake(0, frames),
        }
    }

    fn wake(&self, depth: u32, frames: MutexGuard<'_, Frames>) {
        self.cancelled.fetch_min(depth, Ordering::SeqCst);
        let waiting_for = frames.waiting_for.clone();
        self.woken.notify_all();
        drop(frames);
        if let Some(process) = waiting_for {
            // Under the slot's lock, so that a chain that is about to wait has either seen the cut or hears this.
            process.with_slot(|_| process.notify_changed());
        }
        self.clock.cancel(&self.this);
    }

    /// How a load or a replacement ends that was interrupted: as its chain was, or its start. Where neither was cut, the load
    /// timeout has ended it.
    pub fn outcome_of_cancel(&self) -> Outcome {
        let frames = self.frames.lock();
        let depth = self.cancelled.load(Ordering::SeqCst) as usize;
        let target = frames.stack.get(depth.wrapping_sub(1)).and_then(|frame| frame.cause.as_ref());
        let cause = frames.ended.as_ref().or(target);
        cause.map(Cause::outcome).or(frames.start_cut).unwrap_or(Outcome::Timeout)
    }

    /// Keeps how a start that was cut ended, for who asked for it.
    pub fn set_start_cut(&self, outcome: Option<Outcome>) {
        self.frames.lock().start_cut = outcome;
    }

    /// Sleeps until `until` or until cut.
    pub fn sleep_until(&self, until: Instant) {
        let mut frames = self.frames.lock();
        while !self.is_cancelled() && !self.woken.wait_until(&mut frames, until).timed_out() {}
    }

    /// Does what is no part of a call's time: the deadlines of the chain's calls stand still meanwhile.
    pub fn outside_of_time<T>(&self, work: impl FnOnce() -> T) -> T {
        let since = Instant::now();
        self.frames.lock().loading = true;
        let standing = StandsStill { chain: self, since };
        let result = work();
        drop(standing);
        result
    }

    /// Lets the clock know of a deadline.
    pub fn watch(&self, at: Instant) {
        self.clock.watch(&self.this, at);
    }

    /// The nearest deadline of the chain's calls; none while they stand still. With `after` the nearest that comes after it: the
    /// deadline that a call is cut for has passed, and its callers' have not.
    pub fn deadline(&self, after: Option<Instant>) -> Option<Instant> {
        let frames = self.frames.lock();
        if frames.stands_still() {
            return None;
        }
        let deadlines = frames.stack.iter().filter_map(|frame| frame.deadline.map(|deadline| deadline.at));
        deadlines.filter(|at| after.is_none_or(|after| *at > after)).min()
    }

    /// The deepest call's process and number: the caller, as an upcall sees it.
    pub fn top(&self) -> Option<(Arc<Process>, u64, u16)> {
        let frames = self.frames.lock();
        frames.stack.last().map(|frame| (frame.process.clone(), frame.seq, frames.stack.len() as u16))
    }

    /// `1:front.run → 2:cart.total`, outermost first.
    pub fn path(&self) -> String {
        path_of(&self.frames.lock().stack)
    }

    /// The chain's calls as views, outermost first.
    pub fn views(&self) -> Vec<FrameView> {
        let frames = self.frames.lock();
        let view = |(frame, depth): (&Frame, u16)| FrameView {
            seq: frame.record_seq(),
            process: frame.process.label(),
            function: frame.function.as_str().to_string(),
            depth,
            elapsed: frame.started.elapsed(),
        };
        frames.stack.iter().zip(1..).map(view).collect()
    }

    /// The chain's calls as running records; starts are none.
    pub fn records(&self) -> Vec<Record> {
        let frames = self.frames.lock();
        let calls = frames.stack.iter().enumerate().filter(|(_, frame)| frame.record_seq().is_some());
        let record = |(at, frame): (usize, &Frame)| Record {
            outcome: if frame.held { Outcome::Held } else { Outcome::Running },
            duration_ns: frame.started.elapsed().as_nanos() as u64,
            ..self.record_of(frame, at as u16 + 1, caller_of(&frames.stack[..at]))
        };
        calls.map(record).collect()
    }

    /// A record of a frame at a depth, with its caller's id, name and number; outcome and times are to be filled in.
    pub fn record_of(&self, frame: &Frame, depth: u16, caller: (ProcessId, Symbol, u64)) -> Record {
        Record {
            seq: frame.seq,
            parent_seq: caller.2,
            at_ns: frame.started.saturating_duration_since(self.epoch).as_nanos() as u64,
            duration_ns: 0,
            nested_ns: frame.nested.as_nanos() as u64,
            job: self.job,
            caller: caller.0,
            caller_name: caller.1,
            callee: frame.process.id,
            callee_name: frame.process.name_symbol,
            function: frame.function,
            bytes_in: frame.bytes_in,
            bytes_out: 0,
            depth,
            outcome: Outcome::Ok,
            unresolved: false,
            changed_by: frame.changed_by,
            error: None,
            payload: None,
        }
    }

    /// The deepest call, which is about to begin or runs, as a record.
    pub fn top_record(&self) -> Option<Record> {
        let frames = self.frames.lock();
        let (frame, callers) = frames.stack.split_last()?;
        let record = self.record_of(frame, frames.stack.len() as u16, caller_of(callers));
        Some(Record { outcome: Outcome::Running, ..record })
    }

    /// The deepest frame as a caller, as [`caller_of`] has it. And the depth of a call it makes.
    pub fn caller(&self) -> ((ProcessId, Symbol, u64), u16) {
        let frames = self.frames.lock();
        (caller_of(&frames.stack), frames.stack.len() as u16 + 1)
    }
}

impl Timed for Chain {
    /// Cuts the outermost call whose deadline has passed.
    fn cancel_overdue(&self, now: Instant) {
        let overdue = {
            let frames = self.frames.lock();
            if frames.stands_still() {
                return;
            }
            frames.stack.iter().zip(1..).find_map(|(frame, depth)| {
                let deadline = frame.deadline.filter(|deadline| deadline.at <= now && frame.cause.is_none())?;
                Some((depth, frame.seq, deadline.timeout))
            })
        };
        if let Some((depth, seq, timeout)) = overdue {
            self.cancel(depth, seq, Cause::Timeout { timeout });
        }
    }

    fn deadline_after(&self, now: Instant) -> Option<Instant> {
        self.deadline(Some(now))
    }

    fn is_cancelled(&self) -> bool {
        Chain::is_cancelled(self)
    }
}

/// Who makes the next call: id, name, and the number of the call it is nested in. The shell and 0 when there is none.
fn caller_of(stack: &[Frame]) -> (ProcessId, Symbol, u64) {
    let Some(frame) = stack.last() else { return (0, Symbol::SHELL, 0) };
    let seq = stack.iter().rev().find_map(Frame::record_seq).unwrap_or(0);
    (frame.process.id, frame.process.name_symbol, seq)
}

/// The deadlines of a chain that stand still; when it is dropped, also by a panic, they go on.
struct StandsStill<'a> {
    chain: &'a Chain,
    since: Instant,
}

impl Drop for StandsStill<'_> {
    fn drop(&mut self) {
        let mut frames = self.chain.frames.lock();
        frames.loading = false;
        let nearest = frames.go_on(self.since.elapsed());
        drop(frames);
        if let Some(at) = nearest {
            self.chain.watch(at);
        }
    }
}
