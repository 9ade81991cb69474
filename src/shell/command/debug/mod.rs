//! The commands of the debugger.

pub mod answer;
pub mod breakpoints;
pub mod bt;
pub mod frame;
pub mod go;
pub mod hold;
pub mod inject;
pub mod locals;
pub mod peek;
pub mod record;
pub mod replay;
pub mod show;
pub mod stub;
pub mod vars;

use super::{Arguments, Command, Group, Run, syntax};
