//! Benchmarks: work that one job repeats and times on its own thread, which keeps thread starts, queues and observers
//! out of the measurement. Statistics belong to the shell.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::call_failure::FailureCause;
use super::error::{CallError, outcome_of};
use super::job::{Job, JobStart};
use super::job_output::JobOutput;
use super::pipe::Pipe;
use super::task::Task;
use super::view::{OwnerId, ProcessId};
use super::{CallPlan, CallStage, Kernel, LoadRequest};
use crate::locks::{Mutex, Rank};
use crate::runtime::sdk::{StockImage, StockPlugin};
use crate::runtime::{Failure, Program, Upcalls};

/// Most runs of one round that are timed individually.
pub const SAMPLES_MAX: usize = 1 << 16;

/// The measured work.
#[derive(Clone)]
pub enum BenchWork {
    /// One run of a plan of calls; its `repeat` is not used.
    Calls(CallPlan),
    /// The stages of a plan one by one: each output is copied out and passed to the next stage.
    Apart(CallPlan),
    /// A process's start, one call if a function is named, and its end; the end is not timed.
    Spawns { request: Box<LoadRequest>, first_call: Option<(String, Arc<[u8]>)> },
    /// A call of a plugin in the stock SDK, outside the process table and the journal.
    StockCalls { plugin: Arc<Mutex<StockPlugin>>, function: String, input: Arc<[u8]> },
    /// A plugin's creation in the stock SDK and one call, in which the SDK instantiates it.
    StockSpawns { image: Arc<StockImage>, function: String, input: Arc<[u8]> },
}

/// One uninterrupted series of runs.
#[derive(Clone)]
pub struct BenchRound {
    pub work: BenchWork,
    /// At least 1.
    pub runs: u64,
    /// Interval of individually timed runs, in runs, at least 1. Reading the clock for each run would distort calls of
    /// less than a microsecond.
    pub sample_every: u64,
    /// The typed command line, for `jobs`.
    pub text: String,
    pub owner: OwnerId,
}

/// Timings of a round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoundTimes {
    pub runs: u64,
    /// Time of all runs, without their untimed parts.
    pub elapsed: Duration,
    /// Durations of the individually timed runs, in nanoseconds.
    pub samples_ns: Vec<u64>,
    /// Output bytes of all runs.
    pub bytes_out: u64,
}

/// A running or ended round.
pub struct Bench {
    job: Job,
    times: Arc<Mutex<RoundTimes>>,
}

impl Bench {
    /// The round's job.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The round's timings, which exist once the job has ended.
    pub fn into_times(self) -> RoundTimes {
        std::mem::take(&mut *self.times.lock())
    }
}

impl Kernel {
    /// The program of a living process, with its present spec.
    pub fn program(&self, id: ProcessId) -> Option<Arc<Program>> {
        Some(self.living(id)?.code().program.clone())
    }

    /// Count of a living process's calls, running ones included. Takes the table's lock only, which makes frequent use
    /// cheap.
    pub fn calls_of(&self, id: ProcessId) -> Option<u64> {
        Some(self.living(id)?.counters.calls.get())
    }

    /// Starts a round, as a foreground job.
    ///
    /// # Errors
    /// A process of the round has ended, or too many jobs run.
    pub fn bench(self: &Arc<Self>, round: BenchRound) -> Result<Bench, CallError> {
        let times = Arc::new(Mutex::new(Rank::BenchTimes, RoundTimes::default()));
        let (kernel, written) = (self.clone(), times.clone());
        let start = JobStart { text: round.text.clone(), background: false, owner: round.owner };
        let job = Job::launch(self, start, move |job, task| {
            let measured = Runner { kernel: &kernel, task, job }.round(&round)?;
            *written.lock() = measured;
            Ok(JobOutput::default())
        })?;
        Ok(Bench { job, times })
    }
}

struct Runner<'a> {
    kernel: &'a Arc<Kernel>,
    task: &'a Arc<Task>,
    job: &'a Job,
}

