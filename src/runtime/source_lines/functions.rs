//! The functions of a module: those of its debug information, inlined ones too; else those of its names and exports.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use gimli::constants;

use super::table::SourceFunction;
use crate::runtime::dwarf::{Budget, ENTRY_WORK, EntryAt, OutOfBudget, Units, demangled, entry_ranges};

/// Most functions of a module, each place where one was inlined counted too.
const FUNCTIONS_MAX: usize = 1 << 18;
/// Longest search for the name of a function, in entries.
const NAMES_MAX: usize = 1 << 17;

/// Functions of the units that were read so far.
#[derive(Default)]
pub struct Functions {
    pub functions: Vec<SourceFunction>,
    names: HashMap<EntryAt, Option<Arc<str>>>,
}

impl Functions {
    /// Adds the functions of a unit. `code`: where the contents of the code section start, and their length.
    ///
    /// # Errors
    /// The budget is used up, or the information is damaged.
    pub fn add(
        &mut self,
        units: &Units<'_>,
        at: usize,
        (code_start, code_bytes): (u64, u64),
        budget: &mut Budget,
    ) -> Result<(), OutOfBudget> {
        let unit = units.unit(at, budget)?;
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs()? {
            budget.take(ENTRY_WORK + entry.attrs().len() as u64)?;
            let is_inlined = entry.tag() == constants::DW_TAG_inlined_subroutine;
            if !(is_inlined || entry.tag() == constants::DW_TAG_subprogram) {
                continue;
            }
            let mut ranges: Vec<Range<u32>> = Vec::new();
            entry_ranges(&units.dwarf, unit, entry, budget, &mut |range| {
                let is_code = range.start > 0 && range.start < range.end && range.end <= code_bytes;
                let file_offset = |address: u64| u32::try_from(code_start.saturating_add(address)).ok();
                if let (true, Some(start), Some(end)) = (is_code, file_offset(range.start), file_offset(range.end)) {
                    ranges.push(start..end);
                }
            })?;
            let origin = units.origin(at, entry).unwrap_or(EntryAt { unit: at, offset: entry.offset() });
            if ranges.is_empty() || self.functions.len() >= FUNCTIONS_MAX {
                continue;
            }
            let Some(name) = self.name(units, origin, budget) else { continue };
            ranges.sort_by_key(|range| range.start);
            self.functions.push(SourceFunction { name, ranges, is_inlined, entry: None });
        }
        Ok(())
    }

    fn name(&mut self, units: &Units<'_>, at: EntryAt, budget: &mut Budget) -> Option<Arc<str>> {
        if let Some(name) = self.names.get(&at) {
            return name.clone();
        }
        let name = units.function_name(at, budget).map(|name| Arc::from(demangled(&name)));
        if self.names.len() < NAMES_MAX {
            self.names.insert(at, name.clone());
        }
        name
    }

    /// Adds a function by the module's names, where the debug information has none there.
    pub fn add_body(&mut self, name: &str, body: Range<u32>) {
        if self.functions.len() < FUNCTIONS_MAX {
            let name = Arc::from(demangled(name));
            self.functions.push(SourceFunction { name, ranges: vec![body], is_inlined: false, entry: None });
        }
    }
}
