//! Guests of the fault tests: each says by a log line that it is where the fault is to hit it.

use std::path::{Path, PathBuf};

/// Writes `underway` to the log, then spins: in its function `spin`.
pub const SPIN: &str = r#"(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "log_info" (func $log_info (param i64)))
  (memory (export "memory") 1)
  (func $say (local $line i64)
    (local.set $line (call $alloc (i64.const 8)))
    (call $store_u64 (local.get $line) (i64.const 0x7961777265646e75))
    (call $log_info (local.get $line)))
  (func (export "spin") (call $say) (loop $for_ever (br $for_ever)))
  (func (export "rest")))
"#;

/// Writes the line in its start function, then spins there.
pub const STARTS: &str = r#"(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "log_info" (func $log_info (param i64)))
  (memory (export "memory") 1)
  (func $start (local $line i64)
    (local.set $line (call $alloc (i64.const 8)))
    (call $store_u64 (local.get $line) (i64.const 0x7961777265646e75))
    (call $log_info (local.get $line))
    (loop $for_ever (br $for_ever)))
  (start $start)
  (func (export "rest")))
"#;

/// The line that both write: the eight bytes of their number.
pub const UNDER_WAY: &str = "underway";

/// Grows its memory a page at a time until that is refused, then gives the count of its pages.
pub const GROWS: &str = r#"(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)
  (func (export "pages") (local $digits i64) (local $at i64) (local $left i32)
    (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (local.set $digits (call $alloc (i64.const 6)))
    (local.set $at (i64.const 6))
    (local.set $left (memory.size))
    (loop $digit
      (local.set $at (i64.sub (local.get $at) (i64.const 1)))
      (call $store_u8 (i64.add (local.get $digits) (local.get $at))
        (i32.add (i32.const 48) (i32.rem_u (local.get $left) (i32.const 10))))
      (local.set $left (i32.div_u (local.get $left) (i32.const 10)))
      (br_if $digit (i64.ne (local.get $at) (i64.const 0))))
    (call $output_set (local.get $digits) (i64.const 6))))
"#;

/// A guest's file in a directory, for `load`.
pub fn file(dir: &Path, name: &str, wat: &str) -> PathBuf {
    let path = dir.join(format!("{name}.wat"));
    std::fs::write(&path, wat).expect("a file for the test");
    path
}