impl Runner<'_> {
    fn round(&self, round: &BenchRound) -> Result<RoundTimes, CallError> {
        match &round.work {
            BenchWork::Calls(plan) => self.calls(round, plan),
            BenchWork::Apart(plan) => self.apart(round, plan),
            BenchWork::Spawns { request, first_call } => {
                let call = first_call.as_ref().map(|(function, input)| (function.as_str(), input));
                self.spawns(round, request, call)
            }
            BenchWork::StockCalls { plugin, function, input } => {
                let up: Arc<dyn Upcalls> = self.task.clone();
                let mut plugin = plugin.lock();
                let measured = plugin.watched(&up, |plugin| {
                    self.timed(round, |count| {
                        // The SDK ignores a cancel between two calls.
                        if self.task.chain.is_cancelled() {
                            return Err(CallError::of(Failure::interrupted(), self.kernel.wording()));
                        }
                        let output = plugin.call(function, input, &*up);
                        count(output.map_err(|failure| self.in_the_sdk(function, failure))?);
                        Ok(())
                    })
                });
                measured.unwrap_or_else(|failure| Err(CallError::of(failure, self.kernel.wording())))
            }
            BenchWork::StockSpawns { image, function, input } => self.stock_spawns(round, image, function, input),
        }
    }

    fn calls(&self, round: &BenchRound, plan: &CallPlan) -> Result<RoundTimes, CallError> {
        let mut pipe = Pipe::new(self.kernel, self.task, plan);
        self.timed(round, |count| {
            let finished = pipe.run(&*plan.input)?;
            count(finished.output());
            Ok(())
        })
    }

    fn apart(&self, round: &BenchRound, plan: &CallPlan) -> Result<RoundTimes, CallError> {
        self.timed(round, |count| {
            let mut input = plan.input.clone();
            for stage in &plan.stages {
                let plan = once(vec![stage.clone()]);
                input = Arc::from(Pipe::new(self.kernel, self.task, &plan).run(input)?.output());
            }
            count(&input);
            Ok(())
        })
    }

    /// Runs and times all runs of a round. `run` passes its output on, whose bytes are counted.
    fn timed(
        &self,
        round: &BenchRound,
        mut run: impl FnMut(&mut dyn FnMut(&[u8])) -> Result<(), CallError>,
    ) -> Result<RoundTimes, CallError> {
        let runs = round.runs.max(1);
        let every = round.sample_every.max(1).max(runs / SAMPLES_MAX as u64);
        let mut times = RoundTimes { runs, ..RoundTimes::default() };
        times.samples_ns.reserve_exact(usize::try_from(runs / every).unwrap_or(SAMPLES_MAX) + 1);
        let mut bytes_out = 0;
        let mut left = runs;
        let begun = Instant::now();
        while left > 0 {
            let started = Instant::now();
            run(&mut |output| bytes_out += output.len() as u64)?;
            times.samples_ns.push(started.elapsed().as_nanos() as u64);
            let batch = left.min(every);
            for _ in 1..batch {
                run(&mut |output| bytes_out += output.len() as u64)?;
            }
            left -= batch;
            self.job.add_runs(batch);
        }
        times.elapsed = begun.elapsed();
        times.bytes_out = bytes_out;
        Ok(times)
    }

    fn spawns(
        &self,
        round: &BenchRound,
        request: &LoadRequest,
        first_call: Option<(&str, &Arc<[u8]>)>,
    ) -> Result<RoundTimes, CallError> {
        self.timed_apart(round, |count| {
            let request = request.clone();
            let started = Instant::now();
            let label = self.task.spawn_for_shell(request)?;
            let called = first_call.map_or(Ok(()), |(function, input)| {
                let stages = vec![CallStage { process: label.id, function: function.to_owned() }];
                Pipe::new(self.kernel, self.task, &once(stages)).run(&**input).map(|finished| count(finished.output()))
            });
            let took = started.elapsed();
            self.kernel.kill(label.id, true)?;
            called.map(|()| took)
        })
    }

    fn stock_spawns(
        &self,
        round: &BenchRound,
        image: &StockImage,
        function: &str,
        input: &[u8],
    ) -> Result<RoundTimes, CallError> {
        self.timed_apart(round, |count| {
            // Checked between two runs, as a watch for each run would be part of the measurement.
            if self.task.chain.is_cancelled() {
                return Err(CallError::of(Failure::interrupted(), self.kernel.wording()));
            }
            let started = Instant::now();
            let mut plugin = image.plugin().map_err(|failure| CallError::of(failure, self.kernel.wording()))?;
            let output = plugin.call(function, input, &**self.task);
            count(output.map_err(|failure| self.in_the_sdk(function, failure))?);
            Ok(started.elapsed())
        })
    }

    /// Times a round whose runs return their own durations.
    fn timed_apart(
        &self,
        round: &BenchRound,
        mut run: impl FnMut(&mut dyn FnMut(&[u8])) -> Result<Duration, CallError>,
    ) -> Result<RoundTimes, CallError> {
        let mut times = RoundTimes::default();
        for _ in 0..round.runs.max(1) {
            let mut bytes_out = 0;
            let took = run(&mut |output| bytes_out += output.len() as u64)?;
            if times.samples_ns.len() < SAMPLES_MAX {
                times.samples_ns.push(took.as_nanos() as u64);
            }
            times.elapsed += took;
            times.bytes_out += bytes_out;
            times.runs += 1;
            self.job.add_runs(1);
        }
        Ok(times)
    }

    /// The error of a call outside of any process.
    fn in_the_sdk(&self, function: &str, failure: Failure) -> CallError {
        let (outcome, code, failure) = (outcome_of(failure.kind), failure.code, Box::new(failure.without_stack()));
        let cause = FailureCause::InSdk { function: function.into(), failure };
        CallError { code, ..CallError::new(outcome, cause, self.kernel.wording()) }
    }
}

/// A plan of one run without input.
fn once(stages: Vec<CallStage>) -> CallPlan {
    CallPlan {
        stages,
        input: Arc::from([]),
        repeat: 1,
        timeout: None,
        text: String::new(),
        background: false,
        owner: OwnerId::FIRST,
    }
}
