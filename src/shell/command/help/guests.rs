//! `help guests`.

use super::topic::Part::{self, *};
use super::topic::Topic;

/// Functions that plugins import to concern themselves with other plugins.
pub const GUESTS: Topic = Topic { name: "guests", column: 29, parts: PARTS };

const PARTS: &[Part] = &[
    Heading("Write a plugin"),
    Row("plugsh new hello", "in Rust, or --lang c, zig, assemblyscript, go, javascript"),
    Row("plugsh test hello.plugsh", "the test file that was written with it"),
    Row("info hello", "its exports and imports, once it is loaded"),
    Blank,
    Heading("What it calls, in `extism:host/user` or `env`"),
    Row("register_plugin", "(name) -> id: starts a process"),
    Row("call_plugin", "(id, function, input) -> output, or the caller fails"),
    Row("try_call_plugin", "as that; a failure gives 0, and call_error() why"),
    Row("start_call", "(id, function, input) -> ticket: beside the caller"),
    Row("join_call, try_join_call", "(ticket) -> output: waits for the call"),
    Row("poll_call", "(ticket) -> 1 when a join would not wait"),
    Row("free_plugin", "(id): ends a process below the caller"),
    Row("find_plugin", "(name) -> id of a living process"),
    Row("self_plugin, parent_plugin", "() -> id of the caller, of its parent"),
    Note("Names, inputs and outputs are handles of blocks, ids and tickets numbers, all of them i64; 0 is none."),
    Blank,
    Heading("Ids as blocks: `plugsh:blocks`"),
    Note(
        "extism-pdk's `#[host_fn]` passes every value as a block, numbers too. In the namespace `plugsh:blocks` the \
            same functions have ids and tickets in blocks: eight bytes, the lowest first, as it writes a u64.",
    ),
    Blank,
    Example(&[
        "#[host_fn(\"plugsh:blocks\")]",
        "extern \"ExtismHost\" {",
        "    fn register_plugin(name: &str) -> u64;",
        "    fn call_plugin(id: u64, function: &str, input: &[u8]) -> Vec<u8>;",
        "}",
    ]),
    Blank,
    Text("Try it, in a fresh shell: a plugin gives its own id, as the block that it got"),
    Example(&[
        "load echo",
        "echo.echo <<END > who.wat",
        "(module",
        "  (import \"plugsh:blocks\" \"self_plugin\" (func $self (result i64)))",
        "  (import \"extism:host/env\" \"output_set\" (func $output (param i64 i64)))",
        "  (func (export \"am_i\") (call $output (call $self) (i64.const 8))))",
        "END",
        "load ./who.wat",
    ]),
    Row("who.am_i | !od -An -td8", "2, the id that `ps` has"),
];
