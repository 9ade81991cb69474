//! The pane's state: the view with the keys, the selection, the top layer. Drawing and the kernel are elsewhere;
//! actions change the state in `apply`.

use crate::journal::Record;
use crate::kernel::hooks::Step;
use crate::kernel::{JobId, ProcessId};

use super::action::Action;
use super::message::Message;
use super::narrowing::Narrowing;
use super::snapshot::{Extent, Scope, Snapshot, SnapshotQuery};
pub use super::subject::Subject;
use super::tree::{RowId, TreeEntry, TreeOptions};
pub use super::view::{Feed, View};

/// The longest filter.
pub const FILTER_CHARS_MAX: usize = 64;

/// Whether both views are shown, if there is room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Zoom {
    #[default]
    Both,
    One,
}

/// Whether the views follow the kernel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Clock {
    #[default]
    Live,
    Paused,
}

/// The layer on top of the views.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Layer {
    #[default]
    Views,
    Detail {
        subject: Subject,
        /// The first line shown.
        scroll: usize,
    },
    Help {
        scroll: usize,
    },
    /// The input of a filter.
    Filter {
        text: String,
    },
    /// The question before a kill.
    Confirm {
        id: ProcessId,
        text: String,
        extent: Extent,
    },
}

/// The selected row of the view with the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    Row(RowId),
    Call(Position),
}

/// The selection in the view of calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Position {
    /// The newest call, following newer ones.
    #[default]
    Newest,
    /// The call with this seq, in a held list.
    At(u64),
}

/// The narrowing in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowed {
    pub to: Narrowing,
    /// The view in which it was chosen.
    pub chosen_in: View,
}

/// The pane's state: views, selection, layers.
#[derive(Debug, Clone)]
pub struct UiState {
    pub view: View,
    pub feed: Feed,
    pub zoom: Zoom,
    pub clock: Clock,
    pub layer: Layer,
    /// The accepted filter.
    pub filter: String,
    pub scope: Scope,
    pub narrowed: Option<Narrowed>,
    pub tree: TreeOptions,
    pub selected: RowId,
    /// The selected row's index, which is used when the row has disappeared.
    pub(super) selected_index: usize,
    /// The first row shown.
    pub tree_top: usize,
    pub position: Position,
    pub calls_top: usize,
    pub message: Option<Message>,
}

impl Default for UiState {
    fn default() -> Self {
        UiState {
            view: View::default(),
            feed: Feed::default(),
            zoom: Zoom::default(),
            clock: Clock::default(),
            layer: Layer::default(),
            filter: String::new(),
            scope: Scope::default(),
            narrowed: None,
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

/// The data that is shown, which actions refer to.
pub struct ViewData<'a> {
    pub snapshot: &'a Snapshot,
    pub rows: &'a [TreeEntry],
    /// The held list, or the newest calls.
    pub calls: &'a [Record],
    /// The rows of a page of each view.
    pub tree_page: usize,
    pub calls_page: usize,
    /// The rows of a page of details and of the keys' help.
    pub detail_page: usize,
    pub help_page: usize,
    /// The view for which there is no room.
    pub hidden: Option<View>,
}

/// Effect of an action besides the change of state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    None,
    /// Leave full screen, or else the pane.
    Back,
    /// Give the keys back to the prompt.
    Leave,
    ToggleFull,
    /// Scroll the log by an action.
    ScrollLog(Action),
    /// Hold the list of calls.
    HoldCalls,
    /// Hold the list of calls, and go to its first one.
    FirstCall,
    /// Extend the held list to older calls.
    OlderCalls,
    /// Hold a newer list, and go to the call after the selected one.
    NewerCalls,
    Kill {
        id: ProcessId,
        extent: Extent,
    },
    /// Hold a job where it is, or let it go on.
    Hold(Subject),
    /// Let a held job go on.
    Release {
        job: JobId,
        step: Option<Step>,
    },
}

impl UiState {
    /// The selected row of the view with the keys.
    pub fn cursor(&self) -> Selection {
        match self.view {
            View::Tree => Selection::Row(self.selected),
            View::Calls => Selection::Call(self.position),
        }
    }

    /// The query of the shown calls and processes.
    pub fn query(&self) -> SnapshotQuery {
        let text = match &self.layer {
            Layer::Filter { text } => text,
            _ => &self.filter,
        };
        SnapshotQuery::new(text, self.scope).narrowed(self.narrowed.as_ref().map(|narrowed| narrowed.to.clone()))
    }
}
