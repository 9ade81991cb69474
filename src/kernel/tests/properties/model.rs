//! A plain model of the process table: parents, children and figures of each process.

use std::collections::{BTreeMap, BTreeSet};

use crate::kernel::{ProcessId, ProcessView};

/// Source of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Spawner,
    Misbehave,
}

impl Kind {
    /// The plugin's name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Spawner => "spawner",
            Kind::Misbehave => "misbehave",
        }
    }
}

/// The figures of one process, or of one call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    calls: u64,
    errors: u64,
    resets: u64,
    bytes_in: u64,
    bytes_out: u64,
}

impl Counted {
    /// Figures of one call that succeeded.
    pub fn ok(input: &str, output: &str) -> Counted {
        Counted { calls: 1, bytes_in: input.len() as u64, bytes_out: output.len() as u64, ..Counted::default() }
    }

    /// Figures of one call, by its result.
    pub fn of(input: &str, ended: &Result<String, String>) -> Counted {
        match ended {
            Ok(output) => Counted::ok(input, output),
            Err(_) => Counted { errors: 1, ..Counted::ok(input, "") },
        }
    }

    /// The kernel's view of a process.
    pub fn seen(view: &ProcessView) -> Counted {
        Counted {
            calls: view.calls,
            errors: view.errors,
            resets: view.resets,
            bytes_in: view.bytes_in,
            bytes_out: view.bytes_out,
        }
    }
}

#[derive(Debug)]
struct Process {
    parent: ProcessId,
    kind: Kind,
    counted: Counted,
    crashed: bool,
}

/// Some of the table: a forest whose roots are the shell's children.
#[derive(Debug, Default)]
pub struct Model {
    living: BTreeMap<ProcessId, Process>,
    dead: BTreeSet<ProcessId>,
}

impl Model {
    /// Adds a process. Ids go up and are never given twice.
    pub fn add(&mut self, id: ProcessId, parent: ProcessId, kind: Kind) {
        let last = self.living.keys().chain(&self.dead).max().copied().unwrap_or(0);
        assert!(id > last, "{id} was given after {last}");
        self.living.insert(id, Process { parent, kind, counted: Counted::default(), crashed: false });
    }

    /// Living processes, in id order.
    pub fn living(&self) -> impl Iterator<Item = ProcessId> {
        self.living.keys().copied()
    }

    /// Dead processes.
    pub fn dead(&self) -> impl Iterator<Item = ProcessId> {
        self.dead.iter().copied()
    }

    /// The living of one kind.
    pub fn of_kind(&self, kind: Kind) -> Vec<ProcessId> {
        self.living.iter().filter(|(_, process)| process.kind == kind).map(|(id, _)| *id).collect()
    }

    /// The parent of a living one.
    pub fn parent(&self, id: ProcessId) -> ProcessId {
        self.living[&id].parent
    }

    /// The source of a living one.
    pub fn kind(&self, id: ProcessId) -> Kind {
        self.living[&id].kind
    }

    /// The living children, in id order.
    pub fn children(&self, id: ProcessId) -> Vec<ProcessId> {
        self.living.iter().filter(|(_, process)| process.parent == id).map(|(child, _)| *child).collect()
    }

    /// Ends a process, and all below it or none: who ended, and who moved under whom.
    pub fn kill(&mut self, id: ProcessId, subtree: bool) -> (Vec<ProcessId>, BTreeMap<ProcessId, ProcessId>) {
        let (mut ended, mut moved) = (vec![id], BTreeMap::new());
        let Some(Process { parent, .. }) = self.living.remove(&id) else { return (Vec::new(), moved) };
        self.dead.insert(id);
        for child in self.children(id) {
            if subtree {
                ended.extend(self.kill(child, true).0);
            } else if let Some(process) = self.living.get_mut(&child) {
                process.parent = parent;
                moved.insert(child, parent);
            }
        }
        (ended, moved)
    }

    /// Whether a process is a descendant of another.
    pub fn is_below(&self, id: ProcessId, ancestor: ProcessId) -> bool {
        let parent = self.living.get(&id).map_or(0, |process| process.parent);
        parent != 0 && (parent == ancestor || self.is_below(parent, ancestor))
    }

    /// Adds a call to the figures of a process, if it still lives.
    pub fn count(&mut self, id: ProcessId, call: Counted) {
        let Some(process) = self.living.get_mut(&id) else { return };
        let sum = &mut process.counted;
        sum.calls += call.calls;
        sum.errors += call.errors;
        sum.bytes_in += call.bytes_in;
        sum.bytes_out += call.bytes_out;
        // A fresh instance is there once it was called again.
        process.crashed = false;
    }

    /// The last call left the process without an instance.
    pub fn crash(&mut self, id: ProcessId) {
        self.reset(id);
        if let Some(process) = self.living.get_mut(&id) {
            process.crashed = true;
        }
    }

    /// A fresh instance has replaced the process's own.
    pub fn reset(&mut self, id: ProcessId) {
        self.revive(id);
        if let Some(process) = self.living.get_mut(&id) {
            process.counted.resets += 1;
        }
    }

    /// The process has an instance again.
    pub fn revive(&mut self, id: ProcessId) {
        if let Some(process) = self.living.get_mut(&id) {
            process.crashed = false;
        }
    }

    /// The figures and the state of each, while no call runs.
    pub fn figures(&self) -> BTreeMap<ProcessId, (Counted, &'static str)> {
        let figures = |process: &Process| (process.counted, if process.crashed { "crashed" } else { "idle" });
        self.living.iter().map(|(id, process)| (*id, figures(process))).collect()
    }
}
