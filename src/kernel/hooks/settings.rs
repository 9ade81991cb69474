//! What the shell sets on calls, lists and takes away: breakpoints, faults, stubs, payloads.

use std::sync::Arc;

use super::breakpoint::{BreakSpec, Breakpoint, BreakpointView};
use super::fault::{Fault, FaultSpec, FaultView};
use super::rules::RULES_MAX;
use super::stub::{Stub, StubSpec, StubView};
use crate::journal::PayloadSettings;
use crate::kernel::debug::Side;
use crate::kernel::{Kernel, names};
use crate::runtime::advice::RuleKind;
use crate::runtime::{Advice, Problem};

impl Kernel {
    /// Keeps inputs and outputs of calls from now on, as far as the settings say; zeros: none.
    pub fn set_payloads(&self, settings: PayloadSettings) {
        self.journal().set_payload_settings(settings);
        let on = self.journal().payload_bytes_each_max() > 0;
        self.hooks().change(|rules| rules.payloads = on);
    }

    /// Seeds the faults that are set from now on and have no seed of their own.
    pub fn set_seed(&self, seed: u64) {
        self.hooks().set_seed(seed);
    }
}

impl Kernel {
    /// Sets a breakpoint; its number. Calls that begin from now on are held; those that run when it is on return.
    /// Refused where the expression asks for what is not known on that side, and past [`RULES_MAX`].
    pub fn set_breakpoint(&self, spec: BreakSpec) -> Result<u32, Problem> {
        if spec.side == Side::Before && spec.filter.needs_end() {
            let why = "the expression asks for what is known when a call has ended";
            return Err(Problem::advised(why, Advice::HoldOnReturn));
        }
        let hooks = self.hooks();
        hooks.change(|rules| {
            if rules.breakpoints.len() >= RULES_MAX {
                let why = format!("{RULES_MAX} breakpoints are set, the limit");
                return Err(Problem::advised(why, Advice::DeleteRule(RuleKind::Hold)));
            }
            let id = hooks.next_breakpoint();
            rules.breakpoints.push(Breakpoint::new(id, spec));
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
            rules.breakpoints.retain(|breakpoint| breakpoint.id() != id);
            rules.breakpoints.len() < before
        })
    }
}

impl Kernel {
    /// Sets a fault. Refused where the expression asks for what is known only when a call has ended, where the chance is
    /// none, and past [`RULES_MAX`].
    pub fn inject(&self, spec: FaultSpec) -> Result<FaultView, Problem> {
        if spec.filter.needs_end() {
            return Err("the expression asks for what is known when a call has ended, and a fault comes before".into());
        }
        if spec.chance.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
            return Err("a chance is from 0 to 1".into());
        }
        let hooks = self.hooks();
        let given = spec.seed.or(hooks.seed());
        hooks.change(|rules| {
            if rules.faults.len() >= RULES_MAX {
                let why = format!("{RULES_MAX} faults are set, the limit");
                return Err(Problem::advised(why, Advice::DeleteRule(RuleKind::Fault)));
            }
            let id = hooks.next_fault();
            // Short enough to type; with one seed for the session each fault still draws its own.
            let seed = given.unwrap_or_else(|| u64::from(fastrand::u32(..)));
            let own = if spec.seed.is_some() { seed } else { seed.wrapping_add(u64::from(id)) };
            let fault = Fault::new(id, spec, own);
            let view = fault.view();
            rules.faults.push(fault);
            Ok(view)
        })
    }

    /// The faults, in the order of their numbers.
    pub fn faults(&self) -> Vec<FaultView> {
        self.hooks().faults()
    }

    /// Takes a fault away; false when there is none by that number.
    pub fn delete_fault(&self, id: u32) -> bool {
        self.hooks().change(|rules| {
            let before = rules.faults.len();
            rules.faults.retain(|fault| fault.id() != id);
            rules.faults.len() < before
        })
    }

    /// Takes all faults away; how many there were.
    pub fn clear_faults(&self) -> usize {
        self.hooks().change(|rules| std::mem::take(&mut rules.faults).len())
    }
}

impl Kernel {
    /// Sets a stub, in place of the one for the same function. Past [`RULES_MAX`] it is refused.
    pub fn set_stub(&self, spec: StubSpec) -> Result<(), Problem> {
        let is_id = spec.plugin.starts_with(|c: char| c.is_ascii_digit());
        if !is_id && !names::is_valid(&spec.plugin) {
            return Err(format!("`{}` cannot be the name of a plugin", spec.plugin).into());
        }
        self.hooks().change(|rules| {
            let same = |stub: &Arc<Stub>| stub.spec().plugin == spec.plugin && stub.spec().function == spec.function;
            rules.stubs.retain(|stub| !same(stub));
            if rules.stubs.len() >= RULES_MAX {
                let why = format!("{RULES_MAX} stubs are set, the limit");
                return Err(Problem::advised(why, Advice::DeleteRule(RuleKind::Stub)));
            }
            rules.stubs.push(Stub::new(spec));
            Ok(())
        })
    }

    /// Takes away the stub of an import; false when there was none.
    pub fn unstub_import(&self, name: &str) -> bool {
        self.hooks().change(|rules| {
            let before = rules.stubs.len();
            rules.stubs.retain(|stub| stub.spec().import.is_none() || stub.spec().name() != name);
            before != rules.stubs.len()
        })
    }

    /// Takes away a plugin's stub for a function, or all of them; how many there were.
    pub fn unstub(&self, plugin: &str, function: Option<&str>) -> usize {
        self.hooks().change(|rules| {
            let before = rules.stubs.len();
            rules.stubs.retain(|stub| {
                stub.spec().plugin != plugin || function.is_some_and(|function| function != stub.spec().function)
            });
            before - rules.stubs.len()
        })
    }

    /// The stubs, in the order they were set.
    pub fn stubs(&self) -> Vec<StubView> {
        self.hooks().stubs()
    }
}
