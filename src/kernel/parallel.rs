//! Calls that run beside their caller: started, asked for, joined. A started call is a chain of its own below the call
//! that started it, and ends before it: what its caller has not joined at its own end is cancelled.
//!
//! A thread of the pool takes a started call, or its caller does when it joins one that no thread has taken. So a join
//! never waits for a thread to be free, and a call that is joined at once does not change threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::Instant;

use super::Kernel;
use super::call::CallRequest;
use super::call_failure::FailureCause;
use super::cause::{CancelledByCaller, Cause};
use super::error::CallError;
use super::frame::{ChildChain, Frame, PropagatingError};
use super::launch::{panicked, stack_bytes};
use super::process::Process;
use super::started::{StartedCall, StartedResult, Work};
use super::started_budget::{BudgetMax, OverBudget, Reservation};
use super::started_error::{CallBytes, StartedError};
use super::task::Task;
use crate::journal::{Lane, Outcome, Symbol};
use crate::runtime::{Exchange, Failure, Worded};

impl Task {
    /// Starts a call beside the deepest one, and gives its ticket. What fails in it, the look-up of its process
    /// included, fails its join.
    ///
    /// # Errors
    ///
    /// Where the budget has no place for one more, and where the caller is to end.
    pub(super) fn start_call(
        self: &Arc<Self>,
        process: Result<Arc<Process>, CallError>,
        exchange: &mut dyn Exchange,
    ) -> Result<u64, Failure> {
        let (function, input) = exchange.request()?;
        let input_bytes = input.len() as u64;
        let Some(parent) = self.chain.as_parent() else { return Err(Failure::interrupted()) };
        let depth = parent.own_depth;
        let reservation = self.reserve(depth, input_bytes)?;
        let ticket = self.next_seq(Instant::now());
        let chain = self.kernel.new_chain(self.chain.job, self.chain.answers, Some(parent));
        let work = match process {
            Ok(process) => Ok(Work { process, function: function.to_owned(), input: input.into() }),
            Err(error) => {
                let refused = Task::of_started(&self.kernel, &chain, &self.lane, ticket);
                let error = refused.no_callee(Symbol::intern(function), input_bytes, error);
                Err(PropagatingError::own(error))
            }
        };
        let waits = work.is_ok();
        let call = StartedCall::new(ticket, depth, chain, reservation, work);
        if !self.chain.add_child(call.chain.clone()) {
            return Err(Failure::interrupted());
        }
        self.started.add(call.clone());
        if waits {
            let kernel = Arc::downgrade(&self.kernel);
            self.kernel.pool().queue(call, stack_bytes(self.kernel.limits().depth_max), move || runner(kernel));
        }
        Ok(ticket)
    }

    /// Reservation for one more started call of the call at `depth`.
    fn reserve(&self, depth: u16, input_bytes: u64) -> Result<Reservation, Failure> {
        let limits = self.kernel.limits();
        let each_max = limits.started_each_max;
        if self.started.count_of(depth) >= each_max {
            return Err(StartedError::OfCaller { calls_max: each_max }.into());
        }
        let max = BudgetMax { calls: limits.started_max, bytes: limits.memory_bytes_max };
        let reserved = self.kernel.started_budget().reserve(input_bytes, max).map_err(|over| match over {
            OverBudget::Calls => StartedError::OfAll { calls_max: limits.started_max },
            OverBudget::Bytes => StartedError::NoMemory(CallBytes::Input),
        });
        Ok(reserved?)
    }

    /// Whether a started call of the deepest call has ended.
    ///
    /// # Errors
    ///
    /// Where the deepest call has not started it, or has joined it.
    pub(super) fn has_call_ended(&self, ticket: u64) -> Result<bool, Failure> {
        let call = self.started(ticket)?;
        if self.kernel.pool().is_full() {
            // A caller that polls may hold a process that the pool's threads wait for: it runs the call itself.
            self.run_if_waiting(&call);
        }
        Ok(call.has_ended())
    }

