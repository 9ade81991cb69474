//! The fronts: prompt, script, pane and printer. The only room that touches the terminal.

pub mod pane;
pub mod screen;
