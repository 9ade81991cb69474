//! Restarts, reloads and watched files, with real plugins.

use std::path::Path;
use std::sync::Arc;

use super::ReplacementRequest;
use crate::journal::Outcome;
use crate::kernel::OwnerId;
use crate::kernel::tests::{call, kernel, load, message, plan, program, put_word, text, until};
use crate::kernel::{CallError, Kernel, LoadRequest, ProcessId, ProcessState, Replaced};
use crate::runtime::Program;

const CRASH: &str = r#"(module (func (export "crash") unreachable) (func (export "ok")))"#;
const SPIN: &str = r#"(module (func (export "spin") (loop (br 0))))"#;

fn state(kernel: &Arc<Kernel>, id: ProcessId) -> ProcessState {
    kernel.processes(true).into_iter().find(|view| view.id == id).unwrap().state
}

/// New code that waits in its start function for a gate to be opened: `gate.wait` returns when `gate.open` was called.
/// Versions of a plugin, which `id` tells apart.
fn gated(id: char, others: &str) -> Arc<Program> {
    let wat = format!(
        r#"(module
            (func $s (local $name i64) (local $function i64) {} {}
                (drop (call $call_plugin (call $find_plugin (local.get $name)) (local.get $function) (i64.const 0))))
            (start $s)
            (func (export "id") (local $out i64) {} (call $output_set (local.get $out) (i64.const 1)))
            {others})"#,
        put_word("gate", "$name"),
        put_word("pass", "$function"),
        put_word(&id.to_string(), "$out"),
    );
    Arc::new(program(&wat))
}

/// A process `gate`: its function `pass` ends at once when it is open; a shut gate is one that another job is in.
struct Gate {
    kernel: Arc<Kernel>,
    id: ProcessId,
    shut: Option<crate::kernel::Job>,
}

impl Gate {
    fn shut(kernel: &Arc<Kernel>) -> Gate {
        let wat = r#"(module (func (export "pass")) (func (export "spin") (loop (br 0))))"#;
        let request = LoadRequest { name: Some("gate".into()), ..LoadRequest::plain(Arc::new(program(wat))) };
        let mut gate = Gate { kernel: kernel.clone(), id: kernel.load(request).unwrap().id, shut: None };
        gate.shut_again();
        gate
    }

    fn shut_again(&mut self) {
        self.shut = Some(self.kernel.start(plan(self.id, "spin", b"")).unwrap());
        until("the gate is shut", || self.kernel.running().iter().any(|record| record.callee == self.id));
    }

    /// So many start functions stand before it.
    fn wait_for(&self, count: usize) {
        let pass = |record: &crate::journal::Record| record.callee == self.id && record.function.as_str() == "pass";
        until("they stand before the gate", || {
            self.kernel.running().iter().filter(|record| pass(record)).count() == count
        });
    }

    fn open(&mut self) {
        let job = self.shut.take().unwrap();
        job.interrupt();
        job.wait();
    }
}

fn begin(
    kernel: &Arc<Kernel>,
    id: ProcessId,
    what: ReplacementRequest,
) -> std::thread::JoinHandle<Result<Replaced, CallError>> {
    let kernel = kernel.clone();
    std::thread::spawn(move || kernel.replace_unless(id, &what, OwnerId::FIRST, &|| false))
}

