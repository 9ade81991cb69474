//! Limits: a call over a limit gets an error that names its flag; other calls are unaffected.

use std::sync::Arc;

use super::{SPIN, call, kernel_with, load, message, plan, program, text, until};
use crate::journal::Outcome;
use crate::kernel::{Kernel, LoadRequest, ProcessId};
use crate::limits::Limits;
use crate::runtime::Spec;
use crate::runtime::source::MODULES_MAX;

/// Grows its memory by so many pages; the output of `grow` is nothing, it traps when that is refused.
const GROWER: &str = r#"(module (memory (export "memory") 1)
  (func (export "grow") (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable)))
  (func (export "ok")))"#;

fn limited(limits: Limits) -> Arc<Kernel> {
    kernel_with(&[], limits).0
}

fn spawner(kernel: &Arc<Kernel>) -> ProcessId {
    load(kernel, "spawner")
}

#[test]
fn processes() {
    let kernel = limited(Limits { processes_max: 2, ..Limits::default() });
    let id = spawner(&kernel);
    assert_eq!(text(call(&kernel, id, "spawn", b"echo")), "2");
    let error = message(call(&kernel, id, "spawn", b"echo"));
    assert!(error.contains("2 processes live, the limit; `--max-processes` allows more"), "{error}");
    kernel.kill(2, false).unwrap();
    assert_eq!(text(call(&kernel, id, "spawn", b"echo")), "3");
}

#[test]
fn children() {
    let kernel = limited(Limits { children_max: 1, ..Limits::default() });
    let id = spawner(&kernel);
    assert!(call(&kernel, id, "spawn", b"echo").is_ok());
    let error = message(call(&kernel, id, "spawn", b"echo"));
    assert!(error.contains("`1:spawner` has 1 children, the limit; `--max-children` allows more"), "{error}");
    assert!(load(&kernel, "echo") > 2, "the shell has no such bound");
}

#[test]
fn depth() {
    let kernel = limited(Limits { depth_max: 5, ..Limits::default() });
    let echo = load(&kernel, "echo");
    let way = |stops: usize| format!("{{\"to\":[{}],\"input\":\"hi\"}}", vec!["\"+echo\""; stops].join(","));
    assert_eq!(text(call(&kernel, echo, "relay", way(4).as_bytes())), "hi");
    let error = message(call(&kernel, echo, "relay", way(5).as_bytes()));
    assert!(error.contains("5 calls deep, the limit; `--max-depth` allows more"), "{error}");
}

#[test]
fn calls_a_second() {
    let kernel = limited(Limits { calls_per_second_max: Some(3), ..Limits::default() });
    let echo = load(&kernel, "echo");
    let spammer = load(&kernel, "spawner");
    let input = format!("{echo} nothing x");
    // More calls than two seconds allow, in less: one of them is refused, however the clock ticks.
    let ends: Vec<_> = (0..50).map(|_| call(&kernel, spammer, "call", input.as_bytes())).collect();
    let error = ends.into_iter().find_map(Result::err).expect("none was refused");
    assert_eq!(error.outcome, Outcome::Error);
    let says = "`2:spawner` made 3 calls in this second, the limit; `--max-calls-per-second` allows more";
    assert!(error.to_string().contains(says), "{}", error.to_string());
    assert!(kernel.journal().drain().records(1000).iter().any(|record| record.outcome == Outcome::Denied));
    for _ in 0..10 {
        assert!(call(&kernel, echo, "nothing", b"").is_ok(), "the shell's calls are not counted");
    }
}

#[test]
fn jobs() {
    let kernel = limited(Limits { jobs_max: 1, ..Limits::default() });
    let id = load(&kernel, SPIN);
    let job = kernel.start(plan(id, "spin", b"")).unwrap();
    let error = kernel.start(plan(id, "ok", b"")).err().unwrap();
    assert_eq!(error.to_string(), "1 jobs run, the limit; `wait` for one, or `--max-jobs` allows more");
    job.interrupt();
    job.wait();
    assert!(call(&kernel, id, "ok", b"").is_ok());
}

#[test]
fn output() {
    let kernel = limited(Limits { output_bytes_max: 10, ..Limits::default() });
    let echo = load(&kernel, "echo");
    assert_eq!(text(call(&kernel, echo, "echo", b"0123456789")), "0123456789");
    let error = message(call(&kernel, echo, "echo", b"0123456789a"));
    assert_eq!(error, "1:echo.echo: an output of 11 bytes; the limit is 10, `--max-output` allows more");
}

