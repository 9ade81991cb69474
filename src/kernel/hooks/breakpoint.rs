//! Breakpoints: which calls are held, before or after they run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::call_to_match::CallToMatch;
use crate::journal::Filter;
use crate::kernel::debug::HoldSide;
use crate::kernel::view::OwnerId;

/// A breakpoint to set.
#[derive(Debug, Clone)]
pub struct BreakSpec {
    pub filter: Filter,
    pub side: HoldSide,
    /// Commands that the shell runs at a hit.
    pub commands: Option<String>,
    /// Who set it; it goes with them.
    pub owner: OwnerId,
}

/// A breakpoint that is set.
pub struct Breakpoint {
    id: u32,
    spec: BreakSpec,
    hits: AtomicU64,
}

/// A row of `breaks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BreakpointView {
    pub id: u32,
    pub side: HoldSide,
    /// The text of the expression.
    #[serde(rename = "expr")]
    pub filter: String,
    /// Count of calls that it has held.
    pub hits: u64,
    #[serde(rename = "do")]
    pub commands: Option<String>,
}

impl Breakpoint {
    /// A breakpoint without hits.
    pub(super) fn new(id: u32, spec: BreakSpec) -> Arc<Breakpoint> {
        Arc::new(Breakpoint { id, spec, hits: AtomicU64::new(0) })
    }

    /// Number of the breakpoint.
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Who set the breakpoint.
    pub(super) fn owner(&self) -> OwnerId {
        self.spec.owner
    }

    /// The breakpoint's number if it holds this call on this side, which counts as a hit.
    pub(super) fn hold(&self, call: &CallToMatch<'_>, side: HoldSide) -> Option<u32> {
        if self.spec.side != side || !call.is_of(&self.spec.filter) {
            return None;
        }
        self.hits.fetch_add(1, Ordering::Relaxed);
        Some(self.id)
    }

    /// A row of `breaks`.
    pub(super) fn view(&self) -> BreakpointView {
        BreakpointView {
            id: self.id,
            filter: self.spec.filter.source().to_string(),
            side: self.spec.side,
            commands: self.spec.commands.clone(),
            hits: self.hits.load(Ordering::Relaxed),
        }
    }
}
