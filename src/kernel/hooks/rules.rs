//! The rules that are set on calls, and their look-up by a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use super::breakpoint::{BreakPlace, Breakpoint, BreakpointView};
use super::call_to_match::CallToMatch;
use super::fault::{Fault, FaultKind, FaultView};
use super::recorder::Recorder;
use super::stub::{ORIGIN, Stub, StubSpec, StubView};
use super::stub_image::StubImage;
use crate::kernel::code::Code;
use crate::kernel::debug::{HoldReason, HoldSide};
use crate::kernel::names;
use crate::kernel::process::Process;
use crate::locks::{Rank, RwLock};
use crate::runtime::stopping::{CodePoint, CodeStop};
use crate::runtime::{AnswerMode, Image, ImportStandIn, LineTables, ModuleBytes, Program, Spec};

/// Upper bound for breakpoints, for faults and for stubs.
pub const RULES_MAX: usize = 256;

/// All rules that are set.
pub struct Hooks {
    /// Count of the rules that calls must look at. The hot path reads only this.
    armed: AtomicUsize,
    /// The recorder's [`AnswerMode`], as a number.
    answer_mode: AtomicU8,
    rules: RwLock<Rules>,
    next_breakpoint: AtomicU32,
    next_fault: AtomicU32,
    /// Count of changes of breakpoints in code.
    code_version: AtomicU64,
    seed: RwLock<Option<u64>>,
    /// Whether all that is loaded can be stopped in its code.
    loads_debugged: AtomicBool,
}

/// The rules in force.
#[derive(Default)]
pub(super) struct Rules {
    pub(super) breakpoints: Vec<Arc<Breakpoint>>,
    pub(super) faults: Vec<Arc<Fault>>,
    pub(super) stubs: Vec<Arc<Stub>>,
    pub(super) recorder: Option<Arc<dyn Recorder>>,
    pub(super) payloads: bool,
}

impl Default for Hooks {
    fn default() -> Self {
        Hooks {
            armed: AtomicUsize::new(0),
            answer_mode: AtomicU8::new(AnswerMode::Live as u8),
            rules: RwLock::new(Rank::Rules, Rules::default()),
            next_breakpoint: AtomicU32::new(0),
            next_fault: AtomicU32::new(0),
            code_version: AtomicU64::new(0),
            seed: RwLock::new(Rank::Seed, None),
            loads_debugged: AtomicBool::new(false),
        }
    }
}

impl Hooks {
    /// Whether a call must look at the rules: one relaxed load.
    #[inline]
    pub fn armed(&self) -> bool {
        self.armed.load(Ordering::Relaxed) != 0
    }

    /// Where the host's answers come from: one relaxed load.
    #[inline]
    pub fn answer_mode(&self) -> AnswerMode {
        match self.answer_mode.load(Ordering::Relaxed) {
            mode if mode == AnswerMode::Kept as u8 => AnswerMode::Kept,
            mode if mode == AnswerMode::Replayed as u8 => AnswerMode::Replayed,
            _ => AnswerMode::Live,
        }
    }

    /// Sets where the host's answers come from.
    pub(super) fn set_answer_mode(&self, mode: AnswerMode) {
        self.answer_mode.store(mode as u8, Ordering::Relaxed);
    }

    /// Makes calls look at rules, until [`Hooks::disarm`].
    pub(in crate::kernel) fn arm(&self) {
        self.armed.fetch_add(1, Ordering::Relaxed);
    }

    /// Undoes one [`Hooks::arm`].
    pub(in crate::kernel) fn disarm(&self) {
        self.armed.fetch_sub(1, Ordering::Relaxed);
    }

