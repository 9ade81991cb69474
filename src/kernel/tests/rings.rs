//! Circles within a chain, and rings of jobs that wait for each other.

use std::sync::Arc;

use super::{SPIN, call, kernel, load, message, plan, until};
use crate::kernel::{Job, Kernel, ProcessId, ProcessState};

/// `go` calls `ok` of `first`, then of `second`; `again` calls `ok` of `second` only.
fn caller(first: ProcessId, second: ProcessId) -> String {
    format!(
        r#"(module
  (func $ok (result i64) (local $block i64)
    (local.set $block (call $alloc (i64.const 2)))
    (call $store_u8 (local.get $block) (i32.const 111))
    (call $store_u8 (i64.add (local.get $block) (i64.const 1)) (i32.const 107))
    (local.get $block))
  (func (export "go")
    (drop (call $call_plugin (i64.const {first}) (call $ok) (i64.const 0)))
    (drop (call $call_plugin (i64.const {second}) (call $ok) (i64.const 0))))
  (func (export "again") (drop (call $call_plugin (i64.const {second}) (call $ok) (i64.const 0))))
  (func (export "ok")))"#
    )
}

fn waits_on(kernel: &Arc<Kernel>, id: ProcessId, on: ProcessId) -> bool {
    kernel.processes(false).iter().any(|view| view.id == id && view.state == ProcessState::Waiting { on })
}

#[test]
fn a_call_in_a_circle_fails_at_once_with_the_path() {
    let kernel = kernel();
    // 1 calls `again` of nobody else but itself by way of 2.
    load(&kernel, &caller(2, 2).replace("\"ok\"", "\"other\"").replace("\"again\"", "\"ok\""));
    load(&kernel, &caller(1, 1).replace("\"ok\"", "\"other\"").replace("\"again\"", "\"ok\""));
    let error = message(call(&kernel, 1, "go", b""));
    assert_eq!(error, "call in a circle: 1:test → 2:test-2 → 1:test (1:test.go → 2:test-2.ok)");
}

#[test]
fn rings_of_waiting_jobs_of_any_length_are_found_and_the_rest_goes_on() {
    for length in 2..=6u32 {
        let kernel = kernel();
        let gate = load(&kernel, SPIN);
        let first = gate + 1;
        for at in 0..length {
            let next = first + (at + 1) % length;
            assert_eq!(load(&kernel, &caller(gate, next)), first + at);
        }
        // Everyone holds its own process and queues at the gate: whoever passes it asks for the next one's.
        let holds = kernel.start(plan(gate, "spin", b"")).unwrap();
        until("the gate is closed", || kernel.running().len() == 1);
        let jobs: Vec<Job> = (0..length)
            .map(|at| {
                let job = kernel.start(plan(first + at, "go", b"")).unwrap();
                until("it queues", || waits_on(&kernel, first + at, gate));
                job
            })
            .collect();
        holds.interrupt();
        let ends: Vec<_> = jobs.iter().map(|job| job.wait().result.clone()).collect();
        let failed: Vec<String> = ends.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect();
        assert_eq!(failed.len(), 1, "of {length} jobs: {failed:?}");
        assert!(failed[0].contains("a circle of waiting jobs: "), "{}", failed[0]);
        for at in 0..length {
            assert!(failed[0].contains(&format!("{}:", first + at)), "{} is not named in {}", first + at, failed[0]);
        }
        assert!(call(&kernel, first, "ok", b"").is_ok());
    }
}
