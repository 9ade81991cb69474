//! Where a person is in the pane: which view, what is selected, what lies on top. An action turns one state into the next
//! and says what else is to be done; nothing here draws or asks the kernel. Walking through the views is in `walk`.

use crate::journal::Record;
use crate::kernel::ProcessId;

use super::keys::Action;
use super::snapshot::{Extent, Scope, Snapshot, Wish, mistake};
use super::tree::{Row, RowId, TreeOptions};

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
    pub(super) selected_index: usize,
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
            Layer::Help { .. } if action == Action::StartFilter => {
                self.start_filter();
                Effect::None
            }
            Layer::Help { scroll } => {
                if !matches!(action, Action::Back | Action::Quit | Action::Help) {
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
            Action::Back | Action::Quit => return Effect::Leave,
            Action::NextView => self.next_view(),
            Action::Zoom => self.next_zoom(),
            Action::StartFilter => self.start_filter(),
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
            Action::Back | Action::Quit | Action::Left => self.layer = Layer::Views,
            Action::NextView => {
                self.layer = Layer::Views;
                self.next_view();
            }
            Action::StartFilter => self.start_filter(),
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
            // One that is broken stays open: the status line says what is wrong with it.
            Action::Open if mistake(&text).is_none() => {
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

    fn start_filter(&mut self) {
        self.layer = Layer::Filter { text: self.filter.clone() };
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
            (Extent::One, 0) | (Extent::Subtree, 0) => format!("kill {label}? [y/n]"),
            (Extent::One, _) => format!("kill {label}, and leave what it spawned to its parent? [y/n]"),
            (Extent::Subtree, 1) => format!("kill {label} and the 1 process below it? [y/n]"),
            (Extent::Subtree, below) => format!("kill {label} and the {below} processes below it? [y/n]"),
        };
        self.layer = Layer::Confirm { id: process.id, text, extent };
    }
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

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