    /// Changes the rules and updates `armed` with them.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Rules) -> T) -> T {
        let mut rules = self.rules.write();
        let before = rules.count();
        let result = change(&mut rules);
        let after = rules.count();
        self.code_version.fetch_add(1, Ordering::SeqCst);
        if after >= before {
            self.armed.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.armed.fetch_sub(before - after, Ordering::Relaxed);
        }
        result
    }

    /// The number of the next breakpoint.
    pub(super) fn next_breakpoint(&self) -> u32 {
        self.next_breakpoint.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The number of the next fault.
    pub(super) fn next_fault(&self) -> u32 {
        self.next_fault.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The seed for faults without a seed of their own, if one was set.
    pub(super) fn seed(&self) -> Option<u64> {
        *self.seed.read()
    }

    /// Sets the seed of faults that are injected from now on without one of their own.
    pub(super) fn set_seed(&self, seed: u64) {
        *self.seed.write() = Some(seed);
    }
}

impl Hooks {
    /// The first breakpoint that holds this call on this side, which counts as a hit.
    pub(in crate::kernel) fn breakpoint_for(&self, call: &CallToMatch<'_>, side: HoldSide) -> Option<u32> {
        self.rules.read().breakpoints.iter().find_map(|breakpoint| breakpoint.hold(call, side))
    }

    /// Changes with the breakpoints.
    pub(super) fn code_version(&self) -> u64 {
        self.code_version.load(Ordering::SeqCst)
    }

    /// The first breakpoint that holds a call where its guest stands, which counts as a hit.
    pub(super) fn code_breakpoint_for(
        &self,
        call: &CallToMatch<'_>,
        at: &CodeStop,
        modules: &[ModuleBytes],
        tables: &LineTables,
    ) -> Option<u32> {
        self.set_breakpoints().iter().find_map(|breakpoint| breakpoint.hold_in_code(call, at, modules, tables))
    }

    /// Where breakpoints are in the code of a process, and whether one is at its traps.
    pub(super) fn code_points(
        &self,
        process: &Process,
        modules: &[ModuleBytes],
        tables: &LineTables,
    ) -> (Vec<CodePoint>, bool) {
        let (mut points, mut traps) = (Vec::new(), false);
        for breakpoint in self.set_breakpoints() {
            match breakpoint.place() {
                BreakPlace::Code(target) if target.is_of(&process.name, &process.plugin) => {
                    points.extend(breakpoint.points(target, modules, tables).iter());
                }
                BreakPlace::Trap => traps = true,
                BreakPlace::Call(_) | BreakPlace::Code(_) => {}
            }
        }
        (points, traps)
    }

    /// Whether a breakpoint is in the code of a program that is loaded under this name, or at its traps.
    pub(super) fn wants_debugger(&self, name: &str, program: &Program, tables: &LineTables) -> bool {
        self.set_breakpoints().iter().any(|breakpoint| match breakpoint.place() {
            BreakPlace::Code(target) => {
                target.is_of(name, &program.stem) && !breakpoint.points(target, &program.modules, tables).is_empty()
            }
            BreakPlace::Trap => true,
            BreakPlace::Call(_) => false,
        })
    }

    /// Whether all that is loaded from now on can be stopped in its code.
    pub(super) fn loads_debugged(&self) -> bool {
        self.loads_debugged.load(Ordering::Relaxed)
    }

    /// Sets whether all that is loaded from now on can be stopped in its code.
    pub(super) fn set_loads_debugged(&self, all: bool) {
        self.loads_debugged.store(all, Ordering::Relaxed);
    }

    /// Whether the breakpoint that a call is held at was deleted since the call met it. Whoever deletes one lets go on
    /// what is held by then: a call that is held later would be held for ever.
    pub(super) fn is_gone(&self, reason: HoldReason) -> bool {
        match reason {
            HoldReason::Breakpoint(id) => !self.rules.read().breakpoints.iter().any(|breakpoint| breakpoint.id() == id),
            _ => false,
        }
    }

    /// The breakpoints, to be looked at without the rules' lock: a first look reads debug information.
    fn set_breakpoints(&self) -> Vec<Arc<Breakpoint>> {
        self.rules.read().breakpoints.clone()
    }

    /// All breakpoints with their hits, by number.
    pub(super) fn breakpoints(&self) -> Vec<BreakpointView> {
        self.rules.read().breakpoints.iter().map(|breakpoint| breakpoint.view()).collect()
    }

    /// The faults that hit this call, in the order of their numbers; each is counted.
    pub(in crate::kernel) fn faults_for(&self, call: &CallToMatch<'_>) -> Vec<(u32, FaultKind)> {
        let rules = self.rules.read();
        rules.faults.iter().filter_map(|fault| Some((fault.id(), fault.meet(call)?))).collect()
    }

    /// All faults with their hits, by number.
    pub(super) fn faults(&self) -> Vec<FaultView> {
        self.rules.read().faults.iter().map(|fault| fault.view()).collect()
    }

    /// The recorder of calls, while a recording runs.
    pub(in crate::kernel) fn recorder(&self) -> Option<Arc<dyn Recorder>> {
        self.rules.read().recorder.clone()
    }
}

impl Hooks {
    /// The stub that answers for a function of a process, if one does.
    pub fn stub_for(&self, process: &Process, code: &Code, function: &str) -> Option<Arc<Stub>> {
        if !self.armed() {
            return None;
        }
        self.rules.read().stubs.iter().find(|stub| stub.is_for(process, code, function)).cloned()
    }

    /// The stub that answers a call: of those with an expression the first that matches, else the one without.
    pub(in crate::kernel) fn stub_for_call(
        &self,
        call: &CallToMatch<'_>,
        code: &Code,
        function: &str,
    ) -> Option<Arc<Stub>> {
        let rules = self.rules.read();
        let of_it = || rules.stubs.iter().filter(|stub| stub.is_for(call.callee, code, function));
        let asked = |stub: &Arc<Stub>| stub.spec().filter.as_ref().map(|filter| call.is_of(filter));
        of_it().find(|stub| asked(stub) == Some(true)).or_else(|| of_it().find(|stub| asked(stub).is_none())).cloned()
    }

    /// Stand-ins by stubs for a program's imports, without those that have a stand-in already.
    pub fn stubbed_imports(&self, spec: &Spec) -> Vec<ImportStandIn> {
        if !self.armed() {
            return Vec::new();
        }
        let rules = self.rules.read();
        let stand_ins = rules.stubs.iter().filter_map(|stub| stub.spec().stand_in());
        let has = |new: &ImportStandIn| {
            spec.imports.iter().any(|old| old.module == new.module && old.function == new.function)
        };
        stand_ins.filter(|new| !has(new)).collect()
    }

    /// The plugin names that stubs answer for.
    pub fn stub_names(&self) -> Vec<String> {
        let rules = self.rules.read();
        let names = rules.stubs.iter().map(|stub| stub.spec().plugin.clone());
        names.filter(|name| names::is_valid(name)).collect()
    }

    /// The program of a name that only stubs answer for.
    pub fn stub_program(&self, name: &str) -> Option<Arc<Program>> {
        self.stub_names().iter().any(|known| known == name).then(|| {
            let (origin, stem) = (format!("{ORIGIN}{name}"), name.to_string());
            Arc::new(Program { modules: Vec::new(), spec: Spec::default(), origin, stem })
        })
    }

    /// The image of a stub program; `None` for a program with code.
    pub fn stub_image(&self, program: &Program) -> Option<Arc<dyn Image>> {
        if !program.modules.is_empty() || !program.origin.starts_with(ORIGIN) {
            return None;
        }
        let rules = self.rules.read();
        let of_it = rules.stubs.iter().filter(|stub| stub.spec().plugin == program.stem);
        let functions: Vec<String> = of_it.map(|stub| stub.spec().function.clone()).collect();
        Some(Arc::new(StubImage::new(functions)))
    }

    /// Copies the stubs of another kernel.
    pub fn copy_stubs_from(&self, other: &Hooks) {
        let specs: Vec<StubSpec> = other.rules.read().stubs.iter().map(|stub| stub.spec().clone()).collect();
        let stubs = specs.into_iter().map(Stub::new);
        self.change(|rules| rules.stubs.extend(stubs));
    }

    /// A row of `stubs` for each.
    pub(super) fn stubs(&self) -> Vec<StubView> {
        self.rules.read().stubs.iter().map(|stub| stub.view()).collect()
    }
}

impl Rules {
    fn count(&self) -> usize {
        let switches = usize::from(self.recorder.is_some()) + usize::from(self.payloads);
        self.breakpoints.len() + self.faults.len() + self.stubs.len() + switches
    }
}
