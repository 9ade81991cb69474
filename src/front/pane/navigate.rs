//! Navigation in the two views: selection, folding, opening, scrolling.

use crate::journal::Record;

use super::action::Action;
use super::state::{Effect, Layer, Position, Subject, UiState, View, ViewData};
use super::tree::{Expansion, RowId, TreeEntry};

impl UiState {
    /// Moves in the tree of processes, or folds and unfolds its row.
    pub(super) fn in_tree(&mut self, action: Action, data: &ViewData) {
        let index = self.tree_index(data.rows);
        let Some(row) = data.rows.get(index) else { return };
        let last = data.rows.len().saturating_sub(1);
        let parent = || data.rows.iter().take(index).rposition(|above| above.depth < row.depth).unwrap_or(0);
        let next = match action {
            Action::Up => index.saturating_sub(1),
            Action::Down => index + 1,
            Action::PageUp => index.saturating_sub(data.tree_page.max(1)),
            Action::PageDown => index + data.tree_page.max(1),
            Action::First => 0,
            Action::Last => last,
            Action::Left if row.expansion == Expansion::Expanded => return self.fold(row),
            Action::Left => parent(),
            Action::Right if row.expansion == Expansion::Expanded => index + 1,
            Action::Right if row.expansion == Expansion::Leaf => index,
            Action::Right | Action::Fold => return self.fold(row),
            Action::Open => return self.open_row(row),
            _ => index,
        };
        self.select(data.rows, next.min(last));
    }

    /// Toggles the fold of a row; a summary becomes the siblings that it counts.
    pub(super) fn fold(&mut self, row: &TreeEntry) {
        let id = match row.id {
            RowId::Shell => 0,
            RowId::Process(id) => id,
            RowId::More(parent) => {
                self.tree.expanded.insert(parent);
                return;
            }
        };
        match row.expansion {
            Expansion::Folded(_) => drop(self.tree.folded.remove(&id)),
            Expansion::Expanded if self.tree.expanded.remove(&id) => {}
            Expansion::Expanded => drop(self.tree.folded.insert(id)),
            Expansion::Leaf | Expansion::Summary { .. } => {}
        }
    }

    fn open_row(&mut self, row: &TreeEntry) {
        match row.id {
            RowId::Process(id) => self.layer = Layer::Detail { subject: Subject::Process(id), scroll: 0 },
            RowId::Shell | RowId::More(_) => self.fold(row),
        }
    }

    /// Moves the cursor by one row that has details; [`UiState::follow_cursor`] shows them.
    pub(super) fn step_in_detail(&mut self, action: Action, data: &ViewData) -> Effect {
        match self.view {
            View::Tree => {
                let index = self.tree_index(data.rows);
                let has_details = |row: &TreeEntry| matches!(row.id, RowId::Process(_));
                let next = match action {
                    Action::Up => data.rows.iter().take(index).rposition(has_details),
                    _ => data.rows.iter().skip(index + 1).position(has_details).map(|after| index + 1 + after),
                };
                self.select(data.rows, next.unwrap_or(index));
                Effect::None
            }
            View::Calls => {
                let before = self.position;
                let effect = self.in_calls(action, data);
                match (before, self.position) {
                    (Position::At(_), Position::Newest) => {
                        self.position = before;
                        Effect::NewerCalls
                    }
                    _ => effect,
                }
            }
        }
    }

    /// Shows the details of the selected row in place of another one's.
    pub fn follow_cursor(&mut self, data: &ViewData) {
        let under_cursor = match self.view {
            View::Tree => match self.selected {
                RowId::Process(id) => Some(Subject::Process(id)),
                RowId::Shell | RowId::More(_) => None,
            },
            View::Calls => self.selected_call(data.calls).map(|call| Subject::Call(call.seq)),
        };
        if let (Layer::Detail { subject, scroll }, Some(under_cursor)) = (&mut self.layer, under_cursor)
            && *subject != under_cursor
        {
            (*subject, *scroll) = (under_cursor, 0);
        }
    }

