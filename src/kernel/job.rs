//! Handle of a job: its views, waits and cancels. The module `launch` starts and runs jobs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::cause::{Cause, Killer};
use super::chain::Chain;
use super::error::{CallError, HandlerError};
use super::job_output::JobOutput;
use super::view::{FrameView, JobId, JobState, JobView, OwnerId};
use crate::journal::Outcome;
use crate::locks::{Condvar, Mutex, Rank};

/// Most output bytes of a background job that are kept for `wait` and `fg`.
pub const KEPT_OUTPUT_BYTES_MAX: usize = 16 << 20;

/// End of a job.
#[derive(Debug, Clone)]
pub struct JobEnd {
    pub result: Result<JobOutput, CallError>,
    /// Without the time held at breakpoints.
    pub duration: Duration,
    pub held_for: Duration,
    /// Completed runs, of `repeat`.
    pub runs: u64,
}

impl JobEnd {
    /// The bytes to print of a job that succeeded.
    ///
    /// # Errors
    /// The job failed.
    pub fn bytes(&self) -> Result<Arc<[u8]>, CallError> {
        self.result.as_ref().map(JobOutput::bytes).map_err(CallError::clone)
    }
}

/// Receives the output of a job that succeeded, on the job's thread; its error becomes the job's. The second argument
/// tells whether a wait within it is cancelled.
pub type OutputSink = Box<dyn FnOnce(&[u8], &dyn Fn() -> bool) -> Result<(), HandlerError> + Send>;

/// The parts of a new job.
pub(super) struct JobStart {
    /// The typed command line, for `jobs`.
    pub text: String,
    pub background: bool,
    pub owner: OwnerId,
}

/// A running or ended job; cheap to clone.
#[derive(Clone)]
pub struct Job {
    inner: Arc<Inner>,
}

struct Inner {
    id: JobId,
    text: String,
    started: Instant,
    background: AtomicBool,
    /// The [`OwnerId`] of who has it.
    owner: AtomicU32,
    runs: AtomicU64,
    /// Count of runs that it was started for.
    runs_total: AtomicU64,
    /// The chain, while the job runs.
    chain: Mutex<Option<Arc<Chain>>>,
    end: Mutex<Ending>,
    /// True at a breakpoint; changed under the lock of `end`.
    held: AtomicBool,
    /// Notified at the job's end and at each hold.
    ended: Condvar,
}

/// Work that is done once with a job's end, on the thread that ends it.
pub type OnEnd = Box<dyn FnOnce(&Arc<JobEnd>) + Send>;

/// The end of a job, and what is done at it.
#[derive(Default)]
struct Ending {
    end: Option<Arc<JobEnd>>,
    then: Option<OnEnd>,
}

/// Result of a wait for a job.
#[derive(Debug, Clone)]
pub enum Waited {
    Ended(Arc<JobEnd>),
    /// The job is held at a breakpoint.
    Held,
    /// The wait timed out before the job's end.
    Running,
}

impl Job {
    /// A job that starts now, with its chain.
    pub(super) fn new(id: JobId, start: JobStart, chain: Arc<Chain>) -> Job {
        let JobStart { text, background, owner } = start;
        Job {
            inner: Arc::new(Inner {
                id,
                text,
                started: Instant::now(),
                background: AtomicBool::new(background),
                owner: AtomicU32::new(owner.0),
                runs: AtomicU64::new(0),
                runs_total: AtomicU64::new(1),
                chain: Mutex::new(Rank::JobChain, Some(chain)),
                end: Mutex::new(Rank::JobEnd, Ending::default()),
                held: AtomicBool::new(false),
                ended: Condvar::new(),
            }),
        }
    }

    /// A job's end with this result, as of now.
    pub(super) fn end_with(&self, result: Result<JobOutput, CallError>) -> JobEnd {
        let (duration, held_for) = self.ran_and_held_for();
        JobEnd { result, duration, held_for, runs: self.runs() }
    }

    /// The time since its start, without and at breakpoints.
    fn ran_and_held_for(&self) -> (Duration, Duration) {
        let held_for = self.running().map_or(Duration::ZERO, |chain| chain.held_for());
        (self.inner.started.elapsed().saturating_sub(held_for), held_for)
    }

    /// Marks the job's end, releases its chain and wakes its waiters.
    pub(super) fn mark_ended(&self, end: JobEnd) {
        *self.inner.chain.lock() = None;
        let end = Arc::new(end);
        let then = {
            let mut ending = self.inner.end.lock();
            ending.end = Some(Arc::clone(&end));
            ending.then.take()
        };
        self.inner.ended.notify_all();
        if let Some(then) = then {
            then(&end);
        }
    }

    /// Does this once the job has ended, instead of a thread that waits for it: on the job's thread, or here where it
    /// has ended already. A job has one of these, the last that was given.
    pub fn on_end(&self, then: OnEnd) {
        let mut ending = self.inner.end.lock();
        match ending.end.clone() {
            None => ending.then = Some(then),
            Some(end) => {
                drop(ending);
                then(&end);
            }
        }
    }

