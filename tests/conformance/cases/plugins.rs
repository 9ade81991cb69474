//! Plugins that start, find, call and free each other.

use super::super::case::{Case, body, builtin};
use plugsh::runtime::FailureKind;

pub fn cases() -> Vec<Case> {
    [built_in(), raw("host: ", ""), raw("bare: ", "ENV;"), in_blocks()].into_iter().flatten().collect()
}

fn built_in() -> Vec<Case> {
    vec![
        builtin("plugins: the seed's front", "front")
            .covers(&["register_plugin", "call_plugin"])
            .call("run", "")
            .gives(r#"{"count":3,"total":3,"vowels":"aeiouAEIOU"}"#),
        builtin("plugins: a tree of themselves", "tree")
            .call("run", r#"{"depth":3,"fanout":2}"#)
            .gives(r#"{"nodes":15,"leaves":8}"#)
            .call("run", r#"{"depth":4,"fanout":1}"#),
        builtin("plugins: map and reduce", "wordcount")
            .call("run", "the cat and the hat and the bat")
            .gives(r#"{"and":2,"bat":1,"cat":1,"hat":1,"the":3}"#),
        builtin("plugins: who am I", "spawner")
            .covers(&["self_plugin", "parent_plugin"])
            .call("whoami", "")
            .call("spawn", "spawner")
            .call("call", "2 whoami")
            .gives(r#"{"id":2,"parent":1}"#),
        builtin("plugins: one is found, another is not", "spawner")
            .covers(&["find_plugin"])
            .call("spawn", "text")
            .call("find", "text")
            .gives("2")
            .call("find", "tree")
            .gives("0"),
        builtin("plugins: a freed one is gone", "spawner")
            .covers(&["free_plugin"])
            .call("spawn", "text")
            .call("free", "2")
            .call("find", "text")
            .gives("0")
            .call("try_call", "2 upper x")
            .call("free", "2")
            .fails(FailureKind::Denied),
        builtin("plugins: bytes there and back", "spawner")
            .call("spawn", "text")
            .call("call", "2 reverse abc")
            .gives("cba"),
        builtin("plugins: a callee's error ends the caller", "spawner")
            .call("spawn", "misbehave")
            .call("call", "2 error it is so")
            .fails(FailureKind::Nested),
        builtin("plugins: a callee's error as a value", "spawner")
            .covers(&["try_call_plugin", "call_error"])
            .call("spawn", "misbehave")
            .call("try_call", "2 error it is so")
            .gives("failed: 2: it is so")
            .call("try_call", "2 crash"),
        builtin("plugins: a call that goes well, tried", "spawner")
            .call("spawn", "text")
            .call("try_call", "2 upper abc")
            .gives("ok: ABC"),
        builtin("plugins: calls side by side", "spawner")
            .covers(&["start_call", "poll_call", "join_call", "try_join_call"])
            .call("spawn", "text")
            .call("join_all", "2 upper abc\n2 reverse abc")
            .gives("ABC\ncba")
            .call("try_join_all", "2 upper abc\n2 nonesuch x")
            .call("poll_all", "2 upper abc\n2 reverse abc")
            .gives("ok: ABC\nok: cba")
            .call("start_all", "2 upper abc")
            .gives(""),
        builtin("plugins: a plugin that is not there", "spawner").call("spawn", "nonesuch").fails(FailureKind::Load),
        builtin("plugins: a path is not for plugins", "spawner").call("spawn", "./x.wasm").fails(FailureKind::Denied),
        builtin("plugins: a function that is not there", "spawner")
            .call("spawn", "text")
            .call("call", "2 nonesuch")
            .fails(FailureKind::Nested),
        builtin("plugins: an id that nobody has", "spawner").call("try_call", "99 run"),
        builtin("plugins: in a circle", "spawner").call("try_call", "1 whoami"),
        builtin("plugins: the caller goes on after a callee's crash", "spawner")
            .call("spawn", "misbehave")
            .call("call", "2 crash")
            .fails(FailureKind::Nested)
            .call("whoami", "")
            .gives(r#"{"id":1,"parent":0}"#),
    ]
}

const RAW: &str = r#"
    (data (i32.const 1024) "count_vowels") (data (i32.const 1040) "test") (data (i32.const 1056) "run")
    (data (i32.const 1072) "fail") (data (i32.const 1088) "\ff") (data (i32.const 1104) "silent")
    (func $name (result i64) (call $str (i32.const 1040) (i32.const 4)))
    (func (export "run") (call $say_block (call $input_offset)) (call $done))
    (func (export "silent"))
    (func (export "fail") (call $error_set (call $name)))
    (func (export "echo")
        (call $say_block (call $call_plugin (call $register_plugin (call $name)) (call $str (i32.const 1056) (i32.const 3)) (call $input)))
        (call $done))
    (func (export "no_input")
        (call $say_block (call $call_plugin (call $register_plugin (call $name)) (call $str (i32.const 1056) (i32.const 3)) (i64.const 0)))
        (call $done))
    (func (export "no_output")
        (call $say (call $call_plugin (call $register_plugin (call $name)) (call $str (i32.const 1104) (i32.const 6)) (call $input)))
        (call $done))
    (func (export "no_function") (drop (call $call_plugin (call $register_plugin (call $name)) (i64.const 0) (i64.const 0))))
    (func (export "bad_function")
        (drop (call $call_plugin (call $register_plugin (call $name)) (call $str (i32.const 1088) (i32.const 1)) (i64.const 0))))
    (func (export "bad_handle")
        (drop (call $call_plugin (call $register_plugin (call $name)) (i64.const 123456789) (i64.const 0))))
    (func (export "bad_input")
        (drop (call $call_plugin (call $register_plugin (call $name)) (call $str (i32.const 1056) (i32.const 3)) (i64.const 123456789))))
    (func (export "bad_name") (drop (call $register_plugin (call $str (i32.const 1088) (i32.const 1)))))
    (func (export "no_name") (drop (call $register_plugin (i64.const 0))))
    (func (export "bad_name_handle") (drop (call $register_plugin (i64.const 123456789))))
    (func (export "no_find") (call $say (call $find_plugin (i64.const 0))) (call $done))
    (func (export "kin") (call $say (call $self_plugin)) (call $say (call $parent_plugin)) (call $done))
    (func (export "blocks") (local $f i64) (local $i i64)
        (local.set $f (call $str (i32.const 1056) (i32.const 3)))
        (local.set $i (call $input))
        (drop (call $call_plugin (call $register_plugin (call $name)) (local.get $f) (local.get $i)))
        (call $say_block (local.get $f)) (call $say_block (local.get $i)) (call $done))
    (func (export "tried")
        (call $say (call $call_error))
        (call $say (call $try_call_plugin (call $register_plugin (call $name)) (call $str (i32.const 1072) (i32.const 4)) (i64.const 0)))
        (call $say_block (call $call_error)) (call $say_block (call $call_error))
        (drop (call $try_call_plugin (i64.const 2) (call $str (i32.const 1104) (i32.const 6)) (i64.const 0)))
        (call $say (call $call_error))
        (call $done))
    (func (export "later_error") (call $say_block (call $call_error)) (call $done))
    (func (export "leave_error")
        (drop (call $try_call_plugin (call $register_plugin (call $name)) (call $str (i32.const 1072) (i32.const 4)) (i64.const 0))))
    (func (export "free_it") (local $id i64)
        (local.set $id (call $register_plugin (call $name)))
        (call $free_plugin (local.get $id))
        (call $free_plugin (local.get $id)))
    (func $start (param $function i32) (param $length i32) (result i64)
        (call $start_call (call $register_plugin (call $name)) (call $str (local.get $function) (local.get $length)) (call $input)))
    (func (export "started") (local $ticket i64)
        (local.set $ticket (call $start (i32.const 1056) (i32.const 3)))
        (call $say (call $poll_call (local.get $ticket)))
        (call $say_block (call $join_call (local.get $ticket)))
        (call $done))
    (func (export "joined_failure") (drop (call $join_call (call $start (i32.const 1072) (i32.const 4)))))
    (func (export "tried_join")
        (call $say (call $try_join_call (call $start (i32.const 1072) (i32.const 4))))
        (call $say_block (call $call_error))
        (drop (call $try_join_call (call $start_call (i64.const 2) (call $str (i32.const 1104) (i32.const 6)) (i64.const 0))))
        (call $say (call $call_error))
        (call $done))
    (func (export "start_nothing")
        (call $say (call $try_join_call (call $start_call (call $register_plugin (call $name)) (i64.const 0) (i64.const 0))))
        (call $done))
    (func (export "start_bad")
        (drop (call $start_call (call $register_plugin (call $name)) (call $str (i32.const 1056) (i32.const 3)) (i64.const 123456789))))
    (func (export "joined_twice") (local $ticket i64)
        (local.set $ticket (call $start (i32.const 1056) (i32.const 3)))
        (drop (call $join_call (local.get $ticket)))
        (drop (call $join_call (local.get $ticket))))
    (func (export "joined_twice_tried") (local $ticket i64)
        (local.set $ticket (call $start (i32.const 1056) (i32.const 3)))
        (drop (call $join_call (local.get $ticket)))
        (call $say (call $try_join_call (local.get $ticket)))
        (call $done))
    (func (export "polled") (call $say (call $poll_call (i64.const 77))) (call $done))"#;

/// The raw functions, in one of the two namespaces with numbers.
fn raw(prefix: &'static str, namespace: &'static str) -> Vec<Case> {
    let case = |name: &str| {
        let name: &'static str = Box::leak(format!("{prefix}{name}").into_boxed_str());
        body(name, &format!("{namespace}{RAW}"))
    };
    vec![
        case("a call with input and output").call("echo", "there and back").gives("[[there and back]]"),
        case("no input is nothing").call("no_input", "").gives("[[]]"),
        case("no output is handle 0").call("no_output", "x").gives("0 "),
        case("no function name").call("no_function", ""),
        case("a function name that is not UTF-8").call("bad_function", ""),
        case("a function name that is no handle").call("bad_handle", "").fails(FailureKind::Trap),
        case("an input that is no handle").call("bad_input", "").fails(FailureKind::Trap),
        case("a plugin name that is not UTF-8").call("bad_name", "").fails(FailureKind::Trap),
        case("no plugin name").call("no_name", ""),
        case("a plugin name that is no handle").call("bad_name_handle", "").fails(FailureKind::Trap),
        case("nothing is found under no name").call("no_find", ""),
        case("one's own id and the parent's").call("kin", "").gives("1 0 "),
        case("the caller's blocks stay its own").call("blocks", "input").gives("[run][input]"),
        case("a failure as a value, until the next call that is tried")
            .call("tried", "")
            .gives("0 0 [2: test][2: test]0 "),
        case("what failed can be asked for in a later call").call("leave_error", "").call("later_error", ""),
        case("ending one twice").call("free_it", "").fails(FailureKind::Denied),
        case("a started call is joined").call("started", "there and back").gives("1 [[there and back]]"),
        case("a started call fails at its join").call("joined_failure", "").fails(FailureKind::Nested),
        case("a started call's failure as a value, until the next").call("tried_join", "").gives("0 [2: test]0 "),
        case("no function name of a started call").call("start_nothing", ""),
        case("a started call of an input that is no handle").call("start_bad", "").fails(FailureKind::Trap),
        case("a second join of one started call").call("joined_twice", "").fails(FailureKind::Denied),
        case("a second join, tried").call("joined_twice_tried", "").gives("0 "),
        case("asking for a call that was not started").call("polled", "").fails(FailureKind::Denied),
    ]
}

/// The functions with ids in blocks: those of [`RAW`] that hand an id on as they get it, and what an id looks like.
fn in_blocks() -> Vec<Case> {
    let case = |name| body(name, &format!("BLOCKS;{RAW}{IDS}"));
    vec![
        case("ids in blocks: a call with input and output").call("echo", "there and back").gives("[[there and back]]"),
        case("ids in blocks: a function name that is no handle").call("bad_handle", "").fails(FailureKind::Trap),
        case("ids in blocks: ending one twice").call("free_it", "").fails(FailureKind::Denied),
        case("ids in blocks: an id is the eight bytes of a number").call("own", "").gives("8 1 8 0 8 0 8 2 "),
        case("ids in blocks: an id in digits").call("digits", "").gives("[[x]]"),
        case("ids in blocks: a started call is joined").call("started_here", "").gives("8 1 [[x]]"),
        case("ids in blocks: a tried call and why it failed").call("tried_here", "").gives("0 [2: test]"),
        case("ids in blocks: an id of another length").call("call_input", "\u{1}\0\0\0").fails(FailureKind::Trap),
        case("ids in blocks: an id that is no text of digits").call("call_input", "echo").fails(FailureKind::Trap),
        case("ids in blocks: an id that is far too long").call("call_input", LONG).fails(FailureKind::Trap),
        case("ids in blocks: an id that is no handle").call("bad_id", "").fails(FailureKind::Trap),
        case("ids in blocks: no id").call("no_id", "").fails(FailureKind::Trap),
        case("ids in blocks: an id that nobody has").call("call_input", "99").fails(FailureKind::Nested),
    ]
}

const LONG: &str = "000000000000000000000000000000000000000001";

const IDS: &str = r#"
    (data (i32.const 1120) "x")
    (func $silent_name (result i64) (call $str (i32.const 1104) (i32.const 6)))
    (func $say_id (param $id i64)
        (call $say (call $length (local.get $id)))
        (call $say (call $load_u64 (local.get $id))))
    (func (export "own")
        (call $say_id (call $self_plugin)) (call $say_id (call $parent_plugin))
        (call $say_id (call $find_plugin (call $silent_name))) (call $say_id (call $register_plugin (call $name)))
        (call $done))
    (func (export "digits") (local $id i64)
        (local.set $id (call $alloc (i64.const 1)))
        (call $store_u8 (local.get $id)
            (i32.add (i32.const 48) (i32.wrap_i64 (call $load_u64 (call $register_plugin (call $name))))))
        (call $say_block (call $call_plugin (local.get $id) (call $str (i32.const 1056) (i32.const 3)) (call $str (i32.const 1120) (i32.const 1))))
        (call $done))
    (func (export "started_here") (local $ticket i64)
        (local.set $ticket
            (call $start_call (call $register_plugin (call $name)) (call $str (i32.const 1056) (i32.const 3)) (call $str (i32.const 1120) (i32.const 1))))
        (call $say_id (call $poll_call (local.get $ticket)))
        (call $say_block (call $try_join_call (local.get $ticket)))
        (call $done))
    (func (export "tried_here")
        (call $say (call $try_call_plugin (call $register_plugin (call $name)) (call $str (i32.const 1072) (i32.const 4)) (i64.const 0)))
        (call $say_block (call $call_error))
        (call $done))
    (func (export "call_input") (drop (call $call_plugin (call $input) (call $silent_name) (i64.const 0))))
    (func (export "bad_id") (drop (call $call_plugin (i64.const 123456789) (call $silent_name) (i64.const 0))))
    (func (export "no_id") (drop (call $call_plugin (i64.const 0) (call $silent_name) (i64.const 0))))"#;
