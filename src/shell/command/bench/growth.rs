//! `bench --growth`: the speed of nested calls over the course of one guest call. The callee's call counter is sampled
//! from another thread, so the measured path carries no extra work.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::figures::median;
use super::options::{BenchOptions, Temporary};
use super::report::{show_count, show_ns, show_ratio};
use super::subject::{caller, nested_stage, plan};
use crate::kernel::ProcessId;
use crate::shell::listing::{self, Column};
use crate::shell::reply::{Line, Reply, Role, ShellError, plain};
use crate::shell::session::Session;
use crate::shell::units::exact_size;
use crate::shell::waits::OnInterrupt;

/// Default number of nested calls.
const CALLS_DEFAULT: u64 = 1_000_000;
/// Calls in the compared first and last window; a tenth of all calls where that is fewer.
const WINDOW: u64 = 10_000;
/// Guest calls to make, each in a fresh process.
const ROUNDS: usize = 5;
/// Interval between two samples of the counter.
const SAMPLE_INTERVAL: Duration = Duration::from_micros(200);
/// Interval between two updates of the progress line.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);
/// Most samples kept of one guest call; every second one is dropped at this number.
const SAMPLES_MAX: usize = 1 << 16;
/// Rows of the table: sections of the call's course.
const PARTS: u64 = 10;

/// One sample of the counter: calls made so far, and the time since the start.
#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Duration,
    calls: u64,
}

/// Samples of one guest call, in order of time.
struct Course {
    samples: Vec<Sample>,
}

/// Measures how the time of a call changes with the number of calls, and shows it.
///
/// # Errors
/// A call fails, or the measurement is interrupted.
pub fn run(session: &mut Session, options: &BenchOptions, temporary: &mut Temporary) -> Result<(), ShellError> {
    let callee = session.process(&options.plugin)?;
    let calls = options.calls.unwrap_or(CALLS_DEFAULT);
    let size = options.sizes.first().copied().unwrap_or(super::subject::NESTED_BYTES_DEFAULT);
    let mut courses = Vec::with_capacity(ROUNDS);
    for round in 1..=ROUNDS {
        courses.push(course(session, options, callee, (calls, size), round, temporary)?);
    }
    session.front().progress(None);
    let name = format!("{}.{} from a plugin, {}", session.label(callee), options.function, exact_size(size));
    let replies = match session.wants_json(options.json) {
        true => vec![json_reply(&courses, calls, size)],
        false => table(&courses, calls, &name),
    };
    replies.iter().try_for_each(|reply| session.emit(reply))
}

fn course(
    session: &mut Session,
    options: &BenchOptions,
    callee: ProcessId,
    (calls, size): (u64, u64),
    round: usize,
    temporary: &mut Temporary,
) -> Result<Course, ShellError> {
    let how = options.nested.as_deref().unwrap_or("pdk");
    for warm_up in [true, false] {
        // A fresh caller gives the first measured calls memory as fresh as the last ones have.
        let caller = caller(session, temporary)?;
        let count = if warm_up { window(calls) } else { calls };
        let (stages, order) = nested_stage(options, how, caller, callee, count, size);
        let before = session.kernel().calls_of(callee).unwrap_or(0);
        let started = Instant::now();
        let job = session.kernel().start(plan(session, stages, order)).map_err(|error| session.call_error(error))?;
        if warm_up {
            let end = session.wait_for_job(&job, OnInterrupt::EndJob)?;
            end.result.clone().map_err(|error| session.call_error(error))?;
            continue;
        }
        let mut samples = Samples { kept: Vec::new(), every: 1, seen: 0 };
        let mut shown = Instant::now();
        let end = loop {
            let ended = job.wait_for(SAMPLE_INTERVAL);
            let calls_now = session.kernel().calls_of(callee).unwrap_or(0) - before;
            samples.add(Sample { at: started.elapsed(), calls: calls_now });
            if let Some(end) = ended {
                break end;
            }
            if session.interrupt().is_raised() {
                job.interrupt();
            }
            if shown.elapsed() > PROGRESS_INTERVAL {
                shown = Instant::now();
                let text = format!("growth: round {round} of {ROUNDS}, {calls_now} of {calls} calls; Ctrl-C ends it");
                session.front().progress(Some(&text));
            }
        };
        end.result.clone().map_err(|error| session.call_error(error))?;
        return Ok(Course { samples: samples.kept });
    }
    Err(ShellError::failed("nothing was measured"))
}

/// Samples in order of arrival, thinned out at [`SAMPLES_MAX`].
struct Samples {
    kept: Vec<Sample>,
    every: usize,
    seen: usize,
}

impl Samples {
    fn add(&mut self, sample: Sample) {
        // Time before the first nested call and after the last belongs to the caller.
        let news = self.kept.last().is_none_or(|last| last.calls < sample.calls);
        if sample.calls == 0 || !news {
            return;
        }
        self.seen += 1;
        if self.kept.len() >= SAMPLES_MAX {
            let mut nth = 0;
            self.kept.retain(|_| {
                nth += 1;
                nth % 2 == 1
            });
            self.every *= 2;
        }
        if self.seen.is_multiple_of(self.every) {
            self.kept.push(sample);
        }
    }
}

impl Course {
    /// Nanoseconds a call between two counts of calls.
    fn call_ns(&self, from: u64, to: u64) -> f64 {
        let elapsed = self.at(to) - self.at(from);
        elapsed * 1e9 / to.saturating_sub(from).max(1) as f64
    }

