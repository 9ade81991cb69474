//! Profiles of plugins that call each other, read by parsers that are not ours: Python's JSON and gzip modules, and
//! prost.

mod common;

use std::io::Read;
use std::path::Path;
use std::process::Command;

use common::{Plugsh, commands, plugsh};
use prost::Message;

/// Calls `busy.run`, and runs a while itself: `own` 1 part, `hot` of `busy` 3.
const FRONT: &str = r#"
(module $front (import "extism:host/user" "find_plugin" (func $find (param i64) (result i64)))
  (import "extism:host/user" "call_plugin" (func $call (param i64 i64 i64) (result i64)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
  (func $word (param $text i64) (param $length i64) (result i64) (local $at i64)
    (local.set $at (call $alloc (local.get $length)))
    (call $store (local.get $at) (local.get $text)) (local.get $at))
  (func $own (local $left i32) (local.set $left (i32.const 100000000))
    (loop $again (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
  (func $ask (drop (call $call (call $find (call $word (i64.const 0x79737562) (i64.const 4)))
      (call $word (i64.const 0x6e7572) (i64.const 3)) (call $word (i64.const 0) (i64.const 1)))))
  (func $run (export "run") (call $own) (call $ask)))"#;
const BUSY: &str = r#"
(module $busy (func $hot (local $left i32) (local.set $left (i32.const 300000000))
    (loop $again (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
  (func $warm (call $hot)) (func $run (export "run") (call $warm)))"#;

/// A script's lines with both plugins loaded.
fn both(lines: &str) -> Plugsh {
    let script = format!("load front.wat\nload busy.wat\n{lines}");
    plugsh().file("front.wat", FRONT).file("busy.wat", BUSY).file("script", script).args(["script"])
}

/// The output of a Python program with a file as its argument.
fn python(program: &str, file: &Path) -> String {
    let ran = Command::new("python3").arg("-c").arg(program).arg(file).output().expect("python3 runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn functions_are_found_through_all_plugins() {
    let ended = both("profile --json front.run > json").run().code(0);
    let profile = std::fs::read(ended.dir.path().join("json")).unwrap();
    let profile: serde_json::Value = serde_json::from_slice(&profile).unwrap();
    let figure = |name: &str| profile[name].as_u64().unwrap();
    assert!(figure("guest_samples") > 0 && figure("samples") >= figure("guest_samples"), "{profile}");
    let row = |plugin: &str, function: &str| {
        let rows = profile["rows"].as_array().unwrap();
        rows.iter().find(|row| row["plugin"] == plugin && row["function"] == function).cloned()
    };
    let total = |row: serde_json::Value| row["total_samples"].as_u64().unwrap();
    let hot = row("busy", "hot").expect("the hot function");
    assert!(hot["self_samples"].as_u64().unwrap() > 0);
    assert!(total(row("busy", "warm").expect("its caller")) >= total(hot.clone()));
    assert!(total(row("front", "ask").expect("the caller in the other plugin")) >= total(hot));
    assert_eq!(row("front", "own").expect("the front's own function")["place"], serde_json::Value::Null);
}

#[test]
fn a_command_that_fails_has_a_profile_and_fails() {
    let ended = commands("load misbehave; profile misbehave.spin --timeout 300ms").run();
    ended.code(124).stderr_has("timed out after 300ms").stdout_has("misbehave");
    let picked = commands("load misbehave; profile --of 'callee=echo' misbehave.spin --timeout 100ms").run();
    picked.code(124).stderr_has("no samples in ");
}

#[test]
fn a_profile_is_of_what_runs_in_the_background_too_and_is_shown_again() {
    let ended = commands(
        "load misbehave\nmisbehave.spin &\nprofile --by plugin sleep 0.3\nprofile --by line\nprofile -o a.folded > again\n\
         kill %1\nprofile -F 3 > b",
    );
    let ended = ended.run().code(2).stderr_has("want a COMMAND to run");
    let folded = std::fs::read_to_string(ended.dir.path().join("a.folded")).unwrap();
    assert!(folded.starts_with("misbehave.spin;"), "{folded}");
    commands("profile").run().code(2).stderr_has("no profile yet: `profile COMMAND` takes one");
    commands("profile -o a.txt echo hi").run().code(2).stderr_has("no format for `a.txt`").stdout("");
    commands("profile profile echo hi").run().code(1).stderr_has("a profile is being taken already");
}

#[test]
fn folded_stacks_and_firefox_read_in_python() {
    let ended =
        both("profile front.run > table\nprofile -o p.folded > t\nprofile -o p.json > t\nprofile -o p.svg > t").run();
    let ended = ended.code(0);
    let file = |name: &str| ended.dir.path().join(name);
    let folded = python(
        "import sys\nfor line in open(sys.argv[1]):\n    stack, count = line.rsplit(' ', 1)\n    assert int(count) > 0\n    \
         print(stack)",
        &file("p.folded"),
    );
    assert!(folded.lines().any(|line| line.ends_with("front.run;run;ask;busy.run;run;warm;hot")), "{folded}");
    assert!(folded.lines().any(|line| line == "front.run;run;own"), "{folded}");
    let firefox = python(FIREFOX, &file("p.json"));
    assert!(
        firefox.lines().any(|line| line.ends_with("ask (front) busy.run run (busy) warm (busy) hot (busy)")),
        "{firefox}"
    );
    let svg = std::fs::read_to_string(file("p.svg")).unwrap();
    assert!(svg.contains("<title>hot (") && svg.contains("busy.run"), "the flame graph lacks functions");
    let well_formed = "import sys, xml.dom.minidom as m\nprint(m.parse(sys.argv[1]).documentElement.tagName)";
    assert_eq!(python(well_formed, &file("p.svg")), "svg\n");
}

/// Walks the tables as Firefox's profiler does, and prints each stack.
const FIREFOX: &str = r#"
import json, sys
profile = json.load(open(sys.argv[1]))
assert profile["meta"]["interval"] > 0 and profile["meta"]["preprocessedProfileVersion"] >= 40
thread, = profile["threads"]
strings, samples = thread["stringArray"], thread["samples"]
for table in ["frameTable", "funcTable", "stackTable", "samples"]:
    for name, column in thread[table].items():
        assert not isinstance(column, list) or len(column) == thread[table]["length"], (table, name)
assert samples["time"] == sorted(samples["time"])
for stack, weight in zip(samples["stack"], samples["weight"]):
    assert weight > 0
    names = []
    while stack is not None:
        prefix = thread["stackTable"]["prefix"][stack]
        assert prefix is None or prefix < stack
        frame = thread["stackTable"]["frame"][stack]
        assert thread["frameTable"]["category"][frame] < len(profile["meta"]["categories"])
        names.append(strings[thread["funcTable"]["name"][thread["frameTable"]["func"][frame]]])
        stack = prefix
    print(" ".join(reversed(names)))
"#;

#[test]
fn pprof_reads_as_protocol_buffers() {
    let ended = both("profile front.run > t\nprofile -o p.pb.gz > t\nprofile --json > j").run().code(0);
    let gzipped = std::fs::read(ended.dir.path().join("p.pb.gz")).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(gzipped.as_slice()).read_to_end(&mut bytes).expect("gzip");
    let profile = pprof::Profile::decode(bytes.as_slice()).expect("a profile");
    let text = |at: i64| profile.string_table[at as usize].as_str();
    assert_eq!(text(0), "");
    let types: Vec<_> = profile.sample_type.iter().map(|ty| (text(ty.r#type), text(ty.unit))).collect();
    assert_eq!(types, [("samples", "count"), ("wall", "nanoseconds")]);
    assert!(profile.time_nanos > 0 && profile.duration_nanos > 0 && profile.period > 0);
    let name = |id: &u64| {
        let location = profile.location.iter().find(|location| location.id == *id).expect("a location");
        let function = profile.function.iter().find(|function| function.id == location.line[0].function_id);
        text(function.expect("a function").name)
    };
    let stacks: Vec<Vec<&str>> =
        profile.sample.iter().map(|sample| sample.location_id.iter().map(name).collect()).collect();
    let hot = ["busy: hot", "busy: warm", "busy: run", "busy.run", "front: ask", "front: run", "front.run"];
    assert!(stacks.iter().any(|stack| stack[..] == hot), "{stacks:?}");
    let counted: i64 = profile.sample.iter().map(|sample| sample.value[0]).sum();
    let json = std::fs::read(ended.dir.path().join("j")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(Some(counted), json["samples"].as_i64());
    assert!(profile.sample.iter().all(|sample| sample.value[1] == sample.value[0] * profile.period));
}

/// The messages of pprof's schema.
mod pprof {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Profile {
        #[prost(message, repeated, tag = "1")]
        pub sample_type: Vec<ValueType>,
        #[prost(message, repeated, tag = "2")]
        pub sample: Vec<Sample>,
        #[prost(message, repeated, tag = "4")]
        pub location: Vec<Location>,
        #[prost(message, repeated, tag = "5")]
        pub function: Vec<Function>,
        #[prost(string, repeated, tag = "6")]
        pub string_table: Vec<String>,
        #[prost(int64, tag = "9")]
        pub time_nanos: i64,
        #[prost(int64, tag = "10")]
        pub duration_nanos: i64,
        #[prost(message, optional, tag = "11")]
        pub period_type: Option<ValueType>,
        #[prost(int64, tag = "12")]
        pub period: i64,
    }

    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub struct ValueType {
        #[prost(int64, tag = "1")]
        pub r#type: i64,
        #[prost(int64, tag = "2")]
        pub unit: i64,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Sample {
        #[prost(uint64, repeated, tag = "1")]
        pub location_id: Vec<u64>,
        #[prost(int64, repeated, tag = "2")]
        pub value: Vec<i64>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Location {
        #[prost(uint64, tag = "1")]
        pub id: u64,
        #[prost(message, repeated, tag = "4")]
        pub line: Vec<Line>,
    }

    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub struct Line {
        #[prost(uint64, tag = "1")]
        pub function_id: u64,
        #[prost(int64, tag = "2")]
        pub line: i64,
    }

    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub struct Function {
        #[prost(uint64, tag = "1")]
        pub id: u64,
        #[prost(int64, tag = "2")]
        pub name: i64,
        #[prost(int64, tag = "3")]
        pub system_name: i64,
        #[prost(int64, tag = "4")]
        pub filename: i64,
    }
}
