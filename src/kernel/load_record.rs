//! Loads as records of the journal: numbered when they are asked for, with the time of each step, written when they
//! end.

use std::time::{Duration, Instant};

use super::Kernel;
use super::call_failure::CallFailure;
use super::error::{CallError, outcome_of};
use super::load_in_progress::LoadInProgress;
use super::task::Task;
use super::view::ProcessLabel;
use crate::journal::{LoadSteps, Outcome, Symbol};
use crate::runtime::{FailureKind, Program};
use crate::secrets::without_secrets;
use crate::text::escape_control;

/// The function name of loads from the shell.
pub const LOAD: &str = "load";
/// The function name of loads by guests.
pub const REGISTER: &str = "register_plugin";

impl Task {
    /// Begins a load below the deepest call; `lookup` is the time of a look-up that was done already. Returns its
    /// number.
    pub(super) fn begin_load(&self, function: &str, source: &str, lookup: Duration) -> u64 {
        let now = Instant::now();
        let started = now.checked_sub(lookup).unwrap_or(now);
        let seq = self.next_seq(now);
        let (caller, depth) = self.chain.caller();
        let mut steps = LoadSteps::of(&escape_control(&without_secrets(source)));
        steps.lookup_ns = lookup.as_nanos() as u64;
        self.chain.with_frames(|frames| {
            let nested_before = frames.stack.last().map_or(Duration::ZERO, |caller| caller.nested);
            frames.loads.push(LoadInProgress {
                seq,
                caller,
                depth,
                function: Symbol::intern(function),
                started,
                nested: Duration::ZERO,
                held_for: Duration::ZERO,
                nested_before,
                bytes_in: 0,
                steps,
            });
        });
        seq
    }

    /// Changes the innermost load of the chain, if one is under way.
    pub(super) fn with_load(&self, change: impl FnOnce(&mut LoadInProgress)) {
        self.chain.with_frames(|frames| frames.loads.last_mut().map(change));
    }

    /// Notes the size of the modules that the innermost load starts.
    pub(super) fn note_modules(&self, program: &Program) {
        let bytes_in = program.modules.iter().map(|module| module.bytes.len() as u64).sum();
        self.with_load(|load| load.bytes_in = bytes_in);
    }

    /// Runs `work` as a part of the innermost load, whose time `add` adds.
    pub(super) fn load_step<T>(&self, work: impl FnOnce() -> T, add: impl FnOnce(&mut LoadSteps, u64)) -> T {
        let began = Instant::now();
        let result = work();
        let took_ns = began.elapsed().as_nanos() as u64;
        self.with_load(|load| add(&mut load.steps, took_ns));
        result
    }

    /// Ends the load `seq` and writes its record. Its time is none of its caller's own.
    pub(super) fn end_load(&self, seq: u64, ended: Result<&ProcessLabel, (Outcome, &CallFailure)>) {
        let now = Instant::now();
        let load = self.chain.with_frames(|frames| {
            // Loads inside that a panic has left go with it.
            let at = frames.loads.iter().position(|load| load.seq == seq)?;
            let load = frames.loads.drain(at..).next()?;
            if let Some(caller) = frames.stack.last_mut() {
                caller.nested = load.nested_before + load.ran_for(now, Duration::ZERO);
            }
            Some(load)
        });
        let Some(mut load) = load.filter(|_| self.kernel.journal().is_on()) else { return };
        load.steps.start_ns = load.steps.start_ns.saturating_sub(load.held_for.as_nanos() as u64);
        let ran_for = load.ran_for(now, Duration::ZERO);
        let mut record = load.record(self.chain.job, self.kernel.started(), ran_for);
        match ended {
            Ok(label) => {
                (record.callee, record.callee_name) = (label.id, Symbol::intern(&label.name));
                record.outcome = Outcome::Ok;
            }
            Err((outcome, error)) => (record.outcome, record.error) = (outcome, Some(error.recorded())),
        }
        self.note(record);
    }

    /// Adds the time of start functions to the load whose process they are of.
    pub(super) fn note_start(&self, took: Duration) {
        self.chain.with_frames(|frames| {
            let running = frames.stack.last().filter(|frame| frame.is_start()).and_then(|frame| frame.record_seq());
            if let Some(load) = frames.loads.last_mut().filter(|load| running == Some(load.seq)) {
                load.steps.start_ns += took.as_nanos() as u64;
            }
        });
    }

    /// The outcome of a failed load of this chain.
    pub(super) fn outcome_of_load(&self, kind: FailureKind) -> Outcome {
        match kind {
            FailureKind::Interrupted => self.chain.outcome_of_cancel(),
            kind => outcome_of(kind),
        }
    }
}

impl Kernel {
    /// Writes the record of a load from the shell whose look-up failed after `lookup`.
    pub(super) fn note_failed_lookup(self: &std::sync::Arc<Self>, source: &str, lookup: Duration, error: &CallError) {
        let task = self.new_task(0);
        let seq = task.begin_load(LOAD, source, lookup);
        task.end_load(seq, Err((error.outcome, &error.failure)));
    }
}
