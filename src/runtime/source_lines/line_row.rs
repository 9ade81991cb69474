//! A row of a line table, and the file that it is of.

use serde::Serialize;

use crate::runtime::stack::FrameRole;

/// A source file's place among those of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct FileIndex(pub u32);

/// A source file that a module has code of. Texts are escaped and bounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceFile {
    /// The path as the compiler noted it, mostly absolute.
    pub path: String,
    /// The path for people: relative to the directory that the module was compiled in, where it lies there.
    pub name: String,
    /// Whose code it is.
    pub role: FrameRole,
}

/// The code of a line starts here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineRow {
    pub pc: u32,
    pub kind: RowKind,
}

/// The facts about the code from a row on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// Nothing, as another sequence may follow.
    Gap,
    Line {
        file: FileIndex,
        line: u32,
        /// 0: the whole line.
        column: u32,
        /// Whether the compiler recommends the place for a stop.
        is_statement: bool,
        /// Whether a function's parameters are in place here.
        is_body_start: bool,
    },
}
