//! The line of an instruction, by the line program of its unit.

use gimli::{AttributeValue, Dwarf, Unit};

use super::budget::Budget;
use super::sections::Slice;

/// Longest name of a function or file that is read, in bytes.
const TEXT_BYTES_MAX: usize = 1024;

/// A function at an address, with the place in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Located {
    /// The function's name as the section has it: mangled, mostly.
    pub function: Option<String>,
    pub file: Option<String>,
    pub line: Option<u32>,
    pub column: Option<u32>,
}

/// The line of the instruction at an address.
pub fn line_at(dwarf: &Dwarf<Slice<'_>>, unit: &Unit<Slice<'_>>, address: u64, budget: &mut Budget) -> Option<Located> {
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
        // Code that the compiler made has line 0: it gets the line before, with its file.
        let own = row.line().and_then(|line| u32::try_from(line.get()).ok());
        let kept = before.filter(|_| own.is_none());
        let (file, line) = kept.map_or((row.file_index(), own), |(_, file, line, _)| (file, line));
        let column = match row.column() {
            gimli::ColumnType::LeftEdge => None,
            gimli::ColumnType::Column(column) => u32::try_from(column.get()).ok(),
        };
        before = (!row.end_sequence()).then(|| (row.address(), file, line, column));
    }
    None
}

/// A file's path, without the directory that the unit was compiled in.
pub fn file_text(dwarf: &Dwarf<Slice<'_>>, unit: &Unit<Slice<'_>>, index: u64) -> Option<String> {
    let header = unit.line_program.as_ref()?.header();
    let file = header.file(index)?;
    let name = attr_text(dwarf, unit, file.path_name())?;
    let base = unit.comp_dir.map(|dir| text_of(&dir)).unwrap_or_default();
    let dir = file.directory(header).and_then(|dir| attr_text(dwarf, unit, dir)).unwrap_or_default();
    let path = if name.starts_with('/') || dir.is_empty() { name } else { format!("{dir}/{name}") };
    let relative = path.strip_prefix(&base).filter(|_| !base.is_empty()).and_then(|rest| rest.strip_prefix('/'));
    Some(relative.unwrap_or(&path).to_owned())
}

/// The text of an attribute; `None` when it has none or an empty one.
pub fn attr_text<'a>(
    dwarf: &Dwarf<Slice<'a>>,
    unit: &Unit<Slice<'a>>,
    value: AttributeValue<Slice<'a>>,
) -> Option<String> {
    Some(text_of(&dwarf.attr_string(unit, value).ok()?)).filter(|text| !text.is_empty())
}

fn text_of(bytes: &Slice<'_>) -> String {
    let bytes = bytes.slice();
    String::from_utf8_lossy(bytes.get(..TEXT_BYTES_MAX).unwrap_or(bytes)).into_owned()
}
