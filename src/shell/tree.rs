//! Trees of processes: who stands below whom, and the guides before each row.

use super::reply::{Line, Role};

/// The children of each node. Slot 0 is the root, slot `index + 1` the node with that index.
pub struct Children {
    /// Where each slot's children begin in `indices`.
    starts: Vec<usize>,
    indices: Vec<usize>,
}

impl Children {
    /// `parents`: the slot of each node's parent, by the node's index; `None` leaves the node out. Children keep their
    /// order.
    pub fn of(parents: &[Option<usize>]) -> Children {
        let mut starts = vec![0; parents.len() + 2];
        for slot in parents.iter().flatten() {
            if let Some(start) = starts.get_mut(slot + 1) {
                *start += 1;
            }
        }
        let mut end = 0;
        for start in &mut starts {
            end += *start;
            *start = end;
        }
        let mut next = starts.clone();
        let mut indices = vec![0; end];
        for (index, slot) in parents.iter().enumerate() {
            if let Some(next) = slot.and_then(|slot| next.get_mut(slot))
                && let Some(place) = indices.get_mut(*next)
            {
                *place = index;
                *next += 1;
            }
        }
        Children { starts, indices }
    }

    /// The indices of a slot's children.
    pub fn slot(&self, slot: usize) -> &[usize] {
        let bound = |slot: usize| self.starts.get(slot).copied().unwrap_or(self.indices.len());
        self.indices.get(bound(slot)..bound(slot + 1)).unwrap_or_default()
    }

    /// Count of nodes below a slot.
    pub fn count_below(&self, slot: usize) -> usize {
        let mut count = 0;
        let mut open: Vec<usize> = self.slot(slot).to_vec();
        while let Some(index) = open.pop() {
            count += 1;
            open.extend(self.slot(index + 1));
        }
        count
    }
}

/// The signs of a tree's guides, one a depth.
pub struct Guides {
    /// An ancestor has siblings further down.
    through: &'static str,
    blank: &'static str,
    /// The row has siblings further down.
    branch: &'static str,
    last: &'static str,
}

impl Guides {
    /// Three columns a depth.
    pub const WIDE: Guides = Guides { through: "│  ", blank: "   ", branch: "├─ ", last: "└─ " };
    /// Two columns a depth.
    pub const NARROW: Guides = Guides { through: "│ ", blank: "  ", branch: "├ ", last: "└ " };

    /// Guides before a row. `continues`: whether the row's ancestor at a depth, or the row itself at its own, has
    /// siblings further down.
    pub fn before(&self, depth: usize, continues: impl Fn(usize) -> bool) -> String {
        let mut guides = String::new();
        for ancestor in 1..depth {
            guides.push_str(if continues(ancestor) { self.through } else { self.blank });
        }
        if depth > 0 {
            guides.push_str(if continues(depth) { self.branch } else { self.last });
        }
        guides
    }
}

/// A row of a tree: rows stand in drawing order, a child right after its parent's earlier children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeRow {
    /// 0 for a root.
    pub depth: usize,
    pub line: Line,
}

/// Draws the guides of a tree: one line a row.
pub fn tree_lines(rows: &[TreeRow]) -> Vec<Line> {
    // Walked from the end: whether a row is the last of its siblings is known by what comes below it.
    let mut below: Vec<bool> = Vec::new();
    let mut lines: Vec<Line> = rows.iter().rev().map(|row| tree_line(row, &mut below)).collect();
    lines.reverse();
    lines
}

/// `below[d]` is true while a row of depth `d`, with the same parent, stands further down.
fn tree_line(row: &TreeRow, below: &mut Vec<bool>) -> Line {
    below.resize(below.len().max(row.depth + 1), false);
    below.truncate(row.depth + 1);
    let guides = Guides::WIDE.before(row.depth, |depth| below.get(depth).copied().unwrap_or(false));
    if let Some(open) = below.get_mut(row.depth) {
        *open = true;
    }
    let mut line = Line::new().with(Role::Dim, guides);
    line.spans.extend(row.line.spans.iter().cloned());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(rows: &[(usize, &str)]) -> Vec<String> {
        let rows: Vec<TreeRow> =
            rows.iter().map(|(depth, text)| TreeRow { depth: *depth, line: Line::from(*text) }).collect();
        tree_lines(&rows).iter().map(Line::to_string).collect()
    }

    #[test]
    fn a_tree_has_guides() {
        let rows = [(0, "shell"), (1, "a"), (2, "a1"), (3, "a11"), (2, "a2"), (1, "b"), (2, "b1")];
        assert_eq!(drawn(&rows), ["shell", "├─ a", "│  ├─ a1", "│  │  └─ a11", "│  └─ a2", "└─ b", "   └─ b1"]);
        assert_eq!(drawn(&[(0, "shell")]), ["shell"]);
    }

    #[test]
    fn children_keep_their_order_and_some_are_left_out() {
        let children = Children::of(&[Some(0), Some(1), None, Some(1), Some(4)]);
        assert_eq!(children.slot(0), [0]);
        assert_eq!(children.slot(1), [1, 3]);
        assert!(children.slot(2).is_empty() && children.slot(9).is_empty());
        assert_eq!(children.count_below(0), 4);
    }
}
