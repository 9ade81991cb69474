//! Narrowing: only the calls of one process, or of it and its descendants.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::journal::Record;
use crate::kernel::{ProcessId, ProcessView};

/// The most descendants that are known at a time; beyond it the oldest are forgotten.
pub const DESCENDANTS_MAX: usize = 65_536;

/// The processes that a kill ends, or whose calls are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    One,
    Subtree,
}

/// The processes whose calls are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowing {
    pub id: ProcessId,
    pub extent: Extent,
    label: String,
    /// Present and former descendants: the calls of a dead one are still shown.
    descendants: Arc<BTreeSet<ProcessId>>,
}

impl Narrowing {
    /// The calls of the process `id`, which is 0 for the shell, and of its descendants among `processes`.
    pub fn new(id: ProcessId, extent: Extent, processes: &[ProcessView]) -> Narrowing {
        let process = processes.iter().find(|process| process.id == id);
        let label = process.map_or_else(|| "the shell".to_owned(), |process| process.label().to_string());
        let mut narrowing = Narrowing { id, extent, label, descendants: Arc::default() };
        narrowing.note(processes);
        narrowing
    }

    /// Adds new descendants. `processes` must be sorted by id.
    pub fn note(&mut self, processes: &[ProcessView]) {
        if self.extent == Extent::One {
            return;
        }
        // A child's id is greater than its first parent's: one pass finds all descendants.
        for process in processes.iter().filter(|process| process.id != self.id) {
            if self.contains(process.parent) && !self.contains(process.id) {
                let descendants = Arc::make_mut(&mut self.descendants);
                descendants.insert(process.id);
                if descendants.len() > DESCENDANTS_MAX {
                    descendants.pop_first();
                }
            }
        }
    }

    /// Whether a call is made or taken by one of the processes.
    pub fn matches(&self, call: &Record) -> bool {
        self.contains(call.caller) || self.contains(call.callee)
    }

    /// Whether a process is one of them.
    pub fn contains(&self, id: ProcessId) -> bool {
        id == self.id || self.descendants.contains(&id)
    }

    /// Text in titles: `of 2:cart`.
    pub fn title(&self) -> String {
        match self.extent {
            Extent::One => format!("of {}", self.label),
            Extent::Subtree => format!("of {} and below", self.label),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::pane::fixture::{call, process};

    fn chain() -> Vec<ProcessView> {
        vec![process(1, 0, "front"), process(2, 1, "cart"), process(3, 2, "tax"), process(4, 0, "log")]
    }

    fn between(caller: ProcessId, callee: ProcessId) -> Record {
        call(1, 1, (caller, "a"), (callee, "b"), "f")
    }

    #[test]
    fn one_process_has_the_calls_on_both_its_sides() {
        let narrowing = Narrowing::new(2, Extent::One, &chain());
        let shown =
            [(1, 2), (2, 3), (1, 3), (0, 4)].map(|(caller, callee)| narrowing.matches(&between(caller, callee)));
        assert_eq!(shown, [true, true, false, false]);
        assert_eq!(narrowing.title(), "of 2:cart");
    }

    #[test]
    fn a_subtree_grows_and_forgets_no_dead_process() {
        let mut narrowing = Narrowing::new(1, Extent::Subtree, &chain());
        assert!(narrowing.matches(&between(3, 9)) && !narrowing.matches(&between(0, 4)));
        narrowing.note(&[process(5, 3, "new")]);
        assert!(narrowing.matches(&between(0, 5)), "a new grandchild");
        assert!(narrowing.matches(&between(0, 2)), "2 is no longer listed");
        assert_eq!(narrowing.title(), "of 1:front and below");
    }

    #[test]
    fn descendants_have_a_bound() {
        let many: Vec<ProcessView> = (2..DESCENDANTS_MAX as u32 + 100).map(|id| process(id, 1, "p")).collect();
        let narrowing = Narrowing::new(1, Extent::Subtree, &many);
        assert_eq!(narrowing.descendants.len(), DESCENDANTS_MAX);
        assert!(!narrowing.matches(&between(0, 2)) && narrowing.matches(&between(0, DESCENDANTS_MAX as u32)));
    }
}
