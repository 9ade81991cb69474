//! The commands of the debugger.

pub mod answer;
pub mod breakpoints;
pub mod bt;
pub mod go;
pub mod hold;
pub mod inject;
pub mod record;
pub mod replay;
pub mod show;
pub mod stub;

use super::{Arguments, Command, Group, Run, syntax};
