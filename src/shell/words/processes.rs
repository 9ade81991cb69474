//! Processes in words: their states, and the tree of who spawned whom.

use std::collections::HashMap;

use super::SHELL;
use crate::kernel::{Crash, ProcessId, ProcessState, ProcessView};
use crate::shell::reply::{Line, Role};
use crate::shell::tree::{Children, TreeRow, tree_lines};

/// The state of a job or process that is held at a breakpoint.
pub const HELD_TEXT: &str = "‖ held";

/// The role of a state.
pub fn state_role(state: &ProcessState) -> Role {
    match state {
        ProcessState::Idle => Role::Plain,
        ProcessState::Running => Role::Good,
        ProcessState::Held | ProcessState::Waiting { .. } => Role::Warn,
        ProcessState::Crashed { .. } => Role::Bad,
        ProcessState::Dead { .. } => Role::Dim,
    }
}

/// A state, with the process it waits for.
pub fn state_text(state: &ProcessState) -> String {
    match state {
        ProcessState::Held => HELD_TEXT.to_owned(),
        ProcessState::Waiting { on } => format!("waiting on {on}"),
        state => state.word().to_owned(),
    }
}

/// Why a process crashed or ended, for a reader who sees its name beside it.
pub fn state_reason(view: &ProcessView) -> Option<String> {
    match &view.state {
        ProcessState::Crashed { crash: Crash::Call(failure) } => Some(failure.beside(view.id)),
        ProcessState::Crashed { crash: crash @ Crash::Host } => Some(crash.to_string()),
        ProcessState::Dead { reason } => Some(reason.words(SHELL)),
        ProcessState::Idle | ProcessState::Running | ProcessState::Held | ProcessState::Waiting { .. } => None,
    }
}

/// The process tree as text with states and without figures, which differ from run to run.
pub fn tree_text(views: &[ProcessView]) -> String {
    let bare = |view: &ProcessView| Line::from(format!("{} {}", view.label(), state_text(&view.state)));
    tree_lines(&tree_rows(views, bare)).iter().map(|line| format!("{line}\n")).collect()
}

/// The tree's rows, the shell first. A process whose parent is not listed stands under the shell.
pub fn tree_rows(views: &[ProcessView], line_of: fn(&ProcessView) -> Line) -> Vec<TreeRow> {
    let slots: HashMap<ProcessId, usize> = views.iter().enumerate().map(|(index, view)| (view.id, index + 1)).collect();
    let parents: Vec<Option<usize>> =
        views.iter().map(|view| Some(slots.get(&view.parent).copied().unwrap_or(0))).collect();
    let children = Children::of(&parents);
    let mut rows = vec![TreeRow { depth: 0, line: Line::new().with(Role::Strong, "shell") }];
    // A stack instead of recursion: a chain of processes may be long.
    let mut open: Vec<(usize, usize)> = children.slot(0).iter().rev().map(|index| (1, *index)).collect();
    while let Some((depth, index)) = open.pop() {
        let Some(view) = views.get(index) else { continue };
        rows.push(TreeRow { depth, line: line_of(view) });
        open.extend(children.slot(index + 1).iter().rev().map(|child| (depth + 1, *child)));
    }
    rows
}
