//! Modules: which wasm is taken, what is said of it, and imports that nobody has.

use super::super::case::{Case, body, builtin, wat};
use plugsh::runtime::program::ImportStandIn;
use plugsh::runtime::{FailureKind, StubImports};

pub fn cases() -> Vec<Case> {
    [interfaces(), features(), imports()].into_iter().flatten().collect()
}

fn interfaces() -> Vec<Case> {
    vec![
        wat(
            "interface: what can be called, what not",
            r#"(module
                (import "extism:host/env" "alloc" (func (param i64) (result i64)))
                (func (export "unit")) (func (export "code") (result i32) (i32.const 0))
                (func (export "takes") (param i32)) (func (export "gives") (result i64) (i64.const 0))
                (func (export "float") (result f32) (f32.const 0))
                (func (export "two") (result i32 i32) (i32.const 0) (i32.const 0))
                (memory (export "memory") 1) (global (export "global") (mut i64) (i64.const 0))
                (table (export "table") 3 funcref))"#,
        )
        .inspect()
        .call("unit", "")
        .call("code", "")
        .call("takes", "")
        .call("gives", "")
        .call("two", ""),
        builtin("interface: a plugin from Rust", "count_vowels").inspect(),
        builtin("interface: a plugin that calls others", "front").inspect(),
    ]
}

fn features() -> Vec<Case> {
    /// A module that must return 9.
    fn nine(name: &'static str, module: &str) -> Case {
        wat(name, module).call("run", "").fails(FailureKind::Guest)
    }
    vec![
        nine(
            "wasm: tail calls",
            r#"(module (func $f (param i32) (result i32)
                (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 9))
                    (else (return_call $f (i32.sub (local.get 0) (i32.const 1))))))
                (func (export "run") (result i32) (return_call $f (i32.const 1000000))))"#,
        ),
        nine(
            "wasm: function references",
            r#"(module (type $t (func (result i32))) (func $f (type $t) (i32.const 9)) (elem declare func $f)
                (func (export "run") (result i32) (call_ref $t (ref.func $f))))"#,
        ),
        nine(
            "wasm: GC structs",
            r#"(module (type $s (struct (field i32)))
                (func (export "run") (result i32) (struct.get $s 0 (struct.new $s (i32.const 9)))))"#,
        ),
        nine(
            "wasm: exceptions",
            r#"(module (tag $t (param i32)) (func (export "run") (result i32)
                (block $caught (result i32) (try_table (catch $t $caught) (throw $t (i32.const 9))) (i32.const 1))))"#,
        ),
        nine(
            "wasm: SIMD",
            r#"(module (func (export "run") (result i32) (i32x4.extract_lane 2 (v128.const i32x4 1 2 9 4))))"#,
        ),
        nine(
            "wasm: bulk memory and several memories",
            r#"(module (memory $a 1) (memory $b 1) (data (memory $a) (i32.const 0) "\09")
                (func (export "run") (result i32)
                    (memory.copy $b $a (i32.const 5) (i32.const 0) (i32.const 1)) (i32.load8_u $b (i32.const 5))))"#,
        ),
        nine(
            "wasm: 64-bit memory",
            r#"(module (memory i64 1) (func (export "run") (result i32)
                (i64.store8 (i64.const 3) (i64.const 9)) (i32.load8_u (i64.const 3))))"#,
        ),
        nine(
            "wasm: several results",
            r#"(module (func $two (result i32 i32) (i32.const 4) (i32.const 5))
                (func (export "run") (result i32) (call $two) (i32.add)))"#,
        ),
        wat("wasm: threads", r#"(module (memory 1 2 shared) (func (export "run")))"#),
        wat("wasm: bytes that are none", "(module (func (bogus)))").fails_to_load(FailureKind::Load),
        wat("wasm: what does not validate", "(module (func (result i32)))").fails_to_load(FailureKind::Load),
    ]
}

fn imports() -> Vec<Case> {
    const STRANGE: &str = r#"(import "shop" "price" (func $price (param i64) (result i64)))
        (import "shop" "count" (func $count (result i32)))
        ---
        (data (i32.const 1024) "tea")
        (func (export "run") (call $say_block (call $price (call $str (i32.const 1024) (i32.const 3)))) (call $done))
        (func (export "count") (call $say32 (call $count)) (call $done))
        (func (export "number") (call $say (call $price (i64.const 0))) (call $done))"#;
    let shop = || ImportStandIn { module: "shop".into(), function: "price".into(), target: "till.price".into() };
    vec![
        body("imports: nobody has it", STRANGE).fails_to_load(FailureKind::Load),
        wat(
            "imports: a function that Extism does not have",
            r#"(module (import "extism:host/env" "teleport" (func)) (func (export "run")))"#,
        )
        .fails_to_load(FailureKind::Load),
        wat(
            "imports: a function of another type",
            r#"(module (import "extism:host/env" "alloc" (func (param i32) (result i32))) (func (export "run")))"#,
        )
        .fails_to_load(FailureKind::Load),
        wat(
            "imports: the memory of the blocks",
            r#"(module (import "extism:host/env" "memory" (memory 1)) (func (export "run")))"#,
        )
        .fails_to_load(FailureKind::Load),
        wat(
            "imports: what is for the host alone",
            r#"(module (import "extism:host/env" "reset" (func)) (func (export "run")))"#,
        ),
        body("imports: stubs that give zeros", STRANGE)
            .spec(|spec, _| spec.stub_imports = Some(StubImports::Zero))
            .call("run", "")
            .gives("[]")
            .call("count", "")
            .gives("0 ")
            .call("number", "")
            .gives("0 "),
        body("imports: stubs that trap", STRANGE)
            .spec(|spec, _| spec.stub_imports = Some(StubImports::Trap))
            .call("run", "")
            .fails(FailureKind::Trap),
        body("imports: a plugin stands in for one", STRANGE)
            .spec(move |spec, _| {
                spec.stub_imports = Some(StubImports::Zero);
                spec.imports = vec![shop()];
            })
            .call("run", "")
            .gives("[0:tea]")
            .call("count", "")
            .gives("0 "),
        body("imports: a plugin stands in for what has another form", STRANGE)
            .spec(|spec, _| {
                spec.stub_imports = Some(StubImports::Zero);
                spec.imports = vec![ImportStandIn {
                    module: "shop".into(),
                    function: "count".into(),
                    target: "till.count".into(),
                }];
            })
            .fails_to_load(FailureKind::Load),
    ]
}
