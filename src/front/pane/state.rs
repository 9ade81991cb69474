//! Where a person is in the pane: which view, what is selected, what lies on top. Nothing here draws or asks the kernel; how
//! an action turns one state into the next is in `apply`.

use crate::journal::Record;
use crate::kernel::ProcessId;

use super::snapshot::{Extent, Scope, Snapshot, SnapshotQuery};
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
pub struct ViewData<'a> {
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
    pub fn query(&self) -> SnapshotQuery {
        let text = match &self.layer {
            Layer::Filter { text } => text,
            _ => &self.filter,
        };
        SnapshotQuery::new(text, self.scope)
    }
}
