//! Entering a process: the checks, the frame, the queue, and the record of a refused call.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::denied::Denied;
use super::entered::Entered;
use crate::journal::{Outcome, Record, Symbol};
use crate::kernel::call_failure::CallFailure;
use crate::kernel::call_path::join_steps;
use crate::kernel::cause::Deadline;
use crate::kernel::error::CallError;
use crate::kernel::frame::{Frame, PropagatingError};
use crate::kernel::names;
use crate::kernel::policy::Denial;
use crate::kernel::process::{Life, Process, ProcessSlot};
use crate::kernel::task::Task;
use crate::runtime::{Failure, FunctionId, Worded};

/// The function of a call that only a stub can answer: the plugin has none by that name.
const STUBBED: FunctionId = FunctionId(u32::MAX);

/// A call that is to enter a process.
#[derive(Clone, Copy)]
pub struct CallRequest<'a> {
    pub function: &'a str,
    pub bytes_in: u64,
    /// The call's own, beside that of its process and the kernel's.
    pub timeout: Option<Duration>,
    pub queueing: Queueing,
}

impl<'a> CallRequest<'a> {
    /// A call that waits for a busy process, without a timeout of its own.
    pub fn waiting(function: &'a str, bytes_in: u64) -> CallRequest<'a> {
        CallRequest { function, bytes_in, timeout: None, queueing: Queueing::Wait }
    }
}

/// Whether a call waits for a busy process.
#[derive(Clone, Copy, PartialEq)]
pub enum Queueing {
    /// The call waits in the process's queue.
    Wait,
    /// The call is not made: [`Task::enter`] gives `None`.
    Skip,
}

impl Task {
    /// Enters a process for a call. With [`Queueing::Skip`] a busy process gives `None`.
    ///
    /// # Errors
    /// The process has ended, has no such function, is halted or in a ring of waits, or the policy or the chain refuses
    /// the call.
    pub fn enter<'a>(
        self: &'a Arc<Self>,
        process: &'a Arc<Process>,
        call: CallRequest<'_>,
    ) -> Result<Option<Entered<'a>>, CallError> {
        let CallRequest { function, bytes_in, queueing, .. } = call;
        let started = Instant::now();
        let mut slot = process.lock_slot();
        let id = match admit(self, process, &mut slot, function) {
            Ok(id) => id,
            Err(denied) => {
                drop(slot);
                return Err(self.deny(process, function, bytes_in, denied));
            }
        };
        let symbol = if id == STUBBED { Symbol::intern(function) } else { slot.code.symbol(id) };
        if self.kernel.gate().is_on()
            && let Err(why) = self.ask_gate(process, function, symbol)
        {
            drop(slot);
            return Err(self.deny(process, function, bytes_in, Denied::NotAllowed(why)));
        }
        let busy = slot.occupant.is_some() || slot.queue.front().is_some_and(|first| *first != self.chain.id);
        if busy && queueing == Queueing::Skip {
            return Ok(None);
        }
        let (code, timeout) = (&slot.code, self.kernel.limits().timeout);
        let frame = Frame {
            bytes_in,
            deadline: Deadline::first_of(started, [call.timeout, code.spec.timeout, timeout]),
            private: code.spec.private,
            ..Frame::new(process.clone(), symbol, self.next_seq(started), started)
        };
        let seq = frame.seq;
        // Under the slot's lock: a kill finds either a free slot or a frame to cancel.
        let depth = match self.chain.push(frame) {
            Ok(depth) => depth,
            Err(refusal) => {
                drop(slot);
                return Err(self.deny(process, function, bytes_in, Denied::Refused { refusal, seq }));
            }
        };
        slot.code.mark_used(id);
        process.counters.calls.add(&slot, 1);
        process.counters.bytes_in.add(&slot, bytes_in);
        let mut entered = Entered::new(self, process, id, started);
        if busy {
            // Queued under the lock that it was counted under: the figures of a dead process are final when its queue
            // is empty.
            slot.queue.push_back(self.chain.id);
            drop(slot);
            entered.queue(depth, seq, function)?;
        } else {
            entered.occupy(&mut slot, depth, seq);
        }
        Ok(Some(entered))
    }

    /// Whether the deepest call may make this one; the shell may make any.
    fn ask_gate(&self, process: &Process, function: &str, symbol: Symbol) -> Result<(), Denial> {
        match self.chain.calling_process() {
            Some(caller) => self.kernel.gate().call(&caller, process, function, symbol),
            None => Ok(()),
        }
    }

    /// A call that never ran: its record, and its error.
    fn deny(&self, process: &Process, function: &str, bytes_in: u64, denied: Denied) -> CallError {
        let (seq, outcome, standing) = (denied.seq(), denied.outcome(), denied.standing());
        let path = self.chain.path();
        let (call, cause) = denied.cause(process, function, || self.circle(process));
        let failure = CallFailure::new(call, cause, self.kernel.wording()).with_path(path);
        let error = CallError::from_failure(outcome, failure);
        self.note_refusal(seq, || Record {
            callee: process.id,
            callee_name: process.name_symbol,
            function: Symbol::intern(function),
            bytes_in,
            outcome,
            standing,
            error: Some(error.failure.recorded()),
            ..Record::default()
        });
        self.refuse(error)
    }

    /// Keeps a refusal for the caller, which fails with it or receives it as a value.
    pub(in crate::kernel) fn refuse(&self, error: CallError) -> CallError {
        self.chain.set_propagating(PropagatingError { error: error.clone(), for_ancestor: false });
        error
    }

    /// Records a call of a process that does not exist, and returns its error with the path.
    pub(in crate::kernel) fn no_callee(&self, function: Symbol, bytes_in: u64, error: CallError) -> CallError {
        let error = CallError::from_failure(Outcome::Error, error.failure).with_path(self.chain.path());
        self.record_refusal(function, bytes_in, Outcome::Error, &error.failure);
        self.refuse(error)
    }

    /// `1:front → 2:cart → 1:front`.
    fn circle(&self, process: &Process) -> String {
        let calls = self.chain.calls();
        let from = calls.iter().position(|call| call.process.id == process.id).unwrap_or(0);
        let way = join_steps(&calls[from..], |call| call.process.label().to_string());
        format!("{way} → {}", process.label())
    }

    /// Writes the record of a call that was refused before a callee was known.
    fn record_refusal(&self, function: Symbol, bytes_in: u64, outcome: Outcome, error: &CallFailure) {
        self.note_refusal(None, || Record {
            function,
            bytes_in,
            outcome,
            error: Some(error.recorded()),
            ..Record::default()
        });
    }

    /// Writes the record of a refusal: `refused` says what was refused, this adds the caller and the time. `seq`: the
    /// number that the call has already.
    fn note_refusal(&self, seq: Option<u64>, refused: impl FnOnce() -> Record) {
        if !self.kernel.journal().is_on() {
            return;
        }
        let (caller, depth) = self.chain.caller();
        let now = Instant::now();
        self.note(Record {
            seq: seq.unwrap_or_else(|| self.next_seq(now)),
            parent_seq: caller.seq,
            at_ns: self.kernel.since_start_ns(now),
            job: self.chain.job,
            caller: caller.process,
            caller_name: caller.name,
            depth,
            ..refused()
        });
    }
}