#[test]
fn memory_of_one() {
    let kernel = limited(Limits::default());
    let spec = Spec { memory_bytes_max: Some(40 * 65_536), ..Spec::default() };
    let small = kernel.load(LoadRequest { spec, ..LoadRequest::plain(Arc::new(program(GROWER))) }).unwrap().id;
    let large = load(&kernel, GROWER);
    let grow = |id| call(&kernel, id, "grow", b"");
    assert!(grow(small).is_ok() && grow(small).is_ok());
    let error = grow(small).unwrap_err();
    assert_eq!(error.outcome, Outcome::Oom);
    assert_eq!(
        error.to_string(),
        "1:test.grow: oom (out of memory): it may hold 2621440 bytes; `--memory-max` allows more"
    );
    for _ in 0..10 {
        assert!(grow(large).is_ok(), "somebody else met the limit");
    }
    let held: Vec<_> = kernel.processes(false).iter().map(|view| view.memory).collect();
    assert_eq!(held[1].guest_bytes, (1 + 10 * 16) * 65_536);
    assert_eq!(held[1].block_bytes, 65_536);
    assert_eq!(kernel.memory_bytes(), held.iter().map(|memory| memory.committed_bytes()).sum::<u64>());
}

#[test]
fn memory_of_all() {
    let kernel = limited(Limits { memory_bytes_max: 101 * 65_536, ..Limits::default() });
    let ids = [load(&kernel, GROWER), load(&kernel, GROWER)];
    let grow = |id| call(&kernel, id, "grow", b"");
    for _ in 0..5 {
        assert!(grow(ids[0]).is_ok());
    }
    assert!(grow(ids[1]).is_ok());
    let error = grow(ids[1]).unwrap_err();
    assert_eq!(error.outcome, Outcome::Oom);
    assert!(error.to_string().contains("`--max-memory` allows more"), "{}", error.to_string());
    assert!(call(&kernel, ids[0], "ok", b"").is_ok());
    kernel.kill(ids[0], false).unwrap();
    assert!(grow(ids[1]).is_ok(), "what the dead one held is free");
}

#[test]
fn an_input_counts_as_memory_too() {
    let kernel = limited(Limits { memory_bytes_max: 100 * 65_536, ..Limits::default() });
    let id = load(&kernel, GROWER);
    let error = call(&kernel, id, "ok", &vec![0; 200 * 65_536]).unwrap_err();
    assert_eq!(error.outcome, Outcome::Oom);
    assert!(call(&kernel, id, "ok", &vec![0; 20 * 65_536]).is_ok());
    let view = &kernel.processes(false)[0];
    assert!(view.memory.block_bytes >= 20 * 65_536);
    assert_eq!(kernel.memory_bytes(), view.memory.committed_bytes());
}

#[test]
fn tables_count_as_memory() {
    let kernel = limited(Limits::default());
    let wat = r#"(module (table 1 funcref) (func (export "grow")
        (if (i32.eq (table.grow (ref.null func) (i32.const 100000)) (i32.const -1)) (then unreachable))))"#;
    let spec = Spec { memory_bytes_max: Some(1 << 20), ..Spec::default() };
    let id = kernel.load(LoadRequest { spec, ..LoadRequest::plain(Arc::new(program(wat))) }).unwrap().id;
    assert!(call(&kernel, id, "grow", b"").is_ok());
    assert_eq!(kernel.processes(false)[0].memory.table_bytes, 8 * 100_001);
    assert_eq!(call(&kernel, id, "grow", b"").unwrap_err().outcome, Outcome::Oom);
}

#[test]
fn what_is_resident_is_at_most_what_is_committed() {
    let kernel = limited(Limits::default());
    let id = load(&kernel, GROWER);
    for _ in 0..10 {
        assert!(call(&kernel, id, "grow", b"").is_ok());
    }
    let memory = kernel.processes(false)[0].memory;
    assert!(memory.committed_bytes() > 10 << 20);
    #[cfg(target_os = "linux")]
    assert!(memory.resident_bytes.unwrap() < 1 << 20, "pages that nobody touched are not there: {memory:?}");
    assert!(memory.total_bytes() <= memory.committed_bytes());
}

#[test]
fn log_lines() {
    let kernel = limited(Limits { log_lines_per_second_max: 2, ..Limits::default() });
    let id = load(&kernel, "misbehave");
    for _ in 0..100 {
        call(&kernel, id, "log", b"x").unwrap();
    }
    let lines = kernel.logs(0, Some(id));
    assert!(lines.len() < 100, "{} lines", lines.len());
    let says = "more than 2 lines in a second: the rest of this second is not kept; `--max-log-rate` allows more";
    assert!(lines.iter().any(|line| line.text.contains(says)), "{lines:?}");
}

#[test]
fn what_is_used_is_in_the_views() {
    let kernel = limited(Limits::default());
    let id = spawner(&kernel);
    call(&kernel, id, "spawn", b"echo").unwrap();
    let used = |name: &str| {
        let views = kernel.limit_views();
        views.into_iter().find(|view| view.row.name == name).and_then(|view| view.used).unwrap()
    };
    use crate::limits::Amount::{Bytes, Count};
    assert_eq!((used("processes"), used("children"), used("depth")), (Count(2), Count(1), Count(0)));
    assert_eq!(used("memory"), Bytes(kernel.memory_bytes()));
    until("the job is over", || used("jobs") == Count(0));
}

