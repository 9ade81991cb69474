//! Where a person is in the pane: which view, what is selected, what lies on top. An action turns one state into the next
//! and says what else is to be done; nothing here draws or asks the kernel.

use crate::journal::Record;
use crate::kernel::ProcessId;

use super::keys::Action;
use super::snapshot::{Extent, Scope, Snapshot, Wish};
use super::tree::{Below, Row, RowId, TreeOptions};

/// The longest filter.
pub const FILTER_CHARS_MAX: usize = 64;

/// Which view has the keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum View {
    #[default]
    Tree,
    Calls,
}

/// Whether both views are shown, where there is room for both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Zoom {
    #[default]
    Both,
    One,
}

/// Whether time goes on in the view.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Clock {
    #[default]
    Live,
    Paused,
}

/// What details are shown of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Process(ProcessId),
    /// By seq.
    Call(u64),
}

/// What lies on top.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Layer {
    #[default]
    Views,
    Detail {
        subject: Subject,
        /// Lines scrolled away.
        scroll: usize,
    },
    Help {
        scroll: usize,
    },
    /// A filter is being typed.
    Filter {
        text: String,
    },
    /// A kill is being asked about.
    Confirm {
        id: ProcessId,
        text: String,
        extent: Extent,
    },
}

/// Where the calls view is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Position {
    /// At the newest call, whichever that is.
    #[default]
    Newest,
    /// At the call with this seq, in a list that is held.
    At(u64),
}

/// What the last action did, when that does not show by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    Done(String),
    Failed(String),
}

/// All of it.
#[derive(Debug, Clone)]
pub struct State {
    pub view: View,
    pub zoom: Zoom,
    pub clock: Clock,
    pub layer: Layer,
    /// The filter as typed.
    pub filter: String,
    pub scope: Scope,
    pub tree: TreeOptions,
    pub selected: RowId,
    /// Where the selected row was, for when it is gone.
    selected_index: usize,
    /// The first row that shows.
    pub tree_top: usize,
    pub position: Position,
    pub calls_top: usize,
    pub message: Option<Message>,
}

impl Default for State {
    fn default() -> Self {
        State {
            view: View::default(),
            zoom: Zoom::default(),
            clock: Clock::default(),
            layer: Layer::default(),
            filter: String::new(),
            scope: Scope::default(),
            tree: TreeOptions::default(),
            selected: RowId::Shell,
            selected_index: 0,
            tree_top: 0,
            position: Position::default(),
            calls_top: 0,
            message: None,
        }
    }
}

/// What an action acts on: what is shown now.
pub struct World<'a> {
    pub snapshot: &'a Snapshot,
    pub rows: &'a [Row],
    /// The held list, or what follows the newest call.
    pub calls: &'a [Record],
    /// Rows of a page of each view.
    pub tree_page: usize,
    pub calls_page: usize,
}

/// What is to be done besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    None,
    /// The keys go back to the prompt.
    Leave,
    /// The list of calls is to stay as it is, with what came before it.
    HoldCalls,
    /// The held list is to begin earlier.
    OlderCalls,
    Kill {
        id: ProcessId,
        extent: Extent,
    },
}

impl State {
    /// The calls and processes that are shown.
    pub fn wish(&self) -> Wish {
        let text = match &self.layer {
            Layer::Filter { text } => text,
            _ => &self.filter,
        };
        Wish::new(text, self.scope)
    }

    /// Carries out an action.
    pub fn apply(&mut self, action: Action, world: &World) -> Effect {
        self.message = None;
        if action == Action::Leave {
            self.layer = Layer::Views;
            return Effect::Leave;
        }
        match std::mem::take(&mut self.layer) {
            Layer::Views => self.in_views(action, world),
            Layer::Detail { subject, scroll } => self.in_detail(action, world, subject, scroll),
            Layer::Help { scroll } => {
                if action != Action::Back {
                    self.layer = Layer::Help { scroll: scrolled(scroll, action, world.tree_page) };
                }
                Effect::None
            }
            Layer::Filter { text } => self.in_filter(action, text),
            Layer::Confirm { id, text, extent } => match action {
                Action::Yes => Effect::Kill { id, extent },
                Action::No | Action::Back => Effect::None,
                _ => {
                    self.layer = Layer::Confirm { id, text, extent };
                    Effect::None
                }
            },
        }
    }

