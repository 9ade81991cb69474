//! Memory, time, fuel and kills.

use std::time::Duration;

use super::super::case::{Case, Kill, body, builtin, wat};
use plugsh::runtime::FailureKind;

const MIB: u64 = 1 << 20;

pub fn cases() -> Vec<Case> {
    [memory(), time()].into_iter().flatten().collect()
}

fn memory() -> Vec<Case> {
    vec![
        builtin("memory: a plugin that wants ever more", "misbehave")
            .covers(&["memory.max_pages"])
            .spec(|spec, _| spec.memory_bytes_max = Some(16 * MIB))
            .call("grow", "")
            .fails(FailureKind::Oom),
        builtin("memory: an input that does not fit", "echo")
            .spec(|spec, _| spec.memory_bytes_max = Some(4 * MIB))
            .call("echo", vec![b'x'; 5 * MIB as usize])
            .fails(FailureKind::Oom),
        builtin("memory: enough is enough", "echo")
            .spec(|spec, _| spec.memory_bytes_max = Some(16 * MIB))
            .call("echo", "x".repeat(1000))
            .gives("x".repeat(1000)),
        wat("memory: less than the module starts with", r#"(module (memory 100) (func (export "run")))"#)
            .spec(|spec, _| spec.memory_bytes_max = Some(MIB))
            .fails_to_load(FailureKind::Oom),
        body(
            "memory: a growth beyond the limit",
            r#"(func (export "run") (call $say32 (i32.eq (memory.grow (i32.const 1000)) (i32.const -1))) (call $done))"#,
        )
        .spec(|spec, _| spec.memory_bytes_max = Some(4 * MIB))
        .call("run", "")
        .gives("1 "),
        wat(
            "memory: a growth beyond the module's own maximum",
            r#"(module (memory 1 2) (func (export "run") (result i32)
                (if (i32.ne (memory.grow (i32.const 5)) (i32.const -1)) (then (unreachable))) (i32.const 9)))"#,
        )
        .spec(|spec, _| spec.memory_bytes_max = Some(4 * MIB))
        .call("run", "")
        .fails(FailureKind::Guest),
        wat(
            "memory: a growth to the module's own maximum",
            r#"(module (memory 1 2) (func (export "run") (result i32)
                (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then (unreachable))) (i32.const 9)))"#,
        )
        .spec(|spec, _| spec.memory_bytes_max = Some(4 * MIB))
        .call("run", "")
        .fails(FailureKind::Guest),
        body(
            "memory: a block beyond the limit",
            r#"(func (export "run") (call $say (call $alloc (i64.const 100000000))) (call $done))"#,
        )
        .spec(|spec, _| spec.memory_bytes_max = Some(4 * MIB))
        .call("run", ""),
        body(
            "memory: an output that the caller has no room for",
            r#"(data (i32.const 1024) "test") (data (i32.const 1040) "large")
            (func (export "large") (call $output_set (call $alloc (i64.const 1500000)) (i64.const 1500000)))
            (func (export "run")
                (drop (call $alloc (i64.const 3000000)))
                (drop (call $try_call_plugin
                    (call $register_plugin (call $str (i32.const 1024) (i32.const 4)))
                    (call $str (i32.const 1040) (i32.const 5)) (i64.const 0))))"#,
        )
        .spec(|spec, _| spec.memory_bytes_max = Some(4 * MIB))
        .call("run", "")
        .fails(FailureKind::Oom),
        wat(
            "memory: what it starts with counts",
            r#"(module (memory 40) (func (export "run") (result i32) (memory.grow (i32.const 40))))"#,
        )
        .spec(|spec, _| spec.memory_bytes_max = Some(4 * MIB))
        .call("run", "")
        .fails(FailureKind::Guest),
        wat(
            "memory: a table beyond the limit",
            r#"(module (table $t 1 funcref) (func (export "run") (result i32)
                (i32.eq (table.grow $t (ref.null func) (i32.const 1000000)) (i32.const -1))))"#,
        )
        .spec(|spec, _| spec.memory_bytes_max = Some(MIB))
        .call("run", "")
        .fails(FailureKind::Guest),
        wat(
            "memory: a table of more elements than are allowed",
            r#"(module (table $t 1 funcref) (func (export "run") (result i32)
                (i32.eq (table.grow $t (ref.null func) (i32.const 10000000)) (i32.const -1))))"#,
        )
        .call("run", "")
        .fails(FailureKind::Guest),
        wat(
            "memory: an array larger than is allowed",
            r#"(module (type $bytes (array i8)) (func (export "run")
                (drop (array.new_default $bytes (i32.const 40000000)))))"#,
        )
        .call("run", "")
        .fails(FailureKind::Oom),
    ]
}

