//! A pipe of calls, run once or again and again: each stage's output is copied once, from its memory into the next
//! one's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::call::{CallRequest, Finished, Queueing};
use super::error::CallError;
use super::job_error::JobError;
use super::process::Process;
use super::task::Task;
use super::{CallPlan, CallStage, Kernel};

/// A plan in execution on a chain.
pub struct Pipe<'a> {
    kernel: &'a Kernel,
    task: &'a Arc<Task>,
    plan: &'a CallPlan,
    /// The processes of the stages, once they have been looked up. One that has died meanwhile says so when it is
    /// called.
    processes: Vec<Option<Arc<Process>>>,
}

impl<'a> Pipe<'a> {
    /// A pipe before its first look-up.
    pub fn new(kernel: &'a Kernel, task: &'a Arc<Task>, plan: &'a CallPlan) -> Self {
        Pipe { kernel, task, plan, processes: vec![None; plan.stages.len()] }
    }

    /// One run of the whole on `input`, which is dropped when it is in the first process; the first failure ends it.
    ///
    /// # Errors
    /// The first failure of a stage.
    pub fn run(&mut self, input: impl AsRef<[u8]>) -> Result<Finished, CallError> {
        let (task, plan) = (self.task, self.plan);
        let deadline = plan.timeout.map(|timeout| Instant::now() + timeout);
        // Time at breakpoints and in loads does not count.
        let paused_for = task.chain.paused_for();
        let left = || {
            deadline.map(|at| (at + (task.chain.paused_for() - paused_for)).saturating_duration_since(Instant::now()))
        };
        let mut stages = plan.stages.iter().zip(&mut self.processes);
        let Some((first, place)) = stages.next() else {
            return Err(CallError::of_job(JobError::NoCalls, self.kernel.wording()));
        };
        let process = look_up(self.kernel, first, place)?;
        let mut finished = call(task, process, first, input, plan.timeout)?;
        for (next, place) in stages {
            let process = look_up(self.kernel, next, place)?;
            let bytes_in = finished.output().len() as u64;
            // Straight over where the next process is free; by way of a copy where it is busy, perhaps with ourselves.
            let entered = match finished.is_of(process) {
                true => None,
                false => {
                    let (function, timeout) = (next.function.as_str(), left());
                    task.enter(process, CallRequest { function, bytes_in, timeout, queueing: Queueing::Skip })?
                }
            };
            finished = match entered {
                Some(entered) => entered.run_taking(finished)?,
                None => {
                    let input = finished.output().to_vec();
                    drop(finished);
                    call(task, process, next, input, left())?
                }
            };
        }
        Ok(finished)
    }
}

fn look_up<'p>(
    kernel: &Kernel,
    stage: &CallStage,
    place: &'p mut Option<Arc<Process>>,
) -> Result<&'p Arc<Process>, CallError> {
    match place {
        Some(process) => Ok(process),
        None => Ok(place.insert(kernel.living_or_error(stage.process)?)),
    }
}

fn call(
    task: &Arc<Task>,
    process: &Arc<Process>,
    stage: &CallStage,
    input: impl AsRef<[u8]>,
    timeout: Option<Duration>,
) -> Result<Finished, CallError> {
    let call = CallRequest::waiting(&stage.function, input.as_ref().len() as u64);
    match task.enter(process, CallRequest { timeout, ..call })? {
        Some(entered) => entered.run(input),
        None => Err(CallError::of_job(JobError::Busy(process.label()), task.kernel.wording())),
    }
}
