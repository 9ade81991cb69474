//! The mouse in the pane: a click chooses a row, a click on the chosen row opens it, the wheel scrolls the part below
//! the pointer.

use ratatui::layout::{Position as Cell, Rect};

use super::Pane;
use super::action::Action;
use super::layout::{below_title, parts};
use super::state::{Effect, Layer, Position, UiState, View, ViewData};
use crate::front::screen::{KeyResult, Mouse, MouseAction};

/// Rows that a turn of the wheel scrolls.
const WHEEL_ROWS: usize = 3;

/// The direction of the wheel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wheel {
    Up,
    Down,
}

/// Target under the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// A row of a view, counted from the first one in sight; `None` for the title.
    View(View, Option<usize>),
    /// Details or help.
    Lines,
    /// The pane where it takes no clicks.
    Pane,
    /// The prompt's part.
    Outside,
}

/// The row that a click met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chosen {
    /// None: below the last row.
    Nothing,
    Other,
    /// The row that was selected before.
    Again,
}

impl Pane {
    /// Handles a report of the mouse.
    pub(super) fn mouse(&mut self, mouse: Mouse) -> KeyResult {
        if matches!(self.state.layer, Layer::Filter { .. } | Layer::Confirm { .. }) {
            return KeyResult::Stay;
        }
        match (mouse.action, self.target(Cell { x: mouse.col, y: mouse.row })) {
            (MouseAction::Press, Target::Outside) => return KeyResult::Leave,
            (MouseAction::Press, Target::View(view, row)) => return self.click(view, row),
            (MouseAction::WheelUp, Target::View(view, _)) => self.wheel(view, Wheel::Up),
            (MouseAction::WheelDown, Target::View(view, _)) => self.wheel(view, Wheel::Down),
            (MouseAction::WheelUp, Target::Lines) => self.scroll_lines(Action::ScrollUp),
            (MouseAction::WheelDown, Target::Lines) => self.scroll_lines(Action::ScrollDown),
            (_, Target::Pane | Target::Lines | Target::Outside) => {}
        }
        KeyResult::Stay
    }

    fn target(&self, at: Cell) -> Target {
        let Some((area, _)) = self.drawn.filter(|(area, _)| area.contains(at)) else { return Target::Outside };
        let parts = parts(area, self.state.view, self.state.zoom);
        let covered = match self.state.layer {
            Layer::Detail { .. } => Some(parts.detail),
            Layer::Help { .. } => Some(parts.help),
            _ => None,
        };
        let row = |view: Rect| at.y.checked_sub(below_title(view).y).map(usize::from);
        match (parts.tree, parts.calls) {
            _ if covered.is_some_and(|lines| lines.contains(at)) => Target::Lines,
            (Some(tree), _) if tree.contains(at) => Target::View(View::Tree, row(tree)),
            (_, Some(calls)) if calls.contains(at) => Target::View(View::Calls, row(calls)),
            _ => Target::Pane,
        }
    }

    fn click(&mut self, view: View, row: Option<usize>) -> KeyResult {
        let before = self.state.cursor();
        let had_keys = std::mem::replace(&mut self.state.view, view) == view;
        let Some(row) = row else { return KeyResult::Stay };
        if view == View::Calls {
            self.hold_newest();
        }
        let chosen = self.with_data(|state, data| match view {
            View::Tree => state.choose_row(state.tree_top + row, data),
            View::Calls => state.choose_call(state.calls_top + row, data),
        });
        if chosen == Chosen::Again && had_keys && self.state.layer == Layer::Views {
            return self.act(Action::Open);
        }
        self.clamp(Some(before));
        KeyResult::Stay
    }

    fn wheel(&mut self, view: View, wheel: Wheel) {
        let before = self.state.cursor();
        if view == View::Calls && wheel == Wheel::Up {
            self.hold_newest();
        }
        let effect = self.with_data(|state, data| match view {
            View::Tree => state.scroll_tree(wheel, data),
            View::Calls => state.scroll_calls(wheel, data),
        });
        let _ = self.perform(effect);
        self.clamp(Some(before));
    }

    fn scroll_lines(&mut self, line: Action) {
        for _ in 0..WHEEL_ROWS {
            let _ = self.with_data(|state, data| state.apply(line, data));
        }
    }

    /// Holds the calls in sight, if the newest are followed.
    fn hold_newest(&mut self) {
        if self.state.position == Position::Newest
            && let Some(last) = self.snapshot.calls.last()
        {
            self.state.position = Position::At(last.seq);
            let _ = self.perform(Effect::HoldCalls);
        }
    }
}

impl UiState {
    fn choose_row(&mut self, index: usize, data: &ViewData) -> Chosen {
        let Some(row) = data.rows.get(index) else { return Chosen::Nothing };
        let again = row.id == self.selected;
        self.select(data.rows, index);
        if again { Chosen::Again } else { Chosen::Other }
    }

    fn choose_call(&mut self, index: usize, data: &ViewData) -> Chosen {
        let Some(call) = data.calls.get(index) else { return Chosen::Nothing };
        let again = self.position == Position::At(call.seq);
        self.position = Position::At(call.seq);
        if again { Chosen::Again } else { Chosen::Other }
    }

    /// Scrolls the tree; the selection stays where it is in sight, else it moves along.
    fn scroll_tree(&mut self, wheel: Wheel, data: &ViewData) -> Effect {
        self.tree_top = scrolled(self.tree_top, wheel, data.tree_page, data.rows.len());
        let index = in_sight(self.tree_index(data.rows), self.tree_top, data.tree_page);
        self.select(data.rows, index.min(data.rows.len().saturating_sub(1)));
        Effect::None
    }

    /// Scrolls a held list of calls, to older ones above it, and back to the newest below it.
    fn scroll_calls(&mut self, wheel: Wheel, data: &ViewData) -> Effect {
        let Some(index) = self.call_index(data.calls) else { return Effect::None };
        let top = scrolled(self.calls_top, wheel, data.calls_page, data.calls.len());
        match (wheel, top == self.calls_top) {
            (Wheel::Up, true) => return Effect::OlderCalls,
            (Wheel::Down, true) => {
                self.position = Position::Newest;
                return Effect::None;
            }
            (_, false) => {}
        }
        self.calls_top = top;
        if let Some(call) = data.calls.get(in_sight(index, top, data.calls_page)) {
            self.position = Position::At(call.seq);
        }
        Effect::None
    }
}

/// The first row in sight after a turn of the wheel.
fn scrolled(top: usize, wheel: Wheel, page: usize, len: usize) -> usize {
    match wheel {
        Wheel::Up => top.saturating_sub(WHEEL_ROWS),
        Wheel::Down => (top + WHEEL_ROWS).min(len.saturating_sub(page)),
    }
}

/// The row nearest to `index` that is in sight.
fn in_sight(index: usize, top: usize, page: usize) -> usize {
    index.clamp(top, top + page.max(1) - 1)
}

#[cfg(test)]
#[path = "pointer_tests.rs"]
mod tests;
