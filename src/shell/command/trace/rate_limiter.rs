//! The limits of `trace -f`: the number of calls in all, and the rate in calls a second.

use std::time::Duration;

use crate::journal::Record;

const SECOND_NS: u64 = 1_000_000_000;

/// Passes calls up to a rate and a total. Seconds are the session clock's, by the calls' ends.
pub struct RateLimiter {
    rate: Option<u64>,
    left: Option<u64>,
    second: u64,
    shown_in_second: u64,
    left_out: u64,
}

impl RateLimiter {
    /// `rate`: calls a second; `max`: calls in all.
    pub fn new(rate: Option<u64>, max: Option<u64>) -> RateLimiter {
        RateLimiter { rate, left: max, second: 0, shown_in_second: 0, left_out: 0 }
    }

    /// Whether a call is shown. Calls come in order of their ends.
    pub fn admits(&mut self, record: &Record) -> bool {
        let second = record.end_ns() / SECOND_NS;
        // Calls of several lanes may come slightly out of order: a past second stays closed.
        if second > self.second {
            (self.second, self.shown_in_second) = (second, 0);
        }
        if self.is_done() {
            return false;
        }
        if self.rate.is_some_and(|rate| self.shown_in_second >= rate) {
            self.left_out += 1;
            return false;
        }
        self.shown_in_second += 1;
        self.left = self.left.map(|left| left - 1);
        true
    }

    /// Whether the total is reached.
    pub fn is_done(&self) -> bool {
        self.left == Some(0)
    }

    /// Takes the number of calls left out in a past second; 0 before its end, so that the reports are no flood.
    pub fn take_left_out(&mut self, now: Duration) -> u64 {
        if now.as_secs() > self.second { std::mem::take(&mut self.left_out) } else { 0 }
    }

    /// Takes the number of calls left out in the unfinished second, for the end of the trace.
    pub fn take_rest(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Record {
        Record { at_ns: second * SECOND_NS, ..Record::default() }
    }

    #[test]
    fn a_rate_holds_in_each_second() {
        let mut limiter = RateLimiter::new(Some(2), None);
        let shown: Vec<bool> = [0, 0, 0, 0, 1, 1, 1].map(|second| limiter.admits(&at(second))).to_vec();
        assert_eq!(shown, [true, true, false, false, true, true, false]);
        let now = Duration::from_millis;
        assert_eq!(limiter.take_left_out(now(1_999)), 0, "the second is not over");
        assert_eq!(
            (limiter.take_left_out(now(2_000)), limiter.take_left_out(now(3_000)), limiter.take_rest()),
            (3, 0, 0)
        );
        assert!(!limiter.is_done());
    }

    #[test]
    fn a_number_ends_it() {
        let mut limiter = RateLimiter::new(None, Some(2));
        assert_eq!([0, 0, 0].map(|second| limiter.admits(&at(second))), [true, true, false]);
        assert!(limiter.is_done());
        assert_eq!(limiter.take_rest(), 0, "it has ended, nothing was thinned");
    }
}
