//! The call path: one call from the end of a chain into a process, from the look-up to the record.
//!
//! In order: the slot is taken (or queued for), the frame is pushed, the instance is there or made, the input goes over,
//! the function runs, the frame is popped and judged, the record is written, and the instance goes back when the output
//! has been taken. No lock is held while a guest runs.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::chain::{Cause, Chain, Deadline, Failing, Frame, Popped, Refusal};
use super::error::{CallError, outcome_of};
use super::hooks::Tape;
use super::logbook::safe;
use super::names;
use super::process::{Code, Life, Occupant, Process, Slot};
use crate::journal::{ChangedBy, Outcome, Record, Symbol};
use crate::runtime::{Failure, FailureKind, FunctionId, Guest};

/// A call that has its process: the frame is on the chain, the slot is ours.
pub struct Entered {
    pub(super) chain: Arc<Chain>,
    pub(super) process: Arc<Process>,
    pub(super) code: Arc<Code>,
    pub(super) guest: Option<Box<dyn Guest>>,
    pub(super) function: FunctionId,
    pub(super) started: Instant,
    /// Set once the slot has been given back.
    left: bool,
    /// What the debugger wants of this call; none where nothing is set.
    pub(super) tape: Option<Box<Tape>>,
}

/// A call that ended well: its output can be read until this is dropped, which gives the process free.
pub struct Finished {
    process: Arc<Process>,
    guest: Option<Box<dyn Guest>>,
    /// What was answered in the plugin's place, by a stub or a person.
    answer: Option<Arc<[u8]>>,
}

impl Finished {
    /// What the call gave.
    pub fn output(&self) -> &[u8] {
        match &self.answer {
            Some(answer) => answer,
            None => self.guest.as_deref().map_or(&[], |guest| guest.output()),
        }
    }

    /// Whether it was a call of this process.
    pub fn is_of(&self, process: &Process) -> bool {
        self.process.id == process.id
    }
}

impl Drop for Finished {
    fn drop(&mut self) {
        let guest = self.guest.take().filter(|guest| !guest.spent());
        if guest.is_none() {
            self.process.forget_memory();
        }
        leave(&self.process, guest, None);
    }
}

/// What becomes of a call that cannot have its process.
enum Denied {
    Dead(String),
    Circle,
    NoFunction(String),
    /// It crashed and is not started again: why.
    Halted(String),
    /// By the policy, or by the rate of calls.
    NotAllowed(String),
    Refused(Refusal),
}

/// When a call began, and the timeout that it was made with.
#[derive(Clone, Copy)]
struct Start {
    started: Instant,
    timeout: Option<Duration>,
}

/// Whether a call waits for a busy process.
#[derive(Clone, Copy, PartialEq)]
pub enum Queueing {
    Wait,
    /// `None` instead.
    Not,
}

