//! Calls that run beside their caller: started, asked for, joined, cut.

use std::sync::Arc;
use std::time::Duration;

use super::{call, load, message, plan, text, until};
use crate::journal::{Outcome, Record};
use crate::kernel::{CallPlan, Kernel, KernelOptions, ProcessState};
use crate::limits::Limits;
use crate::shell::words::SHELL;

/// The ended calls of a function, by number.
fn records(kernel: &Kernel, function: &str) -> Vec<Record> {
    let mut records = kernel.journal().drain().records(usize::MAX);
    records.retain(|record| record.function.as_str() == function);
    records.sort_by_key(|record| record.seq);
    records
}

/// A kernel with three spawners, 1 to 3, and two plugins whose `spin` never ends, 4 and 5.
fn five() -> Arc<Kernel> {
    five_within(Limits::default())
}

fn five_within(limits: Limits) -> Arc<Kernel> {
    let kernel = Kernel::new(KernelOptions { limits, wording: SHELL, ..KernelOptions::default() });
    for (name, id) in ["spawner", "spawner", "spawner", "misbehave", "misbehave"].into_iter().zip(1..) {
        assert_eq!(load(&kernel, name), id);
    }
    kernel
}

#[test]
fn started_calls_give_what_called_ones_do() {
    let kernel = five();
    assert_eq!(
        text(call(&kernel, 1, "join_all", b"2 whoami x\n3 whoami x\n2 whoami x")),
        "{\"id\":2,\"parent\":0}\n{\"id\":3,\"parent\":0}\n{\"id\":2,\"parent\":0}"
    );
    let told = text(call(&kernel, 1, "try_join_all", b"2 whoami x\n3 nothing x\n9 whoami x\n1 whoami x"));
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], "ok: {\"id\":2,\"parent\":0}");
    assert!(lines[1].starts_with("failed: no function `nothing` in `3:spawner-3`"), "{}", lines[1]);
    assert!(lines[1].ends_with("(1:spawner.try_join_all)"), "{}", lines[1]);
    assert_eq!(lines[2], "failed: no process `9`; `ps` lists them (1:spawner.try_join_all)");
    assert_eq!(lines[3], "failed: call in a circle: 1:spawner → 1:spawner (1:spawner.try_join_all)");
    let told = text(call(&kernel, 1, "poll_all", b"2 whoami x\n9 whoami x"));
    assert!(told.contains("ok: {\"id\":2") && told.contains("failed: no process `9`"), "{told}");
}

#[test]
fn records_stand_below_the_call_that_started_them_in_the_order_of_starts() {
    let kernel = five();
    call(&kernel, 1, "join_all", b"2 whoami x\n3 try_call 2 whoami x\n2 whoami x").unwrap();
    let [caller] = &records(&kernel, "join_all")[..] else { panic!("one call") };
    let started: Vec<_> = records(&kernel, "whoami").into_iter().chain(records(&kernel, "try_call")).collect();
    for record in started.iter().filter(|record| record.caller == 1) {
        assert_eq!((record.parent_seq, record.depth, record.job), (caller.seq, 2, caller.job), "{record:?}");
        assert_eq!(record.outcome, Outcome::Ok);
    }
    let seqs =
        |callee| started.iter().filter(move |record| (record.caller, record.callee) == (1, callee)).map(|r| r.seq);
    let (second, third): (Vec<u64>, Vec<u64>) = (seqs(2).collect(), seqs(3).collect());
    assert_eq!(third, [second[0] + 1]);
    let nested = started.iter().find(|record| record.caller == 3).unwrap();
    assert_eq!((nested.parent_seq, nested.depth, nested.callee), (third[0], 3, 2));
    assert!(caller.nested_ns <= caller.duration_ns, "{caller:?}");
}

#[test]
fn they_run_at_once_and_end_with_the_job() {
    let kernel = five();
    let job = kernel.start(plan(1, "join_all", b"4 spin x\n5 spin x")).unwrap();
    until("both run beside their caller", || kernel.running().len() == 3);
    until("it joins the first", || kernel.processes(false)[0].state == ProcessState::Waiting { on: 4 });
    job.kill();
    let error = job.wait().bytes().unwrap_err();
    assert_eq!(error.to_string(), "1:spawner.join_all: killed by the shell (1:spawner.join_all → 4:misbehave.spin)");
    let spins = records(&kernel, "spin");
    assert_eq!(spins.iter().map(|record| record.outcome).collect::<Vec<_>>(), [Outcome::Killed; 2]);
    assert!(kernel.running().is_empty(), "{:?}", kernel.running());
}

