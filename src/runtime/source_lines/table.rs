//! The lines and functions of one module.

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

use super::line_row::{FileIndex, LineRow, RowKind, SourceFile};
use super::spans::Spans;

/// A function's place among those of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct FunctionIndex(pub u32);

/// A function, or a place where one was inlined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFunction {
    /// The demangled name, with its path.
    pub name: Arc<str>,
    /// Where its code is, by the start; not empty.
    pub ranges: Vec<Range<u32>>,
    pub is_inlined: bool,
    /// The first place at which its parameters are in place; `None` where no instruction is.
    pub entry: Option<u32>,
}

/// A place in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SourcePosition {
    pub file: FileIndex,
    /// From 1 on.
    pub line: u32,
    /// From 1 on; `None`: the line as a whole.
    pub column: Option<u32>,
}

/// The lines and functions of one module.
#[derive(Debug, Default)]
pub struct SourceLines {
    files: Vec<SourceFile>,
    /// By their positions.
    rows: Vec<LineRow>,
    functions: Vec<SourceFunction>,
    /// The functions around each position, and of each range the function.
    spans: Spans,
    range_functions: Vec<FunctionIndex>,
    /// Rows by their file and line.
    by_line: Vec<(FileIndex, u32, u32)>,
}

impl SourceLines {
    /// A table of what was read.
    pub(super) fn new(files: Vec<SourceFile>, rows: Vec<LineRow>, functions: Vec<SourceFunction>) -> SourceLines {
        let (mut ranges, mut range_functions) = (Vec::new(), Vec::new());
        for (index, function) in (0u32..).zip(&functions) {
            for range in &function.ranges {
                ranges.push(range.clone());
                range_functions.push(FunctionIndex(index));
            }
        }
        let lines = (0u32..).zip(&rows).filter_map(|(at, row)| match row.kind {
            RowKind::Line { file, line, .. } => Some((file, line, at)),
            RowKind::Gap => None,
        });
        let mut by_line: Vec<_> = lines.collect();
        by_line.sort_unstable();
        let spans = Spans::new(&ranges);
        SourceLines { files, rows, functions, spans, range_functions, by_line }
    }

    /// Whether the module has lines; one without has functions alone.
    pub fn has_lines(&self) -> bool {
        !self.rows.is_empty()
    }

    /// The files that the module has code of.
    pub fn files(&self) -> impl Iterator<Item = (FileIndex, &SourceFile)> {
        (0..).map(FileIndex).zip(&self.files)
    }

    /// A file by its place.
    pub fn file(&self, index: FileIndex) -> Option<&SourceFile> {
        self.files.get(index.0 as usize)
    }

    /// A function by its place.
    pub fn function(&self, index: FunctionIndex) -> Option<&SourceFunction> {
        self.functions.get(index.0 as usize)
    }

    /// The functions, each place where one was inlined too.
    pub fn functions(&self) -> impl Iterator<Item = (FunctionIndex, &SourceFunction)> {
        (0..).map(FunctionIndex).zip(&self.functions)
    }

    /// The place in the source of an instruction; `None` where it has none.
    pub fn position(&self, pc: u32) -> Option<SourcePosition> {
        let upto = self.rows.partition_point(|row| row.pc <= pc);
        match self.rows.get(upto.checked_sub(1)?)?.kind {
            RowKind::Line { file, line, column, .. } => {
                Some(SourcePosition { file, line, column: Some(column).filter(|column| *column > 0) })
            }
            RowKind::Gap => None,
        }
    }

    /// The innermost function around an instruction, and its place.
    pub fn function_at(&self, pc: u32) -> Option<(FunctionIndex, &SourceFunction)> {
        let index = *self.range_functions.get(self.spans.at(pc)? as usize)?;
        Some((index, self.functions.get(index.0 as usize)?))
    }

    /// The lines of a file that have code, in their order.
    pub fn lines_of(&self, file: FileIndex) -> Vec<u32> {
        let mut lines: Vec<u32> = self.in_file(file).iter().map(|(_, line, _)| *line).collect();
        lines.dedup();
        lines
    }

    /// Every position at which code of a line starts, in their order.
    pub fn starts_of(&self, file: FileIndex, line: u32) -> Vec<u32> {
        self.in_line(file, line).map(|(pc, _)| pc).collect()
    }