    /// Waits for a started call of the deepest call, and delivers its output. Fails as the call does.
    ///
    /// # Errors
    ///
    /// Those of the call; where the deepest call has not started it, or has joined it; where the call waits for a
    /// process that this chain holds, which would last for ever.
    pub(super) fn join_call(self: &Arc<Self>, ticket: u64, exchange: &mut dyn Exchange) -> Result<(), Failure> {
        let call = self.started(ticket)?;
        let since = Instant::now();
        let waits = self.kernel.waits();
        waits
            .join(self.chain.id, self.chain.job, &call.chain)
            .map_err(|ring| Failure::denied(ring.words(self.kernel.wording())))?;
        self.chain.with_frames(|frames| frames.joins = Some(call.callee));
        self.run_if_waiting(&call);
        let given = call.take();
        waits.leave(self.chain.id);
        self.forget(&call);
        let took = since.elapsed();
        self.chain.end_join(took, call.chain.held_for().min(took));
        if self.chain.samples.is_open() {
            self.add_to_samples(|| exchange.place());
        }
        match given {
            Some(Ok(output)) => exchange.deliver(&output),
            Some(Err(propagating)) => {
                let failure = propagating.error.as_nested();
                self.chain.set_propagating(propagating);
                Err(failure)
            }
            None => Err(StartedError::NoTicket { ticket }.into()),
        }
    }

    /// Cancels the started calls of the deepest call that it has not joined, and waits for their ends.
    pub(super) fn end_started(self: &Arc<Self>) {
        if !self.started.is_empty() {
            self.cancel_started();
        }
    }

    #[cold]
    fn cancel_started(self: &Arc<Self>) {
        let Some(caller) = self.chain.as_parent() else { return };
        let Some(target) = self.chain.with_frames(|frames| frames.stack.last().map(Frame::call)) else { return };
        let cancelled = CancelledByCaller { cause: Cause::NotJoined, target };
        let calls = self.started.take_of(caller.own_depth);
        for call in calls.iter().filter(|call| !call.has_ended()) {
            call.chain.cancel_by_caller(&cancelled);
        }
        for call in calls {
            self.run_if_waiting(&call);
            call.take();
            call.reservation.close();
            self.chain.remove_child(&call.chain);
        }
    }

    /// A started call of the deepest call, by its ticket.
    fn started(&self, ticket: u64) -> Result<Arc<StartedCall>, Failure> {
        let depth = self.chain.next_own_depth() - 1;
        self.started.get(depth, ticket).ok_or_else(|| StartedError::NoTicket { ticket }.into())
    }

    /// Removes a call that has been joined.
    fn forget(&self, call: &Arc<StartedCall>) {
        // The thread that ran the call may hold it for a moment yet.
        call.reservation.close();
        self.started.remove(call);
        self.chain.remove_child(&call.chain);
    }

    /// Runs a call on this thread that no other has taken.
    fn run_if_waiting(&self, call: &Arc<StartedCall>) {
        if let Some(work) = call.claim() {
            self.kernel.pool().withdraw(|waiting| Arc::ptr_eq(waiting, call));
            self.kernel.run_started(call, work, &self.lane);
        }
    }
}

impl Kernel {
    /// Runs a started call to its end.
    fn run_started(self: &Arc<Self>, call: &StartedCall, work: Work, lane: &Arc<Lane>) {
        let task = Task::of_started(self, &call.chain, lane, call.ticket);
        let input_bytes = work.input.len() as u64;
        // A panic must still end the call, because its caller waits for it.
        let given = catch_unwind(AssertUnwindSafe(|| self.call_started(&task, call, work)));
        call.reservation.release(input_bytes);
        // A pending step moves to the caller's task, which continues as soon as the call has ended.
        drop(task);
        call.end(given.unwrap_or_else(|panic| Err(PropagatingError::own(panicked(&*panic, self.wording())))));
    }

    fn call_started(&self, task: &Arc<Task>, call: &StartedCall, work: Work) -> StartedResult {
        let Work { process, function, input } = work;
        let failed = |error: CallError| task.chain.take_propagating().unwrap_or_else(|| PropagatingError::own(error));
        let entered = task.enter(&process, CallRequest::waiting(&function, input.len() as u64)).map_err(failed)?;
        let Some(entered) = entered else {
            return Err(failed(CallError::new(Outcome::Error, FailureCause::Busy, self.wording())));
        };
        let finished = entered.run(input).map_err(failed)?;
        if !call.reservation.add(finished.output().len() as u64, self.limits().memory_bytes_max) {
            let failure = Failure::from(StartedError::NoMemory(CallBytes::Output));
            return Err(PropagatingError::own(CallError::of(failure, self.wording())));
        }
        Ok(finished.output().into())
    }
}

/// The function that runs calls on a thread of the pool, with a lane of that thread.
fn runner(kernel: Weak<Kernel>) -> impl FnMut(Arc<StartedCall>) {
    let mut lane = None;
    move |call| {
        // The kernel outlives the callers of started calls, and those the calls.
        let Some(kernel) = kernel.upgrade() else { return };
        let Some(work) = call.claim() else { return };
        let lane = lane.get_or_insert_with(|| Arc::new(Lane::open(kernel.journal())));
        kernel.run_started(&call, work, lane);
    }
}