    /// Moves in the list of calls; the effect holds the list when the newest call is left.
    pub(super) fn in_calls(&mut self, action: Action, data: &ViewData) -> Effect {
        let Some(last) = data.calls.len().checked_sub(1) else { return Effect::None };
        let index = self.call_index(data.calls).unwrap_or(last);
        let page = data.calls_page.max(1);
        let next = match action {
            Action::Up => index.checked_sub(1),
            Action::PageUp if index == 0 => None,
            Action::PageUp => Some(index.saturating_sub(page)),
            // The newest calls are the end of a longer list.
            Action::First if self.position == Position::Newest => return Effect::FirstCall,
            Action::First => Some(0),
            Action::Down => Some(index + 1),
            Action::PageDown => Some(index + page),
            Action::Last => Some(last + 1),
            Action::Left => Some(caller_index(data.calls, index)),
            Action::Open | Action::Right => {
                let Some(call) = data.calls.get(index) else { return Effect::None };
                self.layer = Layer::Detail { subject: Subject::Call(call.seq), scroll: 0 };
                // The list stands still while a call's details are open.
                Some(index)
            }
            _ => return Effect::None,
        };
        let before = self.position;
        let Some(next) = next else { return Effect::OlderCalls };
        self.position = match data.calls.get(next) {
            Some(call) => Position::At(call.seq),
            None => Position::Newest,
        };
        match (before, self.position) {
            (Position::Newest, Position::At(_)) => Effect::HoldCalls,
            _ => Effect::None,
        }
    }

    /// Adjusts the selection to an existing row and scrolls it into sight.
    pub fn clamp(&mut self, data: &ViewData) {
        let index = self.tree_index(data.rows);
        self.select(data.rows, index);
        self.tree_top = scrolled_to(self.tree_top, index, data.tree_page, data.rows.len());
        self.calls_top = match self.call_index(data.calls) {
            Some(index) => scrolled_to(self.calls_top, index, data.calls_page, data.calls.len()),
            None => {
                self.position = Position::Newest;
                data.calls.len().saturating_sub(data.calls_page)
            }
        };
    }

    /// The selected row's index; the nearest index if the row has disappeared.
    pub(super) fn tree_index(&self, rows: &[TreeEntry]) -> usize {
        let here = |row: &&TreeEntry| row.id == self.selected;
        if rows.get(self.selected_index).as_ref().is_some_and(here) {
            return self.selected_index;
        }
        let found = rows.iter().position(|row| row.id == self.selected);
        found.unwrap_or(self.selected_index.min(rows.len().saturating_sub(1)))
    }

    /// Selects the row at `index`, or the last row when there are fewer; nothing when there are no rows.
    pub(super) fn select(&mut self, rows: &[TreeEntry], index: usize) {
        self.selected_index = index;
        self.selected = rows.get(index).map_or(RowId::Shell, |row| row.id);
    }

    /// The selected call: the last one while the newest is followed.
    pub(super) fn selected_call<'a>(&self, calls: &'a [Record]) -> Option<&'a Record> {
        self.call_index(calls).or_else(|| calls.len().checked_sub(1)).and_then(|index| calls.get(index))
    }

    /// The selected call's index in a held list; `None` at the newest call.
    pub fn call_index(&self, calls: &[Record]) -> Option<usize> {
        match self.position {
            Position::Newest => None,
            Position::At(seq) => calls.binary_search_by_key(&seq, |call| call.seq).ok(),
        }
    }
}

/// The index of the caller's call; `index` itself if the list does not have it.
fn caller_index(calls: &[Record], index: usize) -> usize {
    let parent = calls.get(index).map_or(0, |call| call.parent_seq);
    calls.binary_search_by_key(&parent, |call| call.seq).unwrap_or(index)
}

/// The first row to show, so that `index` is among `page` rows of `len`, moved as little as possible.
fn scrolled_to(top: usize, index: usize, page: usize, len: usize) -> usize {
    let page = page.max(1);
    top.min(index).max((index + 1).saturating_sub(page)).min(len.saturating_sub(page))
}
