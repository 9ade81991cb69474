//! The deadlines of a chain: registered with the clock, suspended while time is none of the calls'.

use std::time::Instant;

use super::Chain;
use crate::kernel::clock::Timed;
use crate::kernel::frame::Cause;

impl Chain {
    /// Runs `work` outside of the calls' time: the chain's deadlines are suspended meanwhile.
    pub fn with_paused_deadlines<T>(&self, work: impl FnOnce() -> T) -> T {
        let since = Instant::now();
        self.frames.lock().loading = true;
        let standing = DeadlinePause { chain: self, since };
        let result = work();
        drop(standing);
        result
    }

    /// Registers a deadline with the clock.
    pub fn watch(&self, at: Instant) {
        self.clock.watch(&self.this, at);
    }

    /// The earliest deadline of the chain's calls; `None` while deadlines are suspended. With `after`, the earliest
    /// later than that: the deadline of a cancelled call has passed, those of its callers have not.
    pub fn deadline(&self, after: Option<Instant>) -> Option<Instant> {
        let frames = self.frames.lock();
        if frames.deadlines_are_paused() {
            return None;
        }
        let deadlines = frames.stack.iter().filter_map(|frame| frame.deadline.map(|deadline| deadline.at));
        deadlines.filter(|at| after.is_none_or(|after| *at > after)).min()
    }
}

impl Timed for Chain {
    /// Cancels the outermost call whose deadline has passed.
    fn cancel_overdue(&self, now: Instant) {
        let overdue = {
            let frames = self.frames.lock();
            if frames.deadlines_are_paused() {
                return;
            }
            frames.stack.iter().zip(1..).find_map(|(frame, depth)| {
                let deadline = frame.deadline.filter(|deadline| deadline.at <= now && frame.cause.is_none())?;
                Some((depth, frame.seq, deadline.timeout))
            })
        };
        if let Some((depth, seq, timeout)) = overdue {
            self.cancel(depth, seq, Cause::Timeout { timeout });
        }
    }

    fn deadline_after(&self, now: Instant) -> Option<Instant> {
        self.deadline(Some(now))
    }

    fn needs_interrupt(&self) -> bool {
        self.is_cancelled() || self.is_stop_wanted()
    }
}

/// Guard that suspends the deadlines of a chain. They resume when it is dropped, also by a panic.
struct DeadlinePause<'a> {
    chain: &'a Chain,
    since: Instant,
}

impl Drop for DeadlinePause<'_> {
    fn drop(&mut self) {
        let mut frames = self.chain.frames.lock();
        frames.loading = false;
        let nearest = frames.resume_deadlines(self.since.elapsed());
        drop(frames);
        if let Some(at) = nearest {
            self.chain.watch(at);
        }
    }
}