impl Chain {
    /// Takes a process for a call of `function`, or says why not. With [`Queueing::Not`] a busy process gives `None`.
    pub fn enter(
        self: &Arc<Self>,
        process: &Arc<Process>,
        function: &str,
        bytes_in: u64,
        timeout: Option<Duration>,
        queueing: Queueing,
    ) -> Result<Option<Entered>, CallError> {
        let started = Instant::now();
        let mut slot = process.slot.lock();
        let id = match admit(self, process, &slot, function) {
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
        let busy = slot.occupant.is_some() || slot.queue.front().is_some_and(|first| *first != self.id);
        if busy && queueing == Queueing::Not {
            return Ok(None);
        }
        let frame = self.frame(process, &slot.code, symbol, bytes_in, Start { started, timeout });
        let seq = frame.seq;
        // Under the slot's lock: whoever kills the process finds either a free slot or a frame to cut.
        let depth = match self.push(frame) {
            Ok(depth) => depth,
            Err(refusal) => {
                drop(slot);
                return Err(self.deny(process, function, bytes_in, Denied::Refused(refusal)));
            }
        };
        slot.code.mark_used(id);
        process.counters.calls.fetch_add(1, Ordering::Relaxed);
        process.counters.bytes_in.fetch_add(bytes_in, Ordering::Relaxed);
        let mut entered = Entered {
            chain: self.clone(),
            process: process.clone(),
            code: slot.code.clone(),
            guest: None,
            function: id,
            started,
            left: false,
            tape: None,
        };
        if busy {
            drop(slot);
            entered.queue(depth, seq, function)?;
        } else {
            slot.occupant = Some(Occupant { chain: self.clone(), depth, seq });
            entered.guest = slot.guest.take();
        }
        Ok(Some(entered))
    }

    /// The frame of a call that begins now.
    fn frame(&self, process: &Arc<Process>, code: &Code, function: Symbol, bytes_in: u64, start: Start) -> Frame {
        let own = [start.timeout, code.spec.timeout, self.kernel.limits().timeout].into_iter().flatten().min();
        Frame {
            process: process.clone(),
            function,
            seq: self.kernel.journal().next_seq(),
            started: start.started,
            nested: Duration::ZERO,
            bytes_in,
            deadline: own.map(|timeout| Deadline { at: start.started + timeout, timeout }),
            cause: None,
            held: false,
            private: code.spec.private,
            changed_by: ChangedBy::None,
        }
    }

    /// Whether the deepest call may make this one; the shell may make any.
    fn ask_gate(&self, process: &Process, function: &str, symbol: Symbol) -> Result<(), String> {
        match self.top() {
            Some((caller, _, _)) => self.kernel.gate().call(&caller, process, function, symbol),
            None => Ok(()),
        }
    }

    /// A call that never ran: its record, and its error.
    fn deny(&self, process: &Process, function: &str, bytes_in: u64, denied: Denied) -> CallError {
        let path = self.path();
        let (outcome, message) = match denied {
            Denied::Dead(reason) => (Outcome::Error, format!("process `{}` is dead: {reason}", process.label())),
            Denied::NoFunction(meant) => {
                let shown = safe(function);
                (Outcome::Error, format!("no function `{shown}` in `{}`{meant}", process.label()))
            }
            Denied::Circle => (Outcome::Error, format!("call in a circle: {}", self.circle(process))),
            Denied::Halted(why) => (Outcome::Error, halted_words(process, &why)),
            Denied::NotAllowed(why) => (Outcome::Denied, why),
            Denied::Refused(Refusal::Ended(cause)) => (cause.outcome(), cause.words()),
            Denied::Refused(Refusal::TooDeep { depth_max, .. }) => (
                Outcome::Denied,
                format!(
                    "cannot call `{}`: the chain is {depth_max} calls deep, the limit; `--max-depth` allows more",
                    process.label()
                ),
            ),
        };
        let message = with_path(message, &path);
        self.record_refusal(Some(process), Symbol::intern(function), bytes_in, outcome, &message);
        self.refuse(CallError::new(outcome, message))
    }

    /// Keeps a refusal for the caller, which ends with the same words unless it takes them as a value.
    pub fn refuse(&self, error: CallError) -> CallError {
        self.set_failing(Failing { error: error.clone(), rising: false });
        error
    }

    /// `1:front → 2:cart → 1:front`.
    fn circle(&self, process: &Process) -> String {
        let frames = self.frames.lock();
        let from = frames.stack.iter().position(|frame| frame.process.id == process.id).unwrap_or(0);
        let mut labels: Vec<String> =
            frames.stack[from..].iter().map(|frame| frame.process.label().to_string()).collect();
        labels.push(process.label().to_string());
        labels.join(" → ")
    }

    /// Writes the record of a call or load that was refused.
    pub fn record_refusal(
        &self,
        callee: Option<&Process>,
        function: Symbol,
        bytes_in: u64,
        outcome: Outcome,
        error: &str,
    ) {
        let journal = self.kernel.journal();
        if !journal.is_on() {
            return;
        }
        let (caller, depth) = self.caller();
        self.note(Record {
            seq: journal.next_seq(),
            parent_seq: caller.2,
            at_ns: self.kernel.since_start_ns(Instant::now()),
            duration_ns: 0,
            nested_ns: 0,
            job: self.job,
            caller: caller.0,
            caller_name: caller.1,
            callee: callee.map_or(0, |process| process.id),
            callee_name: callee.map_or(Symbol::NONE, |process| process.name_symbol),
            function,
            bytes_in,
            bytes_out: 0,
            depth,
            outcome,
            changed_by: ChangedBy::None,
            error: Some(error.into()),
            payload: None,
        });
    }
}

/// The function of a call that only a stub can answer: the plugin has none by that name.
const STUBBED: FunctionId = FunctionId(u32::MAX);

/// Whether a slot can be asked for, and which function is meant.
fn admit(chain: &Chain, process: &Process, slot: &Slot, function: &str) -> Result<FunctionId, Denied> {
    if let Life::Dead { reason, .. } = &slot.life {
        return Err(Denied::Dead(reason.clone()));
    }
    if slot.occupant.as_ref().is_some_and(|occupant| occupant.chain.id == chain.id) {
        return Err(Denied::Circle);
    }
    if let Some(why) = &slot.halted {
        return Err(Denied::Halted(why.clone()));
    }
    match slot.code.image.function(function) {
        Some(id) => Ok(id),
        None if chain.kernel.hooks().stub_for(process, &slot.code, function).is_some() => Ok(STUBBED),
        None => Err(Denied::NoFunction(names::no_function(function, slot.code.image.functions()))),
    }
}

impl Entered {
    /// The instance's code: a process may be reloaded while it waits.
    fn take(&mut self, slot: &mut Slot, depth: u16, seq: u64, function: &str) -> Result<(), Failure> {
        let function = admit(&self.chain, &self.process, slot, function).map_err(|denied| match denied {
            Denied::Dead(reason) => {
                Failure::new(FailureKind::Denied, format!("it died while it was waited for: {reason}"))
            }
            Denied::NoFunction(meant) => {
                Failure::new(FailureKind::Denied, format!("no function by that name after a reload{meant}"))
            }
            Denied::Halted(why) => Failure::new(FailureKind::Denied, halted_words(&self.process, &why)),
            Denied::Circle | Denied::NotAllowed(_) | Denied::Refused(_) => Failure::interrupted(),
        })?;
        slot.occupant = Some(Occupant { chain: self.chain.clone(), depth, seq });
        (self.code, self.guest, self.function) = (slot.code.clone(), slot.guest.take(), function);
        Ok(())
    }

