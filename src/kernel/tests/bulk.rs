//! Code without loops ends as any other, and all that grows besides memories is counted: globals, tables, heaps,
//! blocks.

use std::sync::Arc;
use std::time::Duration;

use super::{call, kernel, plan, program};
use crate::journal::Outcome;
use crate::kernel::{Kernel, KernelOptions, LoadRequest, ProcessId};
use crate::limits::Limits;
use crate::runtime::{Host, Spec};
use crate::shell::words::SHELL;

/// Timeout of each call.
const CALL_MAX: Duration = Duration::from_millis(25);
/// Longer than any of them may take to be ended, and much shorter than they would take by themselves.
const ENDED_WITHIN: Duration = Duration::from_secs(20);
/// Count of instructions in a row: minutes of run time.
const IN_A_ROW: usize = 1_500;

fn load_with(kernel: &Arc<Kernel>, wat: &str, spec: Spec) -> ProcessId {
    kernel.load(LoadRequest { spec, ..LoadRequest::plain(Arc::new(program(wat))) }).unwrap().id
}

fn limited(memory_bytes_max: u64) -> Arc<Kernel> {
    Kernel::new(KernelOptions {
        limits: Limits { memory_bytes_max, ..Limits::default() },
        wording: SHELL,
        ..KernelOptions::default()
    })
}

/// A function for each long instruction, again and again without a loop.
fn straight_line() -> (String, Vec<&'static str>) {
    let steps = [
        ("fill", "(memory.fill (i32.const 0) (i32.const 1) (i32.const 0x8000000))"),
        ("copy", "(memory.copy (i32.const 1) (i32.const 0) (i32.const 0x7ffffff))"),
        ("table_fill", "(table.fill $t (i32.const 0) (ref.func $f) (i32.const 4000000))"),
        ("table_copy", "(table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 3999999))"),
        (
            "array_copy",
            "(array.copy $a $a (global.get $g) (i32.const 1) (global.get $g) (i32.const 0) (i32.const 999999))",
        ),
        ("array_fill", "(array.fill $a (global.get $g) (i32.const 0) (i32.const 7) (i32.const 1000000))"),
        ("array_new", "(global.set $g (array.new $a (i32.const 7) (i32.const 1000000)))"),
    ];
    let functions: String = steps
        .iter()
        .map(|(name, step)| format!("(func (export \"{name}\") (call $make) {})", step.repeat(IN_A_ROW)))
        .collect();
    let wat = format!(
        "(module (type $a (array (mut i8))) (memory 2048) (table $t 4000000 funcref) (global $g (mut (ref null $a)) (ref.null $a))
          (func $f) (elem declare func $f)
          (func $make (global.set $g (array.new_default $a (i32.const 1000000))))
          {functions})"
    );
    (wat, steps.iter().map(|(name, _)| *name).collect())
}

#[test]
fn instructions_in_a_row_end_at_their_deadline() {
    let kernel = kernel();
    let (wat, names) = straight_line();
    let id = load_with(&kernel, &wat, Spec::default());
    for name in names {
        let mut plan = plan(id, name, b"");
        plan.timeout = Some(CALL_MAX);
        let job = kernel.start(plan).unwrap();
        let end = job.wait_for(ENDED_WITHIN).unwrap_or_else(|| panic!("`{name}` does not end"));
        let error = end.result.as_ref().unwrap_err();
        assert_eq!(error.outcome, Outcome::Timeout, "`{name}`: {}", error);
    }
}

#[test]
fn fuel_ends_what_writes_much() {
    let kernel = kernel();
    let (wat, names) = straight_line();
    let id = load_with(&kernel, &wat, Spec { fuel: Some(20_000), ..Spec::default() });
    for name in names {
        let error = call(&kernel, id, name, b"").unwrap_err();
        assert_eq!(error.outcome, Outcome::Fuel, "`{name}`: {}", error);
    }
}

