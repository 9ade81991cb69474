//! Breakpoints: which calls are held, before or after they run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::seen::Seen;
use super::{Hooks, RULES_MAX};
use crate::journal::Filter;
use crate::kernel::Kernel;
use crate::kernel::debug::Side;

/// A breakpoint to set.
#[derive(Debug, Clone)]
pub struct BreakSpec {
    pub filter: Filter,
    pub side: Side,
    /// Commands that the session runs when it is hit.
    pub commands: Option<String>,
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
    pub side: Side,
    /// The expression as it was written.
    #[serde(rename = "expr")]
    pub filter: String,
    /// Calls that it has held.
    pub hits: u64,
    #[serde(rename = "do")]
    pub commands: Option<String>,
}

impl Hooks {
    /// The first breakpoint that holds this call on this side; its hit is counted.
    pub(in crate::kernel) fn breakpoint_for(&self, call: &Seen<'_>, side: Side) -> Option<u32> {
        let rules = self.rules.read();
        let met = |breakpoint: &&Arc<Breakpoint>| breakpoint.spec.side == side && call.is_of(&breakpoint.spec.filter);
        let breakpoint = rules.breakpoints.iter().find(met)?;
        breakpoint.hits.fetch_add(1, Ordering::Relaxed);
        Some(breakpoint.id)
    }

    pub(super) fn breakpoints(&self) -> Vec<BreakpointView> {
        let rules = self.rules.read();
        let view = |breakpoint: &Arc<Breakpoint>| BreakpointView {
            id: breakpoint.id,
            filter: breakpoint.spec.filter.source().to_string(),
            side: breakpoint.spec.side,
            commands: breakpoint.spec.commands.clone(),
            hits: breakpoint.hits.load(Ordering::Relaxed),
        };
        rules.breakpoints.iter().map(view).collect()
    }
}

impl Kernel {
    /// Sets a breakpoint; its number. Calls that begin from now on are held; those that run when it is on return.
    /// Refused where the expression asks for what is not known on that side, and past [`RULES_MAX`].
    pub fn set_breakpoint(&self, spec: BreakSpec) -> Result<u32, String> {
        if spec.side == Side::Before && spec.filter.needs_end() {
            return Err(
                "the expression asks for what is known when a call has ended; hold it then, with `--on return`".into(),
            );
        }
        let hooks = self.hooks();
        hooks.change(|rules| {
            if rules.breakpoints.len() >= RULES_MAX {
                return Err(format!("{RULES_MAX} breakpoints are set, the limit; `delete N` takes one away"));
            }
            let id = hooks.next_breakpoint.fetch_add(1, Ordering::Relaxed) + 1;
            rules.breakpoints.push(Arc::new(Breakpoint { id, spec, hits: AtomicU64::new(0) }));
            Ok(id)
        })
    }

    /// The breakpoints, in the order of their numbers.
    pub fn breakpoints(&self) -> Vec<BreakpointView> {
        self.hooks().breakpoints()
    }

    /// Takes a breakpoint away; false when there is none by that number. Who is held by it stays held.
    pub fn delete_breakpoint(&self, id: u32) -> bool {
        self.hooks().change(|rules| {
            let before = rules.breakpoints.len();
            rules.breakpoints.retain(|breakpoint| breakpoint.id != id);
            rules.breakpoints.len() < before
        })
    }
}