    fn in_views(&mut self, action: Action, world: &World) -> Effect {
        match action {
            Action::Back if !self.filter.is_empty() => self.filter.clear(),
            Action::Back => return Effect::Leave,
            Action::NextView => self.next_view(),
            Action::Zoom => self.next_zoom(),
            Action::StartFilter => self.layer = Layer::Filter { text: self.filter.clone() },
            Action::NextSort => self.tree.sort = self.tree.sort.next(),
            Action::ErrorsOnly => {
                self.scope = match self.scope {
                    Scope::All => Scope::ErrorsOnly,
                    Scope::ErrorsOnly => Scope::All,
                };
                self.position = Position::Newest;
            }
            Action::Pause => self.next_clock(),
            Action::Kill => self.ask_to_kill(self.selected_process(), Extent::One, world),
            Action::KillSubtree => self.ask_to_kill(self.selected_process(), Extent::Subtree, world),
            Action::Help => self.layer = Layer::Help { scroll: 0 },
            action if self.view == View::Tree => self.in_tree(action, world),
            action => return self.in_calls(action, world),
        }
        Effect::None
    }

    fn in_detail(&mut self, action: Action, world: &World, subject: Subject, scroll: usize) -> Effect {
        let process = match subject {
            Subject::Process(id) => Some(id),
            Subject::Call(_) => None,
        };
        self.layer = Layer::Detail { subject, scroll };
        match action {
            Action::Back => self.layer = Layer::Views,
            Action::NextView => {
                self.layer = Layer::Views;
                self.next_view();
            }
            Action::Zoom => self.next_zoom(),
            Action::Pause => self.next_clock(),
            Action::Help => self.layer = Layer::Help { scroll: 0 },
            Action::Kill => self.ask_to_kill(process, Extent::One, world),
            Action::KillSubtree => self.ask_to_kill(process, Extent::Subtree, world),
            action => self.layer = Layer::Detail { subject, scroll: scrolled(scroll, action, world.tree_page) },
        }
        Effect::None
    }

    fn in_filter(&mut self, action: Action, mut text: String) -> Effect {
        match action {
            // What was before comes back.
            Action::Back => return Effect::None,
            Action::Open => {
                self.filter = text;
                return Effect::None;
            }
            Action::Type(c) if text.chars().count() < FILTER_CHARS_MAX => text.push(c),
            Action::Erase => drop(text.pop()),
            _ => {}
        }
        self.position = Position::Newest;
        self.layer = Layer::Filter { text };
        Effect::None
    }

    fn in_tree(&mut self, action: Action, world: &World) {
        let index = self.tree_index(world.rows);
        let Some(row) = world.rows.get(index) else { return };
        let last = world.rows.len().saturating_sub(1);
        let parent = || world.rows.iter().take(index).rposition(|above| above.depth < row.depth).unwrap_or(0);
        let next = match action {
            Action::Up => index.saturating_sub(1),
            Action::Down => index + 1,
            Action::PageUp => index.saturating_sub(world.tree_page.max(1)),
            Action::PageDown => index + world.tree_page.max(1),
            Action::First => 0,
            Action::Last => last,
            Action::Left if row.below == Below::Open => return self.fold(row),
            Action::Left => parent(),
            Action::Right if row.below == Below::Open => index + 1,
            Action::Right if row.below == Below::Nothing => index,
            Action::Right | Action::Fold => return self.fold(row),
            Action::Open => return self.open_row(row),
            _ => index,
        };
        self.select(world.rows, next.min(last));
    }

    /// Folds what is open and opens what is folded; a count becomes the siblings it counts.
    fn fold(&mut self, row: &Row) {
        let id = match row.id {
            RowId::Shell => 0,
            RowId::Process(id) => id,
            RowId::More(parent) => {
                self.tree.spread.insert(parent);
                return;
            }
        };
        match row.below {
            Below::Folded(_) => drop(self.tree.folded.remove(&id)),
            Below::Open if self.tree.spread.remove(&id) => {}
            Below::Open => drop(self.tree.folded.insert(id)),
            Below::Nothing | Below::Counted { .. } => {}
        }
    }

    fn open_row(&mut self, row: &Row) {
        match row.id {
            RowId::Process(id) => self.layer = Layer::Detail { subject: Subject::Process(id), scroll: 0 },
            RowId::Shell | RowId::More(_) => self.fold(row),
        }
    }

    fn in_calls(&mut self, action: Action, world: &World) -> Effect {
        let Some(last) = world.calls.len().checked_sub(1) else { return Effect::None };
        let index = self.call_index(world.calls).unwrap_or(last);
        let page = world.calls_page.max(1);
        let next = match action {
            Action::Up => index.checked_sub(1),
            Action::PageUp if index == 0 => None,
            Action::PageUp => Some(index.saturating_sub(page)),
            Action::First => Some(0),
            Action::Down => Some(index + 1),
            Action::PageDown => Some(index + page),
            Action::Last => Some(last + 1),
            Action::Left => Some(caller_index(world.calls, index)),
            Action::Open | Action::Right => {
                let subject = world.calls.get(index).map(|call| Subject::Call(call.seq));
                return match subject {
                    Some(subject) => {
                        self.layer = Layer::Detail { subject, scroll: 0 };
                        Effect::None
                    }
                    None => Effect::None,
                };
            }
            _ => return Effect::None,
        };
        let before = self.position;
        let Some(next) = next else { return Effect::OlderCalls };
        self.position = match world.calls.get(next) {
            Some(call) => Position::At(call.seq),
            None => Position::Newest,
        };
        match (before, self.position) {
            (Position::Newest, Position::At(_)) => Effect::HoldCalls,
            _ => Effect::None,
        }
    }