/// Functions that have the host copy a block as long as the input's number of KiB says, which is its first byte.
const COPIER: &str = r#"(module
  (memory (export "memory") 64)
  (func $length (result i64) (i64.shl (i64.extend_i32_u (call $input_load_u8 (i64.const 0))) (i64.const 10)))
  (func $block (result i64) (call $alloc (call $length)))
  (func $word (param $letter i32) (result i64) (local $block i64)
    (local.set $block (call $alloc (i64.const 1))) (call $store_u8 (local.get $block) (local.get $letter))
    (local.get $block))
  (func $idle (export "i"))
  (func (export "o") (call $output_set (call $alloc (i64.const 102400)) (i64.const 102400)))
  (func (export "var_set") (call $var_set (call $word (i32.const 118)) (call $block)))
  (func (export "var_get") (drop (call $var_get (call $word (i32.const 118)))))
  (func (export "config_get") (drop (call $config_get (call $word (i32.const 99)))))
  (func (export "key") (drop (call $config_get (call $block))))
  (func (export "log") (call $log_error (call $block)))
  (func (export "read") (drop (call $read (call $block) (i64.const 0) (i32.const 0) (i32.wrap_i64 (call $length)))))
  (func (export "write") (drop (call $write (call $block) (i64.const 0) (i32.const 0) (i32.wrap_i64 (call $length)))))
  (func (export "input") (drop (call $call_plugin (i64.const 1) (call $word (i32.const 105)) (call $block))))
  (func (export "output") (drop (call $call_plugin (i64.const 1) (call $word (i32.const 111)) (i64.const 0))))
  (func (export "tried") (drop (call $try_call_plugin (i64.const 1) (call $word (i32.const 111)) (i64.const 0)))))"#;

/// A unit for each 64 bytes: 100 KiB are 1,600, a call without them a few dozen.
#[test]
fn fuel_is_charged_for_what_host_functions_copy() {
    let kernel = kernel();
    load_with(&kernel, COPIER, Spec::default());
    let config = || std::collections::BTreeMap::from([("c".to_owned(), "x".repeat(100 << 10))]);
    let with_fuel =
        |fuel| load_with(&kernel, COPIER, Spec { config: config().into(), fuel: Some(fuel), ..Spec::default() });
    let (little, much) = (with_fuel(1_000), with_fuel(10_000));
    for function in ["var_set", "config_get", "key", "log", "read", "write", "input", "output", "tried"] {
        call(&kernel, much, function, &[100]).unwrap_or_else(|error| panic!("`{function}`: {}", error));
        let error = call(&kernel, little, function, &[100]).unwrap_err();
        assert_eq!(error.outcome, Outcome::Fuel, "`{function}`: {}", error);
        assert!(error.to_string().ends_with(&format!(".{function}: out of fuel")), "{}", error.to_string());
        if !["config_get", "output", "tried"].contains(&function) {
            call(&kernel, little, function, &[1]).unwrap_or_else(|error| panic!("`{function}`: {}", error));
        }
    }
    // Bytes that an earlier call left are paid for by whoever has them wiped, kept ones by whoever reads them.
    call(&kernel, much, "var_set", &[100]).unwrap();
    call(&kernel, much, "var_get", &[100]).unwrap();
    for (fuel, is_enough) in [(1_000, false), (10_000, true)] {
        let id = with_fuel(fuel);
        assert!(call(&kernel, id, "i", &[0; 200 << 10]).is_ok(), "the shell's input is not the plugin's to pay");
        assert_eq!(call(&kernel, id, "o", b"").is_ok(), is_enough);
    }
}

#[test]
fn what_is_read_in_one_go_has_a_bound() {
    let kernel = kernel();
    let block = "(call $alloc (i64.const 16777217))";
    let wat = format!(
        r#"(module
  (func (export "var key") (drop (call $var_get {block})))
  (func (export "config key") (drop (call $config_get {block})))
  (func (export "http request") (drop (call $http_request {block} (i64.const 0)))))"#
    );
    let id = load_with(&kernel, &wat, Spec::default());
    for function in ["var key", "config key", "http request"] {
        let error = call(&kernel, id, function, b"").unwrap_err().to_string();
        assert!(error.ends_with(&format!("{function} has 16777217 bytes; at most 16777216 are taken")), "{error}");
    }
}

#[test]
fn a_memory_of_64_bits_grows_in_its_place_or_not_at_all() {
    let kernel = kernel();
    let wat = r#"(module (memory i64 1)
      (func (export "to_end") (result i32) (i32.wrap_i64 (memory.grow (i64.const 65535))))
      (func (export "past_end") (result i32) (i32.add (i32.const 3) (i32.wrap_i64 (memory.grow (i64.const 1))))))"#;
    let id = load_with(&kernel, wat, Spec::default());
    assert_eq!(call(&kernel, id, "to_end", b"").unwrap_err().code, Some(1), "as large as it was");
    assert_eq!(call(&kernel, id, "past_end", b"").unwrap_err().code, Some(2), "-1, which is no growth");
}

