//! Jobs: calls started at the prompt, each on a thread of its own with a stack that carries the deepest chain.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::chain::Chain;
use super::error::CallError;
use super::frame::Cause;
use super::pipe::Pipe;
use super::view::{FrameView, JobId, JobState, JobView};
use super::{CallPlan, Kernel};
use crate::journal::Outcome;
use crate::runtime::MAX_WASM_STACK_BYTES;
use crate::text::escape_control;

/// What one level of a chain may need of the native stack besides the guest's own.
const LEVEL_STACK_BYTES: usize = 512 * 1024;
/// What the rest of a job needs.
const BASE_STACK_BYTES: usize = 4 << 20;
/// Output of a background job that is kept for `wait` and `fg`.
pub const KEPT_OUTPUT_BYTES_MAX: usize = 16 << 20;

/// How a job ended.
#[derive(Debug, Clone)]
pub struct JobEnd {
    /// How many bytes of output the job's sink took, where it has one: the result is then empty.
    pub sunk_bytes: Option<u64>,
    /// The output: shared, so that who shows or keeps it has no copy.
    pub result: Result<Arc<[u8]>, CallError>,
    pub duration: Duration,
    /// Runs that were completed, of `repeat`.
    pub runs: u64,
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
    /// What the sink took; set before the job ends.
    sunk_bytes: OnceLock<u64>,
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

/// The stack of a job's thread: what the deepest chain needs when each level uses all it may.
pub fn stack_bytes(depth_max: u16) -> usize {
    usize::from(depth_max) * (MAX_WASM_STACK_BYTES + LEVEL_STACK_BYTES) + BASE_STACK_BYTES
}

/// The end of a job by a mistake of plugsh's own.
fn panicked(panic: &(dyn Any + Send)) -> CallError {
    let what = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    let what = escape_control(what.unwrap_or("it does not say why"));
    CallError::new(Outcome::Error, format!("plugsh itself failed, which is a mistake of its own: {what}"))
}

impl Job {
    /// Starts a plan on a thread of its own; its output goes to the sink, where there is one.
    pub(super) fn start(kernel: &Arc<Kernel>, plan: CallPlan, sink: Option<OutputSink>) -> Result<Job, CallError> {
        let (text, background, of_thread) = (plan.text.clone(), plan.background, kernel.clone());
        Job::launch(kernel, text, background, move |job, chain| {
            let output = job.run_plan(&of_thread, chain, plan)?;
            let Some(sink) = sink else { return Ok(output) };
            sink(&output, &|| chain.is_cancelled()).map_err(|why| {
                let outcome = if chain.is_cancelled() { chain.outcome_of_cancel() } else { Outcome::Error };
                CallError::new(outcome, why)
            })?;
            job.inner.sunk_bytes.get_or_init(|| output.len() as u64);
            Ok(Arc::default())
        })
    }

    /// Starts `body` as a job: on a thread of its own, in a chain of its own, which Ctrl-C ends while it is in front.
    pub(super) fn launch(
        kernel: &Arc<Kernel>,
        text: String,
        background: bool,
        body: impl FnOnce(&Job, &Arc<Chain>) -> Result<Arc<[u8]>, CallError> + Send + 'static,
    ) -> Result<Job, CallError> {
        let id = kernel.next_job();
        let chain = kernel.new_chain(id);
        let job = Job {
            inner: Arc::new(Inner {
                id,
                text,
                started: Instant::now(),
                background: AtomicBool::new(background),
                runs: AtomicU64::new(0),
                sunk_bytes: OnceLock::new(),
                chain: Mutex::new(Some(chain.clone())),
                end: Mutex::new(None),
                held: AtomicBool::new(false),
                ended: Condvar::new(),
            }),
        };
        kernel.admit_job(job.clone())?;
        if !background {
            kernel.set_foreground(&chain);
        }
        let (own, kernel_of_job) = (job.clone(), kernel.clone());
        let run = move || {
            // A job that never ended would be waited for without end.
            let ended = catch_unwind(AssertUnwindSafe(|| body(&own, &chain)));
            own.finish(&kernel_of_job, ended.unwrap_or_else(|panic| Err(panicked(&*panic))));
        };
        let stack = stack_bytes(kernel.limits().depth_max);
        let spawned = std::thread::Builder::new().name(format!("plugsh-job-{id}")).stack_size(stack).spawn(run);
        if let Err(error) = spawned {
            kernel.reap(id);
            return Err(CallError::new(Outcome::Denied, format!("cannot start a thread for the job: {error}")));
        }
        Ok(job)
    }

    fn finish(&self, kernel: &Arc<Kernel>, result: Result<Arc<[u8]>, CallError>) {
        let end = JobEnd {
            result: result.map(|output| self.kept(kernel, output)),
            sunk_bytes: self.inner.sunk_bytes.get().copied(),
            duration: self.inner.started.elapsed(),
            runs: self.inner.runs.load(Ordering::Relaxed),
        };
        kernel.job_ended(self, &end);
        *self.inner.chain.lock() = None;
        *self.inner.end.lock() = Some(Arc::new(end));
        self.inner.ended.notify_all();
    }

    /// A background job's output waits for `wait` or `fg`: bounded.
    fn kept(&self, kernel: &Kernel, output: Arc<[u8]>) -> Arc<[u8]> {
        if self.is_background() && output.len() > KEPT_OUTPUT_BYTES_MAX {
            let (id, all) = (self.inner.id, output.len());
            kernel.notify(format!("%{id}: of {all} bytes of output the first {KEPT_OUTPUT_BYTES_MAX} are kept"));
            return output.get(..KEPT_OUTPUT_BYTES_MAX).map_or_else(Arc::default, Arc::from);
        }
        output
    }

    fn run_plan(&self, kernel: &Arc<Kernel>, chain: &Arc<Chain>, mut plan: CallPlan) -> Result<Arc<[u8]>, CallError> {
        let input = std::mem::take(&mut plan.input);
        let mut pipe = Pipe::new(kernel, chain, &plan);
        for _ in 1..plan.repeat {
            pipe.run(&*input)?;
            self.add_runs(1);
        }
        // Given away: its bytes are not needed any more once they are in the first process.
        let finished = pipe.run(input)?;
        self.add_runs(1);
        Ok(Arc::from(finished.output()))
    }

    /// Its number, `%N` at the prompt.
    pub fn id(&self) -> JobId {
        self.inner.id
    }

    /// Whether it was started with `&` and not brought to the front since.
    pub fn is_background(&self) -> bool {
        self.inner.background.load(Ordering::Relaxed)
    }

    /// Makes it the foreground job: Ctrl-C is for it from now on.
    pub fn to_foreground(&self, kernel: &Kernel) {
        self.inner.background.store(false, Ordering::Relaxed);
        if let Some(chain) = self.inner.chain.lock().as_ref() {
            kernel.set_foreground(chain);
        }
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

    /// Makes it a background job: Ctrl-C is not for it any more.
    pub fn to_background(&self, kernel: &Kernel) {
        self.inner.background.store(true, Ordering::Relaxed);
        if let Some(chain) = self.inner.chain.lock().as_ref() {
            kernel.unset_foreground(chain);
        }
    }

    /// Ends it as Ctrl-C does.
    pub fn interrupt(&self) {
        self.end(Cause::Interrupted);
    }

    /// Ends it as `kill %N` does.
    pub fn kill(&self) {
        self.end(Cause::Killed { by: "the shell".into() });
    }

    fn end(&self, cause: Cause) {
        if let Some(chain) = self.running() {
            chain.end(cause);
        }
    }
}