    fn next_view(&mut self) {
        self.view = match self.view {
            View::Tree => View::Calls,
            View::Calls => View::Tree,
        };
    }

    fn next_zoom(&mut self) {
        self.zoom = match self.zoom {
            Zoom::Both => Zoom::One,
            Zoom::One => Zoom::Both,
        };
    }

    fn next_clock(&mut self) {
        self.clock = match self.clock {
            Clock::Live => Clock::Paused,
            Clock::Paused => Clock::Live,
        };
    }

    fn selected_process(&self) -> Option<ProcessId> {
        match (self.view, self.selected) {
            (View::Tree, RowId::Process(id)) => Some(id),
            _ => None,
        }
    }

    fn ask_to_kill(&mut self, process: Option<ProcessId>, extent: Extent, world: &World) {
        let Some(process) = process.and_then(|id| world.snapshot.process(id)) else {
            self.message = Some(Message::Failed("select a process in the tree to kill it".to_owned()));
            return;
        };
        let label = super::safe::safe(&process.label().to_string()).into_owned();
        let text = match (extent, descendants(world.snapshot, process.id)) {
            (Extent::One, 0) | (Extent::Subtree, 0) => format!("kill {label}? y n"),
            (Extent::One, _) => format!("kill {label}? what it spawned stays, under its parent. y n"),
            (Extent::Subtree, 1) => format!("kill {label} and the 1 process below it? y n"),
            (Extent::Subtree, below) => format!("kill {label} and the {below} processes below it? y n"),
        };
        self.layer = Layer::Confirm { id: process.id, text, extent };
    }

    /// Makes the state fit what is shown now: what is selected exists and is in sight.
    pub fn settle(&mut self, world: &World) {
        let index = self.tree_index(world.rows);
        self.select(world.rows, index);
        self.tree_top = in_sight(self.tree_top, index, world.tree_page, world.rows.len());
        self.calls_top = match self.call_index(world.calls) {
            Some(index) => in_sight(self.calls_top, index, world.calls_page, world.calls.len()),
            None => {
                self.position = Position::Newest;
                world.calls.len().saturating_sub(world.calls_page)
            }
        };
    }

    /// The selected row's place; the nearest one when the row is gone.
    fn tree_index(&self, rows: &[Row]) -> usize {
        let here = |row: &&Row| row.id == self.selected;
        if rows.get(self.selected_index).as_ref().is_some_and(here) {
            return self.selected_index;
        }
        let found = rows.iter().position(|row| row.id == self.selected);
        found.unwrap_or(self.selected_index.min(rows.len().saturating_sub(1)))
    }

    fn select(&mut self, rows: &[Row], index: usize) {
        self.selected_index = index;
        self.selected = rows.get(index).map_or(RowId::Shell, |row| row.id);
    }

    /// The place of the selected call in a held list; `None` at the newest.
    pub fn call_index(&self, calls: &[Record]) -> Option<usize> {
        match self.position {
            Position::Newest => None,
            Position::At(seq) => calls.binary_search_by_key(&seq, |call| call.seq).ok(),
        }
    }
}

/// The call that this one is nested in, if the list has it.
fn caller_index(calls: &[Record], index: usize) -> usize {
    let parent = calls.get(index).map_or(0, |call| call.parent_seq);
    calls.binary_search_by_key(&parent, |call| call.seq).unwrap_or(index)
}

fn descendants(snapshot: &Snapshot, id: ProcessId) -> usize {
    // A child's id is always greater than its first parent's, and a new parent is an ancestor of the old one.
    let mut below = std::collections::HashSet::from([id]);
    for process in &snapshot.processes {
        if below.contains(&process.parent) {
            below.insert(process.id);
        }
    }
    below.len() - 1
}

fn scrolled(scroll: usize, action: Action, page: usize) -> usize {
    match action {
        Action::Up => scroll.saturating_sub(1),
        Action::Down => scroll + 1,
        Action::PageUp => scroll.saturating_sub(page.max(1)),
        Action::PageDown => scroll + page.max(1),
        Action::First => 0,
        // The view stops at its last line when it draws.
        Action::Last => usize::MAX / 2,
        _ => scroll,
    }
}

/// The first row to show so that `index` is among `page` rows of `len`, moved as little as can be.
fn in_sight(top: usize, index: usize, page: usize, len: usize) -> usize {
    let page = page.max(1);
    top.min(index).max((index + 1).saturating_sub(page)).min(len.saturating_sub(page))
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
