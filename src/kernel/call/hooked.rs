//! The call path while something is set: held before, failed or delayed by faults, answered by a stub, run, held after,
//! written down.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::capture::keep;
use super::entered::{Entered, Finished};
use crate::journal::filter::{CallContent, ErrorContent, Part};
use crate::journal::{ChangedBy, Growth, Outcome, Record};
use crate::kernel::call_failure::{CallFailure, FailureCause};
use crate::kernel::chain::Chain;
use crate::kernel::code::Code;
use crate::kernel::debug::{HoldPoint, HoldReason, HoldSide, Order, PREVIEW_BYTES_MAX, Released, StopsInCode};
use crate::kernel::error::{CallError, outcome_of};
use crate::kernel::frame::Frames;
use crate::kernel::hooks::{CallToMatch, FaultKind, Hooks};
use crate::kernel::process::Process;
use crate::kernel::stack::CallStack;
use crate::kernel::task::Task;
use crate::runtime::{Failure, FailureKind};
use crate::text::escape_control;

/// The state of a call before its plugin runs.
enum BeforeRun {
    Run { drop_output: bool },
    Answer(Arc<[u8]>),
}

impl Entered<'_> {
    /// Runs the call under the rules that are set.
    ///
    /// # Errors
    /// Those of [`Entered::run`], and the failure that a fault, a breakpoint or a stub makes of the call.
    pub(in crate::kernel) fn run_hooked(mut self, input: &[u8]) -> Result<Finished, CallError> {
        let written = self.begin_writing();
        let ran = self.hooked(input);
        let fuel = self.cost.fuel;
        let result = match ran {
            Ok(bytes_out) => self.finish(bytes_out),
            Err(failure) => Err(self.fail(failure)),
        };
        if let Some(written) = written {
            written.end(input, &result, fuel);
        }
        result
    }

    fn hooked(&mut self, input: &[u8]) -> Result<u64, Failure> {
        let Some(mut record) = self.task.chain.top_record() else { return Err(Failure::interrupted()) };
        let mut input = Cow::Borrowed(input);
        let begun = self.begin(&mut record, &mut input);
        self.keep_input(&input);
        let ran = match begun {
            Err(failure) => Err(failure),
            Ok(BeforeRun::Answer(answer)) => self.answer(answer),
            Ok(BeforeRun::Run { drop_output }) => {
                self.capture.get_or_insert_default().ran = true;
                match self.prepare(&input).and_then(|()| self.execute()) {
                    Ok(_) if drop_output => self.answer(Arc::from([])),
                    ran => ran,
                }
            }
        };
        let ended = self.end(record, &input, ran);
        if ended.is_err() {
            self.keep_failed_input(&input);
        }
        ended
    }

    /// The steps before the plugin runs; they may answer in its place.
    fn begin(&mut self, record: &mut Record, input: &mut Cow<'_, [u8]>) -> Result<BeforeRun, Failure> {
        let task = self.task.clone();
        let hooks = task.kernel.hooks();
        if let Some(reason) = stops(&task, &self.call_before(record, input), HoldSide::Before) {
            let preview = keep(input, PREVIEW_BYTES_MAX, self.is_private());
            let released = self.hold(HoldPoint {
                reason,
                side: HoldSide::Before,
                input: preview,
                result: None,
                stack: self.callers(),
                code: None,
            });
            if let Some(new_input) = released.new_input {
                self.count_new_input(record, new_input.len() as u64);
                *input = Cow::Owned(new_input.to_vec());
            }
            match released.order {
                None => return Err(Failure::interrupted()),
                Some(Order::Continue(_)) => {}
                Some(Order::Return(answer)) => return Ok(BeforeRun::Answer(answer)),
                Some(Order::Fail(message)) => return Err(Failure::new(FailureKind::Guest, message)),
            }
        }
        let drop_output = apply_faults(&task, hooks, &self.call_before(record, input))?;
        let code = self.code();
        match hooks.stub_for_call(&self.call_before(record, input), &code, record.function.as_str()) {
            None if self.only_stubs_answer(hooks, &code, record.function.as_str()) => Err(Failure::new(
                FailureKind::Guest,
                "only stubs answer for it, and no stub's filter matches this call",
            )),
            None => Ok(BeforeRun::Run { drop_output }),
            Some(_) if drop_output => Ok(BeforeRun::Answer(Arc::from([]))),
            Some(stub) => {
                task.chain.mark(ChangedBy::Stub);
                task.answer(&stub, self.process, input).map(BeforeRun::Answer)
            }
        }
    }

    /// The steps after the plugin has run.
    fn end(&mut self, mut record: Record, input: &[u8], ran: Result<u64, Failure>) -> Result<u64, Failure> {
        let task = self.task.clone();
        if task.chain.is_cancelled() {
            return ran;
        }
        let held_for =
            task.chain.with_frames(|frames| frames.stack.last().map_or(Duration::ZERO, |frame| frame.held_for));
        record.held_ns = held_for.as_nanos() as u64;
        record.duration_ns = self.started.elapsed().saturating_sub(held_for).as_nanos() as u64;
        (record.fuel, record.grew) = (self.cost.fuel.unwrap_or(0), Growth::of_bytes(self.cost.grew_bytes));
        (record.outcome, record.bytes_out) = match &ran {
            Ok(bytes_out) => (Outcome::Ok, *bytes_out),
            Err(failure) => (outcome_of(failure.kind), 0),
        };
        let private = self.is_private();
        let line = ran.as_ref().err().map(|failure| escape_control(&failure.line(task.kernel.wording())));
        let whole = |bytes| Some(Part::whole(bytes)).filter(|_| !private);
        let content = CallContent {
            input: whole(input),
            output: whole(if line.is_none() { self.output() } else { &[] }),
            error: Some(line.as_deref().map_or(ErrorContent::Nothing, ErrorContent::Line)),
        };
        let Some(reason) = stops(&task, &self.call_to_match(&record, content), HoldSide::After) else { return ran };
        let result = match &ran {
            Ok(_) => Ok(keep(self.output(), PREVIEW_BYTES_MAX, private)),
            Err(failure) => Err(CallFailure::new(None, FailureCause::failed(failure.clone()), task.kernel.wording())),
        };
        let input = keep(input, PREVIEW_BYTES_MAX, private);
        let (side, stack) = (HoldSide::After, self.callers());
        let released = self.hold(HoldPoint { reason, side, input, result: Some(result), stack, code: None });
        match released.order {
            None => Err(Failure::interrupted()),
            Some(Order::Continue(_)) => ran,
            Some(Order::Return(answer)) => {
                self.drop_spent(&ran);
                self.answer(answer)
            }
            Some(Order::Fail(message)) => {
                let failure = Failure::new(FailureKind::Guest, message);
                Err(if ran.is_err_and(|failure| !failure.keeps_instance()) { failure.unwound() } else { failure })
            }
        }
    }

    /// Where the callers of a call stand that has not begun or has ended.
    fn callers(&self) -> CallStack {
        self.task.stack_around(CallStack::default(), 1, crate::runtime::callers())
    }

    /// Holds the call. Its instance is in the slot meanwhile, where a debugger can look into it.
    fn hold(&mut self, stop: HoldPoint) -> Released {
        let guest = self.guest.take();
        self.process.with_slot(|slot| slot.held_guest = guest);
        let released = self.task.hold(stop);
        self.guest = self.process.with_slot(|slot| slot.held_guest.take());
        released
    }

    /// Whether nothing but stubs can answer: the plugin lacks the function, or there is no plugin.
    fn only_stubs_answer(&self, hooks: &Hooks, code: &Code, function: &str) -> bool {
        let lacks = code.program.modules.is_empty() || code.image.interface().function(function).is_none();
        lacks && hooks.stub_for(self.process, code, function).is_some()
    }

    /// The call as rules see it before it runs: with its whole input, but for a private plugin's.
    fn call_before<'a>(&'a self, record: &'a Record, input: &'a [u8]) -> CallToMatch<'a> {
        let input = Some(Part::whole(input)).filter(|_| !self.is_private());
        self.call_to_match(record, CallContent { input, ..CallContent::default() })
    }

    fn call_to_match<'a>(&'a self, record: &'a Record, content: CallContent<'a>) -> CallToMatch<'a> {
        let caller_of = |frames: &mut Frames| frames.stack.iter().nth_back(1).map(|frame| frame.process.clone());
        let parent = || self.task.chain.parent.as_ref().map(|parent| parent.process.clone());
        let caller = self.task.chain.with_frames(caller_of).or_else(parent);
        CallToMatch { record, caller, callee: self.process, content }
    }

    /// Puts an answer in the place of the plugin's output.
    fn answer(&mut self, answer: Arc<[u8]>) -> Result<u64, Failure> {
        let bytes_out = self.check_output(answer.len() as u64)?;
        self.capture.get_or_insert_default().answer = Some(answer);
        Ok(bytes_out)
    }

    /// Drops the instance of a failed call that a person lets end well: its state is unreliable.
    fn drop_spent(&mut self, ran: &Result<u64, Failure>) {
        if ran.as_ref().is_err_and(|failure| !failure.keeps_instance()) && self.guest.take().is_some() {
            self.lose_instance();
        }
    }

    fn count_new_input(&self, record: &mut Record, bytes_in: u64) {
        let more = bytes_in.wrapping_sub(record.bytes_in);
        self.process.with_slot(|slot| self.process.counters.bytes_in.add(slot, more));
        record.bytes_in = bytes_in;
        self.task.chain.with_frames(|frames| {
            if let Some(frame) = frames.stack.last_mut() {
                frame.bytes_in = bytes_in;
            }
        });
    }
}

