//! The caller of a call or load, as its record names it.

use super::view::ProcessId;
use crate::journal::Symbol;

/// A calling process, and its call.
#[derive(Clone, Copy)]
pub struct CallerRef {
    /// The calling process; 0 is the shell.
    pub process: ProcessId,
    /// Name of the process when it made the call.
    pub name: Symbol,
    /// Number of the record of the calling call; 0 when the shell called.
    pub seq: u64,
}

impl CallerRef {
    /// The shell.
    pub const SHELL: CallerRef = CallerRef { process: 0, name: Symbol::SHELL, seq: 0 };
}
