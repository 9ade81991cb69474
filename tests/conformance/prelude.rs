//! The prelude of the cases' wat, and the lists of functions and fields that the suite must cover.

use plugsh::runtime::host_functions::{self, BLOCKS, BULK, HostFunction};

/// Every field of a manifest.
pub const MANIFEST_FIELDS: &[&str] = &[
    "wasm.path",
    "wasm.data",
    "wasm.url",
    "wasm.headers",
    "wasm.method",
    "wasm.name",
    "wasm.hash",
    "memory.max_pages",
    "memory.max_http_response_bytes",
    "memory.max_var_bytes",
    "config",
    "allowed_hosts",
    "allowed_paths",
    "timeout_ms",
];

/// An echo plugin.
pub const ECHO: &str = r#"(module
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (func (export "run") (call $output_set (call $input_offset) (call $input_length))))"#;

/// Helper functions. A case's data lies below 32768; the text of `say` is collected from there on.
const HELPERS: &str = r#"
  (memory (export "memory") 2)
  (global $said (mut i32) (i32.const 32768))
  ;; A block with a copy of guest memory.
  (func $str (param $at i32) (param $length i32) (result i64)
    (local $block i64) (local $i i32)
    (local.set $block (call $alloc (i64.extend_i32_u (local.get $length))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $i) (local.get $length)))
      (call $store_u8 (i64.add (local.get $block) (i64.extend_i32_u (local.get $i)))
        (i32.load8_u (i32.add (local.get $at) (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next)))
    (local.get $block))
  ;; A block with a copy of the input.
  (func $input (result i64)
    (local $block i64) (local $i i64)
    (local.set $block (call $alloc (call $input_length)))
    (block $done (loop $next
      (br_if $done (i64.ge_u (local.get $i) (call $input_length)))
      (call $store_u8 (i64.add (local.get $block) (local.get $i)) (call $input_load_u8 (local.get $i)))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br $next)))
    (local.get $block))
  (func $say_byte (param $byte i32)
    (i32.store8 (global.get $said) (local.get $byte))
    (global.set $said (i32.add (global.get $said) (i32.const 1))))
  ;; Says a number, and a blank.
  (func $say (param $number i64)
    (call $digits (local.get $number))
    (call $say_byte (i32.const 32)))
  (func $say32 (param $number i32) (call $say (i64.extend_i32_u (local.get $number))))
  (func $digits (param $number i64)
    (if (i64.ge_u (local.get $number) (i64.const 10))
      (then (call $digits (i64.div_u (local.get $number) (i64.const 10)))))
    (call $say_byte (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $number) (i64.const 10))))))
  ;; Says what is in a block, between brackets.
  (func $say_block (param $block i64)
    (local $i i64)
    (call $say_byte (i32.const 91))
    (block $done (loop $next
      (br_if $done (i64.ge_u (local.get $i) (call $length (local.get $block))))
      (call $say_byte (call $load_u8 (i64.add (local.get $block) (local.get $i))))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br $next)))
    (call $say_byte (i32.const 93)))
  ;; Gives what was said as the output.
  (func $done
    (local $length i32)
    (local.set $length (i32.sub (global.get $said) (i32.const 32768)))
    (call $output_set (call $str (i32.const 32768) (local.get $length)) (i64.extend_i32_u (local.get $length)))
    (global.set $said (i32.const 32768)))"#;

/// The host functions that a case can import, by the table: all that both hosts have.
pub fn functions() -> impl Iterator<Item = &'static HostFunction> {
    host_functions::all().filter(|function| function.namespaces != [BULK])
}

/// A module with every import, the helpers, and `body`. Where the body starts with `ENV;` plugsh's own functions come
/// from the bare namespace, with `BLOCKS;` from the one with ids in blocks; imports of its own stand before a line
/// `---`.
pub fn module(body: &str) -> String {
    let namespaces = [("ENV;", "env"), ("BLOCKS;", BLOCKS)];
    let marked = |(mark, namespace)| Some((namespace, body.trim_start().strip_prefix(mark)?));
    let (plugins, body) = namespaces.into_iter().find_map(marked).unwrap_or(("extism:host/user", body));
    let (imports, body) = body.split_once("---").unwrap_or(("", body));
    let import = |function: &HostFunction| match function.namespaces {
        [namespace] => function.import(namespace),
        _ => function.import(plugins),
    };
    let functions: String = functions().map(import).collect();
    format!("(module {imports} {functions} {HELPERS} {body})")
}
