//! Units of debug information, each read is paid for first; and the addresses that their entries cover.

use std::ops::Range;

use gimli::{
    AttributeValue, DebugAbbrevOffset, DebugLineOffset, DebuggingInformationEntry, Dwarf, Reader, Section, Unit,
    UnitHeader, constants,
};

use super::budget::{Budget, OutOfBudget};
use super::sections::Slice;

/// Largest file table of one unit, in bytes. A unit with a larger one is not read.
const LINE_HEADER_BYTES_MAX: u64 = 1 << 20;
/// Most attributes of one abbreviation.
const ATTRIBUTES_MAX: u32 = 256;
/// The work of reading one unit or entry, beside its bytes.
pub const ENTRY_WORK: u64 = 8;

/// Reads one unit's root and file table, paid for first.
///
/// # Errors
/// The budget is used up, or the information is damaged.
pub fn unit<'a>(
    dwarf: &Dwarf<Slice<'a>>,
    header: UnitHeader<Slice<'a>>,
    budget: &mut Budget,
) -> Result<Unit<Slice<'a>>, OutOfBudget> {
    pay_for_abbreviations(dwarf, header.debug_abbrev_offset(), budget)?;
    let abbreviations = dwarf.abbreviations(&header)?;
    {
        let mut entries = header.entries(&abbreviations);
        let root = entries.next_dfs()?.ok_or(OutOfBudget)?;
        if let Some(AttributeValue::DebugLineRef(offset)) = root.attr_value(constants::DW_AT_stmt_list) {
            pay_for_line_header(dwarf, offset, budget)?;
        }
    }
    Ok(Unit::new_with_abbreviations(dwarf, header, abbreviations)?)
}

/// Takes the work of reading a table of abbreviations, and refuses a hostile one.
fn pay_for_abbreviations(
    dwarf: &Dwarf<Slice<'_>>,
    offset: DebugAbbrevOffset,
    budget: &mut Budget,
) -> Result<(), OutOfBudget> {
    let mut input = *dwarf.debug_abbrev.reader();
    input.skip(offset.0)?;
    let before = input.len();
    // A code of 0 ends the table; a pair of zeros the attributes of an abbreviation.
    while !input.is_empty() && input.read_uleb128()? != 0 {
        input.read_uleb128()?;
        input.read_u8()?;
        let mut attributes = 0;
        loop {
            let (name, form) = (input.read_uleb128()?, input.read_uleb128()?);
            if u16::try_from(form) == Ok(constants::DW_FORM_implicit_const.0) {
                input.read_sleb128()?;
            }
            attributes += 1;
            budget.take(1)?;
            match (name, form) {
                (0, 0) => break,
                _ if attributes > ATTRIBUTES_MAX => return Err(OutOfBudget),
                _ => {}
            }
        }
    }
    budget.take((before - input.len()) as u64)
}

/// Takes the work of reading a unit's file table, and refuses one that is too long.
fn pay_for_line_header(
    dwarf: &Dwarf<Slice<'_>>,
    offset: DebugLineOffset,
    budget: &mut Budget,
) -> Result<(), OutOfBudget> {
    let mut input = *dwarf.debug_line.reader();
    input.skip(offset.0)?;
    let (_, format) = input.read_initial_length()?;
    if input.read_u16()? >= 5 {
        input.skip(2)?;
    }
    let header_bytes = input.read_length(format)? as u64;
    if header_bytes > LINE_HEADER_BYTES_MAX {
        return Err(OutOfBudget);
    }
    budget.take(header_bytes)
}

/// Gives each range of addresses of a unit to `each`.
///
/// # Errors
/// The budget is used up, or the information is damaged.
pub fn unit_ranges<'a>(
    dwarf: &Dwarf<Slice<'a>>,
    header: UnitHeader<Slice<'a>>,
    budget: &mut Budget,
    each: &mut dyn FnMut(Range<u64>),
) -> Result<(), OutOfBudget> {
    let unit = unit(dwarf, header, budget)?;
    let mut entries = unit.entries();
    let root = entries.next_dfs()?.ok_or(OutOfBudget)?;
    entry_ranges(dwarf, &unit, root, budget, each)
}

/// The ranges of addresses of a unit, a function or an inlined one.
///
/// # Errors
/// The budget is used up, or the information is damaged.
pub fn entry_ranges<'a>(
    dwarf: &Dwarf<Slice<'a>>,
    unit: &Unit<Slice<'a>>,
    entry: &DebuggingInformationEntry<Slice<'a>>,
    budget: &mut Budget,
    each: &mut dyn FnMut(Range<u64>),
) -> Result<(), OutOfBudget> {
    if let Some(value) = entry.attr_value(constants::DW_AT_ranges)
        && let Some(mut list) = dwarf.attr_ranges(unit, value)?
    {
        while let Some(range) = list.next()? {
            budget.take(ENTRY_WORK)?;
            each(range.begin..range.end);
        }
        return Ok(());
    }
    let address = |value| dwarf.attr_address(unit, value).ok().flatten();
    let Some(low) = entry.attr_value(constants::DW_AT_low_pc).and_then(address) else { return Ok(()) };
    let high = match entry.attr_value(constants::DW_AT_high_pc) {
        Some(AttributeValue::Udata(bytes)) => low.checked_add(bytes),
        Some(value) => address(value),
        None => None,
    };
    if let Some(high) = high {
        each(low..high);
    }
    Ok(())
}
