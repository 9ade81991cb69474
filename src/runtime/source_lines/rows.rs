//! The rows of line programs: where the code of each line starts.

use std::collections::HashMap;

use gimli::{ColumnType, Unit};

use super::line_row::{FileIndex, LineRow, RowKind, SourceFile};
use super::opcodes::Opcodes;

use crate::runtime::dwarf::{Budget, OutOfBudget, Slice, Units, file_text, shown_file};
use crate::runtime::stack::role_of;
use crate::text::escape_control;

/// Most rows of a module; those after them are not read.
const ROWS_MAX: usize = 1 << 21;
/// Most files of a module.
const FILES_MAX: usize = 1 << 15;

/// Rows and files of the units that were read so far.
#[derive(Default)]
pub struct Rows {
    rows: Vec<LineRow>,
    pub files: Vec<SourceFile>,
    by_path: HashMap<String, Option<FileIndex>>,
}

impl Rows {
    /// Adds the rows of a unit. `code`: where the contents of the code section start, and their length.
    ///
    /// # Errors
    /// The budget is used up, or the information is damaged.
    pub fn add(
        &mut self,
        units: &Units<'_>,
        unit: &Unit<Slice<'_>>,
        (code_start, code_bytes): (u64, u64),
        budget: &mut Budget,
    ) -> Result<(), OutOfBudget> {
        let Some(program) = unit.line_program.clone() else { return Ok(()) };
        budget.take(program.header().raw_program_buf().len() as u64)?;
        let mut files: HashMap<u64, Option<FileIndex>> = HashMap::new();
        let mut rows = program.rows();
        let (mut first, mut before) = (None, (0, 0));
        while let Some((_, row)) = rows.next_row()? {
            budget.take(1)?;
            let start = *first.get_or_insert(row.address());
            // The linker leaves functions that it dropped at 0 or beyond the code.
            let is_kept = start > 0 && start < code_bytes && row.address() <= code_bytes;
            let pc = u32::try_from(code_start.saturating_add(row.address())).ok().filter(|_| is_kept);
            if row.end_sequence() {
                (first, before) = (None, (0, 0));
                self.push(pc, RowKind::Gap);
                continue;
            }
            // Code that the compiler made has line 0: it gets the line before, with its file.
            let own = row.line().and_then(|line| u32::try_from(line.get()).ok());
            let (index, line) = own.map_or(before, |line| (row.file_index(), line));
            before = (index, line);
            if pc.is_none() || line == 0 {
                continue;
            }
            let file = *files.entry(index).or_insert_with(|| self.file(units, unit, index));
            let Some(file) = file else { continue };
            let column = match row.column() {
                ColumnType::LeftEdge => 0,
                ColumnType::Column(column) => u32::try_from(column.get()).unwrap_or(0),
            };
            let (is_statement, is_body_start) = (row.is_stmt(), row.prologue_end());
            self.push(pc, RowKind::Line { file, line, column, is_statement, is_body_start });
        }
        Ok(())
    }

    fn push(&mut self, pc: Option<u32>, kind: RowKind) {
        if let Some(pc) = pc
            && self.rows.len() < ROWS_MAX
        {
            self.rows.push(LineRow { pc, kind });
        }
    }

    fn file(&mut self, units: &Units<'_>, unit: &Unit<Slice<'_>>, index: u64) -> Option<FileIndex> {
        let relative = file_text(&units.dwarf, unit, index)?;
        let compiled_in = unit.comp_dir.map(|dir| String::from_utf8_lossy(dir.slice()).into_owned());
        let path = match compiled_in {
            Some(dir) if !relative.starts_with('/') && !dir.is_empty() => format!("{dir}/{relative}"),
            _ => relative.clone(),
        };
        let files = &mut self.files;
        *self.by_path.entry(path.clone()).or_insert_with(|| {
            let index = u32::try_from(files.len()).ok().filter(|_| files.len() < FILES_MAX)?;
            let (name, role) = (shown_file(&relative), role_of(None, Some(&path)));
            files.push(SourceFile { path: escape_control(&path), name, role });
            Some(FileIndex(index))
        })
    }

    /// The rows by their positions, each at an instruction; rows without one are left out.
    pub fn finish(self, opcodes: &Opcodes) -> (Vec<LineRow>, Vec<SourceFile>) {
        let mut rows = self.rows;
        // Of rows at one address the last counts, and a gap ends where a sequence starts.
        rows.sort_by_key(|row| (row.pc, row.kind != RowKind::Gap));
        let mut kept: Vec<LineRow> = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            let end = rows.get(at + 1).map_or(u32::MAX, |next| next.pc);
            match row.kind {
                _ if row.pc == end => {}
                RowKind::Gap => kept.push(*row),
                RowKind::Line { .. } => {
                    let at_opcode = opcodes.first_in(row.pc..end).map(|pc| LineRow { pc, ..*row });
                    kept.extend(at_opcode);
                }
            }
        }
        (kept, self.files)
    }
}
