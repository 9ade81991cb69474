//! Requests for replacements, as data. Their results are in `view`.

use std::sync::Arc;

use crate::runtime::Program;

/// The requested replacement.
#[derive(Debug, Clone)]
pub enum ReplacementRequest {
    /// A fresh instance of its own code: state is lost, the call in it is ended, and it may be called again if it had
    /// crashed for good.
    Restart,
    /// Another program's code, and an instance of that. The call in it goes on in the old one; the next call finds the
    /// new one. A program that lacks a function which callers have used is refused, unless `force`d. What the process
    /// may have stays as it was granted.
    Reload { program: Arc<Program>, force: bool },
    /// The code that it has, for a debugger that stops it there, and a fresh instance of that. The call in it goes on
    /// in the old one.
    Debug,
}
