//! Calls and bytes a second, from monotonic sums: the current rate, and a sparkline of the last minute.

use std::collections::VecDeque;
use std::time::Duration;

use super::snapshot::Totals;

/// Seconds of a sparkline's history.
pub const HISTORY_S: usize = 60;
/// The seconds over which the current rate is taken.
const NOW_S: f64 = 1.0;

/// Rates of one session.
#[derive(Debug, Default)]
pub struct Rates {
    /// The samples of the last [`NOW_S`] seconds, oldest first.
    window: VecDeque<(Duration, Totals)>,
    /// Per second, newest last.
    calls: VecDeque<u64>,
    bytes: VecDeque<u64>,
    /// The sums at the start of the current second.
    second: Option<(u64, Totals)>,
}

impl Rates {
    /// Averages since the session began, until a second of samples is there.
    pub fn since_start() -> Rates {
        Rates { window: VecDeque::from([(Duration::ZERO, Totals::default())]), ..Rates::default() }
    }

    /// Records the sums at a time. Times must not decrease.
    pub fn note(&mut self, at: Duration, totals: Totals) {
        let second = at.as_secs();
        let (noted, sums) = *self.second.get_or_insert((second, totals));
        if second > noted {
            push(&mut self.calls, totals.calls.saturating_sub(sums.calls));
            push(&mut self.bytes, totals.bytes.saturating_sub(sums.bytes));
            for _ in 0..(second - noted - 1).min(HISTORY_S as u64) {
                push(&mut self.calls, 0);
                push(&mut self.bytes, 0);
            }
            self.second = Some((second, totals));
        }
        self.window.push_back((at, totals));
        while self.window.len() > 2
            && self.window.get(1).is_some_and(|(then, _)| (at.saturating_sub(*then)).as_secs_f64() >= NOW_S)
        {
            self.window.pop_front();
        }
    }

    /// The current calls and bytes a second.
    pub fn now(&self) -> (f64, f64) {
        let (Some((from, first)), Some((to, last))) = (self.window.front(), self.window.back()) else {
            return (0.0, 0.0);
        };
        // A shorter interval would turn one call into a high rate.
        let seconds = to.saturating_sub(*from).as_secs_f64().max(NOW_S);
        let rate = |last: u64, first: u64| last.saturating_sub(first) as f64 / seconds;
        (rate(last.calls, first.calls), rate(last.bytes, first.bytes))
    }

    /// Calls in each of the last seconds, newest last.
    pub fn calls(&self) -> impl DoubleEndedIterator<Item = u64> + '_ {
        self.calls.iter().copied()
    }

    /// Bytes in each of the last seconds, newest last.
    pub fn bytes(&self) -> impl DoubleEndedIterator<Item = u64> + '_ {
        self.bytes.iter().copied()
    }

    /// Whether all rates are constant, so that the passing of time changes nothing.
    pub fn is_flat(&self) -> bool {
        let (calls, bytes) = self.now();
        calls == 0.0 && bytes == 0.0 && self.calls.iter().chain(&self.bytes).all(|count| *count == 0)
    }
}

fn push(history: &mut VecDeque<u64>, count: u64) {
    if history.len() == HISTORY_S {
        history.pop_front();
    }
    history.push_back(count);
}

/// The newest `width` counts as bars of eight heights, scaled to the highest.
pub fn sparkline(counts: impl DoubleEndedIterator<Item = u64>, width: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let mut newest: Vec<u64> = counts.rev().take(width).collect();
    newest.resize(width, 0);
    let highest = newest.iter().copied().max().unwrap_or(0).max(1);
    let bar = |count: u64| {
        let height = if count == 0 { 0 } else { 1 + (u128::from(count) * 6 / u128::from(highest)) as usize };
        BARS.get(height).copied().unwrap_or('█')
    };
    newest.into_iter().rev().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(calls: u64) -> Totals {
        Totals { calls, bytes: calls * 10, ..Totals::default() }
    }

    #[test]
    fn a_steady_rate_is_shown_as_it_is() {
        let mut rates = Rates::default();
        for tick in 0..100u64 {
            rates.note(Duration::from_millis(tick * 50), totals(tick * 5));
        }
        let (calls, bytes) = rates.now();
        assert!((calls - 100.0).abs() < 1.0 && (bytes - 1000.0).abs() < 10.0, "{calls} {bytes}");
        assert_eq!(rates.calls().collect::<Vec<_>>(), [100, 100, 100, 100]);
    }

    #[test]
    fn silence_is_flat_in_the_end() {
        let mut rates = Rates::default();
        rates.note(Duration::ZERO, totals(0));
        rates.note(Duration::from_millis(1500), totals(7));
        assert!(!rates.is_flat());
        rates.note(Duration::from_secs(10), totals(7));
        rates.note(Duration::from_secs(200), totals(7));
        rates.note(Duration::from_secs(201), totals(7));
        assert!(rates.is_flat(), "{rates:?}");
    }

    #[test]
    fn sums_that_shrink_are_no_rate() {
        let mut rates = Rates::default();
        rates.note(Duration::ZERO, totals(100));
        rates.note(Duration::from_secs(1), totals(3));
        assert_eq!(rates.now(), (0.0, 0.0));
    }

    #[test]
    fn sparklines_have_the_width_asked_for() {
        assert_eq!(sparkline([0, 1, 4, 8].into_iter(), 6), "▁▁▁▂▅█");
        assert_eq!(sparkline([9, 8, 0].into_iter(), 2), "█▁");
        assert_eq!(sparkline([].into_iter(), 3), "▁▁▁");
        assert_eq!(sparkline([u64::MAX].into_iter(), 1), "█");
    }
}
