//! Crashes, restarts, reloads and watched files, with real plugins.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{CrashesMax, OnCrash, Restart, Supervision, too_many};
use crate::kernel::tests::{call, kernel, load, message, plan, program, text, until};
use crate::kernel::{Kernel, LoadRequest, ProcessId, ProcessState};

const CRASH: &str = r#"(module (func (export "crash") unreachable) (func (export "ok")))"#;

fn supervised(kernel: &Arc<Kernel>, wat: &str, supervision: Supervision) -> ProcessId {
    let request = LoadRequest { supervision, ..LoadRequest::plain(Arc::new(program(wat))) };
    kernel.load(request).unwrap().id
}

fn state(kernel: &Arc<Kernel>, id: ProcessId) -> ProcessState {
    kernel.processes(true).into_iter().find(|view| view.id == id).unwrap().state
}

#[test]
fn after_a_crash_the_next_call_finds_a_fresh_instance() {
    let kernel = kernel();
    let id = supervised(&kernel, CRASH, Supervision::default());
    for resets in 1..5 {
        assert!(message(call(&kernel, id, "crash", b"")).contains("trap"));
        assert!(matches!(state(&kernel, id), ProcessState::Crashed { .. }));
        assert!(call(&kernel, id, "ok", b"").is_ok());
        assert_eq!(kernel.processes(false)[0].resets, resets);
    }
}

#[test]
fn one_that_is_never_restarted_stays_crashed_until_it_is_told() {
    let kernel = kernel();
    let never = Supervision { restart: Restart::Never, ..Supervision::default() };
    let id = supervised(&kernel, CRASH, never);
    call(&kernel, id, "crash", b"").unwrap_err();
    let error = message(call(&kernel, id, "ok", b""));
    assert!(
        error.starts_with("`1:test` crashed and is not started again; `restart 1` starts it: 1:test.crash: trap"),
        "{error}"
    );
    assert!(matches!(state(&kernel, id), ProcessState::Crashed { .. }));
    kernel.restart(id).unwrap();
    assert_eq!(state(&kernel, id), ProcessState::Idle);
    assert!(call(&kernel, id, "ok", b"").is_ok());
}

#[test]
fn one_that_crashes_too_often_stays_crashed() {
    let kernel = kernel();
    let most = CrashesMax { crashes_max: 2, window: Duration::from_secs(3600) };
    let id =
        supervised(&kernel, CRASH, Supervision { restart: Restart::OnCrash(Some(most)), ..Supervision::default() });
    for _ in 0..2 {
        call(&kernel, id, "crash", b"").unwrap_err();
        assert!(call(&kernel, id, "ok", b"").is_ok());
    }
    call(&kernel, id, "crash", b"").unwrap_err();
    assert!(message(call(&kernel, id, "ok", b"")).contains("is not started again"));
}

#[test]
fn crashes_outside_of_the_window_do_not_count() {
    let most = CrashesMax { crashes_max: 1, window: Duration::from_secs(10) };
    let start = Instant::now();
    let mut crashes = std::collections::VecDeque::new();
    let at = |s: u64| start + Duration::from_secs(s);
    let judged: Vec<bool> = [0, 11, 22, 25].map(|s| too_many(&mut crashes, most, at(s))).into();
    assert_eq!(judged, [false, false, false, true]);
    assert!(crashes.len() <= 2);
}

#[test]
fn one_that_ends_when_it_crashes_is_dead_and_says_why() {
    let kernel = kernel();
    let id = supervised(&kernel, CRASH, Supervision { on_crash: OnCrash::Kill, ..Supervision::default() });
    call(&kernel, id, "crash", b"").unwrap_err();
    let ProcessState::Dead { reason } = state(&kernel, id) else { panic!("it lives") };
    assert!(reason.starts_with("crashed: 1:test.crash: trap"), "{reason}");
    assert!(kernel.take_notices()[0].starts_with("`1:test` ended because it crashed"));
}

