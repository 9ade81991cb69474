//! Valid modules whose functions call Extism's and plugsh's host functions in random order with random arguments: handles
//! that were given, handles near them, and numbers that no handle is.

use std::fmt::Write;

use super::cursor::Cursor;

/// The type of an argument or a result.
#[derive(Clone, Copy)]
enum Ty {
    I32,
    I64,
}

use Ty::{I32, I64};

/// Every function of the host: its module, name, parameters and result.
const HOST: &[(&str, &str, &[Ty], Option<Ty>)] = &[
    ("extism:host/env", "alloc", &[I64], Some(I64)),
    ("extism:host/env", "free", &[I64], None),
    ("extism:host/env", "length", &[I64], Some(I64)),
    ("extism:host/env", "length_unsafe", &[I64], Some(I64)),
    ("extism:host/env", "load_u8", &[I64], Some(I32)),
    ("extism:host/env", "load_u64", &[I64], Some(I64)),
    ("extism:host/env", "store_u8", &[I64, I32], None),
    ("extism:host/env", "store_u64", &[I64, I64], None),
    ("extism:host/env", "input_length", &[], Some(I64)),
    ("extism:host/env", "input_offset", &[], Some(I64)),
    ("extism:host/env", "input_load_u8", &[I64], Some(I32)),
    ("extism:host/env", "input_load_u64", &[I64], Some(I64)),
    ("extism:host/env", "output_set", &[I64, I64], None),
    ("extism:host/env", "error_set", &[I64], None),
    ("extism:host/env", "error_get", &[], Some(I64)),
    ("extism:host/env", "config_get", &[I64], Some(I64)),
    ("extism:host/env", "var_get", &[I64], Some(I64)),
    ("extism:host/env", "var_set", &[I64, I64], None),
    ("extism:host/env", "http_request", &[I64, I64], Some(I64)),
    ("extism:host/env", "http_status_code", &[], Some(I32)),
    ("extism:host/env", "http_headers", &[], Some(I64)),
    ("extism:host/env", "log_info", &[I64], None),
    ("extism:host/env", "log_error", &[I64], None),
    ("extism:host/env", "get_log_level", &[], Some(I32)),
    ("extism:host/env", "memory_bytes", &[], Some(I64)),
    ("extism:host/user", "register_plugin", &[I64], Some(I64)),
    ("extism:host/user", "call_plugin", &[I64, I64, I64], Some(I64)),
    ("extism:host/user", "try_call_plugin", &[I64, I64, I64], Some(I64)),
    ("extism:host/user", "call_error", &[], Some(I64)),
    ("extism:host/user", "free_plugin", &[I64], None),
    ("extism:host/user", "find_plugin", &[I64], Some(I64)),
    ("extism:host/user", "self_plugin", &[], Some(I64)),
    ("extism:host/user", "parent_plugin", &[], Some(I64)),
];

/// Names that can be put into a block: of plugins that are there, and of functions they have.
const NAMES: [&str; 6] = ["echo", "spawner", "whoami", "f0", "no", "\u{1b}[2J"];
/// What was given by the host is kept here.
const LOCALS: u8 = 6;
const FUNCTIONS: u8 = 3;
/// Most steps of one function.
const STEPS_MAX: u8 = 24;

/// The text of a module.
pub fn write(cursor: &mut Cursor<'_>) -> String {
    let mut text = String::from("(module\n");
    for (module, name, parameters, result) in HOST {
        let parameters: String = parameters.iter().map(|ty| format!("(param {}) ", ty.name())).collect();
        let result = result.map_or(String::new(), |ty| format!("(result {})", ty.name()));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "(import \"{module}\" \"{name}\" (func ${name} {parameters}{result}))");
    }
    text.push_str("(memory (export \"memory\") 1)\n");
    for number in 0..NAMES.len() {
        named(&mut text, number);
    }
    for number in 0..FUNCTIONS {
        let locals: String = (0..LOCALS).map(|local| format!("(local $l{local} i64) ")).collect();
        let _ = writeln!(text, "(func $f{number} (export \"f{number}\") {locals}");
        for _ in 0..cursor.byte() % STEPS_MAX {
            step(&mut text, cursor);
        }
        text.push_str(")\n");
    }
    if cursor.byte().is_multiple_of(8) && !cursor.is_empty() {
        text.push_str("(start $f0)\n");
    }
    text + ")"
}

/// A function that gives a block with one of the names in it.
fn named(text: &mut String, number: usize) {
    let name = NAMES[number].as_bytes();
    let _ = writeln!(text, "(func $n{number} (result i64) (local $b i64)");
    let _ = writeln!(text, "  (local.set $b (call $alloc (i64.const {})))", name.len());
    for (at, byte) in name.iter().enumerate() {
        let _ = writeln!(text, "  (call $store_u8 (i64.add (local.get $b) (i64.const {at})) (i32.const {byte}))");
    }
    text.push_str("  (local.get $b))\n");
}

/// One call of the host, its result kept in a local.
fn step(text: &mut String, cursor: &mut Cursor<'_>) {
    let (_, name, parameters, result) = HOST[usize::from(cursor.byte()) % HOST.len()];
    let mut call = format!("(call ${name}");
    for ty in parameters {
        let argument = argument(cursor);
        match ty {
            I64 => call = call + " " + &argument,
            I32 => call = call + " (i32.wrap_i64 " + &argument + ")",
        }
    }
    call.push(')');
    let local = cursor.byte() % LOCALS;
    let _ = match result {
        None => writeln!(text, "  {call}"),
        Some(I64) => writeln!(text, "  (local.set $l{local} {call})"),
        Some(I32) => writeln!(text, "  (local.set $l{local} (i64.extend_i32_u {call}))"),
    };
}

fn argument(cursor: &mut Cursor<'_>) -> String {
    const EDGES: [i64; 10] = [0, 1, 7, -1, i64::MIN, i64::MAX, 1 << 32, u32::MAX as i64, -65_536, 65_536];
    let choice = cursor.byte();
    let local = choice / 16 % LOCALS;
    match choice % 8 {
        0..=2 => format!("(local.get $l{local})"),
        3 => format!("(call $n{})", usize::from(choice / 8) % NAMES.len()),
        4 => format!("(i64.const {})", EDGES[usize::from(choice / 8) % EDGES.len()]),
        5 => format!("(i64.add (local.get $l{local}) (i64.const {}))", cursor.byte() as i8),
        6 => format!("(i64.const {})", cursor.word()),
        _ => format!("(i64.const {})", cursor.long() as i64),
    }
}

impl Ty {
    fn name(self) -> &'static str {
        match self {
            I32 => "i32",
            I64 => "i64",
        }
    }
}