fn time() -> Vec<Case> {
    /// Logs a line, then spins.
    const SPIN: &str = r#"
        (data (i32.const 1024) "test")
        (func (export "run") (call $log_info (call $str (i32.const 1024) (i32.const 4))) (loop $on (br $on)))
        (data (i32.const 1040) "run")
        (func (export "call_it")
            (drop (call $call_plugin
                (call $register_plugin (call $str (i32.const 1024) (i32.const 4)))
                (call $str (i32.const 1040) (i32.const 3)) (i64.const 0))))
        (func (export "try_it")
            (call $say (call $try_call_plugin
                (call $register_plugin (call $str (i32.const 1024) (i32.const 4)))
                (call $str (i32.const 1040) (i32.const 3)) (i64.const 0)))
            (call $say32 (i64.ne (call $call_error) (i64.const 0)))
            (call $done))"#;
    vec![
        builtin("time: a spin ends at its deadline", "misbehave")
            .covers(&["timeout_ms"])
            .spec(|spec, _| spec.timeout = Some(Duration::from_millis(200)))
            .call("spin", "")
            .fails(FailureKind::Interrupted),
        builtin("time: a call within its deadline", "echo")
            .spec(|spec, _| spec.timeout = Some(Duration::from_secs(60)))
            .call("echo", "x")
            .gives("x"),
        body("time: a deadline goes down the chain", SPIN)
            .spec(|spec, _| spec.timeout = Some(Duration::from_millis(200)))
            .call("call_it", "")
            .fails(FailureKind::Interrupted),
        body("time: a kill of the caller", SPIN).call_killed("run", "", Kill::Caller).fails(FailureKind::Interrupted),
        body("time: a kill of a nested callee of the same module", SPIN)
            .call_killed("try_it", "", Kill::Callee)
            .gives("0 1 "),
        body(
            "time: a sibling that was never called outlives a kill",
            &format!(
                r#"{SPIN}
                (data (i32.const 1056) "echo")
                (func (export "spawn") (call $say (call $register_plugin (call $str (i32.const 1024) (i32.const 4)))) (call $done))
                (func (export "echo") (call $output_set (call $input_offset) (call $input_length)))
                (func (export "call_2")
                    (call $say_block (call $call_plugin (i64.const 2) (call $str (i32.const 1056) (i32.const 4)) (call $input)))
                    (call $done))"#
            ),
        )
        .call("spawn", "")
        .gives("2 ")
        .call_killed("run", "", Kill::Caller)
        .fails(FailureKind::Interrupted)
        .call("call_2", "still here")
        .gives("[still here]"),
        builtin("fuel: a spin runs dry", "misbehave")
            .spec(|spec, _| spec.fuel = Some(1_000_000))
            .call("spin", "")
            .fails(FailureKind::Fuel),
        builtin("fuel: enough of it", "echo").spec(|spec, _| spec.fuel = Some(10_000_000)).call("echo", "x").gives("x"),
        builtin("fuel: new for each call", "text")
            .spec(|spec, _| spec.fuel = Some(10_000_000))
            .call("upper", "abc")
            .call("upper", "abc")
            .gives("ABC"),
    ]
}