#[test]
fn a_deadline_of_the_caller_ends_what_it_started() {
    let kernel = five();
    let timeout = Some(Duration::from_millis(300));
    let job = kernel.start(CallPlan { timeout, ..plan(1, "join_all", b"4 spin x\n5 spin x") }).unwrap();
    let error = job.wait().bytes().unwrap_err();
    assert_eq!(error.outcome, Outcome::Timeout);
    assert_eq!(error.to_string(), "4:misbehave.spin: timed out after 300ms (1:spawner.join_all → 4:misbehave.spin)");
    assert_eq!(records(&kernel, "spin").iter().map(|record| record.outcome).collect::<Vec<_>>(), [Outcome::Timeout; 2]);
}

#[test]
fn what_is_not_joined_ends_with_its_caller() {
    let kernel = five();
    call(&kernel, 1, "start_all", b"4 spin x\n5 spin x").unwrap();
    assert!(kernel.running().is_empty());
    for record in records(&kernel, "spin") {
        assert_eq!(record.outcome, Outcome::Killed);
        let error = record.error.as_ref().unwrap().to_string();
        assert!(error.starts_with("1:spawner.start_all: ended before it joined this call"), "{error}");
    }
    assert_eq!(records(&kernel, "spin").len(), 2);
    let caller = &records(&kernel, "start_all")[0];
    assert!(records(&kernel, "spin").iter().all(|record| record.end_ns() <= caller.end_ns()), "it outlives its caller");
}

#[test]
fn a_killed_callee_fails_its_join_alone() {
    let kernel = five();
    let job = kernel.start(plan(1, "try_join_all", b"4 spin x\n3 whoami x")).unwrap();
    until("it runs", || kernel.processes(false)[3].state == ProcessState::Running);
    kernel.kill(4, false).unwrap();
    let told = text(job.wait().bytes());
    assert_eq!(
        told,
        "failed: 4:misbehave.spin: killed by the shell (1:spawner.try_join_all → 4:misbehave.spin)\n\
         ok: {\"id\":3,\"parent\":0}"
    );
}

#[test]
fn a_ring_through_a_join_is_found() {
    let kernel = five();
    // Two started calls that wait for each other's process, held by the other.
    let told = text(call(&kernel, 1, "try_join_all", b"2 call 3 call 2 whoami x\n3 whoami x"));
    assert!(told.contains("failed: call in a circle: 2:spawner-2 → 3:spawner-3 → 2:spawner-2"), "{told}");
    // One that asks for the process of its caller, which waits for it.
    let told = text(call(&kernel, 1, "try_join_all", b"2 try_call 1 whoami x"));
    assert!(told.contains("call in a circle: 1:spawner → 2:spawner-2 → 1:spawner"), "{told}");
}

#[test]
fn rings_of_joins_of_two_jobs_are_found() {
    for _ in 0..20 {
        let kernel = five();
        // Each job holds one process, and joins a call of the other's.
        let one = kernel.start(plan(1, "join_all", b"2 whoami x")).unwrap();
        let other = kernel.start(plan(2, "join_all", b"1 whoami x")).unwrap();
        for job in [one, other] {
            let end = job.wait_for(Duration::from_secs(30)).expect("a ring that nobody found");
            if let Err(error) = end.bytes() {
                assert!(error.to_string().contains("a circle of waiting jobs: "), "{error}");
            }
        }
    }
}

#[test]
fn there_is_room_for_so_many() {
    let limits = Limits { started_each_max: 2, ..Limits::default() };
    let kernel = five_within(limits);
    let error = message(call(&kernel, 1, "join_all", b"2 whoami x\n2 whoami x\n2 whoami x"));
    assert!(error.contains("this call has 2 started calls that it has not joined, the limit"), "{error}");
    assert_eq!(kernel.started_budget().started_count(), 0, "all are given back");
    let limits = Limits { started_max: 1, ..Limits::default() };
    let kernel = five_within(limits);
    let error = message(call(&kernel, 1, "start_all", b"2 whoami x\n2 whoami x"));
    assert!(error.contains("1 started calls are not joined, the limit"), "{error}");
}

#[test]
fn many_started_calls_leave_nothing() {
    let started = std::env::var("PLUGSH_STARTED_CALLS").map_or(2_000, |calls| calls.parse().unwrap());
    let kernel = five();
    let orders = vec!["2 whoami x"; 500].join("\n");
    call(&kernel, 1, "join_all", orders.as_bytes()).unwrap();
    let before = kernel.memory_bytes();
    for _ in 0..started / 500 {
        call(&kernel, 1, "join_all", orders.as_bytes()).unwrap();
    }
    assert_eq!(kernel.memory_bytes(), before);
    until("all chains are gone", || kernel.chain_table().all().is_empty());
    assert!(kernel.waits().is_empty());
    let weak = Arc::downgrade(&kernel);
    drop(kernel);
    until("nobody keeps the kernel", || weak.strong_count() == 0);
}
