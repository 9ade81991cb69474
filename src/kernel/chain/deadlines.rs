//! The deadlines of a chain: registered with the clock, suspended while time does not count for its calls.

use std::time::Instant;

use super::Chain;
use crate::kernel::cause::Cause;
use crate::kernel::clock::Timed;
use crate::kernel::parent_call::ParentChain;

impl Chain {
    /// Runs `work` outside of the calls' time: the chain's deadlines are suspended meanwhile, and those
    /// above.
    pub fn with_paused_deadlines<T>(&self, work: impl FnOnce() -> T) -> T {
        self.frames.lock().loading = true;
        self.pause_deadlines();
        let standing = DeadlinePause { chain: self };
        let result = work();
        drop(standing);
        result
    }

    /// The earliest deadline of the chain's own calls; `None` while deadlines are suspended. With `after`, the earliest
    /// later than that: the deadline of a cancelled call has passed, those of its callers have not.
    pub fn own_deadline(&self, after: Option<Instant>) -> Option<Instant> {
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
        self.own_deadline(Some(now))
    }

    fn needs_interrupt(&self) -> bool {
        self.is_cancelled() || self.is_stop_wanted()
    }
}

/// Guard that suspends the deadlines of a chain. They resume when it is dropped, also by a panic.
struct DeadlinePause<'a> {
    chain: &'a Chain,
}

impl Drop for DeadlinePause<'_> {
    fn drop(&mut self) {
        self.chain.frames.lock().loading = false;
        self.chain.resume_deadlines();
    }
}
