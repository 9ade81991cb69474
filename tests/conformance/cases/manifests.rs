//! Manifests, field by field, and modules that are linked.

use super::super::case::{Case, manifest};
use plugsh::runtime::FailureKind;

/// A library that keeps a number, and one that uses Extism itself.
const COUNTER: &str = r#"(module (global $n (mut i32) (i32.const 0))
    (func (export "next") (result i32)
        (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))"#;
const GREETER: &str = r#"(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (func (export "greet") (param $letter i32) (local $b i64)
        (local.set $b (call $alloc (i64.const 1)))
        (call $store (local.get $b) (local.get $letter))
        (call $output (local.get $b) (i64.const 1))))"#;
/// Returns the letter `count` places after `a`, using both libraries.
const MAIN: &str = r#"(module
    (import "counter" "next" (func $next (result i32)))
    (import "greeter" "greet" (func $greet (param i32)))
    (func (export "run") (call $greet (i32.add (i32.const 97) (call $next)))))"#;

pub fn cases() -> Vec<Case> {
    [fields(), linked()].into_iter().flatten().collect()
}

fn fields() -> Vec<Case> {
    vec![
        manifest("manifest: a path", "json", r#"{"wasm":[{"path":"echo.wat"}]}"#)
            .covers(&["wasm.path"])
            .call("run", "hello")
            .gives("hello"),
        manifest("manifest: data", "json", r#"{"wasm":[{"data":"{data}"}]}"#)
            .covers(&["wasm.data"])
            .call("run", "hello")
            .gives("hello"),
        manifest("manifest: data in memory", "json", r#"{"wasm":[{"data":{"ptr":4096,"len":8}}]}"#)
            .fails_to_load(FailureKind::Load),
        manifest(
            "manifest: a URL with method and headers",
            "toml",
            "[[wasm]]\nurl = '{url}/echo.wat'\nmethod = 'POST'\nheaders = { X-Key = 'k' }\n",
        )
        .covers(&["wasm.url", "wasm.method", "wasm.headers"])
        .call("run", "hello")
        .gives("hello"),
        manifest("manifest: a hash that is right", "json", r#"{"wasm":[{"path":"echo.wat","hash":"{sha256}"}]}"#)
            .covers(&["wasm.hash"])
            .call("run", "hello")
            .gives("hello"),
        manifest("manifest: a hash that is wrong", "json", r#"{"wasm":[{"path":"echo.wat","hash":"00"}]}"#)
            .fails_to_load(FailureKind::Load),
        manifest("manifest: config", "toml", "config = { key = 'value' }\n[[wasm]]\npath = 'config.wat'\n")
            .file("config.wat", CONFIG)
            .call("run", "")
            .gives("value"),
        manifest(
            "manifest: memory",
            "toml",
            "memory = { max_pages = 20, max_var_bytes = 60, max_http_response_bytes = 9 }\n[[wasm]]\npath = 'var.wat'\n",
        )
        .file("var.wat", VAR)
        .call("run", "")
        .gives("")
        .call("run", "x".repeat(20))
        .fails(FailureKind::Trap),
        manifest("manifest: a timeout", "json", r#"{"wasm":[{"path":"spin.wat"}],"timeout_ms":200}"#)
            .file("spin.wat", r#"(module (func (export "run") (loop $on (br $on))))"#)
            .call("run", "")
            .fails(FailureKind::Interrupted),
        manifest("manifest: no wasm", "json", r#"{"wasm":[]}"#).fails_to_load(FailureKind::Load),
        manifest("manifest: a field that is not known", "json", r#"{"wasm":[{"path":"echo.wat"}],"more":1}"#)
            .fails_to_load(FailureKind::Load),
    ]
}

fn linked() -> Vec<Case> {
    let three = |name, text: &str| {
        manifest(name, "json", text).file("counter.wat", COUNTER).file("greeter.wat", GREETER).file("main.wat", MAIN)
    };
    vec![
        three(
            "linked: two libraries, one of which uses Extism",
            r#"{"wasm":[{"path":"counter.wat","name":"counter"},{"path":"greeter.wat","name":"greeter"},{"path":"main.wat"}]}"#,
        )
        .covers(&["wasm.name"])
        .call("run", "")
        .gives("b")
        .call("run", "")
        .gives("c"),
        three(
            "linked: main is named, and not the last",
            r#"{"wasm":[{"path":"main.wat","name":"main"},{"path":"greeter.wat","name":"greeter"},{"path":"counter.wat","name":"counter"}]}"#,
        )
        .call("run", "")
        .gives("b"),
        three(
            "linked: a library that is missing",
            r#"{"wasm":[{"path":"counter.wat","name":"counter"},{"path":"main.wat"}]}"#,
        )
        .fails_to_load(FailureKind::Load),
        three(
            "linked: two of a name",
            r#"{"wasm":[{"path":"counter.wat","name":"x"},{"path":"greeter.wat","name":"x"},{"path":"main.wat"}]}"#,
        )
        .fails_to_load(FailureKind::Load),
        manifest(
            "linked: a function of another type",
            "json",
            r#"{"wasm":[{"path":"counter.wat","name":"counter"},{"path":"main.wat"}]}"#,
        )
        .file("counter.wat", COUNTER)
        .file("main.wat", r#"(module (import "counter" "next" (func (result i64))) (func (export "run")))"#)
        .fails_to_load(FailureKind::Load),
        // Extism's JavaScript SDK has this plugin, and this result, among its own tests.
        manifest(
            "linked: modules in a circle",
            "json",
            r#"{"wasm":[{"path":"lhs.wat","name":"lhs"},{"path":"rhs.wat","name":"rhs"},{"path":"main.wat","name":"main"}]}"#,
        )
        .file(
            "lhs.wat",
            r#"(module (import "rhs" "add_one" (func $add_one (param i32) (result i32)))
                (func (export "mul_two") (param i32) (result i32)
                    (if (result i32) (i32.gt_u (local.get 0) (i32.const 100)) (then (local.get 0))
                        (else (call $add_one (i32.mul (local.get 0) (i32.const 2)))))))"#,
        )
        .file(
            "rhs.wat",
            r#"(module (import "lhs" "mul_two" (func $mul_two (param i32) (result i32)))
                (memory (export "memory") 0)
                (func (export "add_one") (param i32) (result i32)
                    (call $mul_two (i32.add (local.get 0) (i32.const 1)))))"#,
        )
        .file(
            "main.wat",
            r#"(module (import "lhs" "mul_two" (func $mul_two (param i32) (result i32)))
                (memory (import "rhs" "memory") 0)
                (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
                (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
                (import "extism:host/env" "output_set" (func $output (param i64 i64)))
                (func (export "run") (local $block i64)
                    (local.set $block (call $alloc (i64.const 1)))
                    (call $store (local.get $block) (call $mul_two (i32.const 1)))
                    (call $output (local.get $block) (i64.const 1))))"#,
        )
        .call("run", "")
        .gives("\x7f"),
        manifest("linked: a module that imports from itself", "json", r#"{"wasm":[{"path":"main.wat","name":"main"}]}"#)
            .file(
                "main.wat",
                r#"(module (import "main" "nine" (func $nine (result i32))) (func (export "nine") (result i32) (i32.const 9))
                    (func (export "run") (result i32) (call $nine)))"#,
            )
            .call("run", "")
            .fails(FailureKind::Guest),
        manifest(
            "linked: a memory in a circle",
            "json",
            r#"{"wasm":[{"path":"lib.wat","name":"lib"},{"path":"main.wat","name":"main"}]}"#,
        )
        .file("lib.wat", r#"(module (import "main" "memory" (memory 1)) (func (export "f")))"#)
        .file("main.wat", r#"(module (import "lib" "f" (func)) (memory (export "memory") 1) (func (export "run")))"#)
        .fails_to_load(FailureKind::Load),
        manifest(
            "linked: a library's memory and globals",
            "json",
            r#"{"wasm":[{"path":"lib.wat","name":"lib"},{"path":"main.wat"}]}"#,
        )
        .file(
            "lib.wat",
            r#"(module (memory (export "shared") 1) (data (i32.const 0) "\2a") (global (export "seven") i32 (i32.const 7))
                (table (export "table") 1 funcref))"#,
        )
        .file(
            "main.wat",
            r#"(module (import "lib" "shared" (memory 1)) (import "lib" "seven" (global $seven i32))
                (import "lib" "table" (table 1 funcref))
                (func (export "run") (result i32) (i32.add (i32.load8_u (i32.const 0)) (global.get $seven))))"#,
        )
        .call("run", "")
        .fails(FailureKind::Guest),
        manifest(
            "linked: a library with an initialiser",
            "json",
            r#"{"wasm":[{"path":"lib.wat","name":"lib"},{"path":"main.wat"}]}"#,
        )
        .file(
            "lib.wat",
            r#"(module (global $n (mut i32) (i32.const 0))
                (func (export "_initialize") (global.set $n (i32.add (global.get $n) (i32.const 5))))
                (func (export "n") (result i32) (global.get $n)))"#,
        )
        .file(
            "main.wat",
            r#"(module (import "lib" "n" (func $n (result i32))) (func (export "run") (result i32) (call $n)))"#,
        )
        .call("run", "")
        .fails(FailureKind::Guest),
        manifest(
            "linked: a library with a start function",
            "json",
            r#"{"wasm":[{"path":"lib.wat","name":"lib"},{"path":"main.wat"}]}"#,
        )
        .file(
            "lib.wat",
            r#"(module (global $n (mut i32) (i32.const 0))
                (func $s (global.set $n (i32.add (global.get $n) (i32.const 5)))) (start $s)
                (func (export "n") (result i32) (global.get $n)))"#,
        )
        .file(
            "main.wat",
            r#"(module (import "lib" "n" (func $n (result i32))) (func (export "run") (result i32) (call $n)))"#,
        )
        .call("run", "")
        .fails(FailureKind::Guest),
        manifest(
            "linked: a library that stands in for Extism's config",
            "json",
            r#"{"wasm":[{"path":"lib.wat","name":"extism:host/user"},{"path":"main.wat"}]}"#,
        )
        .file("lib.wat", r#"(module (func (export "mine") (result i32) (i32.const 6)))"#)
        .file(
            "main.wat",
            r#"(module (import "extism:host/user" "mine" (func $n (result i32)))
                (import "extism:host/user" "self_plugin" (func $self_plugin (result i64)))
                (func (export "run") (result i32) (i32.add (call $n) (i32.wrap_i64 (call $self_plugin)))))"#,
        )
        .call("run", "")
        .fails(FailureKind::Guest),
        manifest(
            "linked: one library uses another",
            "json",
            r#"{"wasm":[{"path":"a.wat","name":"a"},{"path":"b.wat","name":"b"},{"path":"main.wat"}]}"#,
        )
        .file("a.wat", r#"(module (import "b" "two" (func $two (result i32))) (func (export "four") (result i32) (i32.add (call $two) (call $two))))"#)
        .file("b.wat", r#"(module (func (export "two") (result i32) (i32.const 2)))"#)
        .file("main.wat", r#"(module (import "a" "four" (func $four (result i32))) (func (export "run") (result i32) (call $four)))"#)
        .call("run", "")
        .fails(FailureKind::Guest),
    ]
}

/// Gives the value of `key`.
const CONFIG: &str = r#"(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (func (export "run") (local $b i64)
        (local.set $b (call $alloc (i64.const 3)))
        (call $store (local.get $b) (i64.const 0x79656b))
        (local.set $b (call $config_get (local.get $b)))
        (call $output (local.get $b) (call $length (local.get $b)))))"#;

/// Sets the var of the empty name to its input.
const VAR: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
    (func (export "run") (call $var_set (i64.const 0) (call $input))))"#;