#[test]
fn an_end_from_outside_is_no_crash() {
    let kernel = kernel();
    let wat = r#"(module (func (export "spin") (loop (br 0))) (func (export "ok")))"#;
    let strict = Supervision { restart: Restart::Never, on_crash: OnCrash::Kill };
    let id = supervised(&kernel, wat, strict);
    let mut slow = plan(id, "spin", b"");
    slow.timeout = Some(Duration::from_millis(20));
    assert!(kernel.start(slow).unwrap().wait().result.is_err());
    assert!(call(&kernel, id, "ok", b"").is_ok());
}

#[test]
fn a_restart_keeps_who_it_is_and_forgets_what_it_knew() {
    let kernel = kernel();
    let spawner = load(&kernel, "spawner");
    call(&kernel, spawner, "spawn", b"counter").unwrap();
    assert_eq!(text(call(&kernel, 2, "add", b"5")), "5");
    let replaced = kernel.restart(2).unwrap();
    assert_eq!((replaced.label.to_string().as_str(), replaced.calls_lost), ("2:counter", 1));
    assert_eq!(text(call(&kernel, 2, "get", b"")), "0");
    let view = &kernel.processes(false)[1];
    assert_eq!((view.id, view.name.as_str(), view.parent, view.resets), (2, "counter", spawner, 1));
}

