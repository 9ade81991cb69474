//! The start and the end of calls: return codes, error messages, traps, initialisers, surviving instances.

use super::super::case::{Case, body, builtin, wat};
use plugsh::runtime::FailureKind;

pub fn cases() -> Vec<Case> {
    [ends(), traps(), starts()].into_iter().flatten().collect()
}

fn ends() -> Vec<Case> {
    vec![
        body("end: code 0 is well", r#"(func (export "run") (result i32) (i32.const 0))"#).call("run", "").gives(""),
        body("end: a code and no message", r#"(func (export "run") (result i32) (i32.const 5))"#)
            .call("run", "")
            .fails(FailureKind::Guest),
        body("end: a negative code", r#"(func (export "run") (result i32) (i32.const -1))"#)
            .call("run", "")
            .fails(FailureKind::Guest),
        body(
            "end: a message and code 0",
            r#"(data (i32.const 1024) "as said")
            (func (export "run") (call $error_set (call $str (i32.const 1024) (i32.const 7))))"#,
        )
        .covers(&["error_set"])
        .call("run", "")
        .fails(FailureKind::Guest),
        body(
            "end: a message and a code",
            r#"(data (i32.const 1024) "as said")
            (func (export "run") (result i32) (call $error_set (call $str (i32.const 1024) (i32.const 7))) (i32.const 3))"#,
        )
        .call("run", "")
        .fails(FailureKind::Guest),
        body(
            "end: a message that was taken back",
            r#"(data (i32.const 1024) "as said")
            (func (export "run")
                (call $error_set (call $str (i32.const 1024) (i32.const 7)))
                (call $error_set (i64.const 0)))"#,
        )
        .call("run", "")
        .gives(""),
        body(
            "end: the message's handle can be read back",
            r#"(data (i32.const 1024) "as said")
            (func (export "run")
                (call $say (call $error_get))
                (call $error_set (call $str (i32.const 1024) (i32.const 7)))
                (call $say_block (call $error_get))
                (call $error_set (i64.const 0))
                (call $say (call $error_get))
                (call $done))"#,
        )
        .covers(&["error_get"])
        .call("run", "")
        .gives("0 [as said]0 "),
        body(
            "end: a message does not outlive its call",
            r#"(data (i32.const 1024) "as said")
            (func (export "fail") (call $error_set (call $str (i32.const 1024) (i32.const 7))))
            (func (export "run") (call $say (call $error_get)) (call $done))"#,
        )
        .call("fail", "")
        .fails(FailureKind::Guest)
        .call("run", "")
        .gives("0 "),
        body(
            "end: a message with an output",
            r#"(data (i32.const 1024) "as said")
            (func (export "run")
                (call $say (i64.const 7)) (call $done)
                (call $error_set (call $str (i32.const 1024) (i32.const 7))))"#,
        )
        .call("run", "")
        .fails(FailureKind::Guest),
        body(
            "end: a message that is no handle",
            r#"(func (export "run") (call $error_set (i64.const 123456789)))"#,
        )
        .call("run", ""),
        body(
            "end: a message that is not UTF-8",
            r#"(data (i32.const 1024) "\ff\fe")
            (func (export "run") (call $error_set (call $str (i32.const 1024) (i32.const 2))))"#,
        )
        .call("run", "")
        .fails(FailureKind::Guest),
        builtin("end: a message of the PDK's", "misbehave").call("error", "it is so").fails(FailureKind::Guest),
        builtin("end: a very long message", "misbehave").call("error", "long ".repeat(4000)).fails(FailureKind::Guest),
        builtin("end: a code of the PDK's", "misbehave").call("exit", "77").fails(FailureKind::Guest),
        builtin("end: a code and a message of the PDK's", "misbehave")
            .call("exit_with_message", "7")
            .fails(FailureKind::Guest),
        builtin("end: the instance lives on after an error", "counter")
            .call("add", "5")
            .call("add", "nonsense")
            .fails(FailureKind::Guest)
            .call("get", "")
            .gives("5"),
    ]
}

fn traps() -> Vec<Case> {
    let trap = |name, code: &str| {
        let module = format!(
            r#"(table 1 funcref) (type $unit (func))
            (func $deep (call $deep))
            (global $calls (mut i64) (i64.const 0))
            (func (export "run")
                (global.set $calls (i64.add (global.get $calls) (i64.const 1)))
                {code})
            (func (export "calls") (call $say (global.get $calls)) (call $done))"#
        );
        body(name, &module).call("run", "").fails(FailureKind::Trap).call("calls", "").gives("0 ")
    };
    vec![
        trap("trap: unreachable, and the next call has a fresh instance", "(unreachable)"),
        trap("trap: out of bounds", "(drop (i32.load (i32.const -4)))"),
        trap("trap: division by zero", "(drop (i32.div_u (i32.const 1) (i32.const 0)))"),
        trap("trap: integer overflow", "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))"),
        trap("trap: no number as an integer", "(drop (i32.trunc_f32_s (f32.const nan)))"),
        trap("trap: an empty table slot", "(call_indirect (type $unit) (i32.const 0))"),
        trap("trap: a table slot that is not there", "(call_indirect (type $unit) (i32.const 9))"),
        trap("trap: the stack is full", "(call $deep)"),
        body(
            "trap: with a message said before",
            r#"(data (i32.const 1024) "as said")
            (func (export "run") (call $error_set (call $str (i32.const 1024) (i32.const 7))) (unreachable))"#,
        )
        .call("run", "")
        .fails(FailureKind::Trap),
        builtin("trap: a panic in Rust", "misbehave")
            .call("panic", "for good reason")
            .fails(FailureKind::Trap)
            .call("panic", "shared memory: bad magic number\nin two lines")
            .fails(FailureKind::Trap),
        builtin("trap: a recursion in Rust", "misbehave").call("recurse", "").fails(FailureKind::Trap),
        builtin("trap: a crash in Rust", "misbehave").call("crash", "").fails(FailureKind::Trap),
    ]
}

fn starts() -> Vec<Case> {
    const COUNT: &str = r#"
        (global $n (mut i64) (i64.const 0))
        (func $count (global.set $n (i64.add (global.get $n) (i64.const 1))))
        (func $ten (global.set $n (i64.add (global.get $n) (i64.const 10))))
        (func (export "run") (call $say (global.get $n)) (call $done))"#;
    let start = |name, exports: &str| body(name, &format!("{COUNT} {exports}")).call("run", "").call("run", "");
    vec![
        start("start: a start function runs before", "(start $count)").gives("1 "),
        start("start: `_initialize` runs once", r#"(export "_initialize" (func $count))"#).gives("1 "),
        start("start: `__wasm_call_ctors` runs once", r#"(export "__wasm_call_ctors" (func $count))"#).gives("1 "),
        start(
            "start: `__wasm_call_ctors` goes before `_initialize`",
            r#"(export "__wasm_call_ctors" (func $ten)) (export "_initialize" (func $count))"#,
        )
        .gives("10 "),
        start(
            "start: `hs_init` is given two arguments, after `_initialize`",
            r#"(export "_initialize" (func $count))
            (func (export "hs_init") (param i32 i32) (global.set $n (i64.mul (global.get $n) (i64.const 7))))"#,
        )
        .gives("7 "),
        start(
            "start: an initialiser of another type is left alone",
            r#"(func (export "_initialize") (param i32) (call $count))"#,
        )
        .gives("0 "),
        start(
            "start: an initialiser beside a command",
            r#"(export "_initialize" (func $count)) (func (export "_start"))"#,
        )
        .gives("1 "),
        start("start: an initialiser can be called by name", r#"(export "_initialize" (func $count))"#)
            .call("_initialize", "")
            .call("run", "")
            .gives("2 "),
        body("start: a start function that traps", r#"(func $no (unreachable)) (start $no) (func (export "run"))"#)
            .fails_to_load(FailureKind::Trap),
        body(
            "start: an initialiser that traps",
            r#"(func (export "_initialize") (unreachable)) (func (export "run"))"#,
        )
        .fails_to_load(FailureKind::Trap),
        start("start: after `_start` the instance is new", r#"(func (export "_start") (call $ten))"#)
            .call("_start", "")
            .call("run", "")
            .gives("0 "),
        start(
            "start: `_start` is given its input",
            r#"(func (export "_start") (call $say (call $input_length)) (call $done))"#,
        )
        .call("_start", "abc")
        .gives("3 "),
        start("start: a start function asks who it is", "(func $s (global.set $n (call $self_plugin))) (start $s)")
            .gives("1 "),
        start("start: an initialiser asks who it is", r#"(func (export "_initialize") (global.set $n (call $self_plugin)))"#)
            .gives("1 "),
        start(
            "start: an initialiser starts a plugin",
            r#"(data (i32.const 1024) "echo")
            (func (export "_initialize") (global.set $n (call $register_plugin (call $str (i32.const 1024) (i32.const 4)))))"#,
        )
        .gives("2 "),
        start(
            "start: an initialiser uses blocks",
            r#"(func (export "_initialize") (global.set $n (call $length (call $alloc (i64.const 99)))))"#,
        )
        .gives("99 "),
        wat("start: no exports at all", "(module)").inspect(),
    ]
}