    /// Waits for the process's turn: first come, first served.
    fn queue(&mut self, depth: u16, seq: u64, function: &str) -> Result<(), CallError> {
        let waited = self.wait_turn(depth, seq, function);
        self.chain.kernel.waits().leave(&self.chain);
        self.chain.frames.lock().waiting_for = None;
        match waited {
            Ok(()) => Ok(()),
            Err(failure) => {
                // The slot was never ours.
                self.left = true;
                Err(self.fail(failure))
            }
        }
    }

    fn wait_turn(&mut self, depth: u16, seq: u64, function: &str) -> Result<(), Failure> {
        let (chain, process) = (self.chain.clone(), self.process.clone());
        chain
            .kernel
            .waits()
            .enter(&chain, &process)
            .map_err(|ring| Failure::new(FailureKind::Denied, format!("a circle of waiting jobs: {ring}")))?;
        chain.frames.lock().waiting_for = Some(process.clone());
        let mut slot = process.slot.lock();
        slot.queue.push_back(chain.id);
        loop {
            let ours = slot.queue.front() == Some(&chain.id);
            let result = if chain.is_cut() {
                Err(Failure::interrupted())
            } else if slot.occupant.is_none() && ours || matches!(slot.life, Life::Dead { .. }) {
                self.take(&mut slot, depth, seq, function)
            } else {
                process.changed.wait(&mut slot);
                continue;
            };
            slot.queue.retain(|waiting| *waiting != chain.id);
            if result.is_err() {
                // It may have been our turn: the next one looks.
                process.changed.notify_all();
            }
            return result;
        }
    }

    /// Runs the call on `input`. The input's bytes are not needed any more once the function runs.
    pub fn run(mut self, input: &[u8]) -> Result<Finished, CallError> {
        if self.chain.kernel.hooks().armed() {
            return self.run_hooked(input);
        }
        match self.prepare(input).and_then(|()| self.execute()) {
            Ok(bytes_out) => self.finish(bytes_out),
            Err(failure) => Err(self.fail(failure)),
        }
    }

    /// The same on another call's output, which is given free before the function runs.
    pub fn run_taking(mut self, input: Finished) -> Result<Finished, CallError> {
        if self.chain.kernel.hooks().armed() {
            let bytes = input.output().to_vec();
            drop(input);
            return self.run_hooked(&bytes);
        }
        let ran = self.prepare(input.output()).and_then(|()| {
            drop(input);
            self.execute()
        });
        match ran {
            Ok(bytes_out) => self.finish(bytes_out),
            Err(failure) => Err(self.fail(failure)),
        }
    }

