//! A chain: the calls that one job is nested in now, and how any of them is ended from outside.
//!
//! A call is cut by its depth and its number: the cut is one atomic word that the running call reads (it is always the
//! deepest), and everything at or below the cut ends. The frame that was meant turns the cut into its own failure.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::Kernel;
use super::error::CallError;
use super::hooks::Debugged;
use super::logbook::safe;
use super::process::Process;
use super::view::{FrameView, JobId, ProcessId};
use crate::journal::{ChangedBy, Lane, Outcome, Record, Symbol};

/// No call of the chain is cut.
const WHOLE: u32 = u32::MAX;
/// How many processes a chain remembers, so that a repeated call needs no look into the table.
const RECENT: usize = 8;

/// Why a call was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Ctrl-C.
    Interrupted,
    /// Its process was ended, by whom.
    Killed { by: String },
    /// Its deadline passed: the timeout it had.
    Timeout { timeout: Duration },
}

impl Cause {
    /// How a call that was cut for this ends.
    pub fn outcome(&self) -> Outcome {
        match self {
            Cause::Interrupted | Cause::Killed { .. } => Outcome::Killed,
            Cause::Timeout { .. } => Outcome::Timeout,
        }
    }

    /// In the words of the error.
    pub fn words(&self) -> String {
        match self {
            Cause::Interrupted => "interrupted".into(),
            Cause::Killed { by } => format!("killed by {by}"),
            Cause::Timeout { timeout } => format!("timed out after {}", humantime::format_duration(*timeout)),
        }
    }
}

/// One call of a chain.
pub struct Frame {
    pub process: Arc<Process>,
    pub function: Symbol,
    pub seq: u64,
    pub started: Instant,
    pub nested: Duration,
    pub bytes_in: u64,
    /// Its own, where it is nearer than its caller's.
    pub deadline: Option<Deadline>,
    pub cause: Option<Cause>,
    /// Set while it is held at a breakpoint.
    pub held: bool,
    /// Its bytes are never kept nor shown: its plugin is private, or one above it in the chain.
    pub private: bool,
    pub changed_by: ChangedBy,
}

/// When a call must have ended, and the timeout that says so.
#[derive(Clone, Copy)]
pub struct Deadline {
    pub at: Instant,
    pub timeout: Duration,
}

/// What changes of a chain, under its lock.
#[derive(Default)]
pub struct Frames {
    pub stack: Vec<Frame>,
    /// Set once the whole job was told to end.
    ended: Option<Cause>,
    /// The process that the deepest call queues for.
    pub waiting_for: Option<Arc<Process>>,
    recent: [Option<Arc<Process>>; RECENT],
    /// The last failure of a nested call, as the deepest call put it.
    pub failing: Option<Failing>,
    /// What the debugger does with this chain.
    pub debug: Debugged,
}

/// A failure on its way up.
#[derive(Clone)]
pub struct Failing {
    pub error: CallError,
    /// True while the cut that caused it is meant for a caller further up.
    pub rising: bool,
}

/// What was taken off the chain's end.
pub struct Popped {
    pub frame: Frame,
    pub depth: u16,
    /// The caller: id, name, number.
    pub caller: (ProcessId, Symbol, u64),
    /// Why the call must fail, if it was cut: for its own cause or a caller's.
    pub cause: Option<Cause>,
    /// The call that the cut was meant for, where it is not this one.
    pub meant: Option<String>,
    /// What the chain was, this call included.
    pub path: String,
    /// The failure of the call below, if that is what this one may fail of.
    pub failing: Option<Failing>,
}

/// Why a call was not added to the chain.
pub enum Refusal {
    /// The job was told to end.
    Ended(Cause),
    /// The chain is as deep as it may be.
    TooDeep { depth_max: u16, path: String },
}

/// The calls of one job.
pub struct Chain {
    pub this: Weak<Chain>,
    pub kernel: Arc<Kernel>,
    /// Unique among all chains ever.
    pub id: u64,
    pub job: JobId,
    /// Only the job's own thread writes; a lane cannot be shared without a lock.
    lane: Mutex<Lane>,
    cut: AtomicU32,
    pub frames: Mutex<Frames>,
    pub(super) woken: Condvar,
}

