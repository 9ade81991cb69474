//! Modules: accepted and refused wasm, interfaces, unknown imports.

use super::super::case::{Case, body, builtin, wat};
use plugsh::runtime::program::ImportStandIn;
use plugsh::runtime::stand_in::{StandInType, StandInTypes};
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
    let shop =
        || ImportStandIn { module: "shop".into(), function: "price".into(), types: None, target: "till.price".into() };
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
        wat(
            "imports: a plugin stands in for what is no number",
            r#"(module (import "shop" "count" (func (param externref))) (func (export "run")))"#,
        )
        .spec(|spec, _| spec.imports = vec![stand_in("count", None)])
        .fails_to_load(FailureKind::Load),
        body(
            "imports: several arguments are a JSON array",
            r#"(import "shop" "put" (func $put (param i64 i64 i64 i32 f32 f64) (result i64)))
            ---
            (data (i32.const 1024) "key\ff")
            (func (export "run")
                (call $say_block (call $put (call $str (i32.const 1024) (i32.const 3))
                    (call $str (i32.const 1026) (i32.const 2)) (i64.const -7) (i32.const -1) (f32.const 0.5) (f64.const nan)))
                (call $done))"#,
        )
        .spec(|spec, _| spec.imports = vec![stand_in("put", None)])
        .call("run", "")
        .gives(r#"[0:["key",{"base64":"ef8="},-7,-1,0.5,"NaN"]]"#),
        body(
            "imports: arguments of types that were said",
            r#"(import "shop" "put" (func $put (param i64 i64) (result i64)))
            ---
            (data (i32.const 1024) "key")
            (func (export "run")
                (call $say_block (call $put (call $str (i32.const 1024) (i32.const 3)) (i64.const 0))) (call $done))
            (func (export "wild") (call $say_block (call $put (i64.const 5) (i64.const 0))) (call $done))"#,
        )
        .spec(|spec, _| spec.imports = vec![stand_in("put", said(vec![StandInType::Handle, StandInType::Handle]))])
        .call("run", "")
        .gives(r#"[0:["key",""]]"#)
        .call("wild", "")
        .fails(FailureKind::Trap),
        body("imports: a number that is no number", STRANGE)
            .spec(|spec, _| {
                spec.stub_imports = Some(StubImports::Zero);
                spec.imports = vec![stand_in("count", None)];
            })
            .call("count", "")
            .fails(FailureKind::Trap),
        body("imports: types that are not the function's", STRANGE)
            .spec(|spec, _| {
                spec.stub_imports = Some(StubImports::Zero);
                spec.imports = vec![stand_in("count", said(vec![StandInType::I32]))];
            })
            .fails_to_load(FailureKind::Load),
        wat("imports: a plugin from before Extism 1.0", BEFORE_1).call("run", "Extism").gives("Extism"),
        wat(
            "imports: one from before Extism 1.0 of what is no more",
            r#"(module (import "env" "extism_reset" (func)) (func (export "run")))"#,
        )
        .fails_to_load(FailureKind::Load),
    ]
}

fn stand_in(function: &str, types: Option<StandInTypes>) -> ImportStandIn {
    ImportStandIn { module: "shop".into(), function: function.into(), types, target: format!("till.{function}") }
}

fn said(params: Vec<StandInType>) -> Option<StandInTypes> {
    Some(StandInTypes { params: Some(params), results: None })
}

/// An echo plugin with the import names of extism-pdk 0.3.
const BEFORE_1: &str = r#"(module
    (import "env" "extism_alloc" (func $alloc (param i64) (result i64)))
    (import "env" "extism_store_u8" (func $store (param i64 i32)))
    (import "env" "extism_input_length" (func $length (result i64)))
    (import "env" "extism_input_load_u8" (func $load (param i64) (result i32)))
    (import "env" "extism_output_set" (func $output (param i64 i64)))
    (func (export "run") (result i32) (local $block i64) (local $i i64)
        (local.set $block (call $alloc (call $length)))
        (loop $next
            (call $store (i64.add (local.get $block) (local.get $i)) (call $load (local.get $i)))
            (local.set $i (i64.add (local.get $i) (i64.const 1)))
            (br_if $next (i64.lt_u (local.get $i) (call $length))))
        (call $output (local.get $block) (call $length))
        (i32.const 0)))"#;
