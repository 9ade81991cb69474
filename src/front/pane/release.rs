//! The job that the keys for hold, continue and step act on.

use crate::kernel::JobId;
use crate::kernel::hooks::Step;

use super::action::Action;
use super::message::{Message, Missing};
use super::snapshot::Snapshot;
use super::state::{Effect, Layer, Subject, UiState, View, ViewData};
use super::tree::RowId;

impl UiState {
    /// Lets the selected held job go on, or the only one.
    pub(super) fn release(&mut self, action: Action, data: &ViewData) -> Effect {
        let step = match action {
            Action::StepInto => Some(Step::Into),
            Action::StepOver => Some(Step::Over),
            Action::StepOut => Some(Step::Out),
            _ => None,
        };
        match self.selected_job(data).map_or_else(|| only_job(data.snapshot), Ok) {
            Ok(job) => Effect::Release { job, step },
            Err(missing) => {
                self.message = Some(Message::Missing(missing));
                Effect::None
            }
        }
    }

    /// Holds the job of the selected process or call, or lets it go on.
    pub(super) fn hold(&mut self, data: &ViewData) -> Effect {
        match self.selected_subject(data) {
            Some(subject) => Effect::Hold(subject),
            None => {
                self.message = Some(Message::Missing(Missing::Subject));
                Effect::None
            }
        }
    }

    /// The process or call of the details, or under the cursor.
    fn selected_subject(&self, data: &ViewData) -> Option<Subject> {
        match (&self.layer, self.view, self.selected) {
            (Layer::Detail { subject, .. }, ..) => Some(*subject),
            (_, View::Tree, RowId::Process(id)) => Some(Subject::Process(id)),
            (_, View::Tree, _) => None,
            (_, View::Calls, _) => {
                let index = self.call_index(data.calls).or_else(|| data.calls.len().checked_sub(1));
                index.and_then(|index| data.calls.get(index)).map(|call| Subject::Call(call.seq))
            }
        }
    }

    /// The held job of the selected process or call.
    fn selected_job(&self, data: &ViewData) -> Option<JobId> {
        let held = &data.snapshot.held;
        match self.selected_subject(data)? {
            Subject::Process(id) => held.iter().find(|held| held.process == id).map(|held| held.job),
            Subject::Call(seq) => {
                let call = data.calls.iter().find(|call| call.seq == seq)?;
                held.iter().find(|held| held.job == call.job).map(|held| held.job)
            }
        }
    }
}

fn only_job(snapshot: &Snapshot) -> Result<JobId, Missing> {
    match snapshot.held.as_slice() {
        [] => Err(Missing::HeldJob),
        [held] => Ok(held.job),
        more => Err(Missing::OneHeldJob { held: more.len() }),
    }
}
