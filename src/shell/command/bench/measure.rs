//! Runs the subjects of a measurement: a warm-up, then rounds in which the subjects take turns.

use std::time::{Duration, Instant};

use super::figures::{Comparison, Measured};
use super::subject::Subject;
use crate::kernel::{Bench, BenchRound, RoundTimes};
use crate::shell::reply::ShellError;
use crate::shell::session::Session;
use crate::shell::units::show_bytes;

/// Most rounds; fewer where there are fewer runs.
const ROUNDS: u64 = 10;
/// Time of one round when no count is given.
const ROUND_TIME: Duration = Duration::from_millis(100);
/// Time of one round of parallel jobs: longer, so that the end phase, in which only some still run, weighs little.
const ROUND_TIME_AT_ONCE: Duration = Duration::from_millis(500);
/// Least time of the warm-up, unless its share of a given count is used up before.
const WARM_UP_TIME: Duration = Duration::from_millis(30);
/// Most runs of one round when no count is given.
const ROUND_RUNS_MAX: u64 = 10_000_000;
/// Divisor of a given count: the warm-up takes at most one run in so many.
const WARM_UP_PART: u64 = 10;
/// Calls shorter than this are sampled: timing each would distort them.
const TIMED_ALONE: Duration = Duration::from_micros(2);
/// Sampling interval of short calls: one in so many is timed.
const SAMPLE_EVERY: u64 = 16;
/// Interval between two checks for Ctrl-C.
const WAIT_STEP: Duration = Duration::from_millis(50);

/// The result of a measurement, and how it ended.
pub struct Rounds {
    /// `None` before one round of each subject is complete.
    pub comparison: Option<Comparison>,
    pub ended: Result<(), ShellError>,
}

/// Measures the subjects in turns: one round of each, then the next round of each.
pub fn rounds(session: &mut Session, subjects: Vec<Subject>, calls: Option<u64>) -> Rounds {
    let mut measured: Vec<Measured> = subjects.into_iter().map(Measured::new).collect();
    let ended = measure(session, &mut measured, calls);
    session.front().progress(None);
    let whole_rounds = measured.iter().map(|one| one.rounds.len()).min().unwrap_or(0);
    measured.iter_mut().for_each(|one| one.rounds.truncate(whole_rounds));
    Rounds { comparison: (whole_rounds > 0).then_some(Comparison { measured }), ended }
}

fn measure(session: &mut Session, measured: &mut [Measured], calls: Option<u64>) -> Result<(), ShellError> {
    let at_once = measured.iter().any(|one| one.subject.works.len() > 1);
    let round_time = if at_once { ROUND_TIME_AT_ONCE } else { ROUND_TIME };
    let mut plans = Vec::with_capacity(measured.len());
    for one in measured.iter() {
        let runs = calls.map(|calls| (calls / one.subject.calls_each).max(1));
        let run_time = warm_up(session, &one.subject, runs)?;
        plans.push(Plan::new(runs, round_time, run_time, one.subject.calls_each));
    }
    let rounds = plans.iter().map(|plan| plan.rounds).max().unwrap_or(0);
    for round in 0..rounds {
        for (one, plan) in measured.iter_mut().zip(&plans) {
            let runs = plan.runs_of(round);
            if runs > 0 {
                let stage = format!("round {} of {rounds}", round + 1);
                let (times, wall) = run(session, &one.subject, runs, plan.sample_every, &stage)?;
                one.add(times, wall);
            }
        }
    }
    Ok(())
}

/// Distribution of one subject's runs over the rounds.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    rounds: u64,
    runs: u64,
    sample_every: u64,
}

impl Plan {
    /// `runs`: total, where a count was given. `run_time`: duration of one run, measured by the warm-up.
    fn new(runs: Option<u64>, round_time: Duration, run_time: Duration, calls_each: u64) -> Plan {
        let run_time = run_time.max(Duration::from_nanos(1));
        let by_time = (round_time.as_nanos() / run_time.as_nanos()).max(1);
        let by_time = u64::try_from(by_time).unwrap_or(ROUND_RUNS_MAX).min(ROUND_RUNS_MAX);
        let runs = runs.unwrap_or(by_time * ROUNDS);
        let sample_every = if run_time < TIMED_ALONE && calls_each == 1 { SAMPLE_EVERY } else { 1 };
        Plan { rounds: runs.min(ROUNDS), runs, sample_every }
    }

