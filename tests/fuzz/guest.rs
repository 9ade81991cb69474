//! Valid modules whose functions call every host function of the table in random order with random arguments: handles
//! that were given, handles near them, and numbers that no handle is.

use std::fmt::Write;

use plugsh::runtime::host_functions::{self, HostFunction};
use plugsh::runtime::stand_in_types::NumberType;

use super::cursor::Cursor;

/// Names for blocks: plugins, functions, and invalid ones.
const NAMES: [&str; 6] = ["echo", "spawner", "whoami", "f0", "no", "\u{1b}[2J"];
/// The locals that keep results of the host.
const LOCALS: u8 = 6;
const FUNCTIONS: u8 = 3;
/// The most steps of a function.
const STEPS_MAX: u8 = 24;

/// The text of a module.
pub fn write(cursor: &mut Cursor<'_>) -> String {
    let mut text = String::from("(module\n");
    let host: Vec<&HostFunction> = host_functions::all().collect();
    for function in &host {
        text.push_str(&function.import(function.namespaces[0]));
    }
    text.push_str("(memory (export \"memory\") 1)\n");
    for number in 0..NAMES.len() {
        named(&mut text, number);
    }
    for number in 0..FUNCTIONS {
        let locals: String = (0..LOCALS).map(|local| format!("(local $l{local} i64) ")).collect();
        // Writes to a string cannot fail.
        let _ = writeln!(text, "(func $f{number} (export \"f{number}\") {locals}");
        for _ in 0..cursor.byte() % STEPS_MAX {
            step(&mut text, cursor, &host);
        }
        text.push_str(")\n");
    }
    if cursor.byte().is_multiple_of(8) && !cursor.is_empty() {
        text.push_str("(start $f0)\n");
    }
    text + ")"
}

/// Writes a function that returns a block with one of the names.
fn named(text: &mut String, number: usize) {
    let name = NAMES[number].as_bytes();
    let _ = writeln!(text, "(func $n{number} (result i64) (local $b i64)");
    let _ = writeln!(text, "  (local.set $b (call $alloc (i64.const {})))", name.len());
    for (at, byte) in name.iter().enumerate() {
        let _ = writeln!(text, "  (call $store_u8 (i64.add (local.get $b) (i64.const {at})) (i32.const {byte}))");
    }
    text.push_str("  (local.get $b))\n");
}

/// Writes a call of a host function; its result goes to a local.
fn step(text: &mut String, cursor: &mut Cursor<'_>, host: &[&HostFunction]) {
    let function = host[usize::from(cursor.byte()) % host.len()];
    let mut call = format!("(call ${}", function.name);
    for parameter in function.params {
        let argument = argument(cursor);
        match parameter.ty {
            NumberType::I64 => call = call + " " + &argument,
            NumberType::I32 => call = call + " (i32.wrap_i64 " + &argument + ")",
            NumberType::F32 | NumberType::F64 | NumberType::V128 => unreachable!("no host function takes one"),
        }
    }
    call.push(')');
    let local = cursor.byte() % LOCALS;
    let _ = match function.result.map(|result| result.ty) {
        None => writeln!(text, "  {call}"),
        Some(NumberType::I64) => writeln!(text, "  (local.set $l{local} {call})"),
        Some(NumberType::I32) => writeln!(text, "  (local.set $l{local} (i64.extend_i32_u {call}))"),
        Some(NumberType::F32 | NumberType::F64 | NumberType::V128) => unreachable!("no host function gives one"),
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