impl Chain {
    /// Notes the rule that changed the deepest call, for its record.
    fn mark(&self, changed_by: ChangedBy) {
        self.with_frames(|frames| {
            frames.debug.changed |= changed_by == ChangedBy::Fault;
            if let Some(frame) = frames.stack.last_mut() {
                frame.changed_by = changed_by;
            }
        });
    }
}

/// The reason to hold the deepest call on this side, if there is one. A chain without a job (a replay's load, for
/// example) is not held, because nothing could release it.
fn stops(task: &Task, call: &CallToMatch<'_>, side: HoldSide) -> Option<HoldReason> {
    if task.chain.job == 0 {
        return None;
    }
    let breakpoint = task.kernel.hooks().breakpoint_for(call, side).map(HoldReason::Breakpoint);
    let stops_in_code = |process: &Process| process.code().spec.debugged;
    let in_code = || StopsInCode {
        caller: call.caller.as_deref().is_some_and(stops_in_code),
        callee: stops_in_code(call.callee),
    };
    let ends_step = || task.chain.step().is_some_and(|step| step.stops(call.record.depth, side, in_code));
    breakpoint.or_else(|| ends_step().then_some(HoldReason::Step))
}

/// Applies the faults that act before a call runs; true when its output is to be lost.
fn apply_faults(task: &Task, hooks: &Hooks, call: &CallToMatch<'_>) -> Result<bool, Failure> {
    let mut drop_output = false;
    for (id, kind) in hooks.faults_for(call) {
        task.chain.mark(ChangedBy::Fault);
        match kind {
            FaultKind::Error(message) => return Err(Failure::new(FailureKind::Guest, message)),
            FaultKind::Trap => return Err(Failure::new(FailureKind::Trap, format!("trap: injected by fault {id}"))),
            FaultKind::DropOutput => drop_output = true,
            FaultKind::Delay(delay) => {
                task.chain.sleep_until(Instant::now() + delay);
                if task.chain.is_cancelled() {
                    return Err(Failure::interrupted());
                }
            }
        }
    }
    Ok(drop_output)
}