    /// The instance, and the input in it.
    pub(super) fn prepare(&mut self, input: &[u8]) -> Result<(), Failure> {
        if self.guest.is_none() {
            self.guest = Some(self.code.image.instantiate(&self.code.spec, self.chain.clone())?);
            self.process.slot.lock().calls_of_instance = 0;
        }
        let Some(guest) = self.guest.as_deref_mut() else { return Err(Failure::interrupted()) };
        guest.set_input(input)
    }

    pub(super) fn execute(&mut self) -> Result<u64, Failure> {
        let Some(guest) = self.guest.as_deref_mut() else { return Err(Failure::interrupted()) };
        guest.run(self.function, self.chain.clone())?;
        let bytes_out = guest.output().len() as u64;
        self.check_output(bytes_out)
    }

    /// The output's length, where so much may be handed on.
    pub(super) fn check_output(&self, bytes_out: u64) -> Result<u64, Failure> {
        let most = self.chain.kernel.limits().output_bytes_max;
        if bytes_out > most {
            let why = format!("an output of {bytes_out} bytes; the limit is {most}, `--max-output` allows more");
            return Err(Failure::new(FailureKind::Denied, why));
        }
        Ok(bytes_out)
    }

    /// Ends the call as one that ran well, unless it was cut at the last moment.
    pub(super) fn finish(mut self, bytes_out: u64) -> Result<Finished, CallError> {
        let duration = self.started.elapsed();
        let Some(popped) = self.chain.pop(duration, false) else {
            return Err(CallError::new(Outcome::Error, "the chain is empty"));
        };
        if popped.cause.is_some() {
            return Err(self.judge(popped, Failure::interrupted(), duration));
        }
        self.count(&popped, duration, bytes_out);
        self.record(&popped, duration, bytes_out, Outcome::Ok, None);
        self.left = true;
        let answer = self.tape.take().and_then(|tape| tape.answer);
        Ok(Finished { process: self.process.clone(), guest: self.guest.take(), answer })
    }

    /// Ends the call as a failed one.
    pub(super) fn fail(&mut self, failure: Failure) -> CallError {
        let duration = self.started.elapsed();
        match self.chain.pop(duration, true) {
            Some(popped) => self.judge(popped, failure, duration),
            None => CallError::new(Outcome::Error, "the chain is empty"),
        }
    }

    /// What a failure is called, who is to blame, and what becomes of the instance.
    fn judge(&mut self, mut popped: Popped, failure: Failure, duration: Duration) -> CallError {
        let (outcome, rising) = match &popped.cause {
            Some(cause) => (cause.outcome(), popped.meant.is_some()),
            None => (outcome_of(failure.kind), false),
        };
        let below = popped.failing.take().filter(|below| match &popped.cause {
            Some(_) => below.rising,
            None => failure.kind == FailureKind::Nested,
        });
        let message = match below {
            Some(below) => below.error.message,
            None => with_path(words(&popped, &failure), if popped.depth > 1 { &popped.path } else { "" }),
        };
        let mut error = CallError::new(outcome, message);
        error.code = failure.code;
        self.count(&popped, duration, 0);
        self.process.counters.errors.fetch_add(1, Ordering::Relaxed);
        self.record(&popped, duration, 0, outcome, Some(&error.message));
        if popped.depth > 1 {
            self.chain.set_failing(Failing { error: error.clone(), rising });
        }
        self.give_back(&failure, popped.cause.is_some(), &error);
        error
    }

