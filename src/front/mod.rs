//! The fronts: prompt, script, pane and printer. The only room that touches the terminal.

pub mod console;
pub mod one_call;
pub mod pane;
pub mod print;
pub mod repl;
pub mod screen;
pub mod script;
pub mod suite;

pub mod signals;
pub mod streams;
