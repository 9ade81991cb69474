//! Every plugin of the folder of bad ones, each function of it: whatever they do, the kernel goes on, stays within its
//! budget, and has nothing left of them when they are gone.

use std::path::PathBuf;
use std::time::Duration;

use super::{call, load, plan, text};
use crate::journal::{ERROR_BYTES_MAX, Outcome};
use crate::kernel::{Kernel, KernelOptions, LoadRequest};
use crate::limits::Limits;
use crate::shell::words::SHELL;

/// Longer than any of them may take to be ended.
const ENDED_WITHIN: Duration = Duration::from_secs(20);
/// Time of each call: enough to do harm in.
const CALL_MAX: Duration = Duration::from_millis(25);
const MEMORY_BYTES_MAX: u64 = 256 << 20;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("plugins/wat")
}

fn options() -> KernelOptions {
    let limits = Limits {
        processes_max: 100,
        memory_bytes_max: MEMORY_BYTES_MAX,
        log_bytes_max: 1 << 20,
        journal_records_max: 10_000,
        ..Limits::default()
    };
    KernelOptions { plugin_dirs: vec![folder()], limits, wording: SHELL, ..KernelOptions::default() }
}

fn names() -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let wat = files.filter(|path| path.extension().is_some_and(|suffix| suffix == "wat"));
    let mut names: Vec<String> = wat.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    assert!(names.len() > 20, "the folder is not where it was: {names:?}");
    names
}

#[test]
fn every_function_of_every_bad_plugin_ends_and_nothing_is_left() {
    for name in names() {
        let kernel = Kernel::new(options());
        let echo = load(&kernel, "echo");
        let program = kernel.resolve(&name, &mut |_, _| true).unwrap();
        let request = LoadRequest { timeout: Some(CALL_MAX), ..LoadRequest::plain(program) };
        let Ok(label) = kernel.load(request) else { continue };
        let functions = kernel.process(label.id).unwrap().functions;
        for (function, input) in functions.iter().flat_map(|function| [(function, ""), (function, "-1 99999999")]) {
            let mut plan = plan(label.id, function, input.as_bytes());
            plan.timeout = Some(CALL_MAX);
            let job = kernel.start(plan).unwrap();
            assert!(job.wait_for(ENDED_WITHIN).is_some(), "`{name}.{function} {input}` does not end");
            assert!(kernel.memory_bytes() <= MEMORY_BYTES_MAX, "`{name}.{function} {input}` broke the budget");
        }
        assert_eq!(text(call(&kernel, echo, "echo", b"still here")), "still here", "after `{name}`");
        assert!(kernel.running().is_empty(), "after `{name}`");
        for view in kernel.processes(false) {
            kernel.kill(view.id, false).unwrap();
        }
        assert_eq!((kernel.process_count(), kernel.memory_bytes()), (0, 0), "after `{name}`");
    }
}

#[test]
fn a_chain_of_greedy_stacks_ends_at_the_limit_and_not_the_process() {
    let kernel = Kernel::new(options());
    let greedy = load(&kernel, "greedy_stack");
    let depth_max = usize::from(kernel.limits().depth_max);
    // Most of the stack that wasm may have, at each level.
    let order = |levels: usize| format!("{levels} 10000").into_bytes();
    assert_eq!(text(call(&kernel, greedy, "run", &order(depth_max - 1))), depth_max.to_string());
    for view in kernel.processes(false).iter().skip(1) {
        kernel.kill(view.id, false).unwrap();
    }
    let error = call(&kernel, greedy, "run", &order(depth_max)).unwrap_err();
    assert!(error.to_string().contains("`--max-depth` allows more"), "{}", error.to_string());
    assert!(call(&kernel, greedy, "run", &order(0)).is_ok());
}

#[test]
fn a_function_s_name_is_shown_safely_wherever_it_fails() {
    let kernel = super::kernel();
    let id = load(&kernel, r#"(module (func (export "\1b[31mred") unreachable))"#);
    let trapped = call(&kernel, id, "\u{1b}[31mred", b"").unwrap_err();
    assert!(trapped.to_string().starts_with("1:test.\\x1b[31mred: trap"), "{}", trapped.to_string());
    let unknown = call(&kernel, id, "\u{1b}[31mrad", b"").unwrap_err();
    assert!(unknown.to_string().contains("did you mean `\\x1b[31mred`?"), "{}", unknown.to_string());
    for error in [trapped, unknown] {
        assert!(!error.to_string().contains(char::is_control), "{:?}", error.to_string());
    }
}

#[test]
fn a_module_of_a_hundred_thousand_functions_is_loaded_or_given_up() {
    let functions = "(func)".repeat(100_000);
    let kernel = super::kernel();
    let id = load(&kernel, &format!("(module {functions} (func (export \"ok\")))"));
    assert!(call(&kernel, id, "ok", b"").is_ok());
}

#[test]
fn starts_that_start_themselves_end_at_the_limit_with_its_reason() {
    let wat = r#"(module
      (func $start (local $name i64)
        (local.set $name (call $alloc (i64.const 1)))
        (call $store_u8 (local.get $name) (i32.const 120))
        (drop (call $register_plugin (local.get $name))))
      (start $start))"#;
    let (kernel, _dir) = super::kernel_with(&[("x.wat", wat)], Limits { depth_max: 8, ..Limits::default() });
    let error =
        kernel.load(LoadRequest::plain(kernel.resolve("x", &mut |_, _| true).unwrap())).unwrap_err().to_string();
    assert!(error.contains("cannot load `x`: the chain is 8 calls deep, the limit; `--max-depth`"), "{error}");
    assert_eq!(error.matches("8:x-8.(start)").count(), 1, "{error}");
    assert_eq!((kernel.process_count(), kernel.memory_bytes()), (0, 0));
}

#[test]
fn runaway_recursion_is_a_trap() {
    let kernel = Kernel::new(options());
    let deep = load(&kernel, "deep_stack");
    for function in ["run", "indirect", "wide"] {
        let error = call(&kernel, deep, function, b"").unwrap_err();
        assert_eq!(error.outcome, Outcome::Trap, "{}", error);
        assert!(error.to_string().contains("call stack exhausted"), "{}", error.to_string());
    }
}

#[test]
fn of_an_error_without_end_little_is_kept() {
    let kernel = super::kernel();
    let id = load(&kernel, "misbehave");
    let error = call(&kernel, id, "error", &[b'x'; 1 << 20]).unwrap_err();
    assert!(error.to_string().starts_with("1:misbehave.error: xxx") && error.to_string().len() < 10_000);
    let record = kernel.journal().drain().records(1).remove(0);
    let kept = record.error_line().unwrap();
    assert!(kept.len() <= ERROR_BYTES_MAX && kept.starts_with("1:misbehave.error: xxx"), "{} bytes", kept.len());
}
