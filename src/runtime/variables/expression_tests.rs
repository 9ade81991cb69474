//! DWARF expressions, byte by byte: what they give, and that hostile ones end.

use gimli::{Dwarf, EndianSlice, Format, LittleEndian};

use super::expression::{Evaluator, Place, little_endian};
use super::frame_state::FrameState;
use crate::runtime::dwarf::{Budget, OutOfBudget, Slice};

/// Locals are 100 and their index more, globals 200, operands 300; a byte of memory is its address.
struct Numbered;

impl FrameState for Numbered {
    fn local(&mut self, index: u32) -> Option<u64> {
        (index < 10).then(|| 100 + u64::from(index))
    }

    fn global(&mut self, index: u32) -> Option<u64> {
        Some(200 + u64::from(index))
    }

    fn operand(&mut self, index: u32) -> Option<u64> {
        Some(300 + u64::from(index))
    }

    fn memory(&mut self, address: u64, length: usize) -> Option<Vec<u8>> {
        (address < 1_000).then(|| (0..length).map(|at| address as u8 + at as u8).collect())
    }
}

/// The place that an expression gives, with a frame base that another gives.
fn place_with(base: Option<&[u8]>, expression: &[u8]) -> Result<Option<Place>, OutOfBudget> {
    // A unit with an empty root.
    let (info, abbreviations) = ([8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 4, 1], [1, 0x11, 0, 0, 0, 0]);
    let section = |id: gimli::SectionId| -> Result<Slice<'_>, std::convert::Infallible> {
        let bytes: &[u8] = match id {
            gimli::SectionId::DebugInfo => &info,
            gimli::SectionId::DebugAbbrev => &abbreviations,
            _ => &[],
        };
        Ok(EndianSlice::new(bytes, LittleEndian))
    };
    let dwarf = Dwarf::load(section).unwrap();
    let header = dwarf.units().next().unwrap().unwrap();
    let unit = dwarf.unit(header).unwrap();
    assert_eq!(unit.encoding().format, Format::Dwarf32);
    let slice = |bytes| EndianSlice::new(bytes, LittleEndian);
    let mut evaluator = Evaluator { frame: &mut Numbered, unit: &unit, frame_base: base.map(slice) };
    evaluator.place(slice(expression), &mut Budget::new(100_000))
}

fn place(expression: &[u8]) -> Result<Option<Place>, OutOfBudget> {
    place_with(Some(&[0xed, 0, 2, 0x9f]), expression)
}

#[test]
fn values_come_from_the_frame() {
    let bytes = |value: u64| Ok(Some(Place::Bytes(value.to_le_bytes().map(Some).to_vec())));
    // DW_OP_WASM_location and DW_OP_stack_value.
    assert_eq!(place(&[0xed, 0, 3, 0x9f]), bytes(103));
    assert_eq!(place(&[0xed, 1, 3, 0x9f]), bytes(203));
    assert_eq!(place(&[0xed, 2, 1, 0x9f]), bytes(301));
    assert_eq!(place(&[0xed, 3, 1, 0, 0, 0, 0x9f]), bytes(201));
    // Of a local that is not there nothing is known.
    assert_eq!(place(&[0xed, 0, 99, 0x9f]), Ok(None));
    // DW_OP_fbreg 8: the frame base is local 2. Without a frame base nothing is known.
    assert_eq!(place(&[0x91, 8]), Ok(Some(Place::Memory(110))));
    assert_eq!(place(&[0x91, 0x7f]), Ok(Some(Place::Memory(101))));
    assert_eq!(place_with(None, &[0x91, 8]), Ok(None));
    // A frame base that refers to itself.
    assert_eq!(place_with(Some(&[0x91, 0]), &[0x91, 8]), Ok(None));
}

#[test]
fn pieces_are_put_together() {
    // Four bytes of local 0, one that is nowhere, two of the memory at 7.
    let pieces = [0xed, 0, 0, 0x9f, 0x93, 4, 0x93, 1, 0x37, 0x93, 2];
    let bytes = [Some(100), Some(0), Some(0), Some(0), None, Some(7), Some(8)];
    assert_eq!(place(&pieces), Ok(Some(Place::Bytes(bytes.to_vec()))));
    assert_eq!(place(&[0x93, 0xff, 0xff, 0xff, 0xff, 0x0f]), Err(OutOfBudget));
}

#[test]
fn numbers_are_computed() {
    let value = |expression: &[u8]| match place(&[expression, &[0x9f]].concat()) {
        Ok(Some(Place::Bytes(bytes))) => little_endian(&bytes.into_iter().flatten().collect::<Vec<u8>>()) as i64,
        other => panic!("{other:?}"),
    };
    assert_eq!(value(&[0x38, 0x34, 0x1c]), 4, "8 - 4");
    assert_eq!(value(&[0x38, 0x1f]), -8, "neg");
    assert_eq!(value(&[0x39, 0x33, 0x1b]), 3, "9 / 3");
    assert_eq!(value(&[0x31, 0x08, 63, 0x24]), i64::MIN, "1 << 63");
    assert_eq!(value(&[0x31, 0x08, 200, 0x24]), 0, "1 << 200");
    assert_eq!(value(&[0x35, 0x94, 1]), 5, "a byte of memory");
    // A branch over one literal.
    assert_eq!(value(&[0x33, 0x31, 0x28, 1, 0, 0x32]), 3);
    assert_eq!(place(&[0x39, 0x30, 0x1b]), Ok(None), "9 / 0");
}

#[test]
fn hostile_expressions_end() {
    // A jump to itself, a stack that grows, a branch out of the expression, a stack that is empty.
    assert_eq!(place(&[0x2f, 0xfd, 0xff]), Err(OutOfBudget));
    assert_eq!(place(&[0x31, 0x2f, 0xfc, 0xff]), Err(OutOfBudget));
    assert_eq!(place(&[0x2f, 0x00, 0x70]), Err(OutOfBudget));
    assert_eq!(place(&[0x1f]), Err(OutOfBudget));
    assert_eq!(place(&[]), Ok(None));
    assert_eq!(place(&[0xff; 40]), Err(OutOfBudget));
}
