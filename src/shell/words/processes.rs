//! Processes in words: their states and counters, and the tree of who spawned whom.

use std::collections::HashMap;

use super::SHELL;
use crate::kernel::{Crash, ProcessId, ProcessState, ProcessView};
use crate::runtime::Worded;
use crate::shell::reply::{Line, Role};
use crate::shell::tree::{Children, TreeRow, tree_lines};
use crate::shell::units::{show_bytes, show_duration};

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

/// The counters of a process, a row each: its title and its figures.
pub fn counter_rows(view: &ProcessView) -> [(&'static str, Line); 4] {
    let memory = view.memory;
    let resident = memory.resident_bytes.map_or(String::new(), |bytes| format!("{} resident, ", show_bytes(bytes)));
    let parts = format!(
        ": guest {}, blocks {}, tables {}, kept for it {}",
        show_bytes(memory.guest_bytes),
        show_bytes(memory.block_bytes),
        show_bytes(memory.table_bytes),
        show_bytes(memory.kept_bytes)
    );
    let failed = if view.errors > 0 { Role::Bad } else { Role::Dim };
    [
        (
            "calls",
            Line::from(view.calls.to_string())
                .with(failed, format!(", {} failed", view.errors))
                .with(Role::Dim, format!(", {} resets", view.resets)),
        ),
        ("bytes", Line::from(format!("{} in, {} out", show_bytes(view.bytes_in), show_bytes(view.bytes_out)))),
        (
            "time",
            Line::from(format!("{} busy", show_duration(view.busy)))
                .with(Role::Dim, format!(", {} of it its own", show_duration(view.self_time))),
        ),
        (
            "memory",
            Line::from(format!("{resident}{} committed", show_bytes(memory.committed_bytes()))).with(Role::Dim, parts),
        ),
    ]
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
