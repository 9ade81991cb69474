//! What the cases' wat starts with, and the lists of what the suite must cover.

/// Every import of `extism:host/env` that a PDK 1.x plugin can have.
pub const IMPORTS: &[&str] = &[
    "alloc",
    "free",
    "length",
    "length_unsafe",
    "load_u8",
    "load_u64",
    "store_u8",
    "store_u64",
    "input_length",
    "input_offset",
    "input_load_u8",
    "input_load_u64",
    "output_set",
    "error_set",
    "error_get",
    "config_get",
    "var_get",
    "var_set",
    "http_request",
    "http_status_code",
    "http_headers",
    "log_trace",
    "log_debug",
    "log_info",
    "log_warn",
    "log_error",
    "get_log_level",
    "memory_bytes",
];

/// plugsh's own, in both namespaces.
pub const GUEST_FUNCTIONS: &[&str] = &[
    "register_plugin",
    "call_plugin",
    "try_call_plugin",
    "call_error",
    "free_plugin",
    "find_plugin",
    "self_plugin",
    "parent_plugin",
];

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

/// A plugin that gives back what it is given.
pub const ECHO: &str = r#"(module
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (func (export "run") (call $output_set (call $input_offset) (call $input_length))))"#;

const ENV: &str = r#"
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "length_unsafe" (func $length_unsafe (param i64) (result i64)))
  (import "extism:host/env" "load_u8" (func $load_u8 (param i64) (result i32)))
  (import "extism:host/env" "load_u64" (func $load_u64 (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "input_load_u64" (func $input_load_u64 (param i64) (result i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "error_set" (func $error_set (param i64)))
  (import "extism:host/env" "error_get" (func $error_get (result i64)))
  (import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
  (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
  (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
  (import "extism:host/env" "http_request" (func $http_request (param i64 i64) (result i64)))
  (import "extism:host/env" "http_status_code" (func $http_status_code (result i32)))
  (import "extism:host/env" "http_headers" (func $http_headers (result i64)))
  (import "extism:host/env" "log_trace" (func $log_trace (param i64)))
  (import "extism:host/env" "log_debug" (func $log_debug (param i64)))
  (import "extism:host/env" "log_info" (func $log_info (param i64)))
  (import "extism:host/env" "log_warn" (func $log_warn (param i64)))
  (import "extism:host/env" "log_error" (func $log_error (param i64)))
  (import "extism:host/env" "get_log_level" (func $get_log_level (result i32)))
  (import "extism:host/env" "memory_bytes" (func $memory_bytes (result i64)))"#;

const GUEST: &str = r#"
  (import "NAMESPACE" "register_plugin" (func $register (param i64) (result i64)))
  (import "NAMESPACE" "call_plugin" (func $call_plugin (param i64 i64 i64) (result i64)))
  (import "NAMESPACE" "try_call_plugin" (func $try_call (param i64 i64 i64) (result i64)))
  (import "NAMESPACE" "call_error" (func $call_error (result i64)))
  (import "NAMESPACE" "free_plugin" (func $free_plugin (param i64)))
  (import "NAMESPACE" "find_plugin" (func $find (param i64) (result i64)))
  (import "NAMESPACE" "self_plugin" (func $self (result i64)))
  (import "NAMESPACE" "parent_plugin" (func $parent (result i64)))"#;

/// Helpers. A case's data lives below 32768; what is to be said gathers from there on.
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

/// A module with every import, the helpers, and `body`. Where the body starts with `ENV;` plugsh's own functions come
/// from the bare namespace; imports of its own stand before a line `---`.
pub fn module(body: &str) -> String {
    let (namespace, body) = match body.trim_start().strip_prefix("ENV;") {
        Some(rest) => ("env", rest),
        None => ("extism:host/user", body),
    };
    let (imports, body) = body.split_once("---").unwrap_or(("", body));
    let guest = GUEST.replace("NAMESPACE", namespace);
    format!("(module {imports} {ENV} {guest} {HELPERS} {body})")
}
