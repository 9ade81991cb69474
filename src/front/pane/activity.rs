//! Calls a second and busy share of each process, from its counters now and about a second ago. A share is worked out
//! for the rows that are drawn alone.

use std::collections::VecDeque;
use std::time::Duration;

use crate::kernel::{ProcessId, ProcessView};

/// The time between two marks.
const MARK_PERIOD: Duration = Duration::from_millis(500);
/// The least span of a rate: a shorter one would turn one call into a high rate.
const SPAN_MIN: Duration = Duration::from_secs(1);

/// Activity of a process in about the last second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Activity {
    pub calls_per_second: f64,
    /// The share of the time that it spent inside its calls, nested waits included: 0 to 100.
    pub busy_percent: f64,
}

/// The counters of all processes at a few moments; at most three of them are kept.
#[derive(Debug, Default)]
pub struct Activities {
    /// Oldest first.
    marks: VecDeque<Mark>,
    now: Duration,
}

/// The counters of one moment.
#[derive(Debug, Default)]
struct Mark {
    at: Duration,
    /// By id.
    counters: Vec<Counters>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counters {
    id: ProcessId,
    calls: u64,
    busy: Duration,
}

impl Activities {
    /// Averages since the session began, until a second of samples is there.
    pub fn since_start() -> Activities {
        Activities { marks: VecDeque::from([Mark::default()]), now: Duration::ZERO }
    }

    /// Records the counters at a time. Times must not decrease; `processes` are sorted by id.
    pub fn note(&mut self, at: Duration, processes: &[ProcessView]) {
        self.now = at;
        if self.marks.back().is_some_and(|mark| at.saturating_sub(mark.at) < MARK_PERIOD) {
            return;
        }
        let counters = |process: &ProcessView| Counters { id: process.id, calls: process.calls, busy: process.busy };
        self.marks.push_back(Mark { at, counters: processes.iter().map(counters).collect() });
        while self.marks.get(1).is_some_and(|mark| at.saturating_sub(mark.at) >= SPAN_MIN) {
            self.marks.pop_front();
        }
    }

    /// The activity of a process of the last sample.
    pub fn of(&self, process: &ProcessView) -> Activity {
        let Some(mark) = self.marks.front() else { return Activity::default() };
        let known = mark.counters.binary_search_by_key(&process.id, |counters| counters.id).ok();
        // A process that was not there yet has done all that it has done since.
        let before = known.and_then(|index| mark.counters.get(index)).copied().unwrap_or_default();
        let seconds = self.now.saturating_sub(mark.at).max(SPAN_MIN).as_secs_f64();
        Activity {
            calls_per_second: process.calls.saturating_sub(before.calls) as f64 / seconds,
            busy_percent: (process.busy.saturating_sub(before.busy).as_secs_f64() / seconds * 100.0).min(100.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::pane::fixture::process;

    fn worked(id: ProcessId, calls: u64, busy_ms: u64) -> ProcessView {
        ProcessView { calls, busy: Duration::from_millis(busy_ms), ..process(id, 0, "p") }
    }

    #[test]
    fn a_steady_process_has_a_steady_rate_and_share() {
        let mut activities = Activities::default();
        for tick in 0..200u64 {
            let at = Duration::from_millis(tick * 50);
            activities.note(at, &[worked(1, tick * 10, tick * 25), worked(7, 3, 40)]);
        }
        let steady = activities.of(&worked(1, 1_990, 4_975));
        assert!((steady.calls_per_second - 200.0).abs() < 1.0, "{steady:?}");
        assert!((steady.busy_percent - 50.0).abs() < 1.0, "{steady:?}");
        assert_eq!(activities.of(&worked(7, 3, 40)), Activity::default(), "an idle one has none");
        assert!(activities.marks.len() <= 3, "{} marks", activities.marks.len());
    }

    #[test]
    fn a_new_process_counts_from_nothing_and_one_call_is_no_high_rate() {
        let mut activities = Activities::default();
        activities.note(Duration::from_secs(10), &[]);
        activities.note(Duration::from_millis(10_050), &[worked(1, 1, 20)]);
        let new = activities.of(&worked(1, 1, 20));
        assert_eq!(new, Activity { calls_per_second: 1.0, busy_percent: 2.0 });
    }

    #[test]
    fn without_an_earlier_sample_it_is_the_average_since_the_start_where_that_is_asked_for() {
        let sample = [worked(1, 40, 1_000)];
        let mut opened = Activities::default();
        opened.note(Duration::from_secs(4), &sample);
        assert_eq!(opened.of(&sample[0]), Activity::default());
        let mut saved = Activities::since_start();
        saved.note(Duration::from_secs(4), &sample);
        assert_eq!(saved.of(&sample[0]), Activity { calls_per_second: 10.0, busy_percent: 25.0 });
    }
}