    /// Sets whether the job runs in the background, out of reach of Ctrl-C.
    pub(super) fn set_background(&self, background: bool) {
        self.inner.background.store(background, Ordering::Relaxed);
    }

    /// Who has the job: whoever started it, or took it into the foreground since.
    pub fn owner(&self) -> OwnerId {
        OwnerId(self.inner.owner.load(Ordering::Relaxed))
    }

    /// Gives the job to another owner.
    pub(super) fn set_owner(&self, owner: OwnerId) {
        self.inner.owner.store(owner.0, Ordering::Relaxed);
    }

    /// The job's number, `%N` at the prompt.
    pub fn id(&self) -> JobId {
        self.inner.id
    }

    /// Whether the job runs in the background.
    pub fn is_background(&self) -> bool {
        self.inner.background.load(Ordering::Relaxed)
    }

    /// The job's row in `jobs`.
    pub fn view(&self) -> JobView {
        let end = self.inner.end.lock().end.clone();
        let records = self.inner.chain.lock().as_ref().map_or_else(Vec::new, |chain| chain.records());
        let state = match &end {
            Some(end) if end.result.is_ok() => JobState::Done,
            Some(_) => JobState::Failed,
            None if records.iter().any(|record| record.outcome == Outcome::Held) => JobState::Held,
            None => JobState::Running,
        };
        let (ran_for, held_for) = match &end {
            Some(end) => (end.duration, end.held_for),
            None => self.ran_and_held_for(),
        };
        let (runs_done, seconds) = (self.runs(), ran_for.as_secs_f64());
        JobView {
            id: self.inner.id,
            text: self.inner.text.clone(),
            background: self.is_background(),
            state,
            elapsed: ran_for + held_for,
            runs_done,
            runs_total: self.inner.runs_total.load(Ordering::Relaxed),
            runs_per_second: if seconds > 0.0 { runs_done as f64 / seconds } else { 0.0 },
            chain: self.chain(),
        }
    }

    /// The job's present calls, outermost first.
    pub fn chain(&self) -> Vec<FrameView> {
        self.inner.chain.lock().as_ref().map_or_else(Vec::new, |chain| chain.views())
    }

    /// The chain, while the job runs.
    pub(super) fn running(&self) -> Option<Arc<Chain>> {
        self.inner.chain.lock().clone()
    }

    /// Whether the job still runs.
    pub fn is_running(&self) -> bool {
        self.inner.end.lock().end.is_none()
    }

    /// Count of completed runs, for progress.
    pub fn runs(&self) -> u64 {
        self.inner.runs.load(Ordering::Relaxed)
    }

    /// Sets the count of runs that it was started for.
    pub(super) fn set_runs_total(&self, runs_total: u64) {
        self.inner.runs_total.store(runs_total, Ordering::Relaxed);
    }

    /// Adds to the count of completed runs.
    pub(super) fn add_runs(&self, runs: u64) {
        self.inner.runs.fetch_add(runs, Ordering::Relaxed);
    }

    /// Waits for the job's end.
    pub fn wait(&self) -> Arc<JobEnd> {
        let mut ending = self.inner.end.lock();
        loop {
            if let Some(end) = &ending.end {
                return end.clone();
            }
            self.inner.ended.wait(&mut ending);
        }
    }

    /// Waits for the job's end, for `at_most`.
    pub fn wait_for(&self, at_most: Duration) -> Option<Arc<JobEnd>> {
        let until = Instant::now() + at_most;
        let mut ending = self.inner.end.lock();
        while ending.end.is_none() && !self.inner.ended.wait_until(&mut ending, until).timed_out() {}
        ending.end.clone()
    }

    /// Waits for the job's end or a hold, for `at_most`.
    pub fn wait_or_hold(&self, at_most: Duration) -> Waited {
        let until = Instant::now() + at_most;
        let mut ending = self.inner.end.lock();
        loop {
            if let Some(end) = &ending.end {
                return Waited::Ended(end.clone());
            }
            if self.is_held() {
                return Waited::Held;
            }
            if self.inner.ended.wait_until(&mut ending, until).timed_out() {
                return Waited::Running;
            }
        }
    }

    /// Whether the job is held at a breakpoint.
    pub fn is_held(&self) -> bool {
        self.inner.held.load(Ordering::Relaxed)
    }

    /// Marks the job as held or running again, and wakes those who wait for it.
    pub(super) fn set_held(&self, held: bool) {
        let _end = self.inner.end.lock();
        self.inner.held.store(held, Ordering::Relaxed);
        self.inner.ended.notify_all();
    }

    /// Ends the job with Ctrl-C's cause.
    pub fn interrupt(&self) {
        self.end(Cause::Interrupted);
    }

    /// Ends the job with the cause of `kill %N`.
    pub fn kill(&self) {
        self.end(Cause::Killed { by: Killer::Shell });
    }

    fn end(&self, cause: Cause) {
        if let Some(chain) = self.running() {
            chain.end(cause);
            if self.is_held() {
                // A wait that starts now waits for the end.
                self.set_held(false);
            }
        }
    }
}
