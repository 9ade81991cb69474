//! A module's debug information (DWARF): which functions and lines an address stands for.
//!
//! It is written by whoever wrote the plugin, so each read is paid for from a budget before it is done, and what is
//! damaged ends the search.

use std::collections::HashMap;
use std::ops::Range;

use gimli::{
    AttributeValue, DebugAbbrevOffset, DebugInfoOffset, DebugLineOffset, DebuggingInformationEntry, Dwarf, EndianSlice,
    LittleEndian, Reader, Section, SectionId, Unit, UnitHeader, UnitOffset, constants,
};

use super::budget::{Budget, OutOfBudget};

type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// Largest sections: of all debug information, of abbreviations, and of one unit's file table, in bytes. What is beyond
/// them is not read.
const SECTIONS_BYTES_MAX: usize = 1 << 30;
const ABBREVIATIONS_BYTES_MAX: usize = 8 << 20;
const LINE_HEADER_BYTES_MAX: u64 = 1 << 20;
/// Most attributes of one abbreviation.
const ATTRIBUTES_MAX: u32 = 256;
/// Most ranges of all units together.
const RANGES_MAX: usize = 1 << 20;
/// Most functions compiled into one another at an address.
const INLINED_MAX: usize = 32;
/// Most references from a function to the one that has its name.
const NAME_HOPS_MAX: usize = 8;
/// Longest name of a function or file that is read, in bytes.
const TEXT_BYTES_MAX: usize = 1024;
/// The work of reading one unit or entry, beside its bytes.
const ENTRY_WORK: u64 = 8;

/// A function at an address, with the place in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Located {
    /// As it is written there: mangled, mostly.
    pub function: Option<String>,
    pub file: Option<String>,
    pub line: Option<u32>,
    pub column: Option<u32>,
}

/// The sections of debug information by their names, as ranges of the module.
#[derive(Debug, Clone, Default)]
pub struct Sections(HashMap<&'static str, Range<usize>>);

impl Sections {
    const NAMES: [SectionId; 9] = [
        SectionId::DebugAbbrev,
        SectionId::DebugAddr,
        SectionId::DebugInfo,
        SectionId::DebugLine,
        SectionId::DebugLineStr,
        SectionId::DebugRanges,
        SectionId::DebugRngLists,
        SectionId::DebugStr,
        SectionId::DebugStrOffsets,
    ];

    /// Adds a custom section, where it is one of these.
    pub fn add(&mut self, name: &str, range: Range<usize>) {
        if let Some(id) = Sections::NAMES.iter().find(|id| id.name() == name) {
            self.0.insert(id.name(), range);
        }
    }

    /// Whether there is debug information, of a size that is read.
    pub fn is_readable(&self) -> bool {
        let bytes = |name: &str| self.0.get(name).map_or(0, |range| range.len());
        self.0.contains_key(".debug_info")
            && self.0.values().map(|range| range.len()).sum::<usize>() <= SECTIONS_BYTES_MAX
            && bytes(".debug_abbrev") <= ABBREVIATIONS_BYTES_MAX
    }

    fn load<'a>(&self, wasm: &'a [u8]) -> Dwarf<Slice<'a>> {
        let section = |id: SectionId| -> Result<Slice<'a>, std::convert::Infallible> {
            let bytes = self.0.get(id.name()).and_then(|range| wasm.get(range.clone())).unwrap_or_default();
            Ok(EndianSlice::new(bytes, LittleEndian))
        };
        match Dwarf::load(section) {
            Ok(dwarf) => dwarf,
        }
    }
}

/// The ranges of addresses that units describe. Addresses are bytes from the start of the code section's contents.
#[derive(Debug)]
pub struct DebugInfo {
    sections: Sections,
    /// By their start: where a range begins and ends, and its unit.
    ranges: Vec<(u64, u64, DebugInfoOffset)>,
}

impl DebugInfo {
    /// Reads which unit describes what. `code_bytes`: the code section's length.
    pub fn read(wasm: &[u8], sections: Sections, code_bytes: u64, budget: &mut Budget) -> DebugInfo {
        let mut info = DebugInfo { sections, ranges: Vec::new() };
        let dwarf = info.sections.load(wasm);
        let mut ranges = Vec::new();
        let mut headers = dwarf.units();
        // What comes after a damaged header cannot be found.
        while let Ok(Some(header)) = headers.next() {
            let Some(at) = header.debug_info_offset() else { continue };
            if budget.take(ENTRY_WORK).is_err() || ranges.len() >= RANGES_MAX {
                break;
            }
            // A damaged unit is left out.
            let _ = unit_ranges(&dwarf, header, budget, &mut |range: Range<u64>| {
                // The linker leaves functions that it dropped at 0 or beyond the code.
                if range.start > 0 && range.start < range.end && range.start < code_bytes && ranges.len() < RANGES_MAX {
                    ranges.push((range.start, range.end, at));
                }
            });
        }
        ranges.sort_unstable_by_key(|(start, end, at)| (*start, *end, at.0));
        info.ranges = ranges;
        info
    }

