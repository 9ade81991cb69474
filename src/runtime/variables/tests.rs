//! Variables of the tests' guests, in frames that are made up: hostile debug information, and frames that have nothing.

use super::*;
use crate::runtime::source_lines::SourceLines;

const BASKET: &[u8] = include_bytes!("../../../tests/guests/basket.wasm");
const STOCK: &[u8] = include_bytes!("../../../tests/guests/stock.wasm");
const STOCK_SOURCE: &str = include_str!("../../../tests/guests/src/stock.c");

/// The size of the memory of made-up frames, in bytes.
const MEMORY_BYTES: u64 = 1 << 25;

/// A frame whose values are all the same, and whose memory repeats one byte.
struct Uniform {
    value: Option<u64>,
    byte: u8,
    /// Bytes that were read.
    read: u64,
}

impl FrameState for Uniform {
    fn local(&mut self, _: u32) -> Option<u64> {
        self.value
    }

    fn global(&mut self, _: u32) -> Option<u64> {
        self.value
    }

    fn operand(&mut self, _: u32) -> Option<u64> {
        self.value
    }

    fn memory(&mut self, address: u64, length: usize) -> Option<Vec<u8>> {
        self.read += length as u64;
        let end = address.checked_add(length as u64)?;
        (end <= MEMORY_BYTES).then(|| vec![self.byte; length])
    }
}

fn uniform(value: u64, byte: u8) -> Uniform {
    Uniform { value: Some(value), byte, read: 0 }
}

/// An instruction of the line of C's source that has a text.
fn stock_at(text: &str) -> u32 {
    let line = STOCK_SOURCE.lines().position(|line| line.contains(text)).unwrap() as u32 + 1;
    SourceLines::read(STOCK).find_line("stock.c", line).unwrap().stops[0]
}

fn shown(variables: &[Variable]) -> Vec<String> {
    variables.iter().map(|variable| format!("{} = {}", variable.name, variable.value)).collect()
}

#[test]
fn variables_are_those_in_scope() {
    let stock = Variables::of(STOCK);
    let pc = stock_at("heavy += at->count");
    let variables = stock.in_scope(pc, 0, &mut uniform(4096, 0)).unwrap();
    assert_eq!(
        shown(&variables),
        [
            "first = 0x0",
            "limit = 0",
            "heavy = 0",
            "label = \"\"",
            "factor = 0.0",
            "done = false",
            "word = word {…}",
            "row = [0, 0, 0]",
            "at = 0x0",
        ]
    );
    let names: Vec<_> = variables.iter().filter(|it| it.is_parameter).map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["first", "limit"]);
    // `at` lives in the loop alone.
    let after = stock.in_scope(stock_at("return heavy;"), 0, &mut uniform(4096, 0)).unwrap();
    assert!(!after.iter().any(|variable| variable.name == "at"), "{after:?}");
}

#[test]
fn parts_are_reached_by_paths() {
    let stock = Variables::of(STOCK);
    let pc = stock_at("heavy += at->count");
    let mut frame = uniform(4096, 1);
    let mut value = |path: &str| stock.value(pc, 0, path, &mut frame).map(|value| value.to_string());
    assert_eq!(value("row[1]").unwrap(), "16843009");
    assert_eq!(value("word.whole").unwrap(), "16843009");
    assert_eq!(value("word.bytes[3]").unwrap(), "1");
    assert_eq!(value("row[3]").unwrap_err(), VariableError::Beyond { length: 3 });
    assert_eq!(
        value("word.hole").unwrap_err(),
        VariableError::NoField { of: "word".into(), closest: Some("whole".into()) }
    );
    assert_eq!(value("heavi").unwrap_err(), VariableError::NoVariable { closest: Some("heavy".into()) });
    assert_eq!(value("heavy[0]").unwrap_err(), VariableError::NoItems { of: "int32_t".into() });
    assert_eq!(value("*heavy").unwrap_err(), VariableError::NoPointer { of: "int32_t".into() });
    assert_eq!(value("heavy +").unwrap_err(), VariableError::NoPath);
    // A static, and what a pointer leads to.
    assert_eq!(value("calls").unwrap(), "16843009");
    assert!(value("at").unwrap().starts_with("0x1010101 -> part { name: 0x1010101 -> \"\\x01"));
    assert_eq!(value("at->next->count").unwrap(), "257");
    // A pointer that leads out of the memory.
    let mut frame = uniform(4096, 0x7f);
    let mut value = |path: &str| stock.value(pc, 0, path, &mut frame).map(|value| value.to_string());
    assert_eq!(
        value("at").unwrap(),
        "0x7f7f7f7f -> part { name: <unreadable>, count: <unreadable>, weight: <unreadable>, colour: <unreadable>, next: <unreadable> }"
    );
    assert_eq!(value("at->count").unwrap(), "<unreadable>");
}

