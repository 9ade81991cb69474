//! Calls that are stopped while they run: held where they are, looked at, let go on and ended.

use std::sync::Arc;
use std::time::Duration;

use super::{kernel, load, plan, program, until};
use crate::journal::Outcome;
use crate::kernel::debug::{HoldReason, HoldSide, Order, Step};
use crate::kernel::hooks::HoldError;
use crate::kernel::{CallStack, Job, JobState, Kernel, LoadRequest, ProcessState};
use crate::runtime::Host;

/// A deadline far above what any step takes: a test that reaches it has failed.
const LONG: Duration = Duration::from_secs(30);

/// Waits until the job's guest is held: on a busy machine it may not have begun yet.
fn hold(kernel: &Kernel, job: &Job) {
    if !kernel.hold_job(job).unwrap() {
        until("the job is held", || job.is_held());
    }
}

#[test]
fn a_loop_without_calls_is_held_and_goes_on() {
    let kernel = kernel();
    let spins =
        load(&kernel, r#"(module (func $round (loop $again (br $again))) (func (export "spin") (call $round)))"#);
    let job = kernel.start(plan(spins, "spin", b"abc")).unwrap();
    hold(&kernel, &job);
    let view = kernel.held().pop().unwrap();
    assert_eq!((view.side, view.reason, view.chain.len()), (HoldSide::During, HoldReason::Asked, 1));
    let frames: Vec<_> = view.stack.plugins[0].frames.iter().map(|frame| frame.function.clone()).collect();
    assert_eq!(frames[0].as_deref(), Some("round"), "{frames:?}");
    assert_eq!(frames.len(), 2, "{frames:?}");
    for refused in [Order::Return(b"x".as_slice().into()), Order::Fail("no".into()), Order::Continue(Some(Step::Out))] {
        assert_eq!(kernel.release(job.id(), refused), Err(HoldError::HeldInCall(job.id())));
    }
    assert_eq!(kernel.hold_job(&job), Err(HoldError::Held(job.id())));
    kernel.release(job.id(), Order::Continue(None)).unwrap();
    until("it runs again", || job.view().state == JobState::Running);
    let mut seen = None;
    until("it was looked at", || {
        seen = kernel.look_at(&job).unwrap();
        seen.is_some()
    });
    assert_eq!(seen.unwrap().plugins[0].frames[0].function.as_deref(), Some("round"));
    hold(&kernel, &job);
    job.kill();
    let error = job.wait_for(LONG).expect("a kill ends a held job").bytes().unwrap_err();
    assert_eq!(error.outcome, Outcome::Killed);
    assert!(kernel.last_stack(spins).unwrap().has_frames(), "a kill tells where the call stood");
    assert_eq!(kernel.hold_job(&job), Err(HoldError::Ended(job.id())));
}

#[test]
fn an_earlier_look_leaves_nothing_to_the_next() {
    let kernel = kernel();
    let spins = load(&kernel, r#"(module (func (export "spin") (loop $again (br $again))))"#);
    let first = kernel.start(plan(spins, "spin", b"")).unwrap();
    until("it runs", || !first.chain().is_empty());
    let queued = kernel.start(plan(spins, "spin", b"")).unwrap();
    let chain = queued.running().unwrap();
    chain.with_frames(|frames| frames.debug.looked_at = Some(CallStack::default()));
    assert!(kernel.look_at(&queued).unwrap().is_none(), "a call that waits runs no code of a guest");
    assert!(!chain.is_stop_wanted(), "a look that was not served is withdrawn");
    for job in [first, queued] {
        job.kill();
        job.wait_for(LONG).expect("it ends");
    }
}

#[test]
fn a_plugin_of_the_extism_host_is_not_stopped() {
    let kernel = kernel();
    let module = program(r#"(module (func (export "spin") (loop $again (br $again))))"#);
    let request = LoadRequest { host: Host::Extism, ..LoadRequest::plain(Arc::new(module)) };
    let spins = kernel.load(request).unwrap().id;
    let job = kernel.start(plan(spins, "spin", b"")).unwrap();
    until("it runs", || !job.chain().is_empty());
    for refused in [kernel.hold_job(&job).unwrap_err(), kernel.look_at(&job).unwrap_err()] {
        assert!(matches!(&refused, HoldError::NotStoppable(label) if label.id == spins), "{refused:?}");
    }
    assert!(!job.running().unwrap().is_stop_wanted(), "nothing goes on interrupting it");
    job.kill();
    job.wait_for(LONG).expect("it ends");
}

#[test]
fn callers_stand_in_their_nested_calls() {
    let kernel = kernel();
    let spins = load(&kernel, r#"(module (func (export "f") (loop $again (br $again))))"#);
    let caller = |callee| {
        format!(
            r#"(module (import "extism:host/user" "call_plugin" (func $call (param i64 i64 i64) (result i64)))
              (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
              (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
              (func $ask (local $name i64) {}
                (drop (call $call (i64.const {callee}) (local.get $name) (i64.const 0))))
              (func (export "f") (call $ask)))"#,
            super::put_word("f", "$name")
        )
    };
    let middle = load(&kernel, &caller(spins));
    let outer = load(&kernel, &caller(middle));
    let job = kernel.start(plan(outer, "f", b"")).unwrap();
    let waits = ProcessState::Waiting { on: spins };
    until("the innermost runs", || kernel.processes(false).iter().any(|view| view.id == middle && view.state == waits));
    hold(&kernel, &job);
    let view = kernel.held().pop().unwrap();
    let first = |plugin: &crate::kernel::PluginStack| (plugin.process.id, plugin.frames[0].function.clone());
    let firsts: Vec<_> = view.stack.plugins.iter().map(first).collect();
    let ask = Some("ask".to_owned());
    assert_eq!(firsts, [(spins, Some("f".to_owned())), (middle, ask.clone()), (outer, ask)]);
    job.kill();
    job.wait_for(LONG).expect("it ends");
}

#[test]
fn the_clock_of_a_held_call_stands_still() {
    let kernel = kernel();
    let spins = load(&kernel, "misbehave");
    let mut plan = plan(spins, "spin", b"");
    plan.timeout = Some(Duration::from_secs(20));
    let job = kernel.start(plan).unwrap();
    hold(&kernel, &job);
    assert!(kernel.held().pop().unwrap().limits.time_left.is_some());
    job.kill();
    job.wait_for(LONG).expect("it ends");
}