    /// Runs of one round; the sum over all rounds is `runs`.
    fn runs_of(&self, round: u64) -> u64 {
        match round < self.rounds {
            true => self.runs / self.rounds + u64::from(round < self.runs % self.rounds),
            false => 0,
        }
    }
}

/// Runs the subject until it is warm; returns the time of one run.
fn warm_up(session: &mut Session, subject: &Subject, runs: Option<u64>) -> Result<Duration, ShellError> {
    let most = runs.map_or(u64::MAX, |runs| runs.div_ceil(WARM_UP_PART));
    let mut runs = 1;
    let begun = Instant::now();
    loop {
        let (times, _) = run(session, subject, runs, 1, "warm-up")?;
        let done: u64 = times.iter().map(|times| times.runs).max().unwrap_or(1);
        let elapsed = times.iter().map(|times| times.elapsed).max().unwrap_or_default();
        if begun.elapsed() >= WARM_UP_TIME || runs >= most {
            return Ok(elapsed / u32::try_from(done.max(1)).unwrap_or(u32::MAX));
        }
        runs = (runs * 2).min(most);
    }
}

/// One round of a subject: the times of each of its works, and the wall time of all.
fn run(
    session: &mut Session,
    subject: &Subject,
    runs: u64,
    sample_every: u64,
    stage: &str,
) -> Result<(Vec<RoundTimes>, Duration), ShellError> {
    session.kernel().journal().set_on(subject.journal);
    let text = format!("bench {}", subject.name);
    let started = Instant::now();
    let mut benches: Vec<Bench> = Vec::with_capacity(subject.works.len());
    let mut failed = None;
    for work in &subject.works {
        let round = BenchRound { work: work.clone(), runs, sample_every, text: text.clone(), owner: session.owner() };
        match session.kernel().bench(round) {
            Ok(bench) => benches.push(bench),
            Err(error) => {
                benches.iter().for_each(|bench| bench.job().interrupt());
                failed = Some(error);
                break;
            }
        }
    }
    for bench in &benches {
        if let Err(error) = wait(session, bench, &benches, subject, stage) {
            failed = failed.or(Some(error));
        }
    }
    let wall = started.elapsed();
    if let Some(error) = failed {
        return Err(session.call_error(error));
    }
    let times: Vec<RoundTimes> = benches.into_iter().map(Bench::into_times).collect();
    match times.as_slice() {
        // A single work's own time excludes the start of its thread.
        [one] => Ok((vec![one.clone()], one.elapsed)),
        _ => Ok((times, wall)),
    }
}

fn wait(
    session: &mut Session,
    bench: &Bench,
    all: &[Bench],
    subject: &Subject,
    stage: &str,
) -> Result<(), crate::kernel::CallError> {
    loop {
        if let Some(end) = bench.job().wait_for(WAIT_STEP) {
            return end.result.clone().map(drop);
        }
        if session.interrupt().is_raised() {
            all.iter().for_each(|bench| bench.job().interrupt());
        }
        let runs: u64 = all.iter().map(|bench| bench.job().runs()).sum();
        let calls = runs * subject.calls_each;
        let (name, variant, size) = (&subject.name, &subject.variant, show_bytes(subject.bytes_in));
        let text = format!("{name}, {size} bytes, {variant}: {stage}, {calls} calls; Ctrl-C ends it");
        session.front().progress(Some(&text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_runs_are_dealt_out() {
        for runs in [1, 3, 10, 17, 1000] {
            let plan = Plan::new(Some(runs), ROUND_TIME, Duration::from_micros(1), 1);
            assert_eq!((0..ROUNDS + 1).map(|round| plan.runs_of(round)).sum::<u64>(), runs);
        }
    }

    #[test]
    fn short_calls_are_sampled_and_long_ones_timed() {
        let short = Plan::new(None, ROUND_TIME, Duration::from_nanos(500), 1);
        assert_eq!(short, Plan { rounds: ROUNDS, runs: 2_000_000, sample_every: SAMPLE_EVERY });
        assert_eq!(
            Plan::new(None, ROUND_TIME, Duration::from_secs(2), 1),
            Plan { rounds: ROUNDS, runs: ROUNDS, sample_every: 1 }
        );
    }
}
