//! All units of a module's debug information, each read when it is first needed, and references between their entries.

use std::cell::OnceCell;

use gimli::{
    AttributeValue, DebugInfoOffset, DebuggingInformationEntry, Dwarf, Unit, UnitHeader, UnitOffset, constants,
};

use super::budget::{Budget, OutOfBudget};
use super::lines::attr_text;
use super::sections::{Sections, Slice};
use super::unit::{ENTRY_WORK, unit};

/// Most units of a module; those after them are not read.
const UNITS_MAX: usize = 1 << 16;
/// Most references from an entry to the one that has what is looked for.
pub const HOPS_MAX: usize = 8;

/// An entry of the debug information.
pub type Entry<'a> = DebuggingInformationEntry<Slice<'a>>;

/// The units of a module, by their place.
pub struct Units<'a> {
    pub dwarf: Dwarf<Slice<'a>>,
    units: Vec<LazyUnit<'a>>,
}

struct LazyUnit<'a> {
    at: DebugInfoOffset,
    header: UnitHeader<Slice<'a>>,
    /// `None` for a damaged one.
    read: OnceCell<Option<Box<Unit<Slice<'a>>>>>,
}

/// An entry's place: its unit, and where it is in the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryAt {
    pub unit: usize,
    pub offset: UnitOffset,
}

impl<'a> Units<'a> {
    /// The units of a module, of which no more than the headers is read.
    pub fn new(wasm: &'a [u8], sections: &Sections, budget: &mut Budget) -> Units<'a> {
        let dwarf = sections.load(wasm);
        let (mut headers, mut units) = (dwarf.units(), Vec::new());
        // A damaged header hides everything after it.
        while let Ok(Some(header)) = headers.next() {
            if budget.take(ENTRY_WORK).is_err() || units.len() >= UNITS_MAX {
                break;
            }
            let Some(at) = header.debug_info_offset() else { continue };
            units.push(LazyUnit { at, header, read: OnceCell::new() });
        }
        Units { dwarf, units }
    }

    /// The number of units.
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// A unit by its place, paid for when it is read.
    ///
    /// # Errors
    /// There is none, it is damaged, or the budget is used up.
    pub fn unit(&self, at: usize, budget: &mut Budget) -> Result<&Unit<Slice<'a>>, OutOfBudget> {
        let lazy = self.units.get(at).ok_or(OutOfBudget)?;
        budget.take(1)?;
        let read = lazy.read.get_or_init(|| unit(&self.dwarf, lazy.header, budget).ok().map(Box::new));
        read.as_deref().ok_or(OutOfBudget)
    }

    /// An entry, with its unit.
    ///
    /// # Errors
    /// The place is none of an entry, or the budget is used up.
    pub fn entry(&self, at: EntryAt, budget: &mut Budget) -> Result<(&Unit<Slice<'a>>, Entry<'a>), OutOfBudget> {
        let unit = self.unit(at.unit, budget)?;
        budget.take(ENTRY_WORK)?;
        let entry = unit.entry(at.offset)?;
        budget.take(entry.attrs().len() as u64)?;
        Ok((unit, entry))
    }

    /// The entry that an attribute of an entry in a unit refers to.
    pub fn reference(&self, unit: usize, entry: &Entry<'a>, name: gimli::DwAt) -> Option<EntryAt> {
        match entry.attr_value(name)? {
            AttributeValue::UnitRef(offset) => Some(EntryAt { unit, offset }),
            AttributeValue::DebugInfoRef(offset) => self.at(offset),
            _ => None,
        }
    }

    /// The place of an entry by its offset in the section.
    pub fn at(&self, offset: DebugInfoOffset) -> Option<EntryAt> {
        let upto = self.units.partition_point(|unit| unit.at <= offset);
        let at = upto.checked_sub(1)?;
        let offset = offset.to_unit_offset(&self.units.get(at)?.header)?;
        Some(EntryAt { unit: at, offset })
    }

    /// The entry that an entry was made of: of a function inlined or declared elsewhere.
    pub fn origin(&self, unit: usize, entry: &Entry<'a>) -> Option<EntryAt> {
        self.reference(unit, entry, constants::DW_AT_abstract_origin)
            .or_else(|| self.reference(unit, entry, constants::DW_AT_specification))
    }

    /// The text of an attribute, which one of an entry's origins may have.
    pub fn text(&self, at: EntryAt, name: gimli::DwAt, budget: &mut Budget) -> Option<String> {
        let mut at = at;
        for _ in 0..HOPS_MAX {
            let (unit, entry) = self.entry(at, budget).ok()?;
            if let Some(text) = entry.attr_value(name).and_then(|value| attr_text(&self.dwarf, unit, value)) {
                return Some(text);
            }
            at = self.origin(at.unit, &entry)?;
        }
        None
    }

    /// A function's name as linkers have it, else as its author wrote it.
    pub fn function_name(&self, at: EntryAt, budget: &mut Budget) -> Option<String> {
        self.text(at, constants::DW_AT_linkage_name, budget)
            .or_else(|| self.text(at, constants::DW_AT_MIPS_linkage_name, budget))
            .or_else(|| self.text(at, constants::DW_AT_name, budget))
    }
}
