//! Tests of the debugger in the kernel: real plugins, real threads.

mod faults;
mod holds;
mod payloads;
mod stubs;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::journal::{ChangedBy, Filter, KeptState, Outcome, PayloadSettings};
use crate::kernel::OwnerId;
use crate::kernel::tests::{call, is_call, kernel, load, program};
use crate::kernel::{CallError, CallPlan, CallStage, Job, JobState, Kernel, LoadRequest, Notice, ProcessId, Waited};
use crate::runtime::{Advice, Explained};

/// A deadline far above what any step takes: a test that reaches it has failed.
const LONG: Duration = Duration::from_secs(30);

fn plan(process: ProcessId, function: &str, input: &[u8]) -> CallPlan {
    CallPlan {
        stages: vec![CallStage { process, function: function.into() }],
        input: input.into(),
        repeat: 1,
        timeout: None,
        text: format!("call {process} {function}"),
        background: false,
        owner: OwnerId::FIRST,
    }
}

fn filter(text: &str) -> Filter {
    Filter::parse(text).unwrap()
}

fn break_at(kernel: &Kernel, text: &str, side: HoldSide) -> u32 {
    kernel.set_breakpoint(BreakSpec::on_calls(filter(text), side, OwnerId::FIRST)).unwrap()
}

fn fault(text: &str, kind: FaultKind) -> FaultSpec {
    FaultSpec { filter: filter(text), kind, when: FaultWhen::ALWAYS, chance: None, seed: None }
}

fn stub(kernel: &Kernel, plugin: &str, function: &str, answer: StubAnswer) {
    kernel
        .set_stub(StubSpec { plugin: plugin.into(), function: function.into(), answer, import: None, filter: None })
        .unwrap();
}

fn bytes(answer: &[u8]) -> StubAnswer {
    StubAnswer::Bytes(answer.into())
}

/// Waits until the job is held and returns its hold.
fn held(kernel: &Kernel, job: &Job) -> HeldView {
    match job.wait_or_hold(LONG) {
        Waited::Held => kernel.held_of(job.id()).expect("a held job has a view"),
        other => panic!("not held: {other:?}"),
    }
}

/// `before 2:count_vowels.count_vowels`.
fn place(view: &HeldView) -> String {
    let frame = view.chain.last().unwrap();
    format!("{} {}.{}", view.side.as_str(), frame.process, frame.function)
}

fn text(result: &Result<Vec<u8>, CallError>) -> String {
    match result {
        Ok(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Err(error) => format!("error: {error}"),
    }
}

fn end(job: &Job) -> Result<Vec<u8>, CallError> {
    job.wait_for(LONG).expect("the job ends").bytes().map(|output| output.to_vec())
}

#[test]
fn nothing_set_leaves_calls_alone() {
    let kernel = kernel();
    assert!(!kernel.hooks().armed());
    let id = break_at(&kernel, "callee = nobody", HoldSide::Before);
    let fault = kernel.inject(fault("callee = nobody", FaultKind::Trap)).unwrap();
    stub(&kernel, "nobody", "f", bytes(b""));
    kernel.set_payloads(PayloadSettings::all(10, 100));
    assert!(kernel.hooks().armed());
    assert!(kernel.delete_breakpoint(id) && !kernel.delete_breakpoint(id));
    assert!(kernel.delete_fault(fault.id) && kernel.clear_faults() == 0);
    assert_eq!(kernel.unstub("nobody", None), 1);
    kernel.set_payloads(PayloadSettings::default());
    assert!(!kernel.hooks().armed());
    assert!(kernel.debug_notes().is_empty());
}

#[test]
fn an_expression_that_needs_the_end_is_refused_before_it() {
    let kernel = kernel();
    let spec = BreakSpec::on_calls(filter("outcome = error"), HoldSide::Before, OwnerId::FIRST);
    assert_eq!(kernel.set_breakpoint(spec).unwrap_err().advice(), Some(Advice::HoldOnReturn));
    assert!(kernel.inject(fault("duration > 1ms", FaultKind::Trap)).is_err());
}
