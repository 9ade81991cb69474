//! Blocks, input and output.

use super::super::case::{Case, body, builtin};
use plugsh::runtime::FailureKind;

pub fn cases() -> Vec<Case> {
    vec![
        body(
            "blocks: nothing is handle 0, the rest is not",
            r#"(func (export "run")
                (call $say (call $alloc (i64.const 0)))
                (call $say32 (i64.ne (call $alloc (i64.const 1)) (i64.const 0)))
                (call $done))"#,
        )
        .covers(&["alloc"])
        .call("run", "")
        .gives("0 1 "),
        body(
            "blocks: lengths are what was asked for",
            r#"(func (export "run")
                (call $say (call $length (call $alloc (i64.const 1))))
                (call $say (call $length (call $alloc (i64.const 65536))))
                (call $say (call $length_unsafe (call $alloc (i64.const 100))))
                (call $say (call $length (i64.const 0)))
                (call $say (call $length_unsafe (i64.const 0)))
                (call $done))"#,
        )
        .covers(&["length", "length_unsafe"])
        .call("run", "")
        .gives("1 65536 100 0 0 "),
        body(
            "blocks: what is stored is loaded",
            r#"(func (export "run") (local $b i64)
                (local.set $b (call $alloc (i64.const 24)))
                (call $store_u64 (local.get $b) (i64.const 0x0807060504030201))
                (call $store_u8 (i64.add (local.get $b) (i64.const 8)) (i32.const 0x1ff))
                (call $say (call $load_u64 (local.get $b)))
                (call $say32 (call $load_u8 (i64.add (local.get $b) (i64.const 3))))
                (call $say32 (call $load_u8 (i64.add (local.get $b) (i64.const 8))))
                (call $store_u64 (i64.add (local.get $b) (i64.const 11)) (i64.const -2))
                (call $say (call $load_u64 (i64.add (local.get $b) (i64.const 11))))
                (call $done))"#,
        )
        .covers(&["load_u8", "load_u64", "store_u8", "store_u64"])
        .call("run", "")
        .gives("578437695752307201 4 255 18446744073709551614 "),
        body(
            "blocks: a freed one has no length, and freeing again does nothing",
            r#"(func (export "run") (local $a i64) (local $b i64)
                (local.set $a (call $alloc (i64.const 64)))
                (local.set $b (call $alloc (i64.const 64)))
                (call $free (local.get $a))
                (call $say (call $length (local.get $a)))
                (call $free (local.get $a))
                (call $free (i64.const 0))
                (call $say (call $length (local.get $b)))
                (call $done))"#,
        )
        .covers(&["free"])
        .call("run", "")
        .gives("0 64 "),
        body(
            "blocks: what is no handle has no length and cannot be freed",
            r#"(func (export "run") (local $a i64)
                (local.set $a (call $alloc (i64.const 64)))
                (call $say (call $length (i64.add (local.get $a) (i64.const 8))))
                (call $say (call $length (i64.const 123456789)))
                (call $free (i64.const 123456789))
                (call $free (i64.add (local.get $a) (i64.const 8)))
                (call $say (call $length (local.get $a)))
                (call $done))"#,
        )
        .call("run", "")
        .gives("0 0 64 "),
        body(
            "blocks: length_unsafe inside of a block",
            r#"(func (export "run") (local $a i64)
                (local.set $a (call $alloc (i64.const 64)))
                (call $store_u64 (local.get $a) (i64.const -1))
                (call $store_u64 (i64.add (local.get $a) (i64.const 8)) (i64.const -1))
                (call $say (call $length_unsafe (i64.add (local.get $a) (i64.const 16))))
                (call $done))"#,
        )
        .call("run", "")
        .gives("0 "),
        body(
            "blocks: far outside, loads give 0 and stores do nothing",
            r#"(func (export "run")
                (call $store_u8 (i64.const 0x7fffffffff) (i32.const 1))
                (call $store_u64 (i64.const 0x7fffffffff) (i64.const 1))
                (call $say32 (call $load_u8 (i64.const 0x7fffffffff)))
                (call $say (call $load_u64 (i64.const 0x7fffffffff)))
                (call $say32 (call $load_u8 (i64.const -1)))
                (call $say (call $load_u64 (i64.const -8)))
                (call $done))"#,
        )
        .call("run", "")
        .gives("0 0 0 0 "),
        body(
            "blocks: ten thousand taken and given back",
            r#"(func (export "run") (local $i i32) (local $b i64)
                (loop $next
                  (local.set $b (call $alloc (i64.extend_i32_u (i32.rem_u (local.get $i) (i32.const 999)))))
                  (call $free (local.get $b))
                  (local.set $i (i32.add (local.get $i) (i32.const 1)))
                  (br_if $next (i32.lt_u (local.get $i) (i32.const 10000))))
                (call $say (call $length (call $alloc (i64.const 5))))
                (call $done))"#,
        )
        .call("run", "")
        .gives("5 "),
        body(
            "blocks: the memory is counted and grows",
            r#"(func (export "run") (local $before i64)
                (local.set $before (call $memory_bytes))
                (call $say32 (i64.ne (local.get $before) (i64.const 0)))
                (drop (call $alloc (i64.const 1000000)))
                (call $say32 (i64.ge_u (call $memory_bytes) (i64.const 1000000)))
                (call $done))"#,
        )
        .covers(&["memory_bytes"])
        .call("run", "")
        .gives("1 1 "),
        body(
            "blocks: the next call starts without those of the last",
            r#"(global $kept (mut i64) (i64.const 0))
            (func (export "keep") (global.set $kept (call $alloc (i64.const 4096))))
            (func (export "run") (call $say (call $length (global.get $kept))) (call $done))"#,
        )
        .call("keep", "")
        .call("run", "")
        .gives("0 "),
        body(
            "blocks: length of a handle with the top bit set",
            r#"(func (export "run") (call $say (call $length (i64.const 0x8000000000007000))) (call $done))"#,
        )
        .call("run", "")
        .gives("1 "),
        body(
            "blocks: one that cannot be had",
            r#"(func (export "run") (call $say (call $alloc (i64.const 0x140000000))) (call $done))"#,
        )
        .call("run", "")
        .fails(FailureKind::Oom),
        body(
            "blocks: a header that was written over",
            r#"(func (export "run") (local $a i64)
                (local.set $a (call $alloc (i64.const 8)))
                (call $store_u8 (i64.sub (local.get $a) (i64.const 4)) (i32.const 5))
                (call $say (call $length (local.get $a)))
                (call $done))"#,
        )
        .call("run", "")
        .gives("8 "),
        body(
            "blocks: what stands before the first one",
            r#"(func (export "run")
                (call $output_set (call $alloc (i64.const 9)) (i64.const 9))
                (call $say (call $load_u64 (i64.const 57)))
                (call $done))"#,
        )
        .call("run", "")
        .gives("0 "),
        body(
            "input: length and bytes",
            r#"(func (export "run")
                (call $say (call $input_length))
                (call $say32 (call $input_load_u8 (i64.const 0)))
                (call $say32 (call $input_load_u8 (i64.const 9)))
                (call $say (call $input_load_u64 (i64.const 1)))
                (call $say_block (call $input_offset))
                (call $say (call $length (call $input_offset)))
                (call $done))"#,
        )
        .covers(&["input_length", "input_load_u8", "input_load_u64", "input_offset"])
        .call("run", "abcdefghij")
        .gives("10 97 106 7595434461045744482 [abcdefghij]10 "),
        body(
            "input: beyond its end there is nothing",
            r#"(func (export "run")
                (call $say32 (call $input_load_u8 (i64.const 10)))
                (call $say32 (call $input_load_u8 (i64.const -1)))
                (call $say (call $input_load_u64 (i64.const 8)))
                (call $say (call $input_load_u64 (i64.const 1000)))
                (call $done))"#,
        )
        .call("run", "abcdefghij")
        .gives("0 0 0 0 "),
        body(
            "input: before its beginning",
            r#"(func (export "run") (call $say (call $input_load_u64 (i64.const -4))) (call $done))"#,
        )
        .call("run", "abcdefghij")
        .gives("7233733595238498314 "),
        body(
            "input: none at all",
            r#"(func (export "first"))
            (func (export "run")
                (call $say (call $input_length))
                (call $say (call $input_offset))
                (call $say32 (call $input_load_u8 (i64.const 0)))
                (call $say (call $input_load_u64 (i64.const 0)))
                (call $done))"#,
        )
        .call("first", "something")
        .call("run", "")
        .gives("0 0 0 0 "),
        body(
            "input: a freed one is gone",
            r#"(func (export "run")
                (call $free (call $input_offset))
                (call $say (call $length (call $input_offset)))
                (call $say (call $input_length))
                (call $done))"#,
        )
        .call("run", "abc"),
        body("output: none was set", r#"(func (export "run"))"#).call("run", "x").gives(""),
        body(
            "output: a part of a block",
            r#"(data (i32.const 1024) "abcdef")
            (func (export "run")
                (call $output_set (i64.add (call $str (i32.const 1024) (i32.const 6)) (i64.const 1)) (i64.const 4)))"#,
        )
        .covers(&["output_set"])
        .call("run", "")
        .gives("bcde"),
        body(
            "output: the last one counts",
            r#"(data (i32.const 1024) "abcdef")
            (func (export "run") (local $b i64)
                (local.set $b (call $str (i32.const 1024) (i32.const 6)))
                (call $output_set (local.get $b) (i64.const 6))
                (call $output_set (local.get $b) (i64.const 2)))"#,
        )
        .call("run", "")
        .gives("ab"),
        body(
            "output: nothing after something",
            r#"(data (i32.const 1024) "abcdef")
            (func (export "run") (local $b i64)
                (local.set $b (call $str (i32.const 1024) (i32.const 6)))
                (call $output_set (local.get $b) (i64.const 6))
                (call $output_set (i64.const 0) (i64.const 0)))"#,
        )
        .call("run", "")
        .gives("abcdef"),
        body(
            "output: that of the last call is gone",
            r#"(func (export "run") (call $say (i64.const 7)) (call $done)) (func (export "silent"))"#,
        )
        .call("run", "")
        .gives("7 ")
        .call("silent", "")
        .gives(""),
        body(
            "output: outside of the memory",
            r#"(func (export "run") (call $output_set (i64.const 0x7fffffff) (i64.const 100)))"#,
        )
        .call("run", "")
        .gives(""),
        body(
            "output: the input itself",
            r#"(func (export "run") (call $output_set (call $input_offset) (call $input_length)))"#,
        )
        .call("run", [0, 159, 146, 150, 255])
        .gives([0, 159, 146, 150, 255]),
        builtin("bytes: a MiB there and back", "echo").call("echo", vec![b'x'; 1 << 20]).gives(vec![b'x'; 1 << 20]),
        builtin("bytes: a MiB there and back in bulk, where the host has it", "echo")
            .call("echo_bulk", vec![b'y'; 1 << 20])
            .gives(vec![b'y'; 1 << 20]),
        builtin("bytes: of every length up to a word and beyond", "echo")
            .call("echo", "")
            .gives("")
            .call("echo", "1")
            .call("echo", "1234567")
            .call("echo", "12345678")
            .call("echo", "123456789")
            .gives("123456789"),
        body(
            "bytes: a handle that is none, to a host function",
            r#"
            (func (export "run") (drop (call $config_get (i64.const 123456789))))"#,
        )
        .call("run", "")
        .fails(FailureKind::Trap),
    ]
}
