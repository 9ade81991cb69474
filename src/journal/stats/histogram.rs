//! A bounded histogram of durations: log-linear buckets, stored sparsely, so that ten thousand rows of accounts may
//! each have one.

use serde::Serialize;

use crate::json::ns_as_us;

/// Values below two to the power of this are exact; larger ones are in buckets at most 1/128 of their value wide.
const PRECISION_BITS: u32 = 8;
const HALF: u64 = 1 << (PRECISION_BITS - 1);
/// Last edge of bars before the end of time, in nanoseconds.
const EDGE_NS_MAX: u64 = 10_000_000_000_000_000_000;

/// Counted durations. Percentiles are within half a percent; minimum and maximum are exact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Bucket number and count, in order of the bucket; at most some 7,400.
    buckets: Vec<(u16, u64)>,
    count: u64,
    sum_ns: u128,
    min_ns: u64,
    max_ns: u64,
}

/// One bar of a drawn histogram: the number of durations in `from_ns..to_ns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bar {
    #[serde(rename = "from_us", serialize_with = "ns_as_us")]
    pub from_ns: u64,
    #[serde(rename = "to_us", serialize_with = "ns_as_us")]
    pub to_ns: u64,
    pub count: u64,
}

impl Histogram {
    /// Counts one duration.
    pub fn add(&mut self, ns: u64) {
        self.min_ns = if self.count == 0 { ns } else { self.min_ns.min(ns) };
        self.max_ns = self.max_ns.max(ns);
        self.count += 1;
        self.sum_ns += u128::from(ns);
        let bucket = bucket(ns);
        match self.buckets.binary_search_by_key(&bucket, |(number, _)| *number) {
            Ok(at) => {
                if let Some((_, count)) = self.buckets.get_mut(at) {
                    *count += 1;
                }
            }
            Err(at) => self.buckets.insert(at, (bucket, 1)),
        }
    }

    /// The number of durations.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The shortest duration in ns; 0 without any.
    pub fn min_ns(&self) -> u64 {
        self.min_ns
    }

    /// The longest duration in ns; 0 without any.
    pub fn max_ns(&self) -> u64 {
        self.max_ns
    }

    /// The mean in ns; 0 without any duration.
    pub fn mean_ns(&self) -> u64 {
        u64::try_from(self.sum_ns / u128::from(self.count.max(1))).unwrap_or(u64::MAX)
    }

    /// The duration in ns that `percent` of all do not exceed; 0 without any.
    pub fn percentile_ns(&self, percent: f64) -> u64 {
        let rank = (percent / 100.0 * self.count as f64).ceil().clamp(1.0, self.count.max(1) as f64) as u64;
        if rank == self.count {
            return self.max_ns;
        }
        let mut seen = 0;
        for (bucket, count) in &self.buckets {
            seen += count;
            if seen >= rank {
                return middle(*bucket).clamp(self.min_ns, self.max_ns);
            }
        }
        self.max_ns
    }

    /// The histogram in bars of a 1-2-5 row (`1 µs`, `2 µs`, `5 µs`, ...), from the first that has something in it to
    /// the last; at most some 60. A duration within a hundredth of an edge may be counted on its other side.
    pub fn bars(&self) -> Vec<Bar> {
        let mut bars: Vec<Bar> = Vec::new();
        let mut edges = edges().peekable();
        for (bucket, count) in &self.buckets {
            let ns = middle(*bucket).clamp(self.min_ns, self.max_ns);
            while let Some((from_ns, to_ns)) = edges.peek().copied() {
                if ns < to_ns || to_ns == u64::MAX {
                    match bars.last_mut() {
                        Some(bar) if bar.from_ns == from_ns => bar.count += count,
                        _ => bars.push(Bar { from_ns, to_ns, count: *count }),
                    }
                    break;
                }
                if !bars.is_empty() && bars.last().is_some_and(|bar| bar.from_ns < from_ns) {
                    bars.push(Bar { from_ns, to_ns, count: 0 });
                }
                edges.next();
            }
        }
        bars
    }
}

