//! The variables of a stopped frame: their names, and their values as data.
//!
//! Where they are comes from the module's debug information, whose author may be hostile: each read is paid for from a
//! budget, and values are bounded. The frame itself is a [`FrameState`], which the host implements.
//!
//! - `scope`: the variables in scope at a position. `expression`: where one is. `types`: of what type. `read`: its
//!   `value`. `path`: the way from a variable to a part of it. `inspect`: all of that, for who asks.

mod expression;
#[cfg(test)]
mod expression_tests;
mod frame_state;
mod inspect;
mod path;
mod read;
mod scope;
#[cfg(test)]
mod tests;
mod types;
mod value;

pub use frame_state::FrameState;
pub use inspect::{Variable, VariableError, Variables};
pub use path::{PathStep, VariablePath};
pub use value::{Field, Value};
