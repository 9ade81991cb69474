//! The fronts: the prompt (`repl`), scripts (`script`), test files (`suite`), one call (`one_call`), and under them the
//! console, the pane, the printer and the screen. Only this room reads and writes the terminal.

pub mod attach;
mod columns;
pub mod console;
pub mod dap;
pub mod one_call;
pub mod opening;
pub mod pane;
pub mod print;
pub mod repl;
pub mod screen;
pub mod script;
pub mod serve;
pub mod suite;

mod error_lines;
pub mod signals;
pub mod streams;
