//! Statistics of measured calls: one subject's, and the comparison of two subjects.

use std::time::Duration;

use serde::Serialize;

use super::subject::Subject;
use crate::json::fractional_ns_as_us;
use crate::kernel::RoundTimes;

/// One round of a subject.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Round {
    pub calls: u64,
    pub elapsed: Duration,
}

impl Round {
    /// Nanoseconds a call.
    pub fn call_ns(&self) -> f64 {
        self.elapsed.as_nanos() as f64 / self.calls.max(1) as f64
    }
}

/// A subject and its measured rounds.
pub struct Measured {
    pub subject: Subject,
    pub rounds: Vec<Round>,
    /// Nanoseconds a call: one sample an individually timed call, or the mean of one guest call's nested calls.
    pub samples_ns: Vec<f64>,
    bytes_out: u64,
    runs: u64,
}

impl Measured {
    /// No rounds yet.
    pub fn new(subject: Subject) -> Measured {
        Measured { subject, rounds: Vec::new(), samples_ns: Vec::new(), bytes_out: 0, runs: 0 }
    }

    /// Adds a round: the times of each work, and the wall time of all works together.
    pub fn add(&mut self, times: Vec<RoundTimes>, elapsed: Duration) {
        let calls_each = self.subject.calls_each;
        let runs: u64 = times.iter().map(|times| times.runs).sum();
        self.rounds.push(Round { calls: runs * calls_each, elapsed });
        self.runs += runs;
        self.bytes_out += times.iter().map(|times| times.bytes_out).sum::<u64>();
        let samples = times.iter().flat_map(|times| &times.samples_ns);
        self.samples_ns.extend(samples.map(|ns| *ns as f64 / calls_each as f64));
        self.samples_ns.sort_by(f64::total_cmp);
    }

    /// Percentiles, means and rates over all rounds.
    pub fn figures(&self) -> Figures {
        let calls: u64 = self.rounds.iter().map(|round| round.calls).sum();
        let elapsed: Duration = self.rounds.iter().map(|round| round.elapsed).sum();
        let seconds = elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
        let bytes_out = self.subject.bytes_out.unwrap_or(self.bytes_out / self.runs.max(1));
        let mut rounds: Vec<f64> = self.rounds.iter().map(Round::call_ns).collect();
        rounds.sort_by(f64::total_cmp);
        Figures {
            calls,
            min_ns: self.percentile_ns(0.0),
            p50_ns: self.percentile_ns(50.0),
            p90_ns: self.percentile_ns(90.0),
            p99_ns: self.percentile_ns(99.0),
            max_ns: self.percentile_ns(100.0),
            mean_ns: elapsed.as_nanos() as f64 / calls.max(1) as f64,
            round_median_ns: median(&rounds),
            round_min_ns: rounds.first().copied().unwrap_or(0.0),
            calls_per_second: calls as f64 / seconds,
            bytes_in: self.subject.bytes_in,
            bytes_out,
            bytes_per_second: (self.subject.bytes_in + bytes_out) as f64 * calls as f64 / seconds,
        }
    }

    /// The percentile `percent` of the samples.
    pub fn percentile_ns(&self, percent: f64) -> f64 {
        let count = self.samples_ns.len();
        let rank = (percent / 100.0 * count as f64).ceil() as usize;
        self.samples_ns.get(rank.clamp(1, count.max(1)) - 1).copied().unwrap_or(0.0)
    }
}

/// Statistics of one subject's calls. `bytes_in` and `bytes_out` are one call's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    #[serde(skip)]
    pub calls: u64,
    #[serde(rename = "min_us", serialize_with = "fractional_ns_as_us")]
    pub min_ns: f64,
    #[serde(rename = "p50_us", serialize_with = "fractional_ns_as_us")]
    pub p50_ns: f64,
    #[serde(rename = "p90_us", serialize_with = "fractional_ns_as_us")]
    pub p90_ns: f64,
    #[serde(rename = "p99_us", serialize_with = "fractional_ns_as_us")]
    pub p99_ns: f64,
    #[serde(rename = "max_us", serialize_with = "fractional_ns_as_us")]
    pub max_ns: f64,
    #[serde(rename = "mean_us", serialize_with = "fractional_ns_as_us")]
    pub mean_ns: f64,
    /// The median of the rounds' means, which one busy moment of the machine does not move.
    #[serde(rename = "round_median_us", serialize_with = "fractional_ns_as_us")]
    pub round_median_ns: f64,
    #[serde(rename = "round_min_us", serialize_with = "fractional_ns_as_us")]
    pub round_min_ns: f64,
    pub calls_per_second: f64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub bytes_per_second: f64,
}

/// Subjects that were measured in turns; the first is compared with the others.
pub struct Comparison {
    pub measured: Vec<Measured>,
}

impl Comparison {
    /// The speed ratio of the first subject to the second, if there is a second.
    pub fn ratio(&self) -> Option<Ratio> {
        let [first, second, ..] = self.measured.as_slice() else { return None };
        let pairs = first.rounds.iter().zip(&second.rounds);
        let mut ratios: Vec<f64> = pairs.map(|(one, other)| other.call_ns() / one.call_ns().max(1e-9)).collect();
        ratios.sort_by(f64::total_cmp);
        let fastest = |measured: &Measured| measured.rounds.iter().map(Round::call_ns).fold(f64::INFINITY, f64::min);
        Some(Ratio {
            median: median(&ratios),
            min: ratios.first().copied()?,
            max: ratios.last().copied()?,
            of_fastest: fastest(second) / fastest(first).max(1e-9),
        })
    }
}