impl Chain {
    /// An empty chain for a job.
    pub fn new(kernel: &Arc<Kernel>, id: u64, job: JobId) -> Arc<Self> {
        Arc::new_cyclic(|this| Chain {
            this: this.clone(),
            kernel: kernel.clone(),
            id,
            job,
            lane: Mutex::new(kernel.journal().lane()),
            cut: AtomicU32::new(WHOLE),
            frames: Mutex::new(Frames::default()),
            woken: Condvar::new(),
        })
    }

    /// Writes a record of this chain.
    pub fn note(&self, record: Record) {
        self.lane.lock().push(record);
    }

    /// True when the running call must end now.
    pub fn is_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst) != WHOLE
    }

    /// Adds a call at the chain's end; its depth. Its deadline is kept where it is nearer than its callers'.
    pub fn push(&self, mut frame: Frame) -> Result<u16, Refusal> {
        let depth_max = self.kernel.limits().depth_max;
        let mut frames = self.frames.lock();
        if let Some(cause) = &frames.ended {
            return Err(Refusal::Ended(cause.clone()));
        }
        if frames.stack.len() >= usize::from(depth_max) {
            return Err(Refusal::TooDeep { depth_max, path: path_of(&frames.stack) });
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
            self.kernel.clock().watch(self, deadline.at);
        }
        Ok(depth)
    }

    /// Takes the deepest call off. `failed` says that its words are needed.
    pub fn pop(&self, duration: Duration, failed: bool) -> Option<Popped> {
        let mut frames = self.frames.lock();
        let depth = frames.stack.len() as u32;
        let cut = self.cut.load(Ordering::SeqCst);
        let is_cut = cut <= depth;
        let path = if failed || is_cut { path_of(&frames.stack) } else { String::new() };
        let frame = frames.stack.pop()?;
        let caller = caller_of(&frames.stack);
        let target = frames.stack.get((cut as usize).wrapping_sub(1));
        let (cause, meant) = match target {
            _ if !is_cut => (None, None),
            Some(target) => (frame.cause.clone().or(target.cause.clone()), Some(target.label())),
            None => (frame.cause.clone(), None),
        };
        if cut == depth {
            self.cut.store(WHOLE, Ordering::SeqCst);
        }
        if let Some(caller) = frames.stack.last_mut() {
            caller.nested += duration;
        }
        let failing = if failed { frames.failing.take() } else { None };
        Some(Popped { frame, depth: depth as u16, caller, cause, meant, path, failing })
    }

    /// Keeps a failure for the caller, which will end with it or take it as a value.
    pub fn set_failing(&self, failing: Failing) {
        self.frames.lock().failing = Some(failing);
    }

    /// Ends the call `seq` at `depth` and what runs below it; false when it has ended already.
    pub fn cut(&self, depth: u16, seq: u64, cause: Cause) -> bool {
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

    fn wake(&self, depth: u32, frames: parking_lot::MutexGuard<'_, Frames>) {
        self.cut.fetch_min(depth, Ordering::SeqCst);
        let waiting_for = frames.waiting_for.clone();
        self.woken.notify_all();
        drop(frames);
        if let Some(process) = waiting_for {
            // Under the slot's lock, so that a chain that is about to wait has either seen the cut or hears this.
            let _slot = process.slot.lock();
            process.changed.notify_all();
        }
        self.kernel.clock().cut(self);
    }

    /// The cause that ended the job, if it was ended as a whole.
    pub fn ended(&self) -> Option<Cause> {
        self.frames.lock().ended.clone()
    }

    /// Sleeps until `until` or until cut.
    pub fn sleep_until(&self, until: Instant) {
        let mut frames = self.frames.lock();
        while !self.is_cut() && !self.woken.wait_until(&mut frames, until).timed_out() {}
    }

    /// The nearest deadline of the chain's calls; none while one is held.
    pub fn deadline(&self) -> Option<Instant> {
        let frames = self.frames.lock();
        if frames.stack.iter().any(|frame| frame.held) {
            return None;
        }
        frames.stack.iter().filter_map(|frame| frame.deadline.map(|deadline| deadline.at)).min()
    }

    /// Cuts the outermost call whose deadline has passed.
    pub fn cut_overdue(&self, now: Instant) {
        let overdue = {
            let frames = self.frames.lock();
            if frames.stack.iter().any(|frame| frame.held) {
                return;
            }
            frames.stack.iter().zip(1..).find_map(|(frame, depth)| {
                let deadline = frame.deadline.filter(|deadline| deadline.at <= now && frame.cause.is_none())?;
                Some((depth, frame.seq, deadline.timeout))
            })
        };
        if let Some((depth, seq, timeout)) = overdue {
            self.cut(depth, seq, Cause::Timeout { timeout });
        }
    }

    /// The deepest call's process and number: the caller, as an upcall sees it.
    pub fn top(&self) -> Option<(Arc<Process>, u64, u16)> {
        let frames = self.frames.lock();
        frames.stack.last().map(|frame| (frame.process.clone(), frame.seq, frames.stack.len() as u16))
    }

    /// A process that this chain has called before, if it remembers.
    pub fn recent(&self, id: ProcessId) -> Option<Arc<Process>> {
        let frames = self.frames.lock();
        frames.recent[id as usize % RECENT].as_ref().filter(|process| process.id == id).cloned()
    }

    /// Remembers a process. Dead ones are harmless: their slot says so.
    pub fn remember(&self, process: &Arc<Process>) {
        self.frames.lock().recent[process.id as usize % RECENT] = Some(process.clone());
    }

    /// `1:front.run → 2:cart.total`, outermost first.
    pub fn path(&self) -> String {
        path_of(&self.frames.lock().stack)
    }

    /// The chain's calls as views, outermost first.
    pub fn views(&self) -> Vec<FrameView> {
        let frames = self.frames.lock();
        let view = |(frame, depth): (&Frame, u16)| FrameView {
            seq: frame.seq,
            process: frame.process.label(),
            function: frame.function.as_str().to_string(),
            depth,
            elapsed: frame.started.elapsed(),
        };
        frames.stack.iter().zip(1..).map(view).collect()
    }

    /// The chain's calls as running records.
    pub fn records(&self) -> Vec<Record> {
        let frames = self.frames.lock();
        let mut records = Vec::with_capacity(frames.stack.len());
        let mut caller = (0, Symbol::SHELL, 0);
        for (frame, depth) in frames.stack.iter().zip(1..) {
            records.push(Record {
                outcome: if frame.held { Outcome::Held } else { Outcome::Running },
                duration_ns: frame.started.elapsed().as_nanos() as u64,
                ..self.record_of(frame, depth, caller)
            });
            caller = (frame.process.id, frame.process.name_symbol, frame.seq);
        }
        records
    }

    /// A record of a frame at a depth, with its caller's id, name and number; outcome and times are to be filled in.
    pub fn record_of(&self, frame: &Frame, depth: u16, caller: (ProcessId, Symbol, u64)) -> Record {
        Record {
            seq: frame.seq,
            parent_seq: caller.2,
            at_ns: self.kernel.since_start_ns(frame.started),
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

    /// The deepest call as a caller: id, name, number; the shell when there is none. And the depth of a call it makes.
    pub fn caller(&self) -> ((ProcessId, Symbol, u64), u16) {
        let frames = self.frames.lock();
        (caller_of(&frames.stack), frames.stack.len() as u16 + 1)
    }
}

fn caller_of(stack: &[Frame]) -> (ProcessId, Symbol, u64) {
    stack.last().map_or((0, Symbol::SHELL, 0), |frame| (frame.process.id, frame.process.name_symbol, frame.seq))
}

/// A step that nothing met ends with its chain.
impl Drop for Chain {
    fn drop(&mut self) {
        if self.frames.get_mut().debug.step.take().is_some() {
            self.kernel.hooks().disarm();
        }
    }
}

fn path_of(stack: &[Frame]) -> String {
    let parts: Vec<String> = stack.iter().map(Frame::label).collect();
    parts.join(" → ")
}

impl Frame {
    /// `1:front.run`.
    pub fn label(&self) -> String {
        format!("{}:{}.{}", self.process.id, self.process.name, safe(self.function.as_str()))
    }
}
