//! Faults: rules that make calls fail, wait or lose their output, always or by chance.

use std::sync::Arc;
use std::time::Duration;

use super::call_to_match::CallToMatch;
use crate::journal::Filter;
use crate::locks::{Mutex, Rank};

/// The effect of a fault on a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// The call fails with this message as if from the plugin, which does not run.
    Error(String),
    /// The call waits before it runs. Its deadline is not suspended.
    Delay(Duration),
    /// The call runs, and its output is dropped.
    DropOutput,
    /// The call traps: the plugin does not run, and its instance is lost.
    Trap,
}

/// The matching calls that are hit, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultWhen {
    pub first: u64,
    /// `None`: no end.
    pub last: Option<u64>,
    /// Distance between hits; at least 1.
    pub step: u64,
}

impl FaultWhen {
    /// Every matching call.
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
    /// Probability of a hit for a call that `when` selects, from 0 to 1; `None`: certain.
    pub chance: Option<f64>,
    /// Seed of the fault's random numbers; `None`: the session's seed, or a random one that the view shows.
    pub seed: Option<u64>,
}

/// A fault that is set.
pub struct Fault {
    id: u32,
    spec: FaultSpec,
    seed: u64,
    state: Mutex<FaultState>,
}

/// Counters and random numbers of a fault.
struct FaultState {
    /// Count of calls that matched.
    matched: u64,
    /// Count of calls that were hit.
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
    /// An equal seed hits an equal selection of equal calls.
    pub seed: u64,
    pub matched: u64,
    pub hits: u64,
}

impl Fault {
    /// A fault without hits.
    pub(super) fn new(id: u32, spec: FaultSpec, seed: u64) -> Arc<Fault> {
        let state = FaultState { matched: 0, hits: 0, rng: fastrand::Rng::with_seed(seed) };
        Arc::new(Fault { id, spec, seed, state: Mutex::new(Rank::Fault, state) })
    }

    /// Number of the fault.
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Counts a matching call and returns the effect if it is hit.
    pub(super) fn meet(&self, call: &CallToMatch<'_>) -> Option<FaultKind> {
        if !call.is_of(&self.spec.filter) {
            return None;
        }
        let mut state = self.state.lock();
        state.matched += 1;
        let meant = self.spec.when.includes(state.matched);
        // Drawn only for calls that `when` selects, so that the seed alone decides which of them are hit.
        let hit = meant && self.spec.chance.is_none_or(|chance| state.rng.f64() < chance);
        state.hits += u64::from(hit);
        hit.then(|| self.spec.kind.clone())
    }

    /// A row of `faults`.
    pub(super) fn view(&self) -> FaultView {
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
