//! The events that a recorder receives, and their order.

use std::sync::{Arc, Mutex};

use crate::kernel::hooks::{
    NestedBytes, NestedCall, RecordedCall, Recorder, ReplacedBy, StubAnswer, StubCall, StubSpec,
};
use crate::kernel::tests::{call, kernel, load, message, plan, program, text, until};
use crate::kernel::{Kernel, ProcessDetail};

#[derive(Default)]
struct Written(Mutex<Vec<String>>);

impl Written {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Recorder for Written {
    fn loaded(&self, process: &ProcessDetail) {
        self.0.lock().unwrap().push(format!("load {}", process.view.label()));
    }

    fn replaced(&self, process: &ProcessDetail, by: ReplacedBy) {
        self.0.lock().unwrap().push(format!("{by:?} {}", process.view.label()));
    }

    fn called(&self, call: &RecordedCall<'_>) {
        let nested: Vec<String> =
            call.nested_calls.iter().map(|nested| format!("{}.{}", nested.callee, nested.function)).collect();
        let result = call.result.map(|output| output.len().to_string()).unwrap_or_else(|error| error.to_string());
        let input = String::from_utf8_lossy(call.input);
        self.0.lock().unwrap().push(format!("{}.{} {input} → {result} {nested:?}", call.process, call.function));
    }
}

#[test]
fn calls_from_the_shell_are_handed_on_with_the_calls_they_made() {
    let kernel = kernel();
    let written = Arc::new(Written::default());
    assert!(kernel.record_calls(Some(written.clone())).is_none());
    let echo = load(&kernel, "echo");
    let way = br#"{"to":["+echo","+text"],"function":"upper","input":"hi"}"#;
    call(&kernel, echo, "relay", way).unwrap();
    call(&kernel, echo, "relay", b"{").unwrap_err();
    assert!(kernel.record_calls(None).is_some());
    call(&kernel, echo, "echo", b"unseen").unwrap();
    let lines = written.lines();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[0], "load 1:echo");
    assert!(lines[1].ends_with(r#" → 2 ["echo-2.relay", "text.upper"]"#), "{}", lines[1]);
    assert!(lines[2].starts_with("1:echo.relay { → 1:echo.relay: "), "{}", lines[2]);
}

/// Notes nested calls with their bytes.
#[derive(Default)]
struct NestedOnly(Mutex<Vec<String>>);

impl Recorder for NestedOnly {
    fn loaded(&self, _process: &ProcessDetail) {}

    fn replaced(&self, _process: &ProcessDetail, _by: ReplacedBy) {}

    fn called(&self, _call: &RecordedCall<'_>) {
        self.0.lock().unwrap().push("the shell's".to_owned());
    }

    fn nested_called(&self, call: &NestedCall, bytes: NestedBytes<'_>) {
        let (input, output) = (String::from_utf8_lossy(bytes.input), String::from_utf8_lossy(bytes.output));
        let line = format!("{}.{} {input} → {output}, private: {}", call.callee, call.function, bytes.private);
        self.0.lock().unwrap().push(line);
    }
}

#[test]
fn a_nested_call_is_handed_on_with_its_bytes_before_its_caller() {
    let (kernel, nested) = (kernel(), Arc::new(NestedOnly::default()));
    kernel.record_calls(Some(nested.clone()));
    assert!(kernel.recorder().is_some());
    let echo = load(&kernel, "echo");
    call(&kernel, echo, "relay", br#"{"to":["+text"],"function":"upper","input":"hi"}"#).unwrap();
    assert_eq!(*nested.0.lock().unwrap(), ["text.upper hi → HI, private: false", "the shell's"]);
}

fn recorded() -> (Arc<Kernel>, Arc<Written>) {
    let (kernel, written) = (kernel(), Arc::new(Written::default()));
    kernel.record_calls(Some(written.clone()));
    (kernel, written)
}

#[test]
fn a_replacement_is_told_when_it_takes_place_and_not_before() {
    let (kernel, written) = recorded();
    let id = load(&kernel, r#"(module (func (export "spin") (loop (br 0))))"#);
    let job = kernel.start(plan(id, "spin", b"")).unwrap();
    until("the call runs", || !kernel.running().is_empty());
    let new = Arc::new(program(r#"(module (func (export "spin")))"#));
    for _ in 0..3 {
        kernel.reload(id, &new, false).unwrap();
    }
    assert_eq!(written.lines(), ["load 1:test"], "the call still runs in the old code");
    job.interrupt();
    job.wait();
    call(&kernel, id, "spin", b"").unwrap();
    kernel.restart(id).unwrap();
    let expected = [
        "load 1:test",
        "1:test.spin  → 1:test.spin: interrupted []",
        "Reload 1:test",
        "1:test.spin  → 0 []",
        "Restart 1:test",
    ];
    assert_eq!(written.lines(), expected);
}

#[test]
fn new_code_that_a_restart_overtook_before_it_took_place_is_told_all_the_same() {
    let (kernel, written) = recorded();
    let id = load(&kernel, r#"(module (func (export "spin") (loop (br 0))))"#);
    let job = kernel.start(plan(id, "spin", b"")).unwrap();
    until("the call runs", || !kernel.running().is_empty());
    kernel.reload(id, &Arc::new(program(r#"(module (func (export "spin")))"#)), false).unwrap();
    kernel.restart(id).unwrap();
    job.wait();
    call(&kernel, id, "spin", b"").unwrap();
    let expected =
        ["load 1:test", "1:test.spin  → 1:test.spin: killed by `restart` []", "Reload 1:test", "1:test.spin  → 0 []"];
    assert_eq!(written.lines(), expected);
}

#[test]
fn what_the_commands_of_a_stub_do_is_not_told() {
    let (kernel, written) = recorded();
    let front = load(&kernel, "front");
    load(&kernel, "echo");
    kernel.set_stub_runner(Arc::new(|asked: StubCall<'_>| {
        call(&asked.kernel, 2, "echo", b"seen by nobody").unwrap();
        asked.kernel.restart(2).unwrap();
        load(&asked.kernel, "text");
        Ok(br#"{"count":7,"total":7,"vowels":""}"#.to_vec())
    }));
    let (plugin, function) = ("count_vowels".to_owned(), "count_vowels".to_owned());
    kernel
        .set_stub(StubSpec { plugin, function, answer: StubAnswer::Run("any".into()), import: None, filter: None })
        .unwrap();
    assert!(text(call(&kernel, front, "run", b"")).contains(r#""count":7"#));
    let lines = written.lines();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[2].starts_with("1:front.run ") && lines[2].ends_with(r#"["count_vowels.count_vowels"]"#),
        "{lines:?}"
    );
}

/// A recorder that panics.
struct Broken;

impl Recorder for Broken {
    fn loaded(&self, _process: &ProcessDetail) {}

    fn replaced(&self, _process: &ProcessDetail, _by: ReplacedBy) {}

    fn called(&self, _call: &RecordedCall<'_>) {
        panic!("no paper left");
    }
}

#[test]
fn a_panic_on_a_job_s_thread_ends_the_job_and_gives_its_processes_free() {
    let kernel = kernel();
    let id = load(&kernel, "echo");
    kernel.record_calls(Some(Arc::new(Broken)));
    let error = message(call(&kernel, id, "echo", b"hi"));
    assert_eq!(error, "plugsh itself failed, which is a mistake of its own: no paper left");
    kernel.record_calls(None);
    assert_eq!(text(call(&kernel, id, "echo", b"hi")), "hi");

    kernel.set_stub_runner(Arc::new(|_: StubCall<'_>| panic!("in the middle of a call")));
    let front = load(&kernel, "front");
    let (plugin, function) = ("count_vowels".to_owned(), "count_vowels".to_owned());
    kernel
        .set_stub(StubSpec { plugin, function, answer: StubAnswer::Run("any".into()), import: None, filter: None })
        .unwrap();
    assert!(message(call(&kernel, front, "run", b"")).ends_with("in the middle of a call"));
    assert!(kernel.running().is_empty());
    kernel.unstub("count_vowels", None);
    assert!(text(call(&kernel, front, "run", b"aa")).contains(r#""count":2"#));
}
