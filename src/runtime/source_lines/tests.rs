//! Lines and functions of the tests' guests, whose sources are beside them.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::*;

const CART: &[u8] = include_bytes!("../../../tests/guests/cart.wasm");
const CART_SOURCE: &str = include_str!("../../../tests/guests/src/cart.rs");
const LEDGER: &[u8] = include_bytes!("../../../tests/guests/ledger.wasm");
const TAX: &[u8] = include_bytes!("../../../tests/guests/tax.wasm");
const SLIP: &[u8] = include_bytes!("../../../tests/guests/slip.wasm");

/// The line of a source that has a text, from 1 on.
fn line_with(source: &str, text: &str) -> u32 {
    let at = source.lines().position(|line| line.contains(text)).unwrap();
    at as u32 + 1
}

fn find(lines: &SourceLines, query: &str) -> Result<LinePlace, LineError> {
    let (file, line) = line_query(query).unwrap();
    lines.find_line(file, line)
}

/// The addresses of all instructions, dead ones too.
fn opcodes(wasm: &[u8]) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let wasmparser::Payload::CodeSectionEntry(body) = payload.unwrap() {
            let operators = body.get_operators_reader().unwrap().into_iter_with_offsets();
            found.extend(operators.map(|operator| operator.unwrap().1 as u32));
        }
    }
    found
}

#[test]
fn a_line_is_where_its_code_is() {
    let lines = SourceLines::read(CART);
    let line = line_with(CART_SOURCE, "call(tax, function, 0)");
    let place = find(&lines, &format!("src/cart.rs:{line}")).unwrap();
    for pc in &place.stops {
        let position = lines.position(*pc).unwrap();
        assert_eq!((position.file, position.line), (place.file, line));
        assert_eq!(&*lines.function_at(*pc).unwrap().1.name, "cart::ask_tax");
    }
    assert_eq!(lines.file(place.file).unwrap().name, "src/cart.rs");
    assert_eq!(lines.short_name(place.file), "cart.rs");
}

#[test]
fn every_start_of_a_line_is_an_instruction() {
    for wasm in [CART, LEDGER, TAX] {
        let (lines, opcodes) = (SourceLines::read(wasm), opcodes(wasm));
        let mut count = 0;
        for (file, _) in lines.files() {
            for line in lines.lines_of(file) {
                let starts = lines.starts_of(file, line);
                assert!(!starts.is_empty());
                count += starts.len();
                assert!(starts.iter().all(|pc| opcodes.contains(pc)), "{file:?} {line}");
                assert!(starts.iter().all(|pc| lines.position(*pc).unwrap().line == line));
                assert!(lines.stops_of(file, line).iter().all(|pc| opcodes.contains(pc)));
            }
        }
        assert!(count > 20);
        assert!(lines.functions().all(|(_, function)| function.entry.is_none_or(|pc| opcodes.contains(&pc))));
    }
}

#[test]
fn a_line_without_code_names_the_nearest() {
    let lines = SourceLines::read(LEDGER);
    let file = lines.find_file("ledger.c").unwrap();
    let no_code = |nearest| Err(LineError::NoCode { file: "ledger.c".to_owned(), nearest: Some(nearest) });
    assert_eq!(find(&lines, "ledger.c:1"), no_code(15));
    let last = *lines.lines_of(file).last().unwrap();
    assert_eq!(find(&lines, "ledger.c:4000"), no_code(last));
}

#[test]
fn a_name_of_several_files_names_them() {
    let lines = SourceLines::read(TAX);
    let Err(LineError::Ambiguous { files }) = lines.find_file("mod.rs") else {
        panic!("{:?}", lines.find_file("mod.rs"))
    };
    assert!(files.len() > 1, "{files:?}");
    let found: BTreeSet<_> = files.iter().map(|name| lines.find_file(name).unwrap()).collect();
    assert_eq!(found.len(), files.len(), "each name is of one file: {files:?}");
}

#[test]
fn unknown_files_name_the_closest() {
    let lines = SourceLines::read(LEDGER);
    assert_eq!(find(&lines, "leger.c:3"), Err(LineError::NoFile { closest: Some("ledger.c".into()) }));
    assert_eq!(find(&lines, "edger.c:3"), Err(LineError::NoFile { closest: Some("ledger.c".into()) }));
    assert_eq!(find(&SourceLines::read(SLIP), "slip.ts:3"), Err(LineError::NoLines));
}

#[test]
fn words_that_are_no_lines_are_left() {
    assert_eq!(line_query("src/lib.rs:42"), Some(("src/lib.rs", 42)));
    assert_eq!(line_query("C:/x.c:7"), Some(("C:/x.c", 7)));
    for word in ["cart::total", "cart:0", ":4", "total", "a:b", "cart::4"] {
        assert_eq!(line_query(word), None, "{word}");
    }
}

#[test]
fn functions_are_found_by_the_ends_of_their_paths() {
    let lines = SourceLines::read(TAX);
    let names = |name: &str| -> BTreeSet<String> {
        lines.functions_matching(name).into_iter().map(|(_, function)| function.name.to_string()).collect()
    };
    assert_eq!(names("Rate::of"), BTreeSet::from(["tax::Rate::of".to_owned()]));
    assert_eq!(names("tax::rate_of"), BTreeSet::from(["tax::rate_of".to_owned()]));
    assert_eq!(names("ate_of"), BTreeSet::new());
    assert_eq!(names(""), BTreeSet::new());
    assert_eq!(names("<>"), BTreeSet::new());
    let double = lines.functions_matching("double");
    assert!(double.iter().any(|(_, function)| function.is_inlined), "{double:?}");
}

#[test]
fn a_module_without_debug_information_has_its_names() {
    let lines = SourceLines::read(SLIP);
    assert!(!lines.has_lines());
    let found = lines.functions_matching("slip/total");
    let all: Vec<_> = lines.functions().map(|(_, function)| function.name.to_string()).collect();
    assert!(found.is_empty() || found[0].1.entry.is_some(), "{all:?}");
    assert!(all.len() > 3, "{all:?}");
    assert!(lines.functions().all(|(_, function)| function.entry.is_some()));
}

#[test]
fn text_has_its_exports() {
    let lines = SourceLines::read(br#"(module (func (export "total") nop) (func $own nop))"#);
    let names: Vec<_> = lines.functions().map(|(_, function)| function.name.to_string()).collect();
    assert_eq!(names, ["total", "own"]);
}

#[test]
fn bytes_of_any_kind_are_read_to_their_end() {
    for length in (8..TAX.len()).step_by(1009) {
        let lines = SourceLines::read(&TAX[..length]);
        let mut shown = String::new();
        lines.functions().for_each(|(_, function)| write!(shown, "{}", function.name).unwrap());
    }
    let mut state = 7u32;
    for _ in 0..300 {
        let mut bytes = TAX.to_vec();
        for _ in 0..8 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = TAX.len() / 5 + state as usize % (TAX.len() - TAX.len() / 5);
            bytes[at] = (state >> 24) as u8;
        }
        let lines = SourceLines::read(&bytes);
        assert!(lines.bytes() < 64 << 20);
        for (file, _) in lines.files() {
            lines.short_name(file);
            lines.lines_of(file).iter().for_each(|line| assert!(!lines.stops_of(file, *line).is_empty()));
        }
    }
}
