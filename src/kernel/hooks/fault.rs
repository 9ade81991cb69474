//! Faults: calls that are made to fail, to wait or to lose their output, always or by chance.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;

use super::seen::Seen;
use super::{Hooks, RULES_MAX};
use crate::journal::Filter;
use crate::kernel::Kernel;

/// What a fault does to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// It fails with this message, as if the plugin had said so; the plugin does not run.
    Error(String),
    /// It waits before it runs; its deadline goes on.
    Delay(Duration),
    /// It runs, and its output is lost.
    DropOutput,
    /// It traps; the plugin does not run, and its instance is lost.
    Trap,
}

/// Which of the calls that match are hit, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultWhen {
    pub first: u64,
    /// `None`: no last one.
    pub last: Option<u64>,
    /// Every so many from the first on; at least 1.
    pub step: u64,
}

impl FaultWhen {
    /// Every one.
    pub const ALWAYS: FaultWhen = FaultWhen { first: 1, last: None, step: 1 };

    fn includes(self, number: u64) -> bool {
        number >= self.first
            && self.last.is_none_or(|last| number <= last)
            && (number - self.first).is_multiple_of(self.step.max(1))
    }
}

/// A fault to set.
#[derive(Debug, Clone)]
pub struct FaultSpec {
    pub filter: Filter,
    pub kind: FaultKind,
    pub when: FaultWhen,
    /// How likely a call that is meant is hit, from 0 to 1; `None`: certainly.
    pub chance: Option<f64>,
    /// Of the fault's own chance; `None`: the session's, or one that is made up and can be read off the view.
    pub seed: Option<u64>,
}

/// A fault that is set.
pub struct Fault {
    id: u32,
    spec: FaultSpec,
    seed: u64,
    state: Mutex<State>,
}

struct State {
    /// Calls that matched.
    matched: u64,
    /// Calls that were hit.
    hits: u64,
    rng: fastrand::Rng,
}

/// A row of `faults`.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultView {
    pub id: u32,
    pub filter: String,
    pub kind: FaultKind,
    pub when: FaultWhen,
    pub chance: Option<f64>,
    /// With the same seed and the same calls the same ones are hit.
    pub seed: u64,
    pub matched: u64,
    pub hits: u64,
}

impl Fault {
    /// Counts a call; what is done to it, if it is hit.
    fn meet(&self, call: &Seen<'_>) -> Option<FaultKind> {
        if !call.is_of(&self.spec.filter) {
            return None;
        }
        let mut state = self.state.lock();
        state.matched += 1;
        let meant = self.spec.when.includes(state.matched);
        // Drawn only for those that are meant: the seed then says which of them are hit.
        let hit = meant && self.spec.chance.is_none_or(|chance| state.rng.f64() < chance);
        state.hits += u64::from(hit);
        hit.then(|| self.spec.kind.clone())
    }

    fn view(&self) -> FaultView {
        let state = self.state.lock();
        FaultView {
            id: self.id,
            filter: self.spec.filter.source().to_string(),
            kind: self.spec.kind.clone(),
            when: self.spec.when,
            chance: self.spec.chance,
            seed: self.seed,
            matched: state.matched,
            hits: state.hits,
        }
    }
}

impl Hooks {
    /// The faults that hit this call, in the order of their numbers; each is counted.
    pub(in crate::kernel) fn faults_for(&self, call: &Seen<'_>) -> Vec<(u32, FaultKind)> {
        let rules = self.rules.read();
        rules.faults.iter().filter_map(|fault| Some((fault.id, fault.meet(call)?))).collect()
    }

    pub(super) fn faults(&self) -> Vec<FaultView> {
        self.rules.read().faults.iter().map(|fault| fault.view()).collect()
    }
}

impl Kernel {
    /// Sets a fault. Refused where the expression asks for what is known only when a call has ended, where the chance is
    /// none, and past [`RULES_MAX`].
    pub fn inject(&self, spec: FaultSpec) -> Result<FaultView, String> {
        if spec.filter.needs_end() {
            return Err("the expression asks for what is known when a call has ended, and a fault comes before".into());
        }
        if spec.chance.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
            return Err("a chance is from 0 to 1".into());
        }
        let hooks = self.hooks();
        let given = spec.seed.or(*hooks.seed.read());
        hooks.change(|rules| {
            if rules.faults.len() >= RULES_MAX {
                return Err(format!("{RULES_MAX} faults are set, the limit; `faults delete N` takes one away"));
            }
            let id = hooks.next_fault.fetch_add(1, Ordering::Relaxed) + 1;
            // Short enough to type; with one seed for the session each fault still draws its own.
            let seed = given.unwrap_or_else(|| u64::from(fastrand::u32(..)));
            let own = if spec.seed.is_some() { seed } else { seed.wrapping_add(u64::from(id)) };
            let state = State { matched: 0, hits: 0, rng: fastrand::Rng::with_seed(own) };
            let fault = Arc::new(Fault { id, spec, seed: own, state: Mutex::new(state) });
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
            rules.faults.retain(|fault| fault.id != id);
            rules.faults.len() < before
        })
    }

    /// Takes all faults away; how many there were.
    pub fn clear_faults(&self) -> usize {
        self.hooks().change(|rules| std::mem::take(&mut rules.faults).len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_counts_as_it_is_written() {
        let hit = |when: FaultWhen| (1..=9).filter(|number| when.includes(*number)).collect::<Vec<u64>>();
        assert_eq!(hit(FaultWhen::ALWAYS), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(hit(FaultWhen { first: 3, last: Some(3), step: 1 }), [3]);
        assert_eq!(hit(FaultWhen { first: 2, last: None, step: 3 }), [2, 5, 8]);
        assert_eq!(hit(FaultWhen { first: 7, last: Some(8), step: 1 }), [7, 8]);
    }
}
