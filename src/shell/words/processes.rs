//! Processes in words: their states, and the tree of who spawned whom.

use std::collections::{HashMap, HashSet};

use crate::kernel::{ProcessId, ProcessState, ProcessView};
use crate::shell::reply::{Line, Role, TreeRow, tree_lines};

/// How a state looks.
pub fn state_role(state: &ProcessState) -> Role {
    match state {
        ProcessState::Idle => Role::Plain,
        ProcessState::Running => Role::Good,
        ProcessState::Waiting { .. } => Role::Warn,
        ProcessState::Crashed { .. } => Role::Bad,
        ProcessState::Dead { .. } => Role::Dim,
    }
}

/// A state with whom it waits for.
pub fn state_text(state: &ProcessState) -> String {
    match state {
        ProcessState::Waiting { on } => format!("waiting on {on}"),
        state => state.word().to_owned(),
    }
}

/// The tree of the living as text, each with its state but without figures: what stays the same from run to run.
pub fn tree_text(views: &[ProcessView]) -> String {
    let bare = |view: &ProcessView| Line::from(format!("{} {}", view.label(), state_text(&view.state)));
    tree_lines(&tree_rows(views, bare)).iter().map(|line| format!("{line}\n")).collect()
}

/// The processes below the shell, each under its parent; one whose parent is not listed stands under the shell.
pub fn tree_rows(views: &[ProcessView], line_of: fn(&ProcessView) -> Line) -> Vec<TreeRow> {
    let listed: HashSet<ProcessId> = views.iter().map(|view| view.id).collect();
    let mut children: HashMap<ProcessId, Vec<&ProcessView>> = HashMap::new();
    for view in views {
        let parent = if listed.contains(&view.parent) { view.parent } else { 0 };
        children.entry(parent).or_default().push(view);
    }
    let mut rows = vec![TreeRow { depth: 0, line: Line::new().with(Role::Strong, "shell") }];
    // A stack instead of recursion: a chain of processes may be long.
    let mut open: Vec<(usize, &ProcessView)> = Vec::new();
    let mut below = |id: ProcessId| children.remove(&id).unwrap_or_default().into_iter().rev();
    open.extend(below(0).map(|view| (1, view)));
    while let Some((depth, view)) = open.pop() {
        rows.push(TreeRow { depth, line: line_of(view) });
        open.extend(below(view.id).map(|child| (depth + 1, child)));
    }
    rows
}