/// The speed of the first subject as a multiple of the second's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ratio {
    /// Ratio in each pair of adjacent rounds.
    pub median: f64,
    pub min: f64,
    pub max: f64,
    /// Ratio between the subjects' fastest rounds.
    pub of_fastest: f64,
}

/// The median of sorted numbers; 0 for an empty slice.
pub fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match (sorted.get(middle.wrapping_sub(1)), sorted.get(middle)) {
        (Some(low), Some(high)) if sorted.len().is_multiple_of(2) => (low + high) / 2.0,
        (_, Some(high)) => *high,
        _ => 0.0,
    }
}

/// One bar of a histogram: the count of samples in `from_ns..to_ns`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bar {
    #[serde(rename = "from_us", serialize_with = "fractional_ns_as_us")]
    pub from_ns: f64,
    #[serde(rename = "to_us", serialize_with = "fractional_ns_as_us")]
    pub to_ns: f64,
    pub count: usize,
}

/// Number of bars of equal width, below the overflow bar.
const BARS: usize = 10;
/// Samples above this percentile share the last bar, so that one slow call does not flatten the rest.
const TAIL_PERCENT: f64 = 99.0;

/// The histogram of the samples, fastest bar first, the tail in the last bar.
pub fn bars(measured: &Measured) -> Vec<Bar> {
    let (min, most) = (measured.percentile_ns(0.0), measured.percentile_ns(100.0));
    let tail = measured.percentile_ns(TAIL_PERCENT);
    if measured.samples_ns.is_empty() {
        return Vec::new();
    }
    let width = (tail - min) / BARS as f64;
    if width <= 0.0 {
        return vec![Bar { from_ns: min, to_ns: most, count: measured.samples_ns.len() }];
    }
    let mut bars: Vec<Bar> = (0..BARS)
        .map(|at| Bar { from_ns: min + width * at as f64, to_ns: min + width * (at + 1) as f64, count: 0 })
        .collect();
    bars.push(Bar { from_ns: tail, to_ns: most, count: 0 });
    for sample in &measured.samples_ns {
        let at = match *sample > tail {
            true => BARS,
            false => (((sample - min) / width) as usize).min(BARS - 1),
        };
        if let Some(bar) = bars.get_mut(at) {
            bar.count += 1;
        }
    }
    if bars.last().is_some_and(|tail| tail.count == 0) {
        bars.pop();
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(rounds: &[(u64, u64)], samples: &[u64], calls_each: u64) -> Measured {
        let subject = Subject {
            name: "a.f".into(),
            variant: "native".into(),
            works: Vec::new(),
            calls_each,
            journal: true,
            bytes_in: 4,
            bytes_out: None,
        };
        let mut measured = Measured::new(subject);
        for (at, (runs, elapsed_ns)) in rounds.iter().enumerate() {
            let elapsed = Duration::from_nanos(*elapsed_ns);
            let samples_ns = if at == 0 { samples.to_vec() } else { Vec::new() };
            measured.add(vec![RoundTimes { runs: *runs, elapsed, samples_ns, bytes_out: runs * 6 }], elapsed);
        }
        measured
    }

    #[test]
    fn figures_are_of_calls() {
        let figures = measured(&[(10, 1_000), (10, 3_000), (20, 4_000)], &[300, 100, 200, 900], 1).figures();
        assert_eq!((figures.calls, figures.mean_ns), (40, 200.0));
        assert_eq!((figures.round_median_ns, figures.round_min_ns), (200.0, 100.0));
        assert_eq!([figures.min_ns, figures.p50_ns, figures.p90_ns, figures.max_ns], [100.0, 200.0, 900.0, 900.0]);
        assert_eq!((figures.bytes_in, figures.bytes_out), (4, 6));
        assert!((figures.calls_per_second - 5e6).abs() < 1.0 && (figures.bytes_per_second - 5e7).abs() < 1.0);
    }

    #[test]
    fn a_run_of_many_calls_is_shared_out() {
        let figures = measured(&[(2, 20_000)], &[9_000, 11_000], 10).figures();
        assert_eq!((figures.calls, figures.mean_ns, figures.p50_ns, figures.max_ns), (20, 1_000.0, 900.0, 1_100.0));
    }

    #[test]
    fn a_ratio_is_of_rounds_that_stand_together() {
        let one = measured(&[(1, 100), (1, 200), (1, 100)], &[], 1);
        let other = measured(&[(1, 500), (1, 1_200), (1, 700)], &[], 1);
        let ratio = Comparison { measured: vec![one, other] }.ratio().unwrap();
        assert_eq!(ratio, Ratio { median: 6.0, min: 5.0, max: 7.0, of_fastest: 5.0 });
        assert_eq!(Comparison { measured: vec![measured(&[(1, 1)], &[], 1)] }.ratio(), None);
    }

    #[test]
    fn bars_hold_every_sample() {
        let samples: Vec<u64> = (100..1_100).chain([1_000_000]).collect();
        let bars = bars(&measured(&[(1, 1)], &samples, 1));
        assert_eq!(bars.iter().map(|bar| bar.count).sum::<usize>(), samples.len());
        assert_eq!(bars.len(), BARS + 1);
        assert_eq!(bars.last().map(|bar| bar.to_ns), Some(1_000_000.0));
        assert_eq!(super::bars(&measured(&[(1, 1)], &[5, 5, 5], 1)), [Bar { from_ns: 5.0, to_ns: 5.0, count: 3 }]);
    }
}