    /// Positions to stop at for a line: the first one in each function that has code of it, its parameters in place.
    pub fn stops_of(&self, file: FileIndex, line: u32) -> Vec<u32> {
        let all: Vec<_> = self.in_line(file, line).collect();
        let has_statement = all.iter().any(|(_, is_statement)| *is_statement);
        let mut stops: Vec<(Option<FunctionIndex>, u32)> = Vec::new();
        for (pc, _) in all.into_iter().filter(|(_, is_statement)| *is_statement || !has_statement) {
            let function = self.function_at(pc);
            let index = function.map(|(index, _)| index);
            if stops.iter().any(|(other, _)| *other == index) {
                continue;
            }
            let start = function.and_then(|(_, function)| Some((function.first_row(self)?, function.entry?)));
            stops.push((index, start.filter(|(first, _)| *first == pc).map_or(pc, |(_, entry)| entry)));
        }
        stops.into_iter().map(|(_, pc)| pc).collect()
    }

    /// The line with code that is nearest to one without; of two, the later.
    pub fn nearest(&self, file: FileIndex, line: u32) -> Option<u32> {
        let lines = self.lines_of(file);
        let at = lines.partition_point(|other| *other < line);
        let (before, after) = (at.checked_sub(1).and_then(|at| lines.get(at)), lines.get(at));
        let distance = |other: &&u32| other.abs_diff(line);
        after.into_iter().chain(before).min_by_key(distance).copied()
    }

    /// The first instruction at or after a position, before another one, that has a place in the source.
    pub(super) fn first_row_in(&self, range: &Range<u32>) -> Option<u32> {
        let at = self.rows.partition_point(|row| row.pc < range.start);
        self.rows.get(at).map(|row| row.pc).filter(|pc| range.contains(pc))
    }

    /// The first instruction in a range at which a function's parameters are in place.
    pub(super) fn body_start_in(&self, range: &Range<u32>) -> Option<u32> {
        let at = self.rows.partition_point(|row| row.pc < range.start);
        let rows = self.rows.get(at..)?.iter().take_while(|row| row.pc < range.end);
        let is_start = |row: &&LineRow| matches!(row.kind, RowKind::Line { is_body_start: true, .. });
        rows.into_iter().find(is_start).map(|row| row.pc)
    }

    /// Sets where each function can first be stopped at.
    pub(super) fn set_entries(&mut self, first_opcode: impl Fn(&Range<u32>) -> Option<u32>) {
        let mut functions = std::mem::take(&mut self.functions);
        for function in &mut functions {
            let Some(range) = function.ranges.first() else { continue };
            let body = if function.is_inlined { None } else { self.body_start_in(range) };
            function.entry = body.or_else(|| first_opcode(range));
        }
        self.functions = functions;
    }

    /// The memory that it holds, in bytes.
    pub fn bytes(&self) -> u64 {
        let files: usize = self.files.iter().map(|file| file.path.len() + file.name.len() + 64).sum();
        let rows = self.rows.len() * size_of::<LineRow>() + self.by_line.len() * 12;
        let functions = self.functions.len() * (size_of::<SourceFunction>() + 64);
        (files + rows + functions) as u64 + self.spans.bytes()
    }

    fn in_file(&self, file: FileIndex) -> &[(FileIndex, u32, u32)] {
        let start = self.by_line.partition_point(|row| row.0 < file);
        let rest = self.by_line.get(start..).unwrap_or_default();
        rest.get(..rest.partition_point(|row| row.0 == file)).unwrap_or_default()
    }

    /// Where code of a line starts, and whether the compiler recommends the place for a stop.
    fn in_line(&self, file: FileIndex, line: u32) -> impl Iterator<Item = (u32, bool)> {
        let rows = self.in_file(file);
        let start = rows.partition_point(|row| row.1 < line);
        let of_line = rows.get(start..).unwrap_or_default().iter().take_while(move |row| row.1 == line);
        of_line.filter_map(|(_, _, at)| {
            let row = self.rows.get(*at as usize)?;
            let RowKind::Line { is_statement, .. } = row.kind else { return None };
            Some((row.pc, is_statement))
        })
    }
}

impl SourceFunction {
    /// Where its first line starts.
    fn first_row(&self, lines: &SourceLines) -> Option<u32> {
        lines.first_row_in(self.ranges.first()?)
    }
}
