//! Tests of starts of instances: how they are ended, and their place among calls.

use super::ends::*;
use super::*;
use crate::runtime::ImportStandIn;

#[test]
fn start_functions_and_constructors_are_ended_like_any_code() {
    let start_loop = include_str!("../../../plugins/wat/start_loop.wat");
    let ctor_loop = include_str!("../../../plugins/wat/ctor_loop.wat");
    for wat in [start_loop, ctor_loop] {
        let (kernel, _dir) = kernel_with(&[("slow.wat", wat)], Limits::default());
        let spawner = load(&kernel, "spawner");
        let job = start(&kernel, spawner, "spawn", "slow", SHORT);
        assert!(error(&job).contains("timed out after 50ms"), "{}", error(&job));
        let job = start(&kernel, spawner, "spawn", "slow", FOR_EVER);
        until("it starts", || calls_running(&kernel) == 2);
        job.interrupt();
        assert!(error(&job).contains("interrupted"), "{}", error(&job));
        let job = start(&kernel, spawner, "spawn", "slow", FOR_EVER);
        until("it starts", || kernel.find("slow").is_ok() && calls_running(&kernel) == 2);
        kernel.kill(kernel.find("slow").unwrap(), false).unwrap();
        assert!(error(&job).contains("killed by the shell"), "{}", error(&job));
        assert_eq!(kernel.processes(false).len(), 1, "what never started is there");

        let program = kernel.resolve("slow", &mut |_, _| true).unwrap();
        let request = LoadRequest { timeout: Some(SHORT), ..LoadRequest::plain(program.clone()) };
        let failed = kernel.load(request).unwrap_err();
        assert_eq!(failed.outcome, Outcome::Timeout);
        assert!(failed.to_string().ends_with("its start function was timed out after 50ms"), "{}", failed.to_string());
        let loading = std::thread::spawn({
            let (kernel, request) = (kernel.clone(), LoadRequest::plain(program));
            move || kernel.load(request)
        });
        until("it starts", || calls_running(&kernel) == 1);
        assert!(kernel.interrupt_foreground());
        assert_eq!(loading.join().unwrap().unwrap_err().outcome, Outcome::Killed);
        assert_eq!(kernel.processes(false).len(), 1);
    }
}

#[test]
fn a_start_that_is_killed_is_a_kill_and_no_crash_of_who_asked_for_it() {
    let slow = include_str!("../../../plugins/wat/start_loop.wat");
    let (kernel, _dir) = kernel_with(&[("slow.wat", slow)], Limits::default());
    let program = kernel.resolve("spawner", &mut |_, _| true).unwrap();
    let supervision = Supervision { on_crash: OnCrash::Kill, restart: Restart::Never };
    let spawner = kernel.load(LoadRequest { supervision, ..LoadRequest::plain(program) }).unwrap().id;
    let job = start(&kernel, spawner, "spawn", "slow", FOR_EVER);
    until("it starts", || kernel.find("slow").is_ok() && calls_running(&kernel) == 2);
    kernel.kill(kernel.find("slow").unwrap(), false).unwrap();
    assert!(error(&job).contains("killed by the shell"), "{}", error(&job));
    assert!(call(&kernel, spawner, "whoami", b"").is_ok(), "the one who asked for it counts as crashed");

    let program = kernel.resolve("slow", &mut |_, _| true).unwrap();
    let loading = std::thread::spawn({
        let (kernel, request) = (kernel.clone(), LoadRequest::plain(program));
        move || kernel.load(request)
    });
    until("it starts", || kernel.find("slow").is_ok() && calls_running(&kernel) == 1);
    kernel.kill(kernel.find("slow").unwrap(), false).unwrap();
    let failed = loading.join().unwrap().unwrap_err();
    assert_eq!(failed.outcome, Outcome::Killed, "{}", failed);
}

/// A start function that calls `ok` of process 1.
const STARTS_WITH_A_CALL: &str = r#"(module
  (func $s (local $name i64)
    (local.set $name (call $alloc (i64.const 2)))
    (call $store_u8 (local.get $name) (i32.const 111))
    (call $store_u8 (i64.add (local.get $name) (i64.const 1)) (i32.const 107))
    (drop (call $call_plugin (i64.const 1) (local.get $name) (i64.const 0))))
  (start $s)
  (func (export "ok"))
  (func (export "crash") unreachable))"#;

#[test]
fn a_stage_that_starts_afresh_may_call_the_one_before_it() {
    let kernel = kernel();
    let (first, second) = (load(&kernel, SPIN), load(&kernel, STARTS_WITH_A_CALL));
    call(&kernel, second, "crash", b"").unwrap_err();
    let stage = |process: ProcessId| CallStage { process, function: "ok".into() };
    let plan = CallPlan { stages: vec![stage(first), stage(second)], ..plan(first, "ok", b"") };
    let end = kernel.start(plan).unwrap().wait();
    assert_eq!(end.bytes().as_deref(), Ok(&b""[..]));
}

#[test]
fn starts_take_no_numbers_of_calls_and_what_they_call_is_nested_in_the_call_around_them() {
    let (kernel, _dir) = kernel_with(&[("eager.wat", STARTS_WITH_A_CALL)], Limits::default());
    load(&kernel, SPIN);
    load(&kernel, STARTS_WITH_A_CALL);
    let spawner = load(&kernel, "spawner");
    call(&kernel, spawner, "spawn", b"eager").unwrap();
    let records = kernel.journal().drain().records(10);
    let rows: Vec<_> = records.iter().map(|r| (r.seq, r.parent_seq, r.function.as_str(), r.caller, r.depth)).collect();
    assert_eq!(rows, [(1, 0, "ok", 2, 2), (2, 0, "spawn", 0, 1), (3, 2, "ok", 4, 3)]);
}

/// Tries `crash` of process 1, then calls what stands in for an import.
const TRIES_AND_IMPORTS: &str = r#"(module
  (import "product" "lookup" (func $lookup (param i64) (result i64)))
  (func (export "go") (local $name i64)
    (local.set $name (call $alloc (i64.const 1)))
    (call $store_u8 (local.get $name) (i32.const 120))
    (drop (call $try_call_plugin (i64.const 1) (local.get $name) (i64.const 0)))
    (drop (call $lookup (i64.const 0)))))"#;

#[test]
fn a_stand_in_that_is_not_there_is_what_its_call_fails_of() {
    let kernel = kernel();
    load(&kernel, SPIN);
    let import = ImportStandIn {
        module: "product".into(),
        function: "lookup".into(),
        types: None,
        target: "shelf.lookup".into(),
    };
    let spec = Spec { imports: vec![import], ..Spec::default() };
    let program = Program { spec: spec.clone(), ..program(TRIES_AND_IMPORTS) };
    let id = kernel.load(LoadRequest { spec, ..LoadRequest::plain(Arc::new(program)) }).unwrap().id;
    let error = message(call(&kernel, id, "go", b""));
    assert!(error.contains("no process for `shelf.lookup`"), "{error}");
    assert!(error.ends_with("(2:test-2.go)"), "{error}");
}