#[test]
fn a_restart_ends_the_call_that_runs() {
    let kernel = kernel();
    let id = supervised(&kernel, r#"(module (func (export "spin") (loop (br 0))))"#, Supervision::default());
    let job = kernel.start(plan(id, "spin", b"")).unwrap();
    until("the call runs", || !kernel.running().is_empty());
    kernel.restart(id).unwrap();
    assert_eq!(message(job.wait().result.clone()), "1:test.spin: killed by `restart`");
    assert_eq!(state(&kernel, id), ProcessState::Idle);
}

#[test]
fn memory_is_counted_once_over_restarts_and_reloads() {
    let kernel = kernel();
    let id = load(&kernel, "counter");
    call(&kernel, id, "add", b"").unwrap();
    let before = kernel.memory_bytes();
    assert!(before > 0);
    let program = kernel.resolve("counter", &mut |_, _| true).unwrap();
    for _ in 0..5 {
        kernel.restart(id).unwrap();
        kernel.reload(id, &program, false).unwrap();
        call(&kernel, id, "add", b"").unwrap();
    }
    assert_eq!(kernel.memory_bytes(), before);
    kernel.kill(id, false).unwrap();
    assert_eq!(kernel.memory_bytes(), 0);
}

#[test]
fn a_reload_swaps_the_code_and_the_running_call_goes_on() {
    let kernel = kernel();
    let old = r#"(module (import "extism:host/env" "load_u8" (func (param i64) (result i32)))
        (func (export "spin") (loop (br 0))) (func (export "f") unreachable))"#;
    let id = supervised(&kernel, old, Supervision::default());
    let job = kernel.start(plan(id, "spin", b"")).unwrap();
    until("the call runs", || !kernel.running().is_empty());
    let new = Arc::new(program(r#"(module (func (export "spin")) (func (export "f")))"#));
    let replaced = kernel.reload(id, &new, false).unwrap();
    assert!(replaced.code_changed);
    assert!(job.is_running(), "the call was ended");
    job.interrupt();
    job.wait();
    assert!(call(&kernel, id, "f", b"").is_ok(), "the new code is not there");
    let processes = kernel.processes(false);
    assert_eq!((processes.len(), processes[0].id), (1, id));
    assert_eq!(kernel.memory_bytes(), processes[0].memory.committed_bytes());
}

#[test]
fn a_reload_that_takes_a_used_function_away_is_refused_unless_forced() {
    let kernel = kernel();
    let id = supervised(&kernel, CRASH, Supervision::default());
    let only = |name: &str| Arc::new(program(&format!(r#"(module (func (export "{name}")))"#)));
    call(&kernel, id, "ok", b"").unwrap();
    assert!(kernel.reload(id, &only("ok"), false).is_ok(), "`crash` was never called");
    let error = kernel.reload(id, &only("other"), false).unwrap_err().message;
    assert_eq!(error, "cannot reload `1:test`: the new code lacks `ok`, which was called before; `--force` takes it");
    assert!(call(&kernel, id, "ok", b"").is_ok());
    assert_eq!(kernel.reload(id, &only("other"), true).unwrap().functions_lost, ["ok"]);
    assert!(call(&kernel, id, "other", b"").is_ok());
}

#[test]
fn broken_code_leaves_the_old_in_place() {
    let kernel = kernel();
    let id = load(&kernel, "counter");
    call(&kernel, id, "add", b"3").unwrap();
    let start_traps = r#"(module (func $s unreachable) (start $s) (func (export "add")) (func (export "get")))"#;
    for broken in ["(module (func (export \"add\") i32.add))", start_traps] {
        let error = kernel.reload(id, &Arc::new(program(broken)), false).unwrap_err().message;
        assert!(error.starts_with("cannot reload `1:counter`: "), "{error}");
        assert_eq!(text(call(&kernel, id, "get", b"")), "3");
    }
}

#[test]
fn a_kill_ends_a_restart_that_never_ends() {
    let kernel = kernel();
    let id = supervised(&kernel, CRASH, Supervision::default());
    let spins = Arc::new(program(r#"(module (func $s (loop (br 0))) (start $s))"#));
    let reloading = std::thread::spawn({
        let kernel = kernel.clone();
        move || kernel.reload(id, &spins, false)
    });
    until("the new code starts", || !kernel.running().is_empty());
    kernel.kill(id, false).unwrap();
    let error = reloading.join().unwrap().unwrap_err().message;
    assert!(error.contains("its start function was killed by the shell"), "{error}");
    assert_eq!(kernel.memory_bytes(), 0);
}

/// Writes the file whole, as a build does.
fn write(path: &Path, wat: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, wat).unwrap();
    std::fs::rename(&beside, path).unwrap();
}

#[test]
fn a_watched_file_is_reloaded_when_it_changes_and_kept_when_it_breaks() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("live.wat");
    write(&path, r#"(module (func (export "old")))"#);
    let kernel = kernel();
    let program = kernel.resolve(&path.to_string_lossy(), &mut |_, _| true).unwrap();
    let id = kernel.load(LoadRequest::plain(program)).unwrap().id;
    kernel.watch(id).unwrap();
    assert!(kernel.is_watched(id));
    let notice = |wat: &str| {
        write(&path, wat);
        let mut notices = Vec::new();
        until("a notice comes", || {
            notices.extend(kernel.take_notices());
            !notices.is_empty()
        });
        notices.remove(0)
    };
    assert!(notice(r#"(module (func (export "new")))"#).starts_with("`1:live` was reloaded: `"));
    assert!(call(&kernel, id, "new", b"").is_ok());
    let broken = notice("(module (func (export \"new\") i32.add))");
    assert!(broken.starts_with("`1:live` keeps its old code: cannot reload `1:live`: "), "{broken}");
    assert!(call(&kernel, id, "new", b"").is_ok());
    assert!(notice(r#"(module (func (export "other")))"#).contains("lacks `new`, which was called before"));
    let gain = notice(r#"(module (func (export "new")) (func (export "more")))"#);
    assert!(gain.contains("was reloaded") && gain.ends_with("the state of 2 earlier calls is lost"), "{gain}");
    assert!(call(&kernel, id, "more", b"").is_ok());
    kernel.kill(id, false).unwrap();
    until("the watch ends", || !kernel.is_watched(id));
}

#[test]
fn what_is_no_file_is_not_watched() {
    let kernel = kernel();
    let id = load(&kernel, "echo");
    assert_eq!(kernel.watch(id).unwrap_err().message, "cannot watch `built-in:echo`: it is no file");
}
