//! All that is set, in one snapshot: what the pane shows of the debugger.

use super::breakpoint::BreakpointView;
use super::fault::FaultView;
use super::stub::StubView;
use crate::kernel::Kernel;
use crate::kernel::debug::HeldView;

/// What is held and what is set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DebugNotes {
    /// The newest hold last.
    pub held: Vec<HeldView>,
    pub breakpoints: Vec<BreakpointView>,
    pub faults: Vec<FaultView>,
    pub stubs: Vec<StubView>,
    /// The session's calls are written to a file.
    pub recording: bool,
}

impl DebugNotes {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        *self == DebugNotes::default()
    }
}

impl Kernel {
    /// What is held and what is set. Costs one load while nothing is.
    pub fn debug_notes(&self) -> DebugNotes {
        let hooks = self.hooks();
        // A job may be held by a breakpoint that was deleted since.
        if !hooks.armed() && !self.jobs().iter().any(|job| job.is_held()) {
            return DebugNotes::default();
        }
        DebugNotes {
            held: self.held(),
            breakpoints: self.breakpoints(),
            faults: self.faults(),
            stubs: self.stubs(),
            recording: hooks.recorder().is_some(),
        }
    }
}
