//! Setting, listing and deleting of breakpoints, faults, stubs and payload settings, for the shell.

use std::sync::Arc;

use super::breakpoint::{BreakSpec, Breakpoint, BreakpointView};
use super::fault::{Fault, FaultSpec, FaultView};
use super::rule_refusal::RuleRefusal;
use super::rules::Hooks;
use super::rules::RULES_MAX;
use super::stub::{Stub, StubSpec, StubView};
use crate::journal::{Filter, PayloadSettings};
use crate::kernel::debug::HoldSide;
use crate::kernel::view::OwnerId;
use crate::kernel::{Kernel, names};
use crate::runtime::advice::RuleKind;

impl Kernel {
    /// Sets whose inputs and outputs are kept from now on, and how many bytes of them.
    pub fn set_payloads(&self, settings: PayloadSettings) {
        self.journal().set_payload_settings(settings);
        let on = self.journal().payload_bytes_each_max() > 0;
        self.hooks().keep_payloads(on);
    }

    /// Sets the seed for later faults without a seed of their own.
    pub fn set_seed(&self, seed: u64) {
        self.hooks().set_seed(seed);
    }
}

impl Hooks {
    /// Whether calls keep their payloads.
    pub(in crate::kernel) fn keep_payloads(&self, on: bool) {
        self.change(|rules| rules.payloads = on);
    }
}

impl Hooks {
    /// Deletes the breakpoints of an owner; returns their numbers.
    pub(in crate::kernel) fn delete_breakpoints_of(&self, owner: OwnerId) -> Vec<u32> {
        self.change(|rules| {
            let deleted = rules.breakpoints.extract_if(.., |breakpoint| breakpoint.owner() == owner);
            deleted.map(|breakpoint| breakpoint.id()).collect()
        })
    }
}

impl Kernel {
    /// Sets a breakpoint and returns its number. It applies to calls that begin from now on and, on return, to running
    /// ones. Refused where the expression uses a field that is unknown on its side, and past [`RULES_MAX`].
    ///
    /// # Errors
    /// The expression uses a field that is unknown on its side, or there are [`RULES_MAX`] rules.
    pub fn set_breakpoint(&self, spec: BreakSpec) -> Result<u32, RuleRefusal> {
        if spec.side() != HoldSide::After && spec.filter.as_ref().is_some_and(Filter::needs_end) {
            return Err(RuleRefusal::NeedsEnd(RuleKind::Hold));
        }
        let hooks = self.hooks();
        hooks.change(|rules| {
            if rules.breakpoints.len() >= RULES_MAX {
                return Err(RuleRefusal::TooMany(RuleKind::Hold));
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

    /// Deletes a breakpoint; false when there is none by that number. A job that it holds stays held.
    pub fn delete_breakpoint(&self, id: u32) -> bool {
        self.hooks().change(|rules| {
            let before = rules.breakpoints.len();
            rules.breakpoints.retain(|breakpoint| breakpoint.id() != id);
            rules.breakpoints.len() < before
        })
    }
}

impl Kernel {
    /// Sets a fault. Refused where the expression uses a field that is known only after the call, where the chance is
    /// out of range, and past [`RULES_MAX`].
    ///
    /// # Errors
    /// The expression uses a field that is known only after the call, the chance is out of range, or there are
    /// [`RULES_MAX`] rules.
    pub fn inject(&self, spec: FaultSpec) -> Result<FaultView, RuleRefusal> {
        if spec.filter.needs_end() {
            return Err(RuleRefusal::NeedsEnd(RuleKind::Fault));
        }
        if spec.chance.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
            return Err(RuleRefusal::NoChance);
        }
        let hooks = self.hooks();
        let given = spec.seed.or(hooks.seed());
        hooks.change(|rules| {
            if rules.faults.len() >= RULES_MAX {
                return Err(RuleRefusal::TooMany(RuleKind::Fault));
            }
            let id = hooks.next_fault();
            // 32 bits are short enough to type.
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

    /// Deletes a fault; false when there is none by that number.
    pub fn delete_fault(&self, id: u32) -> bool {
        self.hooks().change(|rules| {
            let before = rules.faults.len();
            rules.faults.retain(|fault| fault.id() != id);
            rules.faults.len() < before
        })
    }

    /// Deletes all faults and returns their count.
    pub fn clear_faults(&self) -> usize {
        self.hooks().change(|rules| std::mem::take(&mut rules.faults).len())
    }
}

impl Kernel {
    /// Sets a stub and replaces the stub of its function and expression, if there is one. Refused where the expression
    /// uses a field that is known only after the call, and past [`RULES_MAX`].
    ///
    /// # Errors
    /// The expression uses a field that is known only after the call, or there are [`RULES_MAX`] rules.
    pub fn set_stub(&self, spec: StubSpec) -> Result<(), RuleRefusal> {
        let is_id = spec.plugin.starts_with(|c: char| c.is_ascii_digit());
        if !is_id && !names::is_valid(&spec.plugin) {
            return Err(RuleRefusal::NoPluginName { plugin: spec.plugin });
        }
        if spec.filter.as_ref().is_some_and(Filter::needs_end) {
            return Err(RuleRefusal::NeedsEnd(RuleKind::Stub));
        }
        self.hooks().change(|rules| {
            let same = |stub: &Arc<Stub>| {
                let set = stub.spec();
                (&set.plugin, &set.function, &set.filter) == (&spec.plugin, &spec.function, &spec.filter)
            };
            rules.stubs.retain(|stub| !same(stub));
            if rules.stubs.len() >= RULES_MAX {
                return Err(RuleRefusal::TooMany(RuleKind::Stub));
            }
            rules.stubs.push(Stub::new(spec));
            Ok(())
        })
    }

    /// Deletes the stub of an import; false when there was none.
    pub fn unstub_import(&self, name: &str) -> bool {
        self.hooks().change(|rules| {
            let before = rules.stubs.len();
            rules.stubs.retain(|stub| stub.spec().import.is_none() || stub.spec().name() != name);
            before != rules.stubs.len()
        })
    }

    /// Deletes a plugin's stub for a function, or all of its stubs, and returns their count.
    pub fn unstub(&self, plugin: &str, function: Option<&str>) -> usize {
        self.hooks().change(|rules| {
            let before = rules.stubs.len();
            rules.stubs.retain(|stub| {
                stub.spec().plugin != plugin || function.is_some_and(|function| function != stub.spec().function)
            });
            before - rules.stubs.len()
        })
    }

    /// The stubs in the order of setting.
    pub fn stubs(&self) -> Vec<StubView> {
        self.hooks().stubs()
    }
}
