//! Tests of starts of instances: how they are ended, and their place among calls.

use super::ends::*;
use super::*;
use crate::image_origin::ImageOrigin;
use crate::journal::RecordKind;
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
        assert!(kernel.interrupt_foreground(OwnerId::FIRST));
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
fn a_load_is_a_record_and_what_its_start_calls_is_nested_in_it() {
    let (kernel, _dir) = kernel_with(&[("eager.wat", STARTS_WITH_A_CALL)], Limits::default());
    load(&kernel, SPIN);
    load(&kernel, STARTS_WITH_A_CALL);
    let spawner = load(&kernel, "spawner");
    call(&kernel, spawner, "spawn", b"eager").unwrap();
    let records = kernel.journal().drain().records(10);
    let rows: Vec<_> = records.iter().map(|r| (r.seq, r.parent_seq, r.function.as_str(), r.caller, r.depth)).collect();
    let loads = [(1, 0, "load", 0, 1), (2, 0, "load", 0, 1), (3, 2, "ok", 2, 2), (4, 0, "load", 0, 1)];
    let spawn = [(5, 0, "spawn", 0, 1), (6, 5, "register_plugin", 3, 2), (7, 6, "ok", 4, 3)];
    assert_eq!(rows, [&loads[..], &spawn[..]].concat());
    let load = &records[5];
    let steps = load.load().expect("a load has its steps");
    let told: u64 = steps.times_ns().iter().map(|(_, took_ns)| took_ns).sum();
    assert!(told <= load.duration_ns && steps.start_ns >= load.nested_ns && load.nested_ns > 0, "{load:?}");
    assert!(records[4].nested_ns >= load.duration_ns, "a load is no time of its caller's own: {records:?}");
}

#[test]
fn a_load_runs_in_the_trace_from_its_first_step_on() {
    let slow = include_str!("../../../plugins/wat/start_loop.wat");
    let (kernel, _dir) = kernel_with(&[("slow.wat", slow)], Limits::default());
    let spawner = load(&kernel, "spawner");
    let job = start(&kernel, spawner, "spawn", "slow", FOR_EVER);
    until("it starts", || kernel.find("slow").is_ok() && calls_running(&kernel) == 2);
    let running = kernel.running();
    let rows: Vec<_> = running.iter().map(|r| (r.seq, r.parent_seq, r.kind, r.outcome)).collect();
    let spawn = (2, 0, RecordKind::Call, Outcome::Running);
    assert_eq!(rows, [spawn, (3, 2, RecordKind::Load, Outcome::Running)]);
    job.interrupt();
    error(&job);
    let failed = kernel.journal().drain().get(3).expect("a failed load is a record");
    assert_eq!((failed.kind, failed.outcome, failed.callee), (RecordKind::Load, Outcome::Killed, 0));
    assert!(failed.error.as_ref().is_some_and(|error| error.to_string().contains("interrupted")), "{failed:?}");
    assert!(failed.load().is_some_and(|steps| steps.start_ns > 0 && steps.image.is_some()), "{failed:?}");
}

#[test]
fn a_load_that_finds_nothing_is_a_record() {
    let kernel = kernel();
    let missing = kernel.resolve_to_load("nosuch", None, &mut |_, _| true).unwrap_err();
    let records = kernel.journal().drain().records(10);
    let [record] = records.as_slice() else { panic!("one load: {records:?}") };
    assert_eq!((record.seq, record.kind, record.outcome), (1, RecordKind::Load, missing.outcome));
    assert_eq!(record.error.as_ref().map(ToString::to_string), Some(missing.to_string()));
    assert!(record.load().is_some_and(|steps| &*steps.source == "nosuch" && steps.image.is_none()), "{record:?}");
}

#[test]
fn an_image_comes_from_the_compiler_from_disk_or_from_memory() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("tiny.wat"), SPIN).unwrap();
    let origins = || {
        let (cache_dir, plugin_dirs) = (Some(dir.path().join("cache")), vec![dir.path().into()]);
        let kernel = Kernel::new(KernelOptions { cache_dir, plugin_dirs, ..KernelOptions::default() });
        let _ = [load(&kernel, "tiny"), load(&kernel, "tiny")];
        let records = kernel.journal().drain().records(10);
        records.iter().map(|record| record.load().and_then(|steps| steps.image).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(origins(), [ImageOrigin::Compiled, ImageOrigin::Memory]);
    assert_eq!(origins(), [ImageOrigin::Disk, ImageOrigin::Memory]);
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
