//! The process tree as rows, with folded branches and summaries of many siblings.
//!
//! Rows are made once for each snapshot or fold, in time linear in the processes; drawing reads only the rows shown.

use std::collections::HashSet;

use crate::kernel::{ProcessId, ProcessState, ProcessView};

use super::snapshot::{Snapshot, SnapshotQuery};
use crate::shell::command::ps;
use crate::shell::listing::Column;
use crate::shell::tree::Children;

/// The most siblings that are all shown; of more, the first [`SIBLINGS_SHOWN`] and a summary.
pub const SIBLINGS_MAX: usize = 16;
/// The siblings shown before a summary.
pub const SIBLINGS_SHOWN: usize = 12;

/// The identity of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowId {
    /// The root, which has id 0.
    Shell,
    Process(ProcessId),
    /// The summary of further children of this parent.
    More(ProcessId),
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeEntry {
    pub id: RowId,
    /// Index in the snapshot's processes; `None` for the shell and for a summary.
    pub index: Option<usize>,
    /// The depth in the tree, 0 for the shell.
    pub depth: usize,
    /// Bit d: the ancestor at depth d has further siblings below. No guides are drawn for depths above 63.
    pub guides: u64,
    /// Whether this is the last of its siblings.
    pub last: bool,
    pub expansion: Expansion,
}

/// Whether a row's children are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expansion {
    Leaf,
    Expanded,
    /// Folded, with the number of hidden descendants.
    Folded(usize),
    /// A summary of siblings: their number, the running or waiting, and the crashed ones.
    Summary {
        siblings: usize,
        busy: usize,
        crashed: usize,
    },
}

/// The columns of `ps` by which siblings can be ordered, in the order in which the key goes through them.
pub const SORT_COLUMNS: [Column<ProcessView>; 6] = [ps::ID, ps::NAME, ps::CALLS, ps::ERRORS, ps::BUSY, ps::MEMORY];

/// The order of siblings: by one of [`SORT_COLUMNS`], at first by the id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sort(usize);

impl Sort {
    /// The next order, for the key that cycles through them.
    pub fn next(self) -> Sort {
        Sort((self.0 + 1) % SORT_COLUMNS.len())
    }

    fn column(self) -> Column<ProcessView> {
        SORT_COLUMNS.get(self.0).copied().unwrap_or(ps::ID)
    }

    /// The column's title.
    pub fn title(self) -> &'static str {
        self.column().title
    }
}

/// Options of the tree's rows.
#[derive(Debug, Clone, Default)]
pub struct TreeOptions {
    pub sort: Sort,
    /// Processes whose descendants are hidden.
    pub folded: HashSet<ProcessId>,
    /// Processes whose children are all shown, without a summary.
    pub expanded: HashSet<ProcessId>,
}

/// The slot of a parent; the shell's slot if the parent is unknown.
fn slot_of(processes: &[ProcessView], parent: ProcessId) -> usize {
    processes.binary_search_by_key(&parent, |process| process.id).map_or(0, |index| index + 1)
}

/// The rows of the tree, the shell first.
pub fn rows(snapshot: &Snapshot, query: &SnapshotQuery, options: &TreeOptions) -> Vec<TreeEntry> {
    let processes = snapshot.processes.as_slice();
    let kept = kept(snapshot, query);
    let is_kept = |index: usize| kept.as_ref().is_none_or(|kept| kept.get(index).copied().unwrap_or(false));
    let parent_of =
        |(index, process): (usize, &ProcessView)| is_kept(index).then(|| slot_of(processes, process.parent));
    let children = Children::of(&processes.iter().enumerate().map(parent_of).collect::<Vec<_>>());
    let mut rows = Vec::new();
    // A stack instead of recursion: chains can be thousands of processes deep.
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

/// A row that is still to be made.
struct Pending {
    index: Option<usize>,
    depth: usize,
    guides: u64,
    last: bool,
    /// For a summary: the parent, and the counts.
    counted: Option<(ProcessId, Expansion)>,
}

fn row(pending: &Pending, processes: &[ProcessView], children: &Children, options: &TreeOptions) -> TreeEntry {
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
    TreeEntry { id, index: pending.index, depth: pending.depth, guides: pending.guides, last: pending.last, expansion }
}

fn push_children(
    open: &mut Vec<Pending>,
    parent: &TreeEntry,
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
        busy: states()
            .filter(|state| matches!(state, ProcessState::Running | ProcessState::Held | ProcessState::Waiting { .. }))
            .count(),
        crashed: states().filter(|state| matches!(state, ProcessState::Crashed { .. })).count(),
    }
}

/// Orders siblings, which come ordered by their ids.
fn sort(indices: &mut Vec<usize>, processes: &[ProcessView], sort: Sort) {
    let Some(key) = sort.column().sort_key().filter(|_| sort != Sort::default()) else { return };
    let mut siblings: Vec<(usize, &ProcessView)> =
        indices.iter().filter_map(|index| Some((*index, processes.get(*index)?))).collect();
    key.sort(&mut siblings, |(_, process)| process);
    *indices = siblings.into_iter().map(|(index, _)| index).collect();
}

/// The processes that a query keeps: the matching ones and their ancestors. `None`: all.
fn kept(snapshot: &Snapshot, query: &SnapshotQuery) -> Option<Vec<bool>> {
    if query.is_all_processes() {
        return None;
    }
    let processes = snapshot.processes.as_slice();
    let mut kept = vec![false; processes.len()];
    for (index, process) in processes.iter().enumerate() {
        if !query.matches_process(process, snapshot.is_held(process.id)) {
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
