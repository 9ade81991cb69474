//! Actions: how each changes the pane's state, and the effect that it asks for. Navigation in the views is in
//! `navigate`.

use crate::kernel::ProcessId;

use super::action::Action;
use super::message::{Message, Missing, ProcessUse};
use super::narrowing::Narrowing;
use super::snapshot::{Extent, Scope, Snapshot, mistake};
use super::state::{
    Clock, Effect, FILTER_CHARS_MAX, Feed, Layer, Narrowed, Position, Subject, UiState, View, ViewData, Zoom,
};
use super::tree::RowId;

impl UiState {
    /// Carries out an action.
    pub fn apply(&mut self, action: Action, data: &ViewData) -> Effect {
        self.message = None;
        if action == Action::Leave {
            self.layer = Layer::Views;
            return Effect::Leave;
        }
        match std::mem::take(&mut self.layer) {
            Layer::Views => self.in_views(action, data),
            Layer::Detail { subject, scroll } => self.in_detail(action, data, subject, scroll),
            Layer::Help { .. } if action == Action::StartFilter => {
                self.start_filter();
                Effect::None
            }
            Layer::Help { scroll } => {
                if !matches!(action, Action::Back | Action::Quit | Action::Help) {
                    self.layer = Layer::Help { scroll: scrolled(scroll, action, data.help_page) };
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

    fn in_views(&mut self, action: Action, data: &ViewData) -> Effect {
        match action {
            Action::Back if !self.filter.is_empty() => self.filter.clear(),
            Action::Back if self.narrowed.is_some() => self.widen(data),
            Action::Back | Action::Quit => return Effect::Back,
            Action::NextView => self.next_view(),
            Action::Zoom => self.next_zoom(),
            Action::FullScreen => return Effect::ToggleFull,
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
            Action::Kill => self.ask_to_kill(self.selected_process(), Extent::One, data),
            Action::KillSubtree => self.ask_to_kill(self.selected_process(), Extent::Subtree, data),
            Action::ToggleLog => self.toggle_log(),
            Action::Narrow | Action::NarrowSubtree if self.has_log_keys() => {
                self.message = Some(Message::Missing(Missing::Process(ProcessUse::ShowLog)));
            }
            Action::Narrow => self.narrow(Extent::One, data),
            Action::NarrowSubtree => self.narrow(Extent::Subtree, data),
            Action::Help => self.layer = Layer::Help { scroll: 0 },
            Action::Hold => return self.hold(data),
            Action::Continue | Action::StepInto | Action::StepOver | Action::StepOut => {
                return self.release(action, data);
            }
            action if self.view == View::Tree => self.in_tree(action, data),
            action if self.has_log_keys() => return Effect::ScrollLog(action),
            action => return self.in_calls(action, data),
        }
        Effect::None
    }

    fn in_detail(&mut self, action: Action, data: &ViewData, subject: Subject, scroll: usize) -> Effect {
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
            Action::FullScreen => return Effect::ToggleFull,
            Action::Pause => self.next_clock(),
            Action::Narrow | Action::NarrowSubtree | Action::ToggleLog => {
                self.layer = Layer::Views;
                return self.in_views(action, data);
            }
            Action::Help => self.layer = Layer::Help { scroll: 0 },
            Action::Hold => return self.hold(data),
            Action::Continue | Action::StepInto | Action::StepOver | Action::StepOut => {
                return self.release(action, data);
            }
            Action::Kill => self.ask_to_kill(process, Extent::One, data),
            Action::KillSubtree => self.ask_to_kill(process, Extent::Subtree, data),
            Action::Up | Action::Down => return self.step_in_detail(action, data),
            action => self.layer = Layer::Detail { subject, scroll: scrolled(scroll, action, data.detail_page) },
        }
        Effect::None
    }

    fn in_filter(&mut self, action: Action, mut text: String) -> Effect {
        match action {
            // The accepted filter stays in force.
            Action::Back => return Effect::None,
            // The input of an invalid filter stays open; the status line shows the error.
            Action::Open if mistake(&text, self.view).is_none() => {
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

    /// Narrows the calls to the selected process, or to the selected call's callee; once more takes it back.
    fn narrow(&mut self, extent: Extent, data: &ViewData) {
        let id = match self.view {
            View::Tree => match self.selected {
                RowId::Shell => Some(0),
                RowId::Process(id) => Some(id),
                RowId::More(_) => None,
            },
            View::Calls => {
                self.selected_call(data.calls).map(|call| if call.callee == 0 { call.caller } else { call.callee })
            }
        };
        let Some(id) = id else {
            self.message = Some(Message::Missing(Missing::Process(ProcessUse::ShowCalls)));
            return;
        };
        if self.narrowed.as_ref().is_some_and(|now| now.to.id == id && now.to.extent == extent) {
            return self.widen(data);
        }
        self.narrowed =
            Some(Narrowed { to: Narrowing::new(id, extent, &data.snapshot.processes), chosen_in: self.view });
        self.position = Position::Newest;
        if data.hidden == Some(View::Calls) {
            self.view = View::Calls;
        }
    }

    /// Takes the narrowing back, and goes back to where it was chosen where only one view has room.
    fn widen(&mut self, data: &ViewData) {
        if let Some(narrowed) = self.narrowed.take()
            && data.hidden.is_some()
        {
            self.view = narrowed.chosen_in;
        }
        self.position = Position::Newest;
    }

    fn next_view(&mut self) {
        self.view = match self.view {
            View::Tree => View::Calls,
            View::Calls => View::Tree,
        };
    }

    /// Gives the place of the calls to the log and the keys to it, or gives it back.
    fn toggle_log(&mut self) {
        self.feed = match self.feed {
            Feed::Calls => Feed::Log,
            Feed::Log => Feed::Calls,
        };
        self.view = View::Calls;
    }

    fn has_log_keys(&self) -> bool {
        self.view == View::Calls && self.feed == Feed::Log
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

    fn ask_to_kill(&mut self, process: Option<ProcessId>, extent: Extent, data: &ViewData) {
        let Some(process) = process.and_then(|id| data.snapshot.process(id)) else {
            self.message = Some(Message::Missing(Missing::Process(ProcessUse::Kill)));
            return;
        };
        let label = super::printable::printable(&process.label().to_string()).into_owned();
        let text = match (extent, descendants(data.snapshot, process.id)) {
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
        Action::Up | Action::ScrollUp => scroll.saturating_sub(1),
        Action::Down | Action::ScrollDown => scroll + 1,
        Action::PageUp => scroll.saturating_sub(page.max(1)),
        Action::PageDown => scroll + page.max(1),
        Action::First => 0,
        // Drawing reduces it to the last possible position.
        Action::Last => usize::MAX / 2,
        _ => scroll,
    }
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
