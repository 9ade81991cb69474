//! The process tree as rows: who spawned whom, what is folded, which siblings are only counted.
//!
//! Rows are made once a snapshot or a fold, in time that grows with the processes; drawing touches only the rows shown.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::kernel::{ProcessId, ProcessState, ProcessView};

use super::snapshot::SnapshotQuery;
use crate::shell::tree::Children;

/// More siblings than this are folded to the first few and a count.
pub const SIBLINGS_MAX: usize = 16;
/// How many of them are shown then.
pub const SIBLINGS_SHOWN: usize = 12;

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowId {
    /// The root: id 0 of every parent.
    Shell,
    Process(ProcessId),
    /// The siblings below this parent that are only counted.
    More(ProcessId),
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub id: RowId,
    /// Place in the snapshot's processes; `None` for the shell and for a count.
    pub index: Option<usize>,
    /// 0 for the shell.
    pub depth: usize,
    /// Bit d: an ancestor at depth d has siblings further down. Deeper than 63 no guides are drawn.
    pub guides: u64,
    /// Whether siblings follow further down.
    pub last: bool,
    pub expansion: Expansion,
}

/// What stands below a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expansion {
    Leaf,
    Expanded,
    /// Folded: how many processes are not shown.
    Folded(usize),
    /// This row counts siblings: so many, so many of them running or waiting, so many crashed.
    Summary {
        siblings: usize,
        busy: usize,
        crashed: usize,
    },
}

/// The order of siblings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    #[default]
    Id,
    Name,
    Calls,
    Errors,
    Busy,
    Memory,
}

impl Sort {
    /// The next one, for the key that walks through them.
    pub fn next(self) -> Sort {
        match self {
            Sort::Id => Sort::Name,
            Sort::Name => Sort::Calls,
            Sort::Calls => Sort::Errors,
            Sort::Errors => Sort::Busy,
            Sort::Busy => Sort::Memory,
            Sort::Memory => Sort::Id,
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Sort::Id => "id",
            Sort::Name => "name",
            Sort::Calls => "calls",
            Sort::Errors => "errors",
            Sort::Busy => "busy",
            Sort::Memory => "memory",
        }
    }
}

/// Which rows are wanted.
#[derive(Debug, Clone, Default)]
pub struct TreeOptions {
    pub sort: Sort,
    /// Whose descendants are not shown.
    pub folded: HashSet<ProcessId>,
    /// Whose children are all shown, however many.
    pub expanded: HashSet<ProcessId>,
}

/// A process whose parent is not known any more stands under the shell.
fn slot_of(processes: &[ProcessView], parent: ProcessId) -> usize {
    processes.binary_search_by_key(&parent, |process| process.id).map_or(0, |index| index + 1)
}

/// The rows of the tree, the shell first. `processes` are in id order.
pub fn rows(processes: &[ProcessView], query: &SnapshotQuery, options: &TreeOptions) -> Vec<Row> {
    let kept = kept(processes, query);
    let is_kept = |index: usize| kept.as_ref().is_none_or(|kept| kept.get(index).copied().unwrap_or(false));
    let parent_of =
        |(index, process): (usize, &ProcessView)| is_kept(index).then(|| slot_of(processes, process.parent));
    let children = Children::of(&processes.iter().enumerate().map(parent_of).collect::<Vec<_>>());
    let mut rows = Vec::new();
    // What is still to be written, the next one last. A stack and no recursion: chains can be ten thousand deep.
    let mut open = vec![Pending { index: None, depth: 0, guides: 0, last: true, counted: None }];
    while let Some(pending) = open.pop() {
        let row = row(&pending, processes, &children, options);
        if row.expansion == Expansion::Expanded {
            push_children(&mut open, &row, processes, &children, options);
        }
        rows.push(row);
    }
    rows
}

/// A row that is still to be written.
struct Pending {
    index: Option<usize>,
    depth: usize,
    guides: u64,
    last: bool,
    /// For a count: whose children, and which.
    counted: Option<(ProcessId, Expansion)>,
}

