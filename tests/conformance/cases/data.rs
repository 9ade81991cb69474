//! Config, vars and logs.

use super::super::case::{Case, body, builtin};
use plugsh::runtime::{FailureKind, LogLevel};

const CONFIG: &str = r#"
    (data (i32.const 1024) "key") (data (i32.const 1040) "none") (data (i32.const 1056) "\ff\fe")
    (func $key (result i64) (call $str (i32.const 1024) (i32.const 3)))"#;

const VARS: &str = r#"
    (data (i32.const 1024) "var") (data (i32.const 1040) "value")
    (func $key (result i64) (call $str (i32.const 1024) (i32.const 3)))
    (func (export "set") (call $var_set (call $key) (call $input)))
    (func (export "get") (call $say_block (call $var_get (call $key))) (call $done))
    (func (export "delete") (call $var_set (call $key) (i64.const 0)))
    (func (export "other") (call $var_set (call $input) (call $str (i32.const 1040) (i32.const 5))))"#;

const LOGS: &str = r#"
    (data (i32.const 1024) "a line") (data (i32.const 1040) "one\0atwo") (data (i32.const 1056) "bad \ff")
    (func $line (result i64) (call $str (i32.const 1024) (i32.const 6)))
    (func (export "all")
        (call $log_trace (call $line)) (call $log_debug (call $line)) (call $log_info (call $line))
        (call $log_warn (call $line)) (call $log_error (call $line)))
    (func (export "level") (call $say32 (call $get_log_level)) (call $done))
    (func (export "two") (call $log_info (call $str (i32.const 1040) (i32.const 7))))
    (func (export "none") (call $log_info (i64.const 0)))
    (func (export "bad") (call $log_info (call $str (i32.const 1056) (i32.const 5))))
    (func (export "handle") (call $log_info (i64.const 123456789)))
    (func (export "freed") (local $b i64)
        (local.set $b (call $line))
        (call $log_error (local.get $b))
        (call $say (call $length (local.get $b))) (call $done))"#;

pub fn cases() -> Vec<Case> {
    [config(), vars(), logs()].into_iter().flatten().collect()
}

fn config() -> Vec<Case> {
    let case = |name, function: &str| {
        body(name, &format!("{CONFIG} {function}"))
            .spec(|spec, _| {
                spec.config.extend([("key".to_owned(), "wért".to_owned()), ("empty".to_owned(), String::new())])
            })
            .call("run", "empty")
    };
    vec![
        case("config: a value", r#"(func (export "run") (call $say_block (call $config_get (call $key))) (call $done))"#)
            .covers(&["config_get", "config"])
            .gives("[wért]"),
        case(
            "config: one that is not there is handle 0",
            r#"(func (export "run") (call $say (call $config_get (call $str (i32.const 1040) (i32.const 4)))) (call $done))"#,
        )
        .gives("0 "),
        case("config: an empty value", r#"(func (export "run") (call $say (call $config_get (call $input))) (call $done))"#)
            .gives("0 "),
        case(
            "config: a key longer than is allowed",
            r#"(func (export "run") (call $say (call $config_get (call $alloc (i64.const 16777217)))) (call $done))"#,
        )
        .fails(FailureKind::Trap),
        case("config: no key", r#"(func (export "run") (call $say (call $config_get (i64.const 0))) (call $done))"#)
            .gives("0 "),
        case(
            "config: the key is freed",
            r#"(func (export "run") (local $k i64)
                (local.set $k (call $key))
                (drop (call $config_get (local.get $k)))
                (call $say_block (call $config_get (call $str (i32.const 1024) (i32.const 3)))) (call $done))"#,
        )
        .gives("[wért]"),
        case(
            "config: a key that is not UTF-8",
            r#"(func (export "run") (drop (call $config_get (call $str (i32.const 1056) (i32.const 2)))))"#,
        )
        .fails(FailureKind::Trap),
    ]
}

fn vars() -> Vec<Case> {
    let case = |name| body(name, VARS);
    vec![
        case("vars: live from call to call")
            .covers(&["var_get", "var_set"])
            .call("get", "")
            .call("set", "one")
            .call("get", "")
            .gives("[one]")
            .call("set", "another")
            .call("get", "")
            .gives("[another]"),
        case("vars: one is deleted").call("set", "one").call("delete", "").call("get", "").gives("[]"),
        case("vars: deleting what is not there").call("delete", "").gives(""),
        case("vars: an empty value deletes").call("set", "one").call("set", "").call("get", "").gives("[]"),
        case("vars: gone with the instance")
            .call("set", "one")
            .call("other", [0xff, 0xfe])
            .fails(FailureKind::Trap)
            .call("get", "")
            .gives("[]"),
        case("vars: up to the limit")
            .covers(&["memory.max_var_bytes"])
            .spec(|spec, _| spec.var_bytes_max = 200)
            .call("set", "x".repeat(149))
            .gives("")
            .call("get", ""),
        case("vars: just over the limit")
            .spec(|spec, _| spec.var_bytes_max = 200)
            .call("set", "x".repeat(150))
            .fails(FailureKind::Trap),
        case("vars: a new value beside the old one")
            .spec(|spec, _| spec.var_bytes_max = 200)
            .call("set", "x".repeat(100))
            .call("set", "y".repeat(60)),
        case("vars: several share the limit")
            .spec(|spec, _| spec.var_bytes_max = 180)
            .call("set", "x".repeat(20))
            .call("other", "second")
            .call("other", "third")
            .fails(FailureKind::Trap),
        case("vars: switched off")
            .spec(|spec, _| spec.var_bytes_max = 0)
            .call("set", "one")
            .fails(FailureKind::Trap)
            .call("get", "")
            .gives("[]"),
        case("vars: deleting where they are switched off")
            .spec(|spec, _| spec.var_bytes_max = 0)
            .call("delete", "")
            .fails(FailureKind::Trap),
        case("vars: a MiB is too much by default").call("set", "x".repeat(1 << 20)).fails(FailureKind::Trap),
        case("vars: an empty key").call("other", "").call("get", ""),
    ]
}

fn logs() -> Vec<Case> {
    let case = |name| body(name, LOGS);
    vec![
        case("logs: a line at each level")
            .covers(&["log_trace", "log_debug", "log_info", "log_warn", "log_error"])
            .call("all", ""),
        case("logs: those below the level are not kept").log_level(LogLevel::Warn).call("all", ""),
        case("logs: none are kept").log_level(LogLevel::Off).call("all", ""),
        case("logs: the level is trace").covers(&["get_log_level"]).call("level", "").gives("0 "),
        case("logs: the level is warn").log_level(LogLevel::Warn).call("level", "").gives("3 "),
        case("logs: the level is off").log_level(LogLevel::Off).call("level", "").gives("2147483647 "),
        case("logs: two lines in one").call("two", ""),
        case("logs: nothing").call("none", ""),
        case("logs: a line that is not UTF-8").call("bad", ""),
        case("logs: a handle that is none").call("handle", "").fails(FailureKind::Trap),
        case("logs: a handle that is none, where the line is not kept").log_level(LogLevel::Error).call("handle", ""),
        case("logs: the line is freed").call("freed", "").gives("0 "),
        builtin("logs: the PDK's", "misbehave").call("log", "a line"),
    ]
}
