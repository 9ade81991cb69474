//! Crashes and what becomes of the process, with real plugins.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::too_many;
use crate::kernel::OwnerId;
use crate::kernel::supervision::{CrashesMax, OnCrash, Restart, Supervision};
use crate::kernel::tests::{call, kernel, message, plan, program};
use crate::kernel::{Kernel, LoadRequest, ProcessId, ProcessState};
use crate::runtime::Worded;
use crate::shell::words::SHELL;

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
    assert!(reason.words(SHELL).starts_with("crashed: 1:test.crash: trap"), "{reason:?}");
    assert!(
        crate::shell::words::notice_text(&kernel.take_notices(OwnerId::FIRST)[0])
            .starts_with("`1:test` ended because it crashed")
    );
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