fn row(pending: &Pending, processes: &[ProcessView], children: &Children, options: &TreeOptions) -> Row {
    let (id, expansion) = match (pending.counted, pending.index.and_then(|index| processes.get(index))) {
        (Some((parent, expansion)), _) => (RowId::More(parent), expansion),
        (None, process) => {
            let (id, own) = process.map_or((RowId::Shell, 0), |process| (RowId::Process(process.id), process.id));
            let slot = pending.index.map_or(0, |index| index + 1);
            let expansion = match children.slot(slot) {
                [] => Expansion::Leaf,
                _ if options.folded.contains(&own) => Expansion::Folded(children.count_below(slot)),
                _ => Expansion::Expanded,
            };
            (id, expansion)
        }
    };
    Row { id, index: pending.index, depth: pending.depth, guides: pending.guides, last: pending.last, expansion }
}

fn push_children(
    open: &mut Vec<Pending>,
    parent: &Row,
    processes: &[ProcessView],
    children: &Children,
    options: &TreeOptions,
) {
    let mut indices = children.slot(parent.index.map_or(0, |index| index + 1)).to_vec();
    sort(&mut indices, processes, options.sort);
    let parent_id = match parent.id {
        RowId::Process(id) => id,
        RowId::Shell | RowId::More(_) => 0,
    };
    let counted = if indices.len() > SIBLINGS_MAX && !options.expanded.contains(&parent_id) {
        indices.split_off(SIBLINGS_SHOWN)
    } else {
        Vec::new()
    };
    let depth = parent.depth + 1;
    let guides = match parent.depth {
        0..=63 if !parent.last => parent.guides | 1 << parent.depth,
        _ => parent.guides,
    };
    if !counted.is_empty() {
        let expansion = count(&counted, processes);
        open.push(Pending { index: None, depth, guides, last: true, counted: Some((parent_id, expansion)) });
    }
    let end = indices.len();
    for (n, index) in indices.into_iter().enumerate().rev() {
        let last = n + 1 == end && counted.is_empty();
        open.push(Pending { index: Some(index), depth, guides, last, counted: None });
    }
}

fn count(indices: &[usize], processes: &[ProcessView]) -> Expansion {
    let states = || indices.iter().filter_map(|index| processes.get(*index)).map(|process| &process.state);
    Expansion::Summary {
        siblings: indices.len(),
        busy: states().filter(|state| matches!(state, ProcessState::Running | ProcessState::Waiting { .. })).count(),
        crashed: states().filter(|state| matches!(state, ProcessState::Crashed { .. })).count(),
    }
}

fn sort(indices: &mut [usize], processes: &[ProcessView], sort: Sort) {
    let of = |index: &usize| processes.get(*index);
    match sort {
        Sort::Id => {}
        Sort::Name => indices.sort_by_key(|index| of(index).map(|process| process.name.as_str())),
        Sort::Calls => indices.sort_by_key(|index| Reverse(of(index).map(|process| process.calls))),
        Sort::Errors => indices.sort_by_key(|index| Reverse(of(index).map(|process| process.errors))),
        Sort::Busy => indices.sort_by_key(|index| Reverse(of(index).map(|process| process.busy))),
        Sort::Memory => indices.sort_by_key(|index| Reverse(of(index).map(|process| process.memory.total_bytes()))),
    }
}

/// Which processes a query leaves: those that match and their ancestors. `None`: all.
fn kept(processes: &[ProcessView], query: &SnapshotQuery) -> Option<Vec<bool>> {
    if query.is_all_processes() {
        return None;
    }
    let mut kept = vec![false; processes.len()];
    for (index, process) in processes.iter().enumerate() {
        if !query.matches_process(process) {
            continue;
        }
        let mut slot = index + 1;
        while let Some(mark) = slot.checked_sub(1).and_then(|index| kept.get_mut(index))
            && !*mark
        {
            *mark = true;
            slot = processes.get(slot - 1).map_or(0, |process| slot_of(processes, process.parent));
        }
    }
    Some(kept)
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
