//! Leaving a process: the frame is popped, a failure gets its outcome and message, the record is written, and a
//! reusable instance goes back into the slot.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::entered::{Entered, Finished, Leaving, leave};
use crate::journal::{Growth, Outcome, Record};
use crate::kernel::call_failure::{CallFailure, FailureCause};
use crate::kernel::cause::Cause;
use crate::kernel::crash::Crash;
use crate::kernel::error::{CallError, outcome_of};
use crate::kernel::frame::{PoppedFrame, PropagatingError};
use crate::kernel::notices::{Notice, ResetBy};
use crate::kernel::process::Life;
use crate::kernel::stack::PluginFrames;
use crate::runtime::{Failure, FailureKind, Wording};

/// The end of a call, as it is counted and recorded.
struct CallEnd<'a> {
    duration: Duration,
    bytes_out: u64,
    outcome: Outcome,
    error: Option<&'a CallFailure>,
}

impl Entered<'_> {
    /// Ends the call as one that ran well, unless it was cut at the last moment.
    ///
    /// # Errors
    /// The call was cancelled before it ended.
    pub(in crate::kernel) fn finish(mut self, bytes_out: u64) -> Result<Finished, CallError> {
        self.task.end_started();
        let elapsed = self.started.elapsed();
        let Some(popped) = self.task.chain.pop(elapsed, false) else {
            return Err(CallError::new(Outcome::Error, FailureCause::NoCall, self.task.kernel.wording()));
        };
        let duration = elapsed.saturating_sub(popped.frame.held_for);
        if popped.cause.is_some() {
            return Err(self.classify_failure(popped, Failure::interrupted(), duration));
        }
        self.record_end(&popped, &CallEnd { duration, bytes_out, outcome: Outcome::Ok, error: None });
        self.left = true;
        let (ran, answer) = self.capture.take().map_or((true, None), |capture| (capture.ran, capture.answer));
        Ok(Finished { process: popped.frame.process, guest: self.guest.take(), ran, answer })
    }

    /// Ends the call as a failed one.
    pub(in crate::kernel) fn fail(&mut self, failure: Failure) -> CallError {
        self.task.end_started();
        let elapsed = self.started.elapsed();
        match self.task.chain.pop(elapsed, true) {
            Some(popped) => {
                let duration = elapsed.saturating_sub(popped.frame.held_for);
                self.classify_failure(popped, failure, duration)
            }
            None => CallError::new(Outcome::Error, FailureCause::NoCall, self.task.kernel.wording()),
        }
    }

    /// Ends a call as failed that never got its process's slot.
    pub(super) fn fail_unserved(&mut self, failure: Failure) -> CallError {
        self.left = true;
        self.fail(failure)
    }

    /// Removes a call after a panic. Writes no record, because that could panic again.
    pub(super) fn abandon(&mut self) {
        self.left = true;
        self.task.end_started();
        self.task.chain.pop(self.started.elapsed(), false);
        self.task.kernel.waits().leave(self.task.chain.id);
        self.process.counters.errors.fetch_add(1, Ordering::Relaxed);
        let ours = {
            let mut slot = self.process.lock_slot();
            slot.queue.retain(|waiting| *waiting != self.task.chain.id);
            slot.occupant.is_some_and(|occupant| occupant.chain == self.task.chain.id)
        };
        drop(self.guest.take());
        if ours {
            self.lose_instance();
            self.process.account.release();
            let crashed = Some(Crash::Host);
            self.notice = leave(self.process, Leaving { guest: None, ran: true, crashed });
        }
    }

    /// Decides the outcome, the message and the fate of the instance.
    fn classify_failure(&mut self, mut popped: PoppedFrame, mut failure: Failure, duration: Duration) -> CallError {
        let (outcome, for_ancestor) = match &popped.cause {
            // A call below one whose node is lost ran, and was ended.
            Some(Cause::NodeLost { .. }) if popped.cancel_target.is_some() => (Outcome::Killed, true),
            Some(cause) => (cause.outcome(), popped.cancel_target.is_some()),
            None => (outcome_of(failure.kind), false),
        };
        let below = popped.propagating.take().filter(|below| match &popped.cause {
            Some(_) => below.for_ancestor,
            None => failure.kind == FailureKind::Nested,
        });
        let dump = failure.core_dump.take().filter(|_| !popped.frame.private);
        if let Some(place) = self.guest.as_deref().and_then(|guest| guest.place())
            && failure.kind == FailureKind::Trap
        {
            self.task.kernel.refuse_core_dump(&self.process.label(), place.node);
        }
        self.task.kernel.keep_core_dump(&self.process.label(), popped.frame.record_seq(), dump);
        let own = self.frames(&popped, &mut failure);
        let (call_failure, below) = match below {
            Some(below) => (below.error.failure, below.error.stack),
            None => (Arc::new(call_failure(&mut popped, &failure, self.task.kernel.wording())), None),
        };
        let stack = below.unwrap_or_default().within(own);
        self.task.kernel.stacks().put(popped.frame.seq, stack.clone());
        let stack = Some(Box::new(stack));
        let error = CallError { code: failure.code, stack, ..CallError::from_failure(outcome, call_failure) };
        if popped.cause.is_some() {
            // The instance goes, and its memory with it.
            self.cost.grew_bytes = self.cost.grew_bytes.map(|_| 0);
        }
        self.process.counters.errors.fetch_add(1, Ordering::Relaxed);
        self.record_end(&popped, &CallEnd { duration, bytes_out: 0, outcome, error: Some(&error.failure) });
        if popped.depth > 1 {
            self.task.chain.set_propagating(PropagatingError { error: error.clone(), for_ancestor });
        }
        let is_lost = outcome == Outcome::Lost;
        self.give_back(&failure, popped.cause.is_some() && !is_lost, &error);
        error
    }

    /// Where the plugin stood.
    fn frames(&self, popped: &PoppedFrame, failure: &mut Failure) -> PluginFrames {
        PluginFrames {
            seq: popped.frame.record_seq(),
            parent_seq: popped.caller.seq,
            process: self.process.label(),
            function: popped.frame.function,
            program: self.code().program.clone(),
            backtrace: failure.backtrace.take(),
            symbols: self.task.kernel.symbols().clone(),
        }
    }

    /// Gives the slot back after a failure: with the instance, where it may be called again.
    fn give_back(&mut self, failure: &Failure, cut: bool, error: &CallError) {
        if std::mem::replace(&mut self.left, true) {
            return;
        }
        // A call that ended before its plugin ran keeps the instance, except after a trap by a fault.
        let untouched = self.capture.as_ref().is_some_and(|capture| !capture.ran) && failure.kind != FailureKind::Trap;
        if untouched {
            self.process.with_slot(|slot| {
                slot.last_error = Some(error.failure.clone());
                slot.last_stack = error.stack.clone();
            });
            let guest = self.guest.take();
            self.notice = leave(self.process, Leaving { guest, ran: false, crashed: None });
            return;
        }
        let guest = self.guest.take();
        let keeps = failure.keeps_instance() && !cut && guest.is_some();
        if !keeps {
            let calls_lost = self.lose_instance();
            if calls_lost > 0 {
                let by = if cut || failure.kind == FailureKind::Nested { ResetBy::Chain } else { ResetBy::OwnFailure };
                self.task.kernel.notify(Notice::Reset { process: self.process.label(), calls_lost, by });
            }
        }
        let is_crash = !keeps && !cut && failure.kind != FailureKind::Nested;
        let ends = {
            let mut slot = self.process.lock_slot();
            slot.last_error = Some(error.failure.clone());
            slot.last_stack = error.stack.clone();
            is_crash && self.process.note_crash(&mut slot, &error.failure)
        };
        match guest {
            Some(guest) if keeps => {
                self.notice = leave(self.process, Leaving { guest: Some(guest), ran: true, crashed: None });
            }
            guest => {
                drop(guest);
                self.process.account.release();
                // A kill is not a crash: the process is idle, and its next call starts a fresh instance.
                let crashed = (error.outcome != Outcome::Killed).then(|| Crash::Call(error.failure.clone()));
                self.notice = leave(self.process, Leaving { guest: None, ran: true, crashed });
            }
        }
        if ends {
            self.task.kernel.end_crashed(self.process, &error.failure);
        } else if is_crash {
            self.task.kernel.note_crashed(self.process, error.failure.clone());
        }
    }

    /// Counts a reset and returns the count of calls whose state it loses. Nothing is counted for a dead process or one
    /// with a pending instance.
    pub(in crate::kernel) fn lose_instance(&self) -> u64 {
        let mut slot = self.process.lock_slot();
        if slot.pending.is_some() || matches!(slot.life, Life::Dead { .. }) {
            return 0;
        }
        self.process.counters.resets.fetch_add(1, Ordering::Relaxed);
        std::mem::take(&mut slot.calls_of_instance)
    }

    fn count(&self, popped: &PoppedFrame, end: &CallEnd<'_>) {
        let duration_ns = end.duration.as_nanos() as u64;
        let counters = &self.process.counters;
        if self.left {
            // The call never got the slot, and the other counters belong to the call that has it.
            counters.unserved_ns.fetch_add(duration_ns, Ordering::Relaxed);
            return;
        }
        counters.busy_ns.add(duration_ns);
        counters.nested_ns.add(popped.frame.nested.as_nanos() as u64);
        counters.bytes_out.add(end.bytes_out);
    }

    /// Counts the call, and writes its record.
    fn record_end(&mut self, popped: &PoppedFrame, end: &CallEnd<'_>) {
        self.count(popped, end);
        if !self.task.kernel.journal().is_on() {
            return;
        }
        let payload = self.payload(end.outcome);
        self.task.note(Record {
            duration_ns: end.duration.as_nanos() as u64,
            bytes_out: end.bytes_out,
            fuel: self.cost.fuel.unwrap_or(0),
            grew: Growth::of_bytes(self.cost.grew_bytes),
            outcome: end.outcome,
            error: end.error.map(CallFailure::recorded),
            payload,
            ..self.task.chain.record_of(&popped.frame, popped.depth, popped.caller)
        });
    }
}

/// Why a call failed, with the call that is to blame.
fn call_failure(popped: &mut PoppedFrame, failure: &Failure, wording: Wording) -> CallFailure {
    let path = if popped.depth > 1 { std::mem::take(&mut popped.path) } else { String::new() };
    let own = popped.frame.call();
    // A lost node's own failure says more.
    let is_told = |cause: &&Cause| matches!(cause, Cause::NodeLost { .. }) && failure.kind == FailureKind::Lost;
    let Some(cause) = popped.cause.as_ref().filter(|cause| !is_told(cause)) else {
        return CallFailure::new(Some(own), FailureCause::failed(failure.clone()), wording).with_path(path);
    };
    // A deadline names the plugin that was running, a kill the one that was killed.
    let blamed = match cause {
        Cause::Timeout { .. } => own,
        Cause::Interrupted | Cause::Killed { .. } | Cause::NotJoined | Cause::NodeLost { .. } => {
            popped.cancel_target.take().unwrap_or(own)
        }
    };
    CallFailure::new(Some(blamed), FailureCause::Cancelled(cause.clone()), wording).with_path(path)
}
