//! The pane's line about the last action: its result as a value, and the words for it.

use crate::kernel::hooks::Step;
use crate::kernel::{JobId, Killed};
use crate::shell::words::hold_error::hold_error_text;

use super::snapshot::{ActionError, Toggled};

/// The most names in a kill's message.
const KILLED_NAMES_MAX: usize = 5;

/// The result of the last action, if it is not visible otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    Killed(Killed),
    /// A job goes on, to its next hold by the step.
    Released {
        job: JobId,
        step: Option<Step>,
    },
    Toggled(Toggled),
    Failed(ActionError),
    Missing(Missing),
}

/// The missing object of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The selected process is.
    Process(ProcessUse),
    /// The selected process or call is.
    Subject,
    /// No job is held.
    HeldJob,
    /// More than one job is held, and none is selected.
    OneHeldJob { held: usize },
}

/// The action that needs a selected process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessUse {
    ShowCalls,
    ShowLog,
    Kill,
}

impl Message {
    /// Whether nothing was done.
    pub fn is_failure(&self) -> bool {
        matches!(self, Message::Failed(_) | Message::Missing(_))
    }

    /// The line.
    pub fn text(&self) -> String {
        match self {
            Message::Killed(killed) => killed_text(killed),
            Message::Released { job, step } => released_text(*job, *step),
            Message::Toggled(toggled) => toggled_text(*toggled),
            Message::Failed(error) => error_text(error),
            Message::Missing(missing) => missing_text(*missing),
        }
    }
}

fn killed_text(killed: &Killed) -> String {
    let names: Vec<String> = killed.ended.iter().take(KILLED_NAMES_MAX).map(ToString::to_string).collect();
    let more = match killed.ended.len().saturating_sub(KILLED_NAMES_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let moved = match killed.moved.len() {
        0 => String::new(),
        moved => format!("; {moved} moved to another parent"),
    };
    format!("ended {}{more}{moved}", names.join(", "))
}

fn released_text(job: JobId, step: Option<Step>) -> String {
    match step {
        None => format!("%{job} goes on"),
        Some(Step::Into) => format!("%{job} goes on to its next call"),
        Some(Step::Over) => format!("%{job} goes on to the next call at this depth"),
        Some(Step::Until(line)) => format!("%{job} goes on to line {line}"),
        Some(Step::Out) => format!("%{job} goes on to the end of the call"),
    }
}

fn toggled_text(toggled: Toggled) -> String {
    match toggled {
        Toggled::Held(job) => format!("%{job} is held: `bt` and its like at the prompt; c lets it go on"),
        Toggled::HeldLater(job) => format!("%{job} waits in the host; it is held once it runs again"),
        Toggled::GoesOn(job) => released_text(job, None),
    }
}

fn error_text(error: &ActionError) -> String {
    match error {
        ActionError::NothingRuns => {
            "nothing runs there to be held; `break EXPR` at the prompt holds calls to come".to_owned()
        }
        ActionError::Hold(error) => hold_error_text(error),
        ActionError::Kill(error) => error.to_string(),
        ActionError::StepAtServer(job) => {
            format!("a step at a server is taken at the prompt: `step %{job}`, `next`, `finish`")
        }
        ActionError::ServerSilent => "the server does not answer".to_owned(),
        ActionError::Server(error) => error.message.clone(),
    }
}

fn missing_text(missing: Missing) -> String {
    match missing {
        Missing::Process(ProcessUse::ShowCalls) => "select a process to see its calls".to_owned(),
        Missing::Process(ProcessUse::ShowLog) => "select a process to see its log lines".to_owned(),
        Missing::Process(ProcessUse::Kill) => "select a process in the tree to kill it".to_owned(),
        Missing::Subject => "select a process or a call to hold it".to_owned(),
        Missing::HeldJob => "no job is held; `break EXPR` at the prompt holds calls".to_owned(),
        Missing::OneHeldJob { held } => format!("{held} jobs are held: select the process or the call (‖) of one"),
    }
}
