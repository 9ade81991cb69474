//! Cancels at every moment of a call: by a kill or by Ctrl-C. Exactly the target ends, its caller's error
//! names who, why and where, and other calls are unaffected.

use std::sync::Arc;
use std::time::Duration;

use super::{SPIN, call, is_call, kernel, kernel_with, load, message, plan, program, text, until};
use crate::kernel::OwnerId;
use crate::kernel::{Job, Kernel, LoadRequest, ProcessId, ProcessState};
use crate::limits::Limits;
use crate::runtime::{AllowedPath, Spec};

/// Longer than any test waits; an end by this timeout means that the cancel was lost.
pub(super) const FOR_EVER: Duration = Duration::from_secs(3600);
pub(super) const SHORT: Duration = Duration::from_millis(50);

/// Starts `spawner.FUNCTION INPUT`.
pub(super) fn start(kernel: &Arc<Kernel>, spawner: ProcessId, function: &str, input: &str, timeout: Duration) -> Job {
    let mut plan = plan(spawner, function, input.as_bytes());
    plan.timeout = Some(timeout);
    kernel.start(plan).unwrap()
}

pub(super) fn error(job: &Job) -> String {
    let end = job.wait_for(Duration::from_secs(20)).expect("the job was not ended");
    message(end.bytes())
}

pub(super) fn state(kernel: &Arc<Kernel>, id: ProcessId) -> ProcessState {
    kernel.processes(true).into_iter().find(|view| view.id == id).unwrap().state
}

/// Count of running calls and starts.
pub(super) fn calls_running(kernel: &Arc<Kernel>) -> usize {
    kernel.chain_table().all().iter().map(|chain| chain.views().len()).sum()
}

/// A spawner (1) and a spinning plugin (2) of it.
pub(super) fn spawner_and_spin() -> (Arc<Kernel>, tempfile::TempDir) {
    let (kernel, dir) = kernel_with(&[("spin.wat", SPIN)], Limits::default());
    let spawner = load(&kernel, "spawner");
    assert_eq!(text(call(&kernel, spawner, "spawn", b"spin")), "2");
    (kernel, dir)
}

#[test]
fn a_call_that_is_killed_in_a_nested_call_takes_the_callee_s_call_with_it_and_not_the_callee() {
    let (kernel, _dir) = spawner_and_spin();
    let job = start(&kernel, 1, "call", "2 spin x", FOR_EVER);
    until("both calls run", || calls_running(&kernel) == 2);
    let killed = kernel.kill(1, false).unwrap();
    assert_eq!(killed.moved.len(), 1, "the child moves to the shell");
    assert_eq!(error(&job), "1:spawner.call: killed by the shell (1:spawner.call → 2:spin.spin)");
    assert!(call(&kernel, 2, "ok", b"").is_ok());
    assert_eq!(kernel.processes(false).len(), 1);
}

#[test]
fn the_caller_of_one_that_is_killed_is_told_who_why_and_where() {
    let (kernel, _dir) = spawner_and_spin();
    let job = start(&kernel, 1, "call", "2 spin x", FOR_EVER);
    until("both calls run", || calls_running(&kernel) == 2);
    kernel.kill(2, false).unwrap();
    assert_eq!(error(&job), "2:spin.spin: killed by the shell (1:spawner.call → 2:spin.spin)");
    let spawned = call(&kernel, 1, "spawn", b"spin");
    assert_eq!(text(spawned), "3", "the caller lives on");
    let job = start(&kernel, 1, "try_call", "3 spin x", FOR_EVER);
    until("both calls run", || calls_running(&kernel) == 2);
    kernel.kill(3, false).unwrap();
    let output = text(job.wait().bytes());
    assert_eq!(output, "failed: 3:spin.spin: killed by the shell (1:spawner.try_call → 3:spin.spin)");
}

#[test]
fn a_sibling_of_the_same_module_does_not_notice() {
    let kernel = kernel();
    let ids: Vec<ProcessId> = (0..3).map(|_| load(&kernel, SPIN)).collect();
    let jobs: Vec<Job> = ids.iter().map(|id| kernel.start(plan(*id, "spin", b"")).unwrap()).collect();
    until("all run", || calls_running(&kernel) == 3);
    kernel.kill(ids[1], false).unwrap();
    assert_eq!(error(&jobs[1]), "2:test-2.spin: killed by the shell");
    assert_eq!(calls_running(&kernel), 2);
    assert!(jobs[0].is_running() && jobs[2].is_running());
    jobs[0].interrupt();
    assert_eq!(error(&jobs[0]), "1:test.spin: interrupted");
    assert!(jobs[2].is_running());
    jobs[2].kill();
    assert_eq!(error(&jobs[2]), "3:test-3.spin: killed by the shell");
}

