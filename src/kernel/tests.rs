//! Tests of the kernel: real plugins, real threads.

mod budgets;
mod bulk;
mod costs;
mod ends;
mod failed_payloads;
mod host_requests;
mod hostile;
mod loading;
mod parallel;
mod prelude;
mod product_functions;
mod properties;
mod races;
mod rings;
mod starts;
mod stops;
mod timeouts;
mod walls;
mod wasi;
mod wasi_files;
mod watched;

use std::sync::Arc;
use std::time::Duration;

use self::prelude::with_imports;
use super::*;
use crate::journal::{Outcome, Record, RecordKind};
use crate::limits::Limits;
use crate::runtime::{ModuleBytes, Program, Spec};
use crate::shell::words::SHELL;

pub(super) fn kernel() -> Arc<Kernel> {
    Kernel::new(KernelOptions { wording: SHELL, ..KernelOptions::default() })
}

/// A kernel with files in its plugin directory, which lasts as long as the second value.
pub(super) fn kernel_with(files: &[(&str, &str)], limits: Limits) -> (Arc<Kernel>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let text = if name.ends_with(".wat") { with_imports(text) } else { (*text).to_owned() };
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let options =
        KernelOptions { plugin_dirs: vec![dir.path().into()], limits, wording: SHELL, ..KernelOptions::default() };
    (Kernel::new(options), dir)
}

/// Loads a built-in plugin, or a `.wat` text.
pub(super) fn load(kernel: &Arc<Kernel>, source: &str) -> ProcessId {
    let program = match source.starts_with('(') {
        true => Arc::new(program(source)),
        false => kernel.resolve(source, &mut |_, _| true).unwrap(),
    };
    kernel.load(LoadRequest::plain(program)).unwrap().id
}

/// A program of one module, which needs no imports for the host functions that it calls.
pub(super) fn program(wat: &str) -> Program {
    let wat = with_imports(wat);
    Program {
        modules: vec![ModuleBytes {
            name: "main".into(),
            bytes: wat.as_bytes().into(),
            sha256: wat,
            linked_from: None,
        }],
        spec: Spec::default(),
        origin: "test.wat".into(),
        stem: "test".into(),
    }
}

/// Wat that puts a word into a new block whose handle is `local` then.
pub(super) fn put_word(word: &str, local: &str) -> String {
    let stores: String = word
        .bytes()
        .zip(0..)
        .map(|(byte, at)| format!("(call $store_u8 (i64.add (local.get {local}) (i64.const {at})) (i32.const {byte}))"))
        .collect();
    format!("(local.set {local} (call $alloc (i64.const {}))) {stores}", word.len())
}

pub(super) fn plan(process: ProcessId, function: &str, input: &[u8]) -> CallPlan {
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

pub(super) fn call(
    kernel: &Arc<Kernel>,
    process: ProcessId,
    function: &str,
    input: &[u8],
) -> Result<Vec<u8>, CallError> {
    kernel.start(plan(process, function, input))?.wait().bytes().map(|output| output.to_vec())
}

/// Waits until something is so; fails when it is not within a time that no machine needs.
pub(super) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let given_up = std::time::Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(std::time::Instant::now() < given_up, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

pub(super) fn is_call(record: &Record) -> bool {
    record.kind == RecordKind::Call
}

pub(super) fn text(result: Result<impl AsRef<[u8]>, CallError>) -> String {
    String::from_utf8(result.unwrap().as_ref().to_vec()).unwrap()
}

pub(super) fn message<T>(result: Result<T, CallError>) -> String {
    result.err().expect("it fails").to_string()
}

#[test]
fn the_seed_runs() {
    let kernel = kernel();
    let front = load(&kernel, "front");
    let output = text(call(&kernel, front, "run", b""));
    assert_eq!(output, r#"{"count":3,"total":3,"vowels":"aeiouAEIOU"}"#);
    let processes = kernel.processes(false);
    let rows: Vec<_> = processes.iter().map(|p| (p.id, p.name.as_str(), p.parent, p.calls)).collect();
    assert_eq!(rows, [(1, "front", 0, 1), (2, "count_vowels", 1, 1)]);
    let records = kernel.journal().drain().records(10);
    let rows: Vec<_> = records.iter().map(|r| (r.caller, r.callee, r.function.as_str(), r.depth)).collect();
    assert_eq!(rows, [(0, 1, "load", 1), (0, 1, "run", 1), (1, 2, "register_plugin", 2), (1, 2, "count_vowels", 2)]);
}

const SPIN: &str = r#"(module (func (export "spin") (loop (br 0))) (func (export "ok")))"#;

#[test]
fn a_deadline_ends_a_call_and_the_process_lives_on() {
    let kernel = kernel();
    let spin = load(&kernel, SPIN);
    let mut slow = plan(spin, "spin", b"");
    slow.timeout = Some(Duration::from_millis(20));
    let end = kernel.start(slow).unwrap().wait();
    let error = end.result.clone().unwrap_err();
    assert_eq!(error.outcome, Outcome::Timeout);
    assert_eq!(error.to_string(), "1:test.spin: timed out after 20ms");
    assert!(matches!(kernel.processes(false)[0].state, ProcessState::Crashed { .. }));
    assert!(call(&kernel, spin, "ok", b"").is_ok());
    assert_eq!(kernel.processes(false)[0].resets, 1);
}

#[test]
fn a_kill_ends_a_running_call() {
    let kernel = kernel();
    let spin = load(&kernel, SPIN);
    let job = kernel.start(plan(spin, "spin", b"")).unwrap();
    while kernel.running().is_empty() {
        std::thread::yield_now();
    }
    kernel.kill(spin, false).unwrap();
    let error = job.wait().result.clone().unwrap_err();
    assert_eq!(error.to_string(), "1:test.spin: killed by the shell");
    assert_eq!(
        message(call(&kernel, spin, "ok", b"")),
        "process `1` is dead: killed by the shell".replace("`1`", "`1:test`")
    );
    assert!(kernel.processes(false).is_empty());
    assert_eq!(kernel.processes(true).len(), 1);
}

#[test]
fn processes_that_called_each_other_end_with_their_kernel() {
    let kernel = kernel();
    let (one, other) = (load(&kernel, "echo"), load(&kernel, "echo"));
    for (from, to) in [(one, other), (other, one)] {
        let way = format!(r#"{{"to":[{to}],"function":"echo","input":"x"}}"#);
        let end = kernel.start(plan(from, "relay", way.as_bytes())).unwrap().wait();
        assert_eq!(end.bytes().as_deref(), Ok(&b"x"[..]));
    }
    let processes: Vec<_> = kernel.table().read().living().map(Arc::downgrade).collect();
    assert_eq!(processes.len(), 2);
    drop(kernel);
    // The job's own thread may hold its chain a moment longer.
    until("nobody keeps them", || processes.iter().all(|process| process.strong_count() == 0));
}
