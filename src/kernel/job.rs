//! A job, as anyone may look at it, wait for it and end it. How one is started and run is in `launch`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::chain::Chain;
use super::error::CallError;
use super::frame::{Cause, Killer};
use super::job_output::JobOutput;
use super::view::{FrameView, JobId, JobState, JobView};
use crate::journal::Outcome;
use crate::locks::{Condvar, Mutex, Rank};

/// Output of a background job that is kept for `wait` and `fg`.
pub const KEPT_OUTPUT_BYTES_MAX: usize = 16 << 20;

/// How a job ended.
#[derive(Debug, Clone)]
pub struct JobEnd {
    pub result: Result<JobOutput, CallError>,
    pub duration: Duration,
    /// Runs that were completed, of `repeat`.
    pub runs: u64,
}

impl JobEnd {
    /// The bytes to print of a job that ended well.
    pub fn bytes(&self) -> Result<Arc<[u8]>, CallError> {
        self.result.as_ref().map(JobOutput::bytes).map_err(CallError::clone)
    }
}

/// Takes the output of a job that ended well, on the job's thread; its error is the job's. The second argument says when a
/// wait within it is to be given up.
pub type OutputSink = Box<dyn FnOnce(&[u8], &dyn Fn() -> bool) -> Result<(), String> + Send>;

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
    runs: AtomicU64,
    /// The chain while it runs.
    chain: Mutex<Option<Arc<Chain>>>,
    end: Mutex<Option<Arc<JobEnd>>>,
    /// It is held at a breakpoint; changed under the lock of `end`.
    held: AtomicBool,
    /// Notified when it ends, and when it is held.
    ended: Condvar,
}

/// How a wait for a job came out.
#[derive(Debug, Clone)]
pub enum Waited {
    Ended(Arc<JobEnd>),
    /// It stands at a breakpoint, until somebody lets it go on.
    Held,
    /// It still runs: the wait was over first.
    Running,
}

impl Job {
    /// A job that begins now, in a chain.
    pub(super) fn new(id: JobId, text: String, background: bool, chain: Arc<Chain>) -> Job {
        Job {
            inner: Arc::new(Inner {
                id,
                text,
                started: Instant::now(),
                background: AtomicBool::new(background),
                runs: AtomicU64::new(0),
                chain: Mutex::new(Rank::JobChain, Some(chain)),
                end: Mutex::new(Rank::JobEnd, None),
                held: AtomicBool::new(false),
                ended: Condvar::new(),
            }),
        }
    }

    /// What its end is, with this result, now.
    pub(super) fn end_with(&self, result: Result<JobOutput, CallError>) -> JobEnd {
        JobEnd { result, duration: self.inner.started.elapsed(), runs: self.runs() }
    }

    /// It has ended: its chain is given back, and who waits for it hears so.
    pub(super) fn mark_ended(&self, end: JobEnd) {
        *self.inner.chain.lock() = None;
        *self.inner.end.lock() = Some(Arc::new(end));
        self.inner.ended.notify_all();
    }

    /// Whether Ctrl-C is not for it.
    pub(super) fn set_background(&self, background: bool) {
        self.inner.background.store(background, Ordering::Relaxed);
    }

    /// Its number, `%N` at the prompt.
    pub fn id(&self) -> JobId {
        self.inner.id
    }

    /// Whether it was started with `&` and not brought to the front since.
    pub fn is_background(&self) -> bool {
        self.inner.background.load(Ordering::Relaxed)
    }

    /// A row of `jobs`.
    pub fn view(&self) -> JobView {
        let end = self.inner.end.lock().clone();
        let records = self.inner.chain.lock().as_ref().map_or_else(Vec::new, |chain| chain.records());
        let state = match &end {
            Some(end) if end.result.is_ok() => JobState::Done,
            Some(_) => JobState::Failed,
            None if records.iter().any(|record| record.outcome == Outcome::Held) => JobState::Held,
            None => JobState::Running,
        };
        JobView {
            id: self.inner.id,
            text: self.inner.text.clone(),
            background: self.is_background(),
            state,
            elapsed: end.map_or_else(|| self.inner.started.elapsed(), |end| end.duration),
            chain: self.chain(),
        }
    }

    /// The calls it is nested in now, outermost first.
    pub fn chain(&self) -> Vec<FrameView> {
        self.inner.chain.lock().as_ref().map_or_else(Vec::new, |chain| chain.views())
    }

    /// The chain itself, while it runs.
    pub(super) fn running(&self) -> Option<Arc<Chain>> {
        self.inner.chain.lock().clone()
    }

    /// Whether it has not ended yet.
    pub fn is_running(&self) -> bool {
        self.inner.end.lock().is_none()
    }

    /// Runs completed so far, for progress.
    pub fn runs(&self) -> u64 {
        self.inner.runs.load(Ordering::Relaxed)
    }

    /// Counts runs that were completed.
    pub(super) fn add_runs(&self, runs: u64) {
        self.inner.runs.fetch_add(runs, Ordering::Relaxed);
    }

    /// Waits until it ends.
    pub fn wait(&self) -> Arc<JobEnd> {
        let mut end = self.inner.end.lock();
        loop {
            if let Some(end) = end.as_ref() {
                return end.clone();
            }
            self.inner.ended.wait(&mut end);
        }
    }

    /// Waits until it ends, for `at_most`.
    pub fn wait_for(&self, at_most: Duration) -> Option<Arc<JobEnd>> {
        let until = Instant::now() + at_most;
        let mut end = self.inner.end.lock();
        while end.is_none() && !self.inner.ended.wait_until(&mut end, until).timed_out() {}
        end.clone()
    }

    /// Waits until it ends or is held, for `at_most`.
    pub fn wait_or_hold(&self, at_most: Duration) -> Waited {
        let until = Instant::now() + at_most;
        let mut end = self.inner.end.lock();
        loop {
            if let Some(end) = end.as_ref() {
                return Waited::Ended(end.clone());
            }
            if self.is_held() {
                return Waited::Held;
            }
            if self.inner.ended.wait_until(&mut end, until).timed_out() {
                return Waited::Running;
            }
        }
    }

    /// Whether it stands at a breakpoint.
    pub fn is_held(&self) -> bool {
        self.inner.held.load(Ordering::Relaxed)
    }

    pub(super) fn set_held(&self, held: bool) {
        let _end = self.inner.end.lock();
        self.inner.held.store(held, Ordering::Relaxed);
        self.inner.ended.notify_all();
    }

    /// Ends it as Ctrl-C does.
    pub fn interrupt(&self) {
        self.end(Cause::Interrupted);
    }

    /// Ends it as `kill %N` does.
    pub fn kill(&self) {
        self.end(Cause::Killed { by: Killer::Shell });
    }

    fn end(&self, cause: Cause) {
        if let Some(chain) = self.running() {
            chain.end(cause);
        }
    }
}
