//! Replacements as data: what is asked, and what came of it.

use std::sync::Arc;

use crate::kernel::view::ProcessLabel;
use crate::runtime::Program;

/// What is to be done to a process.
#[derive(Debug, Clone)]
pub enum Replacement {
    /// A fresh instance of its own code: state is lost, the call in it is ended, and it may be called again if it had
    /// crashed for good.
    Restart,
    /// Another program's code, and an instance of that. The call in it goes on in the old one; the next call finds the new
    /// one. A program that lacks a function which callers have used is refused, unless `force`d. What the process may have
    /// stays as it was granted.
    Reload { program: Arc<Program>, force: bool },
}

/// A process whose code or instance was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    pub label: ProcessLabel,
    /// Calls whose state was lost with the old instance.
    pub calls_lost: u64,
    /// False when the new code is the old one, byte for byte.
    pub code_changed: bool,
    /// Functions that callers have used and that the new code lacks: only with force.
    pub functions_lost: Vec<String>,
}