#[test]
fn a_frame_that_has_nothing_shows_nothing() {
    let pc = stock_at("heavy += at->count");
    let mut frame = Uniform { value: None, byte: 0, read: 0 };
    let variables = Variables::of(STOCK).in_scope(pc, 0, &mut frame).unwrap();
    assert!(variables.iter().all(|variable| variable.value == Value::OptimisedOut), "{variables:?}");
    assert_eq!(frame.read, 0);
}

#[test]
fn modules_without_debug_information_say_so() {
    let stripped = include_bytes!("../../../tests/guests/tax-stripped.wasm");
    for (module, pc) in [(&stripped[..], 500), (STOCK, 3), (STOCK, u32::MAX), (b"no module", 9)] {
        let error = Variables::of(module).in_scope(pc, 0, &mut uniform(0, 0)).unwrap_err();
        assert_eq!(error, VariableError::NoDebugInfo);
    }
}

#[test]
fn every_variable_of_every_line_is_read() {
    for module in [BASKET, STOCK] {
        let (lines, variables) = (SourceLines::read(module), Variables::of(module));
        let mut count = 0;
        for (file, _) in lines.own_files() {
            for pc in lines.lines_of(file).into_iter().flat_map(|line| lines.stops_of(file, line)) {
                for byte in [0, 1, 0xff] {
                    let read = variables.in_scope(pc, 0, &mut uniform(1024, byte)).unwrap();
                    count += read.len();
                    for variable in read {
                        let _ = variables.value(pc, 0, &variable.name, &mut uniform(1024, byte));
                    }
                }
            }
        }
        assert!(count > 100, "{count}");
    }
}

#[test]
fn damaged_debug_information_is_read_to_an_end() {
    let mut state = 11u32;
    for module in [BASKET, STOCK] {
        let (lines, from) = (SourceLines::read(module), module.len() / 6);
        let own = lines.own_files().flat_map(|(file, _)| {
            lines.lines_of(file).into_iter().flat_map(|line| lines.stops_of(file, line)).collect::<Vec<_>>()
        });
        let places: Vec<u32> = own.collect();
        for round in 0..300 {
            let mut bytes = module.to_vec();
            for _ in 0..6 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = from + state as usize % (bytes.len() - from);
                bytes[at] = (state >> 24) as u8;
            }
            let pc = places[round % places.len()];
            let mut frame = uniform(u64::from(state % 5_000), (state >> 8) as u8);
            let variables = Variables::of(&bytes);
            let Ok(read) = variables.in_scope(pc, round % 3, &mut frame) else { continue };
            for variable in read.iter().take(4) {
                let text = format!("{}{}", variable.name, [".0", "[0]", ".name", "[1][1].x"][round % 4]);
                let _ = variables.value(pc, 0, &text, &mut frame);
                assert!(variable.value.to_string().len() < 1 << 20);
            }
            assert!(frame.read < 64 << 20, "{}", frame.read);
        }
    }
}
