//! Processes that a debugger can stop in their code, and those that a breakpoint wants to be so.

use std::sync::Arc;

use super::code_target::{CodeTarget, NoPlace};
use crate::kernel::Kernel;
use crate::kernel::process::Process;
use crate::kernel::view::{ProcessId, ProcessLabel};
use crate::runtime::stopping::CodePoint;
use crate::runtime::{Host, LineTables, Program};

/// The code of a place in one process.
#[derive(Debug, Clone)]
pub struct CodeInProcess {
    pub process: ProcessLabel,
    /// Whether it can be stopped in its code.
    pub is_debugged: bool,
    pub points: Result<Vec<CodePoint>, NoPlace>,
    pub program: Arc<Program>,
}

impl Kernel {
    /// The living processes that can be made to stop in their code and that a place may be in, with its code there.
    pub fn code_of(&self, target: &CodeTarget) -> Vec<CodeInProcess> {
        let in_process = |(process, is_debugged, program): (ProcessLabel, bool, Arc<Program>)| {
            let points = target.points(self.line_tables(), &program.modules);
            CodeInProcess { process, is_debugged, points, program }
        };
        self.debuggable(|name, plugin| target.is_of(name, plugin)).into_iter().map(in_process).collect()
    }

    /// The living processes that can be made to stop in their code, with their programs.
    pub fn programs_to_debug(&self) -> Vec<(ProcessLabel, Arc<Program>)> {
        self.debuggable(|_, _| true).into_iter().map(|(process, _, program)| (process, program)).collect()
    }

    /// The living processes that can be made to stop in their code and do not yet.
    pub fn not_debugged(&self) -> Vec<ProcessLabel> {
        let all = self.debuggable(|_, _| true).into_iter();
        all.filter(|(_, is_debugged, _)| !is_debugged).map(|(process, ..)| process).collect()
    }

    fn debuggable(&self, is_wanted: impl Fn(&str, &str) -> bool) -> Vec<(ProcessLabel, bool, Arc<Program>)> {
        let living: Vec<_> = self.table().read().living().cloned().collect();
        let of = |process: Arc<Process>| {
            let code = process.code();
            let can = process.host == Host::Native && code.spec.on.is_none() && !code.program.modules.is_empty();
            let is_of = is_wanted(&process.name, &process.plugin) || is_wanted(&process.name, &code.program.stem);
            (can && is_of).then(|| (process.label(), code.spec.debugged, code.program.clone()))
        };
        living.into_iter().filter_map(of).collect()
    }

    /// Whether a breakpoint wants to stop a program that is loaded now, under this name.
    pub(in crate::kernel) fn wants_debugger(&self, name: &str, program: &Program) -> bool {
        let hooks = self.hooks();
        hooks.loads_debugged() || hooks.armed() && hooks.wants_debugger(name, program, self.line_tables())
    }

    /// Whether all that is loaded from now on can be stopped in its code; else what a breakpoint wants so, and
    /// `load --debug`.
    pub fn set_loads_debugged(&self, all: bool) {
        self.hooks().set_loads_debugged(all);
    }

    /// The program of a living process.
    pub fn program_of(&self, id: ProcessId) -> Option<Arc<Program>> {
        self.living(id).map(|process| process.code().program.clone())
    }

    /// The lines of modules.
    pub fn line_tables(&self) -> &LineTables {
        self.lines()
    }
}