fn reload(program: &Arc<Program>) -> ReplacementRequest {
    ReplacementRequest::Reload { program: program.clone(), force: false }
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
    let id = load(&kernel, SPIN);
    let job = kernel.start(plan(id, "spin", b"")).unwrap();
    until("the call runs", || !kernel.running().is_empty());
    kernel.restart(id).unwrap();
    assert_eq!(message(job.wait().bytes()), "1:test.spin: killed by `restart`");
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
    let id = load(&kernel, old);
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
    let id = load(&kernel, CRASH);
    let only = |name: &str| Arc::new(program(&format!(r#"(module (func (export "{name}")))"#)));
    call(&kernel, id, "ok", b"").unwrap();
    assert!(kernel.reload(id, &only("ok"), false).is_ok(), "`crash` was never called");
    let error = kernel.reload(id, &only("other"), false).unwrap_err().to_string();
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
        let error = kernel.reload(id, &Arc::new(program(broken)), false).unwrap_err().to_string();
        assert!(error.starts_with("cannot reload `1:counter`: "), "{error}");
        assert_eq!(text(call(&kernel, id, "get", b"")), "3");
    }
}

#[test]
fn a_kill_ends_a_restart_that_never_ends() {
    let kernel = kernel();
    let id = load(&kernel, CRASH);
    let spins = Arc::new(program(r#"(module (func $s (loop (br 0))) (start $s))"#));
    let reloading = std::thread::spawn({
        let kernel = kernel.clone();
        move || kernel.reload(id, &spins, false)
    });
    until("the new code starts", || kernel.chain_table().all().iter().any(|chain| !chain.views().is_empty()));
    kernel.kill(id, false).unwrap();
    let error = reloading.join().unwrap().unwrap_err().to_string();
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
            notices.extend(kernel.take_notices(OwnerId::FIRST));
            !notices.is_empty()
        });
        crate::shell::words::notice_text(&notices.remove(0))
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
    assert_eq!(kernel.watch(id).unwrap_err().to_string(), "cannot watch `built-in:echo`: it is no file");
}

#[test]
fn a_restart_that_new_code_overtook_starts_the_new_code() {
    let kernel = kernel();
    let mut gate = Gate::shut(&kernel);
    gate.open();
    let id = kernel.load(LoadRequest::plain(gated('1', ""))).unwrap().id;
    gate.shut_again();
    let restart = begin(&kernel, id, ReplacementRequest::Restart);
    gate.wait_for(1);
    let new = r#"(module (func (export "id") unreachable) (func (export "new")))"#;
    kernel.reload(id, &Arc::new(program(new)), false).unwrap();
    gate.open();
    restart.join().unwrap().unwrap();
    assert!(call(&kernel, id, "new", b"").is_ok(), "the restart brought the old code back");
    assert_eq!(kernel.process(id).unwrap().view.resets, 1);
}

#[test]
fn of_two_reloads_the_later_stays() {
    let kernel = kernel();
    let mut gate = Gate::shut(&kernel);
    let id = load(&kernel, CRASH);
    let first = begin(&kernel, id, reload(&gated('1', "")));
    gate.wait_for(1);
    let later = Arc::new(program(r#"(module (func (export "later")))"#));
    kernel.reload(id, &later, false).unwrap();
    gate.open();
    let error = first.join().unwrap().unwrap_err().to_string();
    assert_eq!(error, "cannot reload `2:test`: a later reload was done before this one");
    assert!(call(&kernel, id, "later", b"").is_ok());
    let shown: u64 = kernel.processes(false).iter().map(|view| view.memory.committed_bytes()).sum();
    assert_eq!(kernel.memory_bytes(), shown);
}

#[test]
fn what_is_first_called_while_new_code_starts_is_not_taken_away() {
    let kernel = kernel();
    let mut gate = Gate::shut(&kernel);
    let id = load(&kernel, CRASH);
    let reloading = begin(&kernel, id, reload(&gated('1', "")));
    gate.wait_for(1);
    call(&kernel, id, "ok", b"").unwrap();
    gate.open();
    let error = reloading.join().unwrap().unwrap_err().to_string();
    assert!(error.ends_with("the new code lacks `ok`, which was called before; `--force` takes it"), "{error}");
    assert!(call(&kernel, id, "ok", b"").is_ok());
}

#[test]
fn a_kill_ends_all_that_starts_in_its_place() {
    let kernel = kernel();
    let gate = Gate::shut(&kernel);
    let id = load(&kernel, CRASH);
    let starts: Vec<_> = "123".chars().map(|c| begin(&kernel, id, reload(&gated(c, "")))).collect();
    gate.wait_for(3);
    kernel.kill(id, false).unwrap();
    for start in starts {
        let error = start.join().unwrap().unwrap_err();
        assert_eq!(error.outcome, Outcome::Killed);
        assert!(error.to_string().contains("killed by the shell"), "{}", error.to_string());
    }
    let gate_bytes = kernel.memory_bytes();
    kernel.kill(gate.id, false).unwrap();
    gate.shut.unwrap().wait();
    assert_eq!(kernel.memory_bytes(), 0, "of {gate_bytes}");
}

#[test]
fn a_start_that_fails_leaves_nothing_behind() {
    let kernel = kernel();
    let id = load(&kernel, CRASH);
    for broken in [r#"(module (func $s unreachable) (start $s))"#, "(module (func (export \"ok\") i32.add))"] {
        kernel.reload(id, &Arc::new(program(broken)), true).unwrap_err();
    }
    let weak = Arc::downgrade(&kernel);
    drop(kernel);
    until("nobody keeps the kernel", || weak.strong_count() == 0);
}

#[test]
fn a_restart_counts_one_reset_also_of_a_busy_process() {
    let kernel = kernel();
    let id = load(&kernel, SPIN);
    for resets in 1..4 {
        let job = kernel.start(plan(id, "spin", b"")).unwrap();
        until("the call runs", || !kernel.running().is_empty());
        kernel.restart(id).unwrap();
        job.wait();
        assert_eq!(kernel.processes(false)[0].resets, resets);
    }
}

#[test]
fn what_has_not_started_is_not_replaced() {
    let kernel = kernel();
    let mut gate = Gate::shut(&kernel);
    let loading = std::thread::spawn({
        let kernel = kernel.clone();
        move || kernel.load(LoadRequest::plain(gated('1', "")))
    });
    gate.wait_for(1);
    let id = kernel.find("test").unwrap();
    for what in [ReplacementRequest::Restart, reload(&Arc::new(program(CRASH)))] {
        let error = kernel.replace_unless(id, &what, OwnerId::FIRST, &|| false).unwrap_err().to_string();
        assert!(
            error.ends_with("reload `2:test`: it has not started yet")
                || error.ends_with("restart `2:test`: it has not started yet"),
            "{error}"
        );
    }
    gate.open();
    loading.join().unwrap().unwrap();
    assert_eq!(text(call(&kernel, id, "id", b"")), "1");
}

#[test]
fn new_code_starts_with_the_rights_of_its_process_and_not_of_its_own_name() {
    let kernel = kernel();
    let mut gate = Gate::shut(&kernel);
    gate.open();
    let request = LoadRequest { name: Some("mine".into()), ..LoadRequest::plain(Arc::new(program(CRASH))) };
    let id = kernel.load(request).unwrap().id;
    let text = "[[plugin]]\nname = 'test'\ncall = []\n[[plugin]]\nname = 'trusted'\ncall = ['*.*']\n";
    kernel.set_policy(Some(crate::kernel::Policy::parse(text, "policy.toml", Path::new("/")).unwrap()));
    let trusted = Program { stem: "trusted".into(), ..Program::clone(&gated('1', "")) };
    let error = kernel.reload(id, &Arc::new(trusted), false).unwrap_err().to_string();
    assert!(error.contains("may not call `gate.pass`"), "{error}");
}

#[test]
fn a_start_function_that_calls_its_own_process_is_a_circle_also_when_it_is_replaced() {
    let kernel = kernel();
    let pass = Arc::new(program(r#"(module (func (export "pass")))"#));
    let id = kernel.load(LoadRequest { name: Some("gate".into()), ..LoadRequest::plain(pass) }).unwrap().id;
    let error = kernel.reload(id, &gated('1', r#"(func (export "pass"))"#), false).unwrap_err().to_string();
    assert!(error.contains("call in a circle: 1:gate → 1:gate"), "{error}");
}

/// The bytes that processes show are all that is counted.
fn adds_up(kernel: &Arc<Kernel>) {
    let shown: u64 = kernel.processes(false).iter().map(|view| view.memory.committed_bytes()).sum();
    assert_eq!(kernel.memory_bytes(), shown);
}

#[test]
fn memory_is_counted_also_while_an_instance_starts_or_waits() {
    let kernel = kernel();
    let mut gate = Gate::shut(&kernel);
    let id = load(&kernel, "misbehave");
    let job = kernel.start(plan(id, "spin", b"")).unwrap();
    until("the call runs", || kernel.running().iter().any(|record| record.callee == id));
    let new = gated('1', r#"(memory (export "memory") 3) (func (export "spin"))"#);
    let reloading = begin(&kernel, id, reload(&new));
    gate.wait_for(1);
    adds_up(&kernel);
    gate.open();
    reloading.join().unwrap().unwrap();
    adds_up(&kernel);
    job.interrupt();
    job.wait();
    assert_eq!(text(call(&kernel, id, "id", b"")), "1");
    adds_up(&kernel);
}
