//! Suspensions of a chain's deadlines, by loads and holds of its own and of chains below it, which may overlap.

use std::time::{Duration, Instant};

/// The suspensions that last.
#[derive(Debug, Default)]
pub struct Pauses {
    count: usize,
    /// When the first of them began.
    since: Option<Instant>,
}

impl Pauses {
    /// Begins one more suspension.
    pub fn begin(&mut self) {
        self.count += 1;
        self.since.get_or_insert_with(Instant::now);
    }

    /// Ends one suspension. Returns the time for which deadlines stood still, if it was the last.
    pub fn end(&mut self) -> Option<Duration> {
        self.count = self.count.saturating_sub(1);
        if self.count > 0 { None } else { self.since.take().map(|since| since.elapsed()) }
    }

    /// Whether there is one.
    pub fn any(&self) -> bool {
        self.count > 0
    }
}
