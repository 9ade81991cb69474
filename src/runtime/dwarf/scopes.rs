//! The functions around an address, inlined ones too, and their names.

use gimli::{AttributeValue, DebugInfoOffset, DebuggingInformationEntry, Dwarf, Unit, UnitOffset, constants};

use super::budget::{Budget, OutOfBudget};
use super::lines::attr_text;
use super::sections::Slice;
use super::unit::{ENTRY_WORK, entry_ranges, unit};

/// Most functions compiled into one another at an address.
const INLINED_MAX: usize = 32;
/// Most references from a function to the one that has its name.
const NAME_HOPS_MAX: usize = 8;

/// A function at the address, inlined or not.
pub struct Scope {
    pub function: Option<String>,
    /// Where it was called, for one that was inlined: file, line, column.
    pub called_at: Option<(u64, Option<u32>, Option<u32>)>,
}

/// The functions whose ranges contain the address, the outermost first.
///
/// # Errors
/// The budget is used up, or the information is damaged.
pub fn scopes_at<'a>(
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