fn bucket(ns: u64) -> u16 {
    let bits = u64::BITS - ns.leading_zeros();
    let shift = bits.saturating_sub(PRECISION_BITS);
    (u64::from(shift) * HALF + (ns >> shift)) as u16
}

/// The middle of a bucket.
fn middle(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    let shift = (bucket / HALF).saturating_sub(1);
    let low = (bucket - shift * HALF) << shift;
    low + ((1 << shift) >> 1)
}

/// Neighbouring edges of the 1-2-5 row, from 0 to the end of time.
fn edges() -> impl Iterator<Item = (u64, u64)> {
    let row =
        (0..20u32).flat_map(|decade| [1u64, 2, 5].map(|digit| digit.saturating_mul(10u64.saturating_pow(decade))));
    let row = row.take_while(|edge| *edge < EDGE_NS_MAX).chain([u64::MAX]);
    let from = std::iter::once(0).chain(row.clone());
    from.zip(row)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        values.into_iter().for_each(|ns| histogram.add(ns));
        histogram
    }

    #[test]
    fn an_empty_one_is_all_zeros() {
        let empty = Histogram::default();
        assert_eq!((empty.count(), empty.min_ns(), empty.max_ns(), empty.mean_ns()), (0, 0, 0, 0));
        assert_eq!(empty.percentile_ns(50.0), 0);
        assert!(empty.bars().is_empty());
    }

    #[test]
    fn small_values_are_exact() {
        let histogram = of(1..=100);
        assert_eq!(histogram.percentile_ns(50.0), 50);
        assert_eq!(histogram.percentile_ns(99.0), 99);
        assert_eq!(histogram.percentile_ns(100.0), 100);
        assert_eq!(histogram.percentile_ns(0.0), 1);
        assert_eq!((histogram.min_ns(), histogram.max_ns(), histogram.mean_ns()), (1, 100, 50));
    }

    #[test]
    fn the_largest_numbers_fit() {
        let histogram = of([u64::MAX, u64::MAX, 0]);
        assert_eq!(histogram.max_ns(), u64::MAX);
        assert_eq!(histogram.mean_ns(), u64::MAX / 3 * 2);
        let bars = histogram.bars();
        assert_eq!(bars.iter().map(|bar| bar.count).sum::<u64>(), 3);
        assert_eq!((bars.first().map(|bar| bar.from_ns), bars.last().map(|bar| bar.to_ns)), (Some(0), Some(u64::MAX)));
    }

    #[test]
    fn bars_follow_each_other_and_hold_everything() {
        let histogram = of([1_100, 1_200, 1_900, 2_100, 30_000, 31_000]);
        let bars: Vec<(u64, u64, u64)> =
            histogram.bars().iter().map(|bar| (bar.from_ns, bar.to_ns, bar.count)).collect();
        assert_eq!(
            bars,
            [(1_000, 2_000, 3), (2_000, 5_000, 1), (5_000, 10_000, 0), (10_000, 20_000, 0), (20_000, 50_000, 2)]
        );
    }

    proptest! {
        #[test]
        fn percentiles_are_within_half_a_percent(mut values in prop::collection::vec(any::<u64>().prop_map(|v| v >> (v % 60)), 1..300), percent in 0.0..100.0f64) {
            let histogram = of(values.iter().copied());
            values.sort_unstable();
            let rank = ((percent / 100.0 * values.len() as f64).ceil() as usize).max(1);
            let exact = values[rank - 1];
            let given = histogram.percentile_ns(percent);
            prop_assert!(given.abs_diff(exact) as f64 <= exact as f64 * 0.005 + 0.5, "{} for {}", given, exact);
            prop_assert_eq!(histogram.bars().iter().map(|bar| bar.count).sum::<u64>(), values.len() as u64);
            prop_assert!(histogram.bars().windows(2).all(|pair| pair[0].to_ns == pair[1].from_ns));
        }

        #[test]
        fn a_bucket_holds_its_middle(ns in any::<u64>().prop_map(|v| v >> (v % 64))) {
            prop_assert_eq!(bucket(middle(bucket(ns))), bucket(ns));
        }
    }
}