#[test]
fn a_call_that_waits_for_a_busy_process_ends_alone() {
    let (kernel, _dir) = spawner_and_spin();
    let busy = kernel.start(plan(2, "spin", b"")).unwrap();
    until("it is busy", || calls_running(&kernel) == 1);
    let waits = |job: &Job| {
        until("it waits", || state(&kernel, 1) == ProcessState::Waiting { on: 2 });
        assert!(job.is_running());
    };
    let job = start(&kernel, 1, "call", "2 ok x", FOR_EVER);
    waits(&job);
    job.interrupt();
    assert_eq!(error(&job), "1:spawner.call: interrupted (1:spawner.call → 2:spin.ok)");
    let job = start(&kernel, 1, "call", "2 ok x", SHORT);
    assert_eq!(error(&job), "2:spin.ok: timed out after 50ms (1:spawner.call → 2:spin.ok)");
    assert!(busy.is_running(), "whom they waited for was ended");
    let job = start(&kernel, 1, "try_call", "2 ok x", FOR_EVER);
    waits(&job);
    kernel.kill(2, false).unwrap();
    assert_eq!(error(&busy), "2:spin.spin: killed by the shell");
    let output = text(job.wait().bytes());
    assert!(output.starts_with("failed: 2:spin.ok: it died while it was waited for: killed by the shell"), "{output}");
}

#[test]
fn a_wasi_sleep_ends_at_once() {
    let kernel = kernel();
    let id = load(&kernel, include_str!("../../../plugins/wat/wasi_sleep.wat").trim_start_matches(comment));
    for function in ["run", "stdin"] {
        let job = start(&kernel, id, function, "", SHORT);
        let ended = job.wait_for(Duration::from_secs(20)).expect("it sleeps through its deadline");
        // Waiting for standard input, of which there is none, is over at once.
        if function == "run" {
            assert_eq!(message(ended.bytes()), "1:test.run: timed out after 50ms");
        }
    }
    let job = start(&kernel, id, "run", "", FOR_EVER);
    until("it sleeps", || calls_running(&kernel) == 1);
    kernel.kill(id, false).unwrap();
    assert_eq!(error(&job), "1:test.run: killed by the shell");
}

/// A `.wat` file's head: what a test's text begins with is its `(module`.
pub(super) fn comment(c: char) -> bool {
    c != '('
}

/// Opens `fifo` in its directory, gives as its return code what WASI answers, plus 100.
const OPENER: &str = r#"(module
  (memory (export "memory") 1)
  (data (i32.const 0) "fifo")
  (func $with (param $rights i64) (result i32)
    (i32.add (i32.const 100) (call $path_open (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 4) (i32.const 0)
      (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 16))))
  (func (export "read") (result i32) (call $with (i64.const 2)))
  (func (export "write") (result i32) (call $with (i64.const 64))))"#;

/// WASI's "not supported".
const NOTSUP: i32 = 58;

/// Opening a FIFO waits for its other end, on a thread that nobody could end.
#[cfg(unix)]
#[test]
fn a_fifo_is_not_opened() {
    use std::os::unix::ffi::OsStrExt;
    let kernel = kernel();
    let dir = tempfile::tempdir().unwrap();
    let real = dir.path().join("real");
    let c_path = std::ffi::CString::new(real.as_os_str().as_bytes()).unwrap();
    // SAFETY: the path is a NUL-terminated string that lives through the call.
    assert_eq!(unsafe { libc::mkfifo(c_path.as_ptr(), 0o600) }, 0);
    std::os::unix::fs::symlink("real", dir.path().join("fifo")).unwrap();
    let allowed = AllowedPath { host: dir.path().into(), guest: "/".into(), read_only: false };
    let spec = Spec { allowed_paths: vec![allowed], ..Spec::default() };
    let id = kernel.load(LoadRequest { spec, ..LoadRequest::plain(Arc::new(program(OPENER))) }).unwrap().id;
    for link in [true, false] {
        for function in ["read", "write"] {
            let job = start(&kernel, id, function, "", FOR_EVER);
            let end = job.wait_for(Duration::from_secs(20)).expect("it waits for the other end");
            assert_eq!(end.result.clone().unwrap_err().code, Some(100 + NOTSUP), "{function}");
        }
        if link {
            std::fs::rename(&real, dir.path().join("fifo")).unwrap();
        }
    }
}

