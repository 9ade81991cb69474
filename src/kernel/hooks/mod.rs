//! The debugger's part in calls: breakpoints, faults, stubs, kept payloads, recordings. While nothing is set, a call
//! pays one relaxed load for all of it; `call/hooked` is the path of calls while something is.
//!
//! `breakpoint` and `hold` stop a job and release it; `code_target`, `code_stop` and `debugging` do so in the code of
//! plugins. `fault` makes calls fail, `stub` answers them, `recorder` passes on the calls of the shell. Display belongs
//! to the shell.

mod breakpoint;
mod call_to_match;
mod code_stop;
mod code_target;
mod debugging;
mod fault;
mod hold;
mod hold_error;
mod notes;
mod recorder;
mod recording;
mod rule_refusal;
mod rules;
mod settings;
mod stop;
mod stub;
mod stub_image;
#[cfg(test)]
mod tests;

pub use super::debug::{
    HeldView, HoldLimits, HoldReason, HoldSide, NestedCall, Order, ReplacedBy, Step, in_calling_order,
};
pub use super::state::{StubCall, StubRunner};
pub use breakpoint::{BreakPlace, BreakSpec, BreakpointView};
pub use code_target::{CodeTarget, NoPlace, SourcePlace};
pub use debugging::CodeInProcess;
pub use fault::{FaultKind, FaultSpec, FaultView, FaultWhen};
pub use hold_error::HoldError;
pub use notes::DebugNotes;
pub use recorder::{NESTED_CALLS_MAX, NestedBytes, RecordedCall, Recorder};
pub use rule_refusal::RuleRefusal;
pub use rules::{Hooks, RULES_MAX};
pub use stub::{StubAnswer, StubSpec, StubView, StubbedImport};

pub(super) use self::call_to_match::CallToMatch;
pub(super) use self::stub::Stub;
