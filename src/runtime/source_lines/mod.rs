//! The lines and functions of a module's source, and where their code is.
//!
//! Positions (`pc`) are bytes from the start of the module's file, and each is the address of an instruction that the
//! engine can stop at. A module without debug information has functions alone, by its names and exports.
//!
//! - `table`: the lines and functions of one module, and what is asked of them. `lookup`: files, lines and functions as
//!   people name them. `tables`: those of the modules that were asked for last.
//! - `read`: a module's parts. `opcodes`: its instructions. `rows`: the rows of its line programs, a `line_row` each.
//!   `functions`: its functions. `spans`: the innermost function of each position.

mod functions;
mod line_row;
mod lookup;
mod opcodes;
mod read;
mod rows;
mod spans;
mod table;
mod tables;
#[cfg(test)]
mod tests;

pub use line_row::{FileIndex, SourceFile};
pub use lookup::{LineError, LinePlace, line_query};
pub use table::{FunctionIndex, SourceFunction, SourceLines, SourcePosition};
pub use tables::LineTables;
