//! Breakpoints: which calls are held, before or after they run, and where in their code plugins are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::call_to_match::CallToMatch;
use super::code_target::CodeTarget;
use crate::journal::Filter;
use crate::kernel::debug::HoldSide;
use crate::kernel::view::OwnerId;
use crate::locks::{Mutex, Rank};
use crate::runtime::stopping::{CodePoint, CodeStop, StopCause};
use crate::runtime::{LineTables, ModuleBytes};

/// Most programs whose code of a breakpoint's place is kept.
const PROGRAMS_MAX: usize = 32;

/// Where a breakpoint holds a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BreakPlace {
    /// Before it runs, or when it has ended.
    Call(HoldSide),
    /// At a place of the source.
    Code(CodeTarget),
    /// Where a plugin traps.
    Trap,
}

/// A breakpoint to set.
#[derive(Debug, Clone)]
pub struct BreakSpec {
    pub place: BreakPlace,
    /// The calls that are held; `None`: all.
    pub filter: Option<Filter>,
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
    known: Mutex<Vec<KnownCode>>,
}

/// The code of a breakpoint's place in one program.
struct KnownCode {
    /// The digests of the program's modules.
    digests: Vec<String>,
    points: Arc<[CodePoint]>,
}

/// A row of `breaks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BreakpointView {
    pub id: u32,
    pub side: HoldSide,
    /// The place in the source, or `trap`; `None`: a call's begin or end.
    pub at: Option<String>,
    /// The text of the expression.
    #[serde(rename = "expr")]
    pub filter: Option<String>,
    /// Count of calls that it has held.
    pub hits: u64,
    #[serde(rename = "do")]
    pub commands: Option<String>,
}

impl BreakSpec {
    /// A breakpoint on one side of the calls that a filter matches, without commands.
    pub fn on_calls(filter: Filter, side: HoldSide, owner: OwnerId) -> BreakSpec {
        BreakSpec { place: BreakPlace::Call(side), filter: Some(filter), commands: None, owner }
    }

    /// The side of the calls that it holds.
    pub fn side(&self) -> HoldSide {
        match self.place {
            BreakPlace::Call(side) => side,
            BreakPlace::Code(_) | BreakPlace::Trap => HoldSide::During,
        }
    }
}

impl Breakpoint {
    /// A breakpoint without hits.
    pub(super) fn new(id: u32, spec: BreakSpec) -> Arc<Breakpoint> {
        Arc::new(Breakpoint { id, spec, hits: AtomicU64::new(0), known: Mutex::new(Rank::BreakCode, Vec::new()) })
    }

    /// Number of the breakpoint.
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Who set the breakpoint.
    pub(super) fn owner(&self) -> OwnerId {
        self.spec.owner
    }

    /// Where it holds calls.
    pub(super) fn place(&self) -> &BreakPlace {
        &self.spec.place
    }

    /// The breakpoint's number if it holds this call on this side, which counts as a hit.
    pub(super) fn hold(&self, call: &CallToMatch<'_>, side: HoldSide) -> Option<u32> {
        (self.spec.place == BreakPlace::Call(side)).then(|| self.meet(call)).flatten()
    }

    /// The breakpoint's number if it holds this call where its guest stands, which counts as a hit. `modules`: those of
    /// the guest's program.
    pub(super) fn hold_in_code(
        &self,
        call: &CallToMatch<'_>,
        at: &CodeStop,
        modules: &[ModuleBytes],
        tables: &LineTables,
    ) -> Option<u32> {
        let is_here = match (&self.spec.place, &at.cause) {
            (BreakPlace::Trap, StopCause::Trap(_)) => true,
            (BreakPlace::Code(target), StopCause::Point | StopCause::Step) => {
                target.is_of(&call.callee.name, &call.callee.plugin)
                    && self.points(target, modules, tables).contains(&at.point)
            }
            (BreakPlace::Call(_) | BreakPlace::Code(_) | BreakPlace::Trap, _) => false,
        };
        is_here.then(|| self.meet(call)).flatten()
    }

    fn meet(&self, call: &CallToMatch<'_>) -> Option<u32> {
        if self.spec.filter.as_ref().is_some_and(|filter| !call.is_of(filter)) {
            return None;
        }
        self.hits.fetch_add(1, Ordering::Relaxed);
        Some(self.id)
    }

    /// The code of a place in a program; empty where it has none.
    pub(super) fn points(&self, target: &CodeTarget, modules: &[ModuleBytes], tables: &LineTables) -> Arc<[CodePoint]> {
        let is_of = |digests: &[String]| {
            digests.len() == modules.len()
                && digests.iter().zip(modules).all(|(digest, module)| *digest == module.sha256)
        };
        if let Some(known) = self.known.lock().iter().find(|known| is_of(&known.digests)) {
            return known.points.clone();
        }
        let points: Arc<[CodePoint]> = target.points(tables, modules).unwrap_or_default().into();
        let digests = modules.iter().map(|module| module.sha256.clone()).collect();
        let mut known = self.known.lock();
        if known.len() >= PROGRAMS_MAX {
            known.remove(0);
        }
        known.push(KnownCode { digests, points: points.clone() });
        points
    }

    /// A row of `breaks`.
    pub(super) fn view(&self) -> BreakpointView {
        BreakpointView {
            id: self.id,
            at: match &self.spec.place {
                BreakPlace::Call(_) => None,
                BreakPlace::Code(target) => Some(target.to_string()),
                BreakPlace::Trap => Some("trap".to_owned()),
            },
            filter: self.spec.filter.as_ref().map(|filter| filter.source().to_string()),
            side: self.spec.side(),
            commands: self.spec.commands.clone(),
            hits: self.hits.load(Ordering::Relaxed),
        }
    }
}
