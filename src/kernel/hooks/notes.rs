//! A snapshot of the debugger's settings and holds, for the pane.

use super::breakpoint::BreakpointView;
use super::fault::FaultView;
use super::stub::StubView;
use crate::kernel::Kernel;
use crate::kernel::debug::HeldView;

/// The held jobs and the rules that are set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DebugNotes {
    /// The newest hold last.
    pub held: Vec<HeldView>,
    pub breakpoints: Vec<BreakpointView>,
    pub faults: Vec<FaultView>,
    pub stubs: Vec<StubView>,
    /// True while the session's calls are recorded.
    pub recording: bool,
}

impl DebugNotes {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        *self == DebugNotes::default()
    }
}

impl Kernel {
    /// The held jobs and the rules that are set. Costs little while there are none.
    pub fn debug_notes(&self) -> DebugNotes {
        let hooks = self.hooks();
        // A held job may outlive its breakpoint.
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
