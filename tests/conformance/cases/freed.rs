//! Guests that free blocks twice, or blocks that they have given to the host. Official PDKs do so, and rely on Extism's
//! kernel, which reuses a freed block only when its memory is full.

use super::super::case::{Case, body};
use plugsh::runtime::FailureKind;

const FREED: &str = r#"
    (data (i32.const 1024) "key") (data (i32.const 1040) "abc") (data (i32.const 1056) "zzz")
    (func $key (result i64) (call $str (i32.const 1024) (i32.const 3)))
    (func $abc (result i64) (call $str (i32.const 1040) (i32.const 3)))
    (func $zzz (result i64) (call $str (i32.const 1056) (i32.const 3)))
    (func $give (param $block i64) (call $output_set (local.get $block) (call $length (local.get $block))))

    (func (export "config") (local $key i64) (local $value i64)
        (local.set $key (call $key))
        (local.set $value (call $config_get (local.get $key)))
        (call $free (local.get $key))
        (call $give (local.get $value)))
    (func (export "config_then_another") (local $key i64) (local $value i64)
        (local.set $key (call $key))
        (local.set $value (call $config_get (local.get $key)))
        (call $free (local.get $key))
        (drop (call $zzz))
        (call $give (local.get $value)))
    (func (export "config_kept")
        (call $give (call $config_get (call $key))))
    (func (export "var") (local $key i64) (local $value i64)
        (call $var_set (call $key) (call $abc))
        (local.set $key (call $key))
        (local.set $value (call $var_get (local.get $key)))
        (call $free (local.get $key))
        (drop (call $zzz))
        (call $give (local.get $value)))
    (func (export "var_value_freed") (local $key i64) (local $value i64)
        (local.set $key (call $key))
        (local.set $value (call $abc))
        (call $var_set (local.get $key) (local.get $value))
        (call $free (local.get $value))
        (call $free (local.get $key))
        (drop (call $zzz))
        (call $give (call $var_get (call $key))))
    (func (export "log") (local $line i64)
        (local.set $line (call $abc))
        (call $log_info (local.get $line))
        (call $free (local.get $line))
        (call $log_info (call $zzz))
        (call $give (call $abc)))

    (func (export "output") (local $block i64)
        (local.set $block (call $abc))
        (call $output_set (local.get $block) (i64.const 3))
        (call $free (local.get $block))
        (drop (call $zzz)))
    (func (export "output_then_log") (local $block i64)
        (local.set $block (call $abc))
        (call $output_set (local.get $block) (i64.const 3))
        (call $free (local.get $block))
        (call $log_info (call $zzz)))
    (func (export "output_then_nothing")
        (call $output_set (call $abc) (i64.const 3))
        (call $output_set (i64.const 0) (i64.const 0)))
    (func (export "output_of_no_bytes") (local $block i64)
        (local.set $block (call $abc))
        (call $output_set (local.get $block) (i64.const 3))
        (call $output_set (local.get $block) (i64.const 0)))
    (func (export "error") (result i32) (local $block i64)
        (local.set $block (call $abc))
        (call $error_set (local.get $block))
        (call $free (local.get $block))
        (drop (call $zzz))
        (i32.const 1))
    (func (export "error_then_no_handle") (result i32)
        (call $error_set (call $abc))
        (call $error_set (i64.add (call $zzz) (i64.const 1)))
        (i32.const 1))

    (func (export "input_as_key")
        (call $say_block (call $config_get (call $input_offset)))
        (call $say (call $input_length))
        (call $done))
    ;; What a guest reads of a block that it has not written, in a call after one that wrote there.
    (func (export "dirty") (drop (call $abc)) (drop (call $zzz)) (drop (call $input)))
    (func (export "clean") (local $block i64)
        (local.set $block (call $alloc (i64.const 40)))
        (call $output_set (local.get $block) (i64.const 200)))
    ;; The handles of blocks around a page's end: a freed block waits until the memory would have to grow.
    (func (export "handles") (local $first i64) (local $second i64)
        (local.set $first (call $alloc (i64.const 1000)))
        (local.set $second (call $alloc (i64.const 64000)))
        (call $say (local.get $first)) (call $say (local.get $second))
        (call $free (local.get $first))
        (call $say (call $alloc (i64.const 100)))
        (call $say (call $alloc (i64.const 800)))
        (call $say (call $alloc (i64.const 80)))
        (call $say (call $alloc (i64.const 1001)))
        (call $say (call $memory_bytes))
        (call $done))"#;

pub fn cases() -> Vec<Case> {
    let case = |name, function| {
        body(name, FREED)
            .spec(|spec, _| spec.config.extend([("key".to_owned(), "abc".to_owned())]))
            .call(function, "key")
    };
    vec![
        case("freed: a config key, after it was used", "config").gives("abc"),
        case("freed: a config key, and another block made", "config_then_another").gives("abc"),
        case("freed: a config key by the host alone", "config_kept").gives("abc"),
        case("freed: a var's key, and another block made", "var").gives("abc"),
        case("freed: a var's value, after it was set", "var_value_freed").gives("abc"),
        case("freed: a log line, after it was logged", "log").gives("abc"),
        case("freed: the output, and another block made", "output").gives("abc"),
        case("freed: the output, and a line logged", "output_then_log").gives("abc"),
        case("freed: nothing is set after an output", "output_then_nothing").gives("abc"),
        case("freed: an output of no bytes after one", "output_of_no_bytes").gives(""),
        case("freed: a freed error says nothing", "error").fails(FailureKind::Guest),
        case("freed: an error set to what is no handle", "error_then_no_handle").fails(FailureKind::Guest),
        case("freed: the input, as a key", "input_as_key").gives("[abc]0 "),
        case("freed: a block of the next call is empty", "dirty").call("clean", "").gives([0; 200]),
        case("freed: handles around a page's end", "handles").gives("92 1104 65116 292 65228 65320 131008 "),
    ]
}