#[test]
fn a_request_that_nobody_answers_ends_at_once() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("{{\"url\":\"http://{}/\"}}", listener.local_addr().unwrap());
    let kernel = kernel();
    let wat = include_str!("../../../plugins/wat/http.wat").trim_start_matches(comment);
    let spec = Spec { allowed_hosts: vec!["127.0.0.1".into()], ..Spec::default() };
    let id = kernel.load(LoadRequest { spec, ..LoadRequest::plain(Arc::new(program(wat))) }).unwrap().id;
    assert_eq!(error(&start(&kernel, id, "run", &url, SHORT)), "1:test.run: timed out after 50ms");
    let first = listener.accept().unwrap();
    let job = start(&kernel, id, "run", &url, FOR_EVER);
    let connection = listener.accept().unwrap();
    kernel.kill(id, false).unwrap();
    assert_eq!(error(&job), "1:test.run: killed by the shell");
    drop((first, connection));
}

#[test]
fn the_dead_show_what_their_last_call_came_to() {
    let (kernel, _dir) = spawner_and_spin();
    let job = start(&kernel, 1, "call", "2 spin x", FOR_EVER);
    until("the nested call runs", || calls_running(&kernel) == 2);
    kernel.kill(2, false).unwrap();
    error(&job);
    let mut views = kernel.processes(true);
    let dead = views.swap_remove(1);
    assert_eq!((dead.id, dead.calls, dead.errors, dead.resets), (2, 1, 1, 0));
    let record = kernel.journal().drain().find(1, |record| is_call(record) && record.callee == 2).remove(0);
    assert_eq!(dead.busy, Duration::from_nanos(record.duration_ns), "what the log has of its one call");
    assert_eq!((views[0].errors, views[0].resets), (1, 1), "the caller was left in the middle");
}

#[test]
fn a_guest_ends_its_descendants_and_nobody_else() {
    let (kernel, _dir) = spawner_and_spin();
    let other = load(&kernel, "spawner");
    let refused = message(call(&kernel, other, "free", b"2"));
    assert!(refused.contains("`3:spawner-2` may not free `2:spin`: it is no descendant of it"), "{refused}");
    let job = kernel.start(plan(2, "spin", b"")).unwrap();
    until("it runs", || calls_running(&kernel) == 1);
    assert!(call(&kernel, 1, "free", b"2").is_ok());
    assert_eq!(error(&job), "2:spin.spin: killed by `1:spawner`");
    assert_eq!(
        state(&kernel, 2),
        ProcessState::Dead {
            reason: crate::kernel::ExitReason::Freed(crate::kernel::ProcessLabel { id: 1, name: "spawner".into() })
        }
    );
}

#[test]
fn a_notice_names_whose_state_was_lost_with_a_chain() {
    let (kernel, _dir) = spawner_and_spin();
    kernel.take_notices(OwnerId::FIRST);
    let job = start(&kernel, 1, "call", "2 spin x", SHORT);
    error(&job);
    let notices = kernel.take_notices(OwnerId::FIRST);
    let says = "`1:spawner` was reset: its call ended with its chain, and the state of 1 earlier call is lost";
    let notices: Vec<String> = notices.iter().map(crate::shell::words::notice_text).collect();
    assert_eq!(notices, [says], "the other had no state to lose");
}

#[test]
fn the_dead_show_what_became_of_the_calls_that_waited_for_them() {
    for _ in 0..20 {
        let kernel = kernel();
        let id = load(&kernel, SPIN);
        let busy = kernel.start(plan(id, "spin", b"")).unwrap();
        until("it is busy", || calls_running(&kernel) == 1);
        let waiting: Vec<Job> = (0..4).map(|_| kernel.start(plan(id, "ok", b"")).unwrap()).collect();
        until("all wait", || calls_running(&kernel) == 5);
        kernel.kill(id, false).unwrap();
        while busy.is_running() || waiting.iter().any(Job::is_running) {
            kernel.processes(true);
        }
        let dead = kernel.processes(true).remove(0);
        assert_eq!((dead.calls, dead.errors), (5, 5));
    }
}
