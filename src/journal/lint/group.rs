//! Findings by who called whom: calls added up, and some that show them.

use std::collections::HashMap;

use super::finding::{CallFinding, FINDINGS_MAX, FunctionRef, SEQS_MAX};

/// Groups of calls, with figures of type `T`.
pub struct Groups<T>(HashMap<(FunctionRef, FunctionRef), Group<T>>);

/// The calls of one function by another.
pub struct Group<T> {
    pub caller: FunctionRef,
    pub callee: FunctionRef,
    pub calls: u64,
    /// The first that were added, at most [`SEQS_MAX`].
    pub seqs: Vec<u64>,
    pub figures: T,
}

impl<T> Default for Groups<T> {
    fn default() -> Groups<T> {
        Groups(HashMap::new())
    }
}

impl<T: Default> Groups<T> {
    /// Adds so many calls, which `seq` shows, and gives the group's figures.
    pub fn add(&mut self, (caller, callee): (FunctionRef, FunctionRef), seq: u64, calls: u64) -> &mut T {
        let new = || Group { caller, callee, calls: 0, seqs: Vec::new(), figures: T::default() };
        let group = self.0.entry((caller, callee)).or_insert_with(new);
        group.calls += calls;
        if group.seqs.len() < SEQS_MAX {
            group.seqs.push(seq);
        }
        &mut group.figures
    }

    /// At most [`FINDINGS_MAX`] findings, those of the most calls first.
    pub fn into_findings(self, finding: impl Fn(Group<T>) -> CallFinding) -> Vec<CallFinding> {
        let mut groups: Vec<Group<T>> = self.0.into_values().collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(group.calls), group.seqs.first().copied()));
        groups.into_iter().take(FINDINGS_MAX).map(finding).collect()
    }
}
