//! Why a process is not replaced: values, with their words beside them.

use std::fmt;

use crate::kernel::call_failure::ExitReason;
use crate::runtime::{Advice, Failure, Worded, Wording};

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
        Failure::denied(self.words(wording)).with_advice(self.advice())
    }

    fn advice(&self) -> Option<Advice> {
        match self {
            ReplaceRefusal::FunctionsLost(_) => Some(Advice::Force),
            _ => None,
        }
    }
}

impl Worded for ReplaceRefusal {
    fn write(&self, wording: Wording, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplaceRefusal::Starting => f.write_str("it has not started yet"),
            ReplaceRefusal::Dead(reason) => write!(f, "it is dead: {}", reason.words(wording)),
            ReplaceRefusal::Died(reason) => write!(f, "it died meanwhile: {}", reason.words(wording)),
            ReplaceRefusal::TooMany => {
                write!(
                    f,
                    "{REPLACEMENTS_IN_PROGRESS_MAX} restarts and reloads of it are under way, the most that can be"
                )
            }
            ReplaceRefusal::OvertakenOften => f.write_str("it was reloaded over and over meanwhile; try again"),
            ReplaceRefusal::Overtaken => f.write_str("a later reload was done before this one"),
            ReplaceRefusal::FunctionsLost(functions) => {
                write!(f, "the new code lacks `{}`, which was called before", functions.join("`, `"))
            }
        }
    }
}
