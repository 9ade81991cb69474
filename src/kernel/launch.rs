//! Execution of a job, on a thread that it has to itself, with a stack for the deepest chain.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::error::CallError;
use super::job::{Job, JobEnd, JobStart, KEPT_OUTPUT_BYTES_MAX, OutputSink};
use super::job_error::JobError;
use super::job_output::JobOutput;
use super::job_threads::JobWork;
use super::notices::Notice;
use super::pipe::Pipe;
use super::task::Task;
use super::view::OwnerId;
use super::{CallPlan, Kernel};
use crate::journal::Outcome;
use crate::runtime::{WASM_STACK_BYTES_MAX, Wording};
use crate::text::panic_text;

/// Native stack bytes of one level of a chain, without the guest's.
const LEVEL_STACK_BYTES: usize = 512 * 1024;
/// Native stack bytes of the rest of a job.
const BASE_STACK_BYTES: usize = 4 << 20;
/// Stack bytes of a job's thread: enough for the deepest chain with every level at its limit.
pub fn stack_bytes(depth_max: u16) -> usize {
    usize::from(depth_max) * (WASM_STACK_BYTES_MAX + LEVEL_STACK_BYTES) + BASE_STACK_BYTES
}

/// The error of a job that ended by a fault in plugsh.
pub(super) fn panicked(panic: &(dyn Any + Send), wording: Wording) -> CallError {
    CallError::of_job(JobError::Panicked(panic_text(panic).map(str::to_owned)), wording)
}

impl Job {
    /// Starts a plan on a thread that it has to itself; its output goes to the sink, where there is one.
    ///
    /// # Errors
    /// A process of the plan has ended, too many jobs run, or no thread can be started.
    pub(super) fn start(kernel: &Arc<Kernel>, plan: CallPlan, sink: Option<OutputSink>) -> Result<Job, CallError> {
        let of_thread = kernel.clone();
        let start = JobStart { text: plan.text.clone(), background: plan.background, owner: plan.owner };
        Job::launch(kernel, start, move |job, task| {
            let output = job.run_plan(&of_thread, task, plan)?;
            let Some(sink) = sink else { return Ok(JobOutput::Bytes(output)) };
            sink(&output, &|| task.chain.is_cancelled()).map_err(|error| {
                let outcome = if task.chain.is_cancelled() { task.chain.outcome_of_cancel() } else { Outcome::Error };
                CallError::new(outcome, error.to_string(), of_thread.wording())
            })?;
            Ok(JobOutput::Sunk { bytes: output.len() as u64 })
        })
    }

    /// Starts `body` as a job: on a thread that it has to itself, in a chain of its own, which Ctrl-C ends while it is
    /// in front.
    ///
    /// # Errors
    /// Too many jobs run, or no thread can be started.
    pub(super) fn launch(
        kernel: &Arc<Kernel>,
        start: JobStart,
        body: impl FnOnce(&Job, &Arc<Task>) -> Result<JobOutput, CallError> + Send + 'static,
    ) -> Result<Job, CallError> {
        let id = kernel.job_table().take_id();
        let task = kernel.new_task(id);
        let (background, owner) = (start.background, start.owner);
        let job = Job::new(id, start, task.chain.clone());
        let admitted = kernel.job_table().admit(job.clone(), kernel.limits().jobs_max);
        admitted.map_err(|error| CallError::of_job(error, kernel.wording()))?;
        if !background {
            kernel.set_foreground(owner, &task.chain);
        }
        let (own, kernel_of_job) = (job.clone(), kernel.clone());
        let run = move || {
            // A panic must still end the job, because others wait for it.
            let ended = catch_unwind(AssertUnwindSafe(|| body(&own, &task)));
            task.give_back_seqs();
            own.finish(&kernel_of_job, ended.unwrap_or_else(|panic| Err(panicked(&*panic, kernel_of_job.wording()))));
        };
        let stack = stack_bytes(kernel.limits().depth_max);
        let spawned = kernel.job_threads().run(Box::new(run), stack, || |work: JobWork| work());
        if let Err(no_thread) = spawned {
            kernel.job_table().remove(id);
            return Err(CallError::of_job(JobError::NoThread(no_thread), kernel.wording()));
        }
        Ok(job)
    }

    fn finish(&self, kernel: &Arc<Kernel>, result: Result<JobOutput, CallError>) {
        let end = self.end_with(result.map(|output| self.kept(kernel, output)));
        kernel.job_ended(self, &end);
        self.mark_ended(end);
    }

    /// A background job's output waits for `wait` or `fg`: bounded.
    fn kept(&self, kernel: &Kernel, output: JobOutput) -> JobOutput {
        match output {
            JobOutput::Bytes(bytes) if self.is_background() && bytes.len() > KEPT_OUTPUT_BYTES_MAX => {
                let (job, output_bytes) = (self.id(), bytes.len() as u64);
                let kept_bytes = KEPT_OUTPUT_BYTES_MAX as u64;
                kernel.notify_owner(self.owner(), Notice::OutputCut { job, output_bytes, kept_bytes });
                JobOutput::Bytes(bytes.get(..KEPT_OUTPUT_BYTES_MAX).map_or_else(Arc::default, Arc::from))
            }
            output => output,
        }
    }

    fn run_plan(&self, kernel: &Arc<Kernel>, task: &Arc<Task>, mut plan: CallPlan) -> Result<Arc<[u8]>, CallError> {
        let input = std::mem::take(&mut plan.input);
        let mut pipe = Pipe::new(kernel, task, &plan);
        self.set_runs_total(plan.repeat);
        for _ in 1..plan.repeat {
            pipe.run(&*input)?;
            self.add_runs(1);
        }
        // Moved into the pipe, which drops the input once the first process has a copy.
        let finished = pipe.run(input)?;
        self.add_runs(1);
        Ok(Arc::from(finished.output()))
    }
}

impl Kernel {
    /// The last step of a job: a foreground job is removed, a background job sends a notice.
    fn job_ended(&self, job: &Job, end: &JobEnd) {
        if !job.is_background() {
            self.job_table().remove(job.id());
            return;
        }
        let (view, owner) = (job.view(), job.owner());
        let (job, took) = (view.id, end.duration);
        self.notify_owner(
            owner,
            match &end.result {
                Ok(output) => Notice::JobDone { job, took, output_bytes: output.byte_count(), text: view.text },
                Err(error) => Notice::JobFailed { job, took, error: error.clone() },
            },
        );
    }
}

impl Job {
    /// Makes the job the foreground one of an owner, whose it becomes and whose Ctrl-C ends it.
    pub fn to_foreground(&self, kernel: &Kernel, owner: OwnerId) {
        self.set_owner(owner);
        self.set_background(false);
        if let Some(chain) = self.running() {
            kernel.job_table().unset_foreground(&chain);
            kernel.set_foreground(owner, &chain);
        }
    }

    /// Makes the job a background one, out of reach of Ctrl-C.
    pub fn to_background(&self, kernel: &Kernel) {
        self.set_background(true);
        if let Some(chain) = self.running() {
            kernel.job_table().unset_foreground(&chain);
        }
    }
}
