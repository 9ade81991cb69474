//! Why a process is not replaced: values, with their words beside them.

use crate::kernel::crash::ExitReason;
use crate::runtime::{Advice, Failure, FailureKind, Wording};

/// Most replacements of one process at a time.
pub const REPLACEMENTS_IN_PROGRESS_MAX: usize = 16;

/// The refusal of a restart or reload; the old instance stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplaceRefusal {
    /// The process is being started.
    Starting,
    Dead(ExitReason),
    /// The process ended while the new instance started.
    Died(ExitReason),
    /// [`REPLACEMENTS_IN_PROGRESS_MAX`] are under way.
    TooMany,
    /// A restart, each time by a reload.
    OvertakenOften,
    /// A reload, by a later one.
    Overtaken,
    /// The new code lacks functions that were called.
    FunctionsLost(Vec<String>),
}

impl ReplaceRefusal {
    /// The failure of the replacement, with the words of a reason in `wording`.
    pub fn failure(&self, wording: Wording) -> Failure {
        let message = match self {
            ReplaceRefusal::Starting => "it has not started yet".to_owned(),
            ReplaceRefusal::Dead(reason) => format!("it is dead: {}", reason.words(wording)),
            ReplaceRefusal::Died(reason) => format!("it died meanwhile: {}", reason.words(wording)),
            ReplaceRefusal::TooMany => {
                format!("{REPLACEMENTS_IN_PROGRESS_MAX} restarts and reloads of it are under way, the most that can be")
            }
            ReplaceRefusal::OvertakenOften => "it was reloaded over and over meanwhile; try again".to_owned(),
            ReplaceRefusal::Overtaken => "a later reload was done before this one".to_owned(),
            ReplaceRefusal::FunctionsLost(functions) => {
                format!("the new code lacks `{}`, which was called before", functions.join("`, `"))
            }
        };
        Failure::new(FailureKind::Denied, message).with_advice(self.advice())
    }

    fn advice(&self) -> Option<Advice> {
        match self {
            ReplaceRefusal::FunctionsLost(_) => Some(Advice::Force),
            _ => None,
        }
    }
}