    /// The memory that it holds, in bytes.
    pub fn bytes(&self) -> u64 {
        (self.ranges.len() * size_of::<(u64, u64, DebugInfoOffset)>()) as u64
    }

    /// The functions at an address, the innermost first, each inlined into the next.
    pub fn locate(&self, wasm: &[u8], address: u64, budget: &mut Budget) -> Vec<Located> {
        let dwarf = self.sections.load(wasm);
        let upto = self.ranges.partition_point(|(start, ..)| *start <= address);
        let around = self.ranges.get(..upto).unwrap_or_default().iter().rev();
        // Ranges that begin earlier and end later are rare: a few are looked at.
        let found = around.take(16).find(|(_, end, _)| *end > address);
        found.and_then(|(_, _, at)| in_unit(&dwarf, *at, address, budget).ok()).unwrap_or_default()
    }
}

/// Reads one unit's root and file table, paid for first.
fn unit<'a>(
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

fn unit_ranges<'a>(
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
fn entry_ranges<'a>(
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

/// A function at the address, inlined or not.
struct Scope {
    function: Option<String>,
    /// Where it was called, for one that was inlined: file, line, column.
    called_at: Option<(u64, Option<u32>, Option<u32>)>,
}

fn in_unit(
    dwarf: &Dwarf<Slice<'_>>,
    at: DebugInfoOffset,
    address: u64,
    budget: &mut Budget,
) -> Result<Vec<Located>, OutOfBudget> {
    let unit = unit(dwarf, dwarf.unit_header(at)?, budget)?;
    let mut place = line_at(dwarf, &unit, address, budget).unwrap_or_default();
    let scopes = scopes_at(dwarf, &unit, address, budget).unwrap_or_default();
    if scopes.is_empty() {
        return Ok(if place.line.is_some() { vec![place] } else { Vec::new() });
    }
    // The outermost scope comes first.
    let located = scopes.into_iter().rev().map(|scope| {
        let called_at = scope.called_at.map(|(file, line, column)| Located {
            file: file_text(dwarf, &unit, file),
            line,
            column,
            function: None,
        });
        let inner = std::mem::replace(&mut place, called_at.unwrap_or_default());
        Located { function: scope.function, ..inner }
    });
    Ok(located.collect())
}

/// The functions whose ranges contain the address, the outermost first.
fn scopes_at<'a>(
    dwarf: &Dwarf<Slice<'a>>,
    unit: &Unit<Slice<'a>>,
    address: u64,
    budget: &mut Budget,
) -> Result<Vec<Scope>, OutOfBudget> {
    let mut scopes: Vec<Scope> = Vec::new();
    // The depth of the innermost scope so far.
    let mut within: Option<isize> = None;
    let mut entries = unit.entries();
    while let Some(entry) = entries.next_dfs()? {
        budget.take(ENTRY_WORK + entry.attrs().len() as u64)?;
        if within.is_some_and(|depth| entry.depth() <= depth) {
            break;
        }
        let is_inlined = entry.tag() == constants::DW_TAG_inlined_subroutine;
        if !(is_inlined || entry.tag() == constants::DW_TAG_subprogram) || scopes.len() >= INLINED_MAX {
            continue;
        }
        let mut contains = false;
        entry_ranges(dwarf, unit, entry, budget, &mut |range| contains |= range.contains(&address))?;
        if !contains {
            continue;
        }
        within = Some(entry.depth());
        let number = |name| entry.attr_value(name).and_then(|value| value.udata_value());
        let small = |name| number(name).and_then(|value| u32::try_from(value).ok()).filter(|value| *value > 0);
        let file = match entry.attr_value(constants::DW_AT_call_file) {
            Some(AttributeValue::FileIndex(file)) => Some(file),
            value => value.and_then(|value| value.udata_value()),
        };
        let called_at = file
            .filter(|_| is_inlined)
            .map(|file| (file, small(constants::DW_AT_call_line), small(constants::DW_AT_call_column)));
        let mut name = name_of(dwarf, unit, entry);
        if let Some(Name::Elsewhere(next)) = name {
            name = name_at(dwarf, unit, next, budget).map(Name::Here);
        }
        let function = if let Some(Name::Here(name)) = name { Some(name) } else { None };
        scopes.push(Scope { function, called_at });
    }
    Ok(scopes)
}

/// A function's name, or the entry that has it.
enum Name {
    Here(String),
    Elsewhere(Reference),
}

#[derive(Clone, Copy)]
enum Reference {
    InUnit(UnitOffset),
    InSection(DebugInfoOffset),
}

