//! A module's debug information (DWARF): which functions and lines an address stands for.
//!
//! The information comes from the plugin's author and may be hostile: each read is first paid for from a `budget`, and
//! damaged information ends the search. `demangle`: names of functions as people wrote them.

mod budget;
mod demangle;
mod lines;
mod path;
mod scopes;
mod sections;
mod unit;
mod units;

use std::ops::Range;

use gimli::{DebugInfoOffset, Dwarf};

pub use self::budget::{Budget, OutOfBudget};
pub use self::demangle::demangled;
use self::lines::line_at;
pub use self::lines::{Located, attr_text, file_text};
pub use self::path::shown_file;
use self::scopes::scopes_at;
pub use self::sections::{Sections, Slice};
pub use self::unit::{ENTRY_WORK, entry_ranges};
use self::unit::{unit, unit_ranges};
pub use self::units::{Entry, EntryAt, HOPS_MAX, Units};

/// Most ranges of all units together.
const RANGES_MAX: usize = 1 << 20;
/// Most function ranges that are looked at for an address: ranges that begin earlier and end later are rare.
const RANGES_LOOKED_AT_MAX: usize = 16;

/// The ranges of addresses that units describe. Addresses are bytes from the start of the code section's contents.
#[derive(Debug)]
pub struct DebugInfo {
    sections: Sections,
    /// By their start: where a range begins and ends, and its unit.
    ranges: Vec<(u64, u64, DebugInfoOffset)>,
}

impl DebugInfo {
    /// Reads the ranges of code that each unit describes. `code_bytes`: the code section's length.
    pub fn read(wasm: &[u8], sections: Sections, code_bytes: u64, budget: &mut Budget) -> DebugInfo {
        let mut info = DebugInfo { sections, ranges: Vec::new() };
        let dwarf = info.sections.load(wasm);
        let mut ranges = Vec::new();
        let mut headers = dwarf.units();
        // A damaged header hides everything after it.
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
        let found = around.take(RANGES_LOOKED_AT_MAX).find(|(_, end, _)| *end > address);
        found.and_then(|(_, _, at)| in_unit(&dwarf, *at, address, budget).ok()).unwrap_or_default()
    }
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