    /// Gives the slot back after a failure: with the instance, where it may be called again.
    fn give_back(&mut self, failure: &Failure, cut: bool, error: &CallError) {
        if std::mem::replace(&mut self.left, true) {
            return;
        }
        // What ended before its plugin came to run has nothing to lose, but for a trap that somebody asked for.
        let untouched = self.tape.as_ref().is_some_and(|tape| !tape.ran) && failure.kind != FailureKind::Trap;
        if untouched {
            self.process.slot.lock().last_error = Some(error.message.clone());
            let guest = self.guest.take();
            return leave(&self.process, guest, None);
        }
        let guest = self.guest.take();
        let keeps = failure.keeps_instance() && !cut && guest.is_some();
        if !keeps {
            self.process.counters.resets.fetch_add(1, Ordering::Relaxed);
            let lost = std::mem::take(&mut self.process.slot.lock().calls_of_instance);
            if lost > 0 && (cut || failure.kind == FailureKind::Nested) {
                let label = self.process.label();
                let calls = if lost == 1 { "call" } else { "calls" };
                self.chain.kernel.notify(format!(
                    "`{label}` was reset: its call ended with its chain, and the state of {lost} earlier {calls} is lost"
                ));
            }
        }
        let is_crash = !keeps && !cut && failure.kind != FailureKind::Nested;
        let ends = {
            let mut slot = self.process.slot.lock();
            slot.last_error = Some(error.message.clone());
            is_crash && self.process.note_crash(&mut slot, &error.message)
        };
        match guest {
            Some(guest) if keeps => leave(&self.process, Some(guest), None),
            guest => {
                drop(guest);
                self.process.forget_memory();
                // A kill is no fault of the process's: it is idle, and its next call starts afresh.
                let crashed = (error.outcome != Outcome::Killed).then(|| error.message.clone());
                leave(&self.process, None, crashed);
            }
        }
        if ends {
            self.chain.kernel.end_crashed(&self.process, &error.message);
        }
    }

    fn count(&self, popped: &Popped, duration: Duration, bytes_out: u64) {
        let counters = &self.process.counters;
        counters.busy_ns.fetch_add(duration.as_nanos() as u64, Ordering::Relaxed);
        counters.nested_ns.fetch_add(popped.frame.nested.as_nanos() as u64, Ordering::Relaxed);
        counters.bytes_out.fetch_add(bytes_out, Ordering::Relaxed);
    }

    fn record(&mut self, popped: &Popped, duration: Duration, bytes_out: u64, outcome: Outcome, error: Option<&str>) {
        if !self.chain.kernel.journal().is_on() {
            return;
        }
        let payload = self.payload(outcome);
        self.chain.note(Record {
            duration_ns: duration.as_nanos() as u64,
            bytes_out,
            outcome,
            error: error.map(Into::into),
            payload,
            ..self.chain.record_of(&popped.frame, popped.depth, popped.caller)
        });
    }
}

/// Why a call failed, with the call that is to blame.
fn words(popped: &Popped, failure: &Failure) -> String {
    let own = popped.frame.label();
    match &popped.cause {
        // A deadline names the plugin that was running, a kill the one that was killed.
        Some(cause @ Cause::Timeout { .. }) => format!("{own}: {}", cause.words()),
        Some(cause) => format!("{}: {}", popped.meant.as_ref().unwrap_or(&own), cause.words()),
        None => format!("{own}: {}", safe(&failure.message)),
    }
}

fn halted_words(process: &Process, why: &str) -> String {
    let label = process.label();
    format!("`{label}` crashed and is not started again; `restart {}` starts it: {why}", process.id)
}

fn with_path(message: String, path: &str) -> String {
    if path.is_empty() { message } else { format!("{message} ({path})") }
}

/// Gives a process free, with its instance where that may be called again. One that died meanwhile loses it here.
pub fn leave(process: &Process, guest: Option<Box<dyn Guest>>, crashed: Option<String>) {
    let mut slot = process.slot.lock();
    slot.occupant = None;
    let fresh = slot.fresh.take();
    let (mut spare, mut spare_fresh) = (None, None);
    match (&slot.life, fresh) {
        (Life::Alive, Some(fresh)) => {
            spare = guest;
            process.forget_memory();
            slot.guest = fresh.adopt(process);
            slot.calls_of_instance = 0;
        }
        (Life::Alive, None) => {
            if guest.is_some() {
                slot.calls_of_instance += 1;
            }
            slot.guest = guest;
            slot.crashed = crashed;
        }
        (Life::Dead { .. }, fresh) => {
            process.forget_memory();
            (spare, spare_fresh) = (guest, fresh);
        }
    }
    let waited_for = !slot.queue.is_empty();
    drop(slot);
    // An instance takes system calls to drop: not under the lock.
    drop((spare, spare_fresh));
    if waited_for {
        process.changed.notify_all();
    }
}