fn name_of<'a>(
    dwarf: &Dwarf<Slice<'a>>,
    unit: &Unit<Slice<'a>>,
    entry: &DebuggingInformationEntry<Slice<'a>>,
) -> Option<Name> {
    let text = |name| entry.attr_value(name).and_then(|value| attr_text(dwarf, unit, value));
    let reference = |name| match entry.attr_value(name)? {
        AttributeValue::UnitRef(offset) => Some(Name::Elsewhere(Reference::InUnit(offset))),
        AttributeValue::DebugInfoRef(offset) => Some(Name::Elsewhere(Reference::InSection(offset))),
        _ => None,
    };
    text(constants::DW_AT_linkage_name)
        .or_else(|| text(constants::DW_AT_MIPS_linkage_name))
        .map(Name::Here)
        .or_else(|| reference(constants::DW_AT_abstract_origin))
        .or_else(|| reference(constants::DW_AT_specification))
        .or_else(|| text(constants::DW_AT_name).map(Name::Here))
}

/// The name of the function at a reference.
fn name_at(
    dwarf: &Dwarf<Slice<'_>>,
    unit: &Unit<Slice<'_>>,
    reference: Reference,
    budget: &mut Budget,
) -> Option<String> {
    let mut reference = reference;
    for _ in 0..NAME_HOPS_MAX {
        budget.take(ENTRY_WORK).ok()?;
        let name = match reference {
            Reference::InUnit(offset) => name_of(dwarf, unit, &unit.entry(offset).ok()?),
            Reference::InSection(offset) => return name_elsewhere(dwarf, offset, budget),
        };
        match name? {
            Name::Here(name) => return Some(name),
            Name::Elsewhere(next) => reference = next,
        }
    }
    None
}

/// The name of a function of another unit, which is searched from the first on: units have no table.
fn name_elsewhere(dwarf: &Dwarf<Slice<'_>>, offset: DebugInfoOffset, budget: &mut Budget) -> Option<String> {
    let mut headers = dwarf.units();
    while let Some(header) = headers.next().ok()? {
        budget.take(ENTRY_WORK).ok()?;
        if let Some(at) = offset.to_unit_offset(&header) {
            let unit = unit(dwarf, header, budget).ok()?;
            return match name_of(dwarf, &unit, &unit.entry(at).ok()?)? {
                Name::Here(name) => Some(name),
                Name::Elsewhere(Reference::InUnit(next)) => match name_of(dwarf, &unit, &unit.entry(next).ok()?)? {
                    Name::Here(name) => Some(name),
                    Name::Elsewhere(_) => None,
                },
                Name::Elsewhere(Reference::InSection(_)) => None,
            };
        }
    }
    None
}

/// The line of the instruction at an address.
fn line_at(dwarf: &Dwarf<Slice<'_>>, unit: &Unit<Slice<'_>>, address: u64, budget: &mut Budget) -> Option<Located> {
    let program = unit.line_program.clone()?;
    budget.take(program.header().raw_program_buf().len() as u64).ok()?;
    let mut rows = program.rows();
    // The row before: where it starts, its file, line and column.
    let mut before: Option<(u64, u64, Option<u32>, Option<u32>)> = None;
    while let Some((_, row)) = rows.next_row().ok()? {
        if let Some((start, file, line, column)) = before
            && start > 0
            && (start..row.address()).contains(&address)
        {
            return Some(Located { function: None, file: file_text(dwarf, unit, file), line, column });
        }
        // Code that the compiler made has line 0: it is told with the line before.
        let line = row.line().and_then(|line| u32::try_from(line.get()).ok()).or_else(|| before.and_then(|row| row.2));
        let column = match row.column() {
            gimli::ColumnType::LeftEdge => None,
            gimli::ColumnType::Column(column) => u32::try_from(column.get()).ok(),
        };
        before = (!row.end_sequence()).then(|| (row.address(), row.file_index(), line, column));
    }
    None
}

/// A file's path, without the directory that the unit was compiled in.
fn file_text(dwarf: &Dwarf<Slice<'_>>, unit: &Unit<Slice<'_>>, index: u64) -> Option<String> {
    let header = unit.line_program.as_ref()?.header();
    let file = header.file(index)?;
    let name = attr_text(dwarf, unit, file.path_name())?;
    let base = unit.comp_dir.map(|dir| text_of(&dir)).unwrap_or_default();
    let dir = file.directory(header).and_then(|dir| attr_text(dwarf, unit, dir)).unwrap_or_default();
    let path = if name.starts_with('/') || dir.is_empty() { name } else { format!("{dir}/{name}") };
    let relative = path.strip_prefix(&base).filter(|_| !base.is_empty()).and_then(|rest| rest.strip_prefix('/'));
    Some(relative.unwrap_or(&path).to_owned())
}

fn attr_text<'a>(dwarf: &Dwarf<Slice<'a>>, unit: &Unit<Slice<'a>>, value: AttributeValue<Slice<'a>>) -> Option<String> {
    Some(text_of(&dwarf.attr_string(unit, value).ok()?)).filter(|text| !text.is_empty())
}

fn text_of(bytes: &Slice<'_>) -> String {
    let bytes = bytes.slice();
    String::from_utf8_lossy(bytes.get(..TEXT_BYTES_MAX).unwrap_or(bytes)).into_owned()
}
