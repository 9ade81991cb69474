//! `help debugging`.

use super::topic::Part::{self, *};
use super::topic::Topic;

/// The tools in the order in which a bug is found with them.
pub const DEBUGGING: Topic = Topic { name: "debugging", column: 43, parts: PARTS };

const PARTS: &[Part] = &[
    Heading("See what happens"),
    Row("trace", "every call, nested ones too"),
    Row(
        "trace -e 'outcome!=ok or duration>5ms'",
        "only some: caller callee function outcome depth job bytes_in bytes_out duration held grew fuel kind input \
            output error",
    ),
    Row("trace payloads 4k 16M", "keep inputs and outputs; show SEQ prints them"),
    Row("trace host on, trace host on EXPR", "what plugins ask of their host: vars, config, logs, HTTP, WASI's files"),
    Row("stats --by function, stats --hist", "where the time and the bytes go"),
    Row("profile -o run.svg COMMAND", "which functions and lines of the plugins; .folded, .json (Firefox), .pb.gz"),
    Row(
        "perf record -g plugsh --perf-map FILE",
        "the host's functions beside the plugins', with Linux's perf; then perf report",
    ),
    Row("export run.json, run.svg, run.mmd", "for Perfetto, as a flame graph, as a diagram; export --otlp URL"),
    Blank,
    Heading("See where it failed"),
    Row("cart.total rate", "the error names file and line, of a plugin with debug information"),
    Row("bt, show SEQ, info PLUGIN", "the frames of all plugins of the chain; --all those of runtimes too"),
    Row("hold %1, bt %1", "where a running call stands, also in a loop that makes no calls"),
    Row("plugsh --coredump DIR", "a core dump of each trap, for a debugger of the wasm tools"),
    Blank,
    Heading("Stop where it happens"),
    Row("break 'reducer.reduce and bytes_in>1k'", "then: bt, step, next, finish, set-input, return, fail, continue"),
    Row("break src/lib.rs:42, break cart::total", "stop in a plugin's code; break --on trap where one traps"),
    Row("list, locals, print cart.items[2].name", "what is there; frame up, frame N choose the caller's frame"),
    Row("step, next, finish, until 50", "go on by lines, from plugin to plugin"),
    Row("breaks, delete N", "list them, take them away; --on return holds after, --do runs commands"),
    Row(
        "vars cart, peek cart 0x100000 64",
        "variables and memory of a process that is held or idle; vars cart KEY VALUE sets",
    ),
    Blank,
    Heading("Change what happens"),
    Row("inject mapper.map error='no disk'", "faults: error, delay, drop-output, trap; faults lists them"),
    Row("stub mapper.map = '{}'", "answer in a plugin's place; stubs, unstub"),
    Blank,
    Heading("Do it again"),
    Row("record FILE, record off, replay FILE", "the same calls on fresh processes; replay SEQ one call"),
    Example(&["expect, expect-json, expect-error,", "expect-calls, expect-duration, expect-fuel,"]),
    Row("expect-tree", "say what must hold; plugsh test FILE... --junit FILE checks it"),
    Row("plugsh test FILE... --coverage FILE", "the lines of the plugins that ran, and those that did not"),
    Blank,
    Text(
        "Try it, in a fresh shell, on two bugs of wordcount. One is planted by a stub: the second mapper counts \
            nothing but `the`",
    ),
    Example(&["load wordcount", "stub mapper-2.map = {\"the\": 1}"]),
    Row("trace payloads 64k", "keep the bytes from now on"),
    Row("wordcount.run 'the cat and the dog'", "the total is wrong"),
    Row("trace -e 'depth=2 and kind=call'", "who was called with how much; the number in front is for show"),
    Row("show 10 --input", "what the reducer was given: a part lacks words"),
    Row("show 6", "the mapper that gave it: there it is"),
    Blank,
    Text(
        "The other one is planted by a fault: each answer of a mapper that was asked about a dog is lost, and the error \
            blames the reducer",
    ),
    Example(&["unstub --all", "inject 'mapper*.map and input~dog' drop-output", "wordcount.run 'the cat and the dog'"]),
    Row("trace -e 'kind=call and bytes_out=0'", "who answered nothing"),
    Example(&["break 'mapper*.map and bytes_out=0' --on return"]),
    Row("wordcount.run 'the cat and the dog'", "held at the next one, before the reducer sees it"),
    Row("return {\"dog\": 1}", "answer in its place; the run goes on"),
];