#[test]
fn a_growth_that_is_refused_takes_nothing_from_another() {
    const HOG: &str = r#"(module (memory 1)
      (func (export "run") (loop (drop (memory.grow (i32.const 60000))) (br 0))))"#;
    const MODEST: &str = r#"(module (memory 1)
      (func (export "run") (local $left i32)
        (local.set $left (i32.const 300))
        (loop
          (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
          (br_if 0 (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))"#;
    let kernel = limited(Limits { memory_bytes_max: 64 << 20, ..Limits::default() });
    let hog = kernel.start(plan(load(&kernel, HOG), "run", b"")).unwrap();
    let modest = load(&kernel, MODEST);
    for _ in 0..100 {
        assert_eq!(text(call(&kernel, modest, "run", b"")), "");
        kernel.restart(modest).unwrap();
    }
    hog.interrupt();
    hog.wait();
}

#[test]
fn what_was_perhaps_meant_is_not_looked_for_among_all_of_many() {
    let exports: String = (0..20_000).map(|n| format!("(export \"a_name_that_is_{n:0>80}\" (func 0))")).collect();
    let kernel = limited(Limits::default());
    let id = load(&kernel, &format!("(module (func) {exports})"));
    let asked = format!("a_name_that_is_{:0>45}", "x");
    let error = message(call(&kernel, id, &asked, b""));
    assert!(error.contains("; `info ") && error.ends_with("` lists them"), "{error}");
}

#[test]
fn as_many_modules_as_a_manifest_may_link_are_linked() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("m.wat"), r#"(module (memory 1) (func (export "ok")))"#).unwrap();
    let entries: Vec<String> = (0..MODULES_MAX).map(|n| format!(r#"{{"path": "m.wat", "name": "m{n}"}}"#)).collect();
    std::fs::write(dir.path().join("many.json"), format!(r#"{{"wasm": [{}]}}"#, entries.join(","))).unwrap();
    let kernel = limited(Limits::default());
    let program = kernel.resolve(dir.path().join("many.json").to_str().unwrap(), &mut |_, _| true).unwrap();
    let id = kernel.load(LoadRequest::plain(program)).unwrap().id;
    assert_eq!(text(call(&kernel, id, "ok", b"")), "");
}

#[test]
fn variables_count_as_memory_of_all() {
    const KEEPER: &str = r#"(module
      (func $key (result i64) (local $key i64)
        (local.set $key (call $alloc (i64.const 1)))
        (call $store_u8 (local.get $key) (i32.const 107))
        (local.get $key))
      (func (export "keep") (call $var_set (call $key) (call $alloc (i64.const 400000))))
      (func (export "drop") (call $var_set (call $key) (i64.const 0))))"#;
    let kernel = limited(Limits { memory_bytes_max: 5 << 20, ..Limits::default() });
    let ids: Vec<_> = (0..2).map(|_| load(&kernel, KEEPER)).collect();
    let before = kernel.memory_bytes();
    assert_eq!(text(call(&kernel, ids[0], "keep", b"")), "");
    let kept = kernel.memory_bytes();
    assert!(kept - before >= 790_000, "the block and the variable: {before} and {kept}");
    let shown: u64 = kernel.processes(false).iter().map(|view| view.memory.committed_bytes()).sum();
    assert_eq!(kept, shown, "as `ps` has it");
    for _ in 0..3 {
        assert_eq!(text(call(&kernel, ids[0], "keep", b"")), "", "in the place of the one before");
    }
    assert_eq!(kernel.memory_bytes(), kept);
    text(call(&kernel, ids[0], "drop", b""));
    assert!(kernel.memory_bytes() < kept - 390_000);
    let more: Vec<_> = (0..10).map(|_| load(&kernel, KEEPER)).collect();
    let full = more.iter().find_map(|id| call(&kernel, *id, "keep", b"").err()).expect("there is no room for all");
    assert_eq!(full.outcome, Outcome::Oom);
    assert!(kernel.memory_bytes() <= 5 << 20);
}

#[test]
fn each_of_many_functions_is_found_by_its_name() {
    let text_of = |n: usize| format!(r#"(func (export "f{n}") (result i32) (i32.const {}))"#, n + 1);
    let kernel = limited(Limits::default());
    let id = load(&kernel, &format!("(module {})", (0..1_100).map(text_of).collect::<String>()));
    for n in [0, 15, 16, 63, 64, 1_023, 1_024, 1_099, 0, 1_099] {
        let error = call(&kernel, id, &format!("f{n}"), b"").unwrap_err();
        assert_eq!(error.code, Some(n + 1));
        let last = kernel.journal().drain().records(1);
        assert_eq!(last[0].function.as_str(), format!("f{n}"));
    }
    let less = Arc::new(program(r#"(module (func (export "f1")))"#));
    let refused = kernel.reload(id, &less, false).unwrap_err().to_string();
    assert!(["`f0`", "`f64`", "`f1099`"].iter().all(|used| refused.contains(used)), "{refused}");
}