#[test]
fn globals_are_counted_and_bounded() {
    const GLOBALS: u64 = 10_000;
    let globals = "(global v128 (v128.const i64x2 1 1))".repeat(GLOBALS as usize);
    let wat = format!("(module {globals} (func (export \"run\")))");
    let kernel = limited(1 << 20);
    let id = load_with(&kernel, &wat, Spec::default());
    let memory = kernel.processes(false)[0].memory;
    assert!((16 * GLOBALS..17 * GLOBALS).contains(&memory.kept_bytes), "{memory:?}");
    assert_eq!(kernel.memory_bytes(), memory.committed_bytes());
    kernel.kill(id, false).unwrap();
    assert_eq!(kernel.memory_bytes(), 0);
    let spec = Spec { memory_bytes_max: Some(8 * GLOBALS), ..Spec::default() };
    let refused = kernel.load(LoadRequest { spec, ..LoadRequest::plain(Arc::new(program(&wat))) }).unwrap_err();
    assert!(refused.to_string().contains("`--memory-max` allows more"), "{}", refused.to_string());
    let mut living = 0;
    let all_together = loop {
        match kernel.load(LoadRequest::plain(Arc::new(program(&wat)))) {
            Ok(_) => living += 1,
            Err(error) => break error.to_string(),
        }
        assert!(living < 10, "more than there is room for");
    };
    assert!(all_together.contains("`--max-memory` allows more"), "{all_together}");
}

#[test]
fn the_table_of_blocks_is_counted_and_bounded() {
    let wat = r#"(module
      (func (export "one") (drop (call $alloc (i64.const 1))))
      (func (export "many") (local $i i32) (loop $next (drop (call $alloc (i64.const 1)))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 300000))))))"#;
    let kernel = kernel();
    let id = load_with(&kernel, wat, Spec::default());
    let kept = || kernel.processes(false)[0].memory.kept_bytes;
    call(&kernel, id, "many", b"").unwrap();
    assert!(kept() > 3 << 20, "{} bytes of a table of 300,000 blocks", kept());
    assert_eq!(kernel.memory_bytes(), kernel.processes(false)[0].memory.committed_bytes());
    call(&kernel, id, "one", b"").unwrap();
    assert!(kept() < 1 << 20, "{} bytes after the next call", kept());
    assert_eq!(kernel.memory_bytes(), kernel.processes(false)[0].memory.committed_bytes());
    let spec = Spec { memory_bytes_max: Some(4 << 20), ..Spec::default() };
    let bounded = load_with(&kernel, wat, spec);
    assert_eq!(call(&kernel, bounded, "many", b"").unwrap_err().outcome, Outcome::Oom);
}

#[test]
fn a_collected_heap_is_counted_and_bounded() {
    let wat = r#"(module (type $cell (struct (field (ref null $cell))))
      (global $list (mut (ref null $cell)) (ref.null $cell)) (memory (export "memory") 1)
      (func (export "keep") (loop $next (global.set $list (struct.new $cell (global.get $list))) (br $next)))
      (func (export "grow") (result i32) (i32.add (i32.const 1) (memory.grow (i32.const 3000)))))"#;
    let kernel = kernel();
    let id = load_with(&kernel, wat, Spec::default());
    let error = call(&kernel, id, "keep", b"").unwrap_err();
    assert_eq!(error.outcome, Outcome::Oom, "{}", error);
    assert!(error.to_string().contains("its structs, arrays and exceptions may take"), "{}", error.to_string());
    // Memory has its own limit.
    assert_eq!(call(&kernel, id, "grow", b"").unwrap_err().code, Some(2));
    let spec = Spec { memory_bytes_max: Some(4 << 20), ..Spec::default() };
    let bounded = load_with(&kernel, wat, spec);
    let error = call(&kernel, bounded, "keep", b"").unwrap_err();
    assert!(error.to_string().contains("`--memory-max` allows more"), "{}", error.to_string());
}

#[test]
fn tables_have_a_bound_together() {
    let kernel = kernel();
    let wat = format!("(module {} (func (export \"run\")))", "(table 3000000 externref)".repeat(4));
    let error = kernel.load(LoadRequest::plain(Arc::new(program(&wat)))).unwrap_err();
    assert!(error.to_string().contains("its tables may have 10000000 elements at most"), "{}", error.to_string());
}

#[test]
fn the_stock_host_counts_with_all_that_it_may_have() {
    let kernel = limited(96 << 20);
    let load = |bytes| {
        let spec = Spec { memory_bytes_max: Some(bytes), ..Spec::default() };
        let wat = "(module (memory 1) (func (export \"run\")))";
        kernel.load(LoadRequest { host: Host::Extism, spec, ..LoadRequest::plain(Arc::new(program(wat))) })
    };
    let first = load(64 << 20).unwrap();
    assert_eq!(kernel.memory_bytes(), 64 << 20);
    let error = load(64 << 20).unwrap_err();
    assert!(error.to_string().contains("it counts with all that it may have"), "{}", error.to_string());
    load(32 << 20).unwrap();
    kernel.kill(first.id, false).unwrap();
    assert_eq!(kernel.memory_bytes(), 32 << 20);
}