/// Checks the process's state and looks the function up.
fn admit(task: &Task, process: &Process, slot: &mut ProcessSlot, function: &str) -> Result<FunctionId, Denied> {
    if let Life::Dead { reason, .. } = &slot.life {
        return Err(Denied::Dead(reason.clone()));
    }
    let occupied = slot.occupant.as_ref().is_some_and(|occupant| {
        occupant.chain == task.chain.id
            || task.chain.parent.as_ref().is_some_and(|parent| parent.has(occupant.chain, occupant.depth))
    });
    if occupied || task.chain.replaces.load(Ordering::Relaxed) == process.id {
        return Err(Denied::Circle);
    }
    if let Some(why) = &slot.halted {
        return Err(Denied::Halted(why.clone()));
    }
    match slot.function(function) {
        Some(id) => Ok(id),
        None if task.kernel.hooks().stub_for(process, &slot.code, function).is_some() => Ok(STUBBED),
        None => {
            let interface = slot.code.image.interface();
            Err(match interface.exports().iter().find(|export| export.name == function) {
                Some(export) => Denied::NotCallable(export.ty.clone()),
                None => Denied::NoFunction(names::no_function(function, &process.name, interface.functions())),
            })
        }
    }
}

impl Entered<'_> {
    /// Takes the free slot, with the instance in it.
    fn occupy(&mut self, slot: &mut ProcessSlot, depth: u16, seq: u64) {
        slot.occupant = Some(self.task.chain.occupant(depth, seq));
        self.guest = slot.guest.take();
        if self.guest.is_none() || self.task.kernel.hooks().armed() {
            self.code = Some(slot.code.clone());
        }
    }

    /// Takes the slot after a wait. The process may have died or been reloaded meanwhile.
    fn take(&mut self, slot: &mut ProcessSlot, depth: u16, seq: u64, function: &str) -> Result<(), Failure> {
        let denied = |denied: Denied| denied.after_wait(self.process, function, self.task.kernel.wording());
        self.function = admit(self.task, self.process, slot, function).map_err(denied)?;
        self.occupy(slot, depth, seq);
        Ok(())
    }

    /// Waits for the process's turn: first come, first served.
    fn queue(&mut self, depth: u16, seq: u64, function: &str) -> Result<(), CallError> {
        let waited = self.wait_turn(depth, seq, function);
        self.task.kernel.waits().leave(self.task.chain.id);
        self.task.chain.with_frames(|frames| frames.waiting_for = None);
        waited.map_err(|failure| {
            let error = self.fail_unserved(failure);
            // The chain leaves the queue only after its error is counted.
            self.process.with_slot(|slot| slot.queue.retain(|waiting| *waiting != self.task.chain.id));
            // The next in the queue may be able to run now.
            self.process.notify_changed();
            error
        })
    }

    fn wait_turn(&mut self, depth: u16, seq: u64, function: &str) -> Result<(), Failure> {
        let (task, process) = (self.task, self.process);
        task.kernel
            .waits()
            .enter(task.chain.id, task.chain.job, process)
            .map_err(|ring| Failure::denied(ring.words(task.kernel.wording())))?;
        task.chain.with_frames(|frames| frames.waiting_for = Some(process.clone()));
        let mut slot = process.lock_slot();
        loop {
            let ours = slot.queue.front() == Some(&task.chain.id);
            let result = if task.chain.is_cancelled() {
                Err(Failure::interrupted())
            } else if slot.occupant.is_none() && ours || matches!(slot.life, Life::Dead { .. }) {
                self.take(&mut slot, depth, seq, function)
            } else {
                process.wait_changed(&mut slot);
                continue;
            };
            if result.is_ok() {
                slot.queue.retain(|waiting| *waiting != task.chain.id);
            }
            return result;
        }
    }
}
