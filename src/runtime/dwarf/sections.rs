//! The sections of debug information in a module.

use std::collections::HashMap;
use std::ops::Range;

use gimli::{Dwarf, EndianSlice, LittleEndian, SectionId};

/// Bytes of a section.
pub type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// Largest sections of all debug information, and of abbreviations, in bytes. What is beyond them is not read.
const SECTIONS_BYTES_MAX: usize = 1 << 30;
const ABBREVIATIONS_BYTES_MAX: usize = 8 << 20;

/// The sections of debug information by their names, as ranges of the module.
#[derive(Debug, Clone, Default)]
pub struct Sections(HashMap<&'static str, Range<usize>>);

impl Sections {
    const NAMES: [SectionId; 11] = [
        SectionId::DebugAbbrev,
        SectionId::DebugAddr,
        SectionId::DebugInfo,
        SectionId::DebugLine,
        SectionId::DebugLineStr,
        SectionId::DebugLoc,
        SectionId::DebugLocLists,
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

    /// The sections of `wasm`, which is the module that they were found in; a missing one is empty.
    pub fn load<'a>(&self, wasm: &'a [u8]) -> Dwarf<Slice<'a>> {
        let section = |id: SectionId| -> Result<Slice<'a>, std::convert::Infallible> {
            let bytes = self.0.get(id.name()).and_then(|range| wasm.get(range.clone())).unwrap_or_default();
            Ok(EndianSlice::new(bytes, LittleEndian))
        };
        match Dwarf::load(section) {
            Ok(dwarf) => dwarf,
        }
    }
}