    /// The time in seconds at which `calls` had been made, interpolated between two samples.
    fn at(&self, calls: u64) -> f64 {
        let after = self.samples.partition_point(|sample| sample.calls < calls);
        let (Some(low), Some(high)) = (self.samples.get(after.saturating_sub(1)), self.samples.get(after)) else {
            return self.samples.last().map_or(0.0, |sample| sample.at.as_secs_f64());
        };
        let (low_s, high_s) = (low.at.as_secs_f64(), high.at.as_secs_f64());
        let part = calls.saturating_sub(low.calls) as f64 / high.calls.saturating_sub(low.calls).max(1) as f64;
        low_s + (high_s - low_s) * part
    }

    /// The call counts of the first and the last sample.
    fn ends(&self) -> (u64, u64) {
        (self.samples.first().map_or(0, |sample| sample.calls), self.samples.last().map_or(0, |sample| sample.calls))
    }

    /// Nanoseconds a call in the first `window` calls, and in the last.
    fn first_and_last(&self, window: u64) -> (f64, f64) {
        let (first, last) = self.ends();
        (self.call_ns(first, (first + window).min(last)), self.call_ns(last.saturating_sub(window).max(first), last))
    }
}

fn window(calls: u64) -> u64 {
    WINDOW.min(calls / 10).max(1)
}

/// The median of a figure over the courses.
fn median_of(courses: &[Course], figure: impl Fn(&Course) -> f64) -> f64 {
    let mut figures: Vec<f64> = courses.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    median(&figures)
}

fn ratio(course: &Course, calls: u64) -> f64 {
    let (first, last) = course.first_and_last(window(calls));
    last / first.max(1e-9)
}

/// A section of the course.
struct Part {
    from: u64,
    to: u64,
    ns: f64,
}

const COLUMNS: [Column<Part>; 3] = [
    Column::right("from", |part| plain(show_count(part.from as f64))),
    Column::right("to", |part| plain(show_count(part.to as f64))),
    Column::right("a call", |part| plain(show_ns(part.ns))),
];

fn table(courses: &[Course], calls: u64, name: &str) -> Vec<Reply> {
    let part = |at: u64| {
        let (from, to) = (calls / PARTS * at, calls / PARTS * (at + 1));
        let ns = median_of(courses, |course| {
            let (first, last) = course.ends();
            course.call_ns(from.clamp(first, last), to.clamp(first, last))
        });
        Part { from, to, ns }
    };
    let parts: Vec<Part> = (0..PARTS).map(part).collect();
    let window = window(calls);
    let (first, last) = (
        median_of(courses, |course| course.first_and_last(window).0),
        median_of(courses, |course| course.first_and_last(window).1),
    );
    let (first, last) = (show_ns(first), show_ns(last));
    let line = Line::new()
        .plain(format!("{name}: the last {window} calls took "))
        .with(Role::Strong, format!("{} times", show_ratio(median_of(courses, |course| ratio(course, calls)))))
        .plain(" what the first took")
        .with(Role::Dim, format!(" ({last} and {first} a call; median of {} guest calls)", courses.len()));
    vec![Reply::Table(listing::table(&parts, &COLUMNS)), Reply::Lines(vec![line])]
}

/// The growth report as JSON, for `--json`.
#[derive(Serialize)]
struct Growth {
    calls: u64,
    bytes_in: u64,
    window: u64,
    first_us: f64,
    last_us: f64,
    ratio_median: f64,
    ratio_min: Option<f64>,
    rounds: Vec<Round>,
}

#[derive(Serialize)]
struct Round {
    first_us: f64,
    last_us: f64,
    ratio: f64,
}

fn json_reply(courses: &[Course], calls: u64, size: u64) -> Reply {
    let window = window(calls);
    let round = |course: &Course| {
        let (first, last) = course.first_and_last(window);
        Round { first_us: first / 1e3, last_us: last / 1e3, ratio: ratio(course, calls) }
    };
    let mut ratios: Vec<f64> = courses.iter().map(|course| ratio(course, calls)).collect();
    ratios.sort_by(f64::total_cmp);
    Reply::json(&Growth {
        calls,
        bytes_in: size,
        window,
        first_us: median_of(courses, |course| course.first_and_last(window).0) / 1e3,
        last_us: median_of(courses, |course| course.first_and_last(window).1) / 1e3,
        ratio_median: median(&ratios),
        ratio_min: ratios.first().copied(),
        rounds: courses.iter().map(round).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(samples: &[(u64, u64)]) -> Course {
        let samples = samples.iter().map(|(ms, calls)| Sample { at: Duration::from_millis(*ms), calls: *calls });
        Course { samples: samples.collect() }
    }

    #[test]
    fn a_call_that_slows_down_is_seen() {
        let course = course(&[(1, 100), (11, 10_100), (100, 50_000), (120, 60_000)]);
        let (first, last) = course.first_and_last(10_000);
        assert!((first - 1_000.0).abs() < 1e-6 && (last - 2_000.0).abs() < 1e-6, "{first} {last}");
        assert!((ratio(&course, 100_000) - 2.0).abs() < 1e-6);
        assert!((course.call_ns(0, 100) - 0.0).abs() < 1e-9, "nothing is known of what was before the first sample");
    }

    #[test]
    fn looks_are_thinned_out_and_keep_their_order() {
        let mut samples = Samples { kept: Vec::new(), every: 1, seen: 0 };
        for calls in 0..3 * SAMPLES_MAX as u64 {
            samples.add(Sample { at: Duration::from_micros(calls), calls });
        }
        assert!(samples.kept.len() <= SAMPLES_MAX && samples.kept.len() > SAMPLES_MAX / 4, "{}", samples.kept.len());
        assert!(samples.kept.windows(2).all(|pair| pair[0].calls < pair[1].calls));
    }

    #[test]
    fn no_looks_are_no_figures() {
        assert_eq!(course(&[]).first_and_last(10), (0.0, 0.0));
    }
}
