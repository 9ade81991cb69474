//! The options of a session, as the command line sets them.

use std::path::PathBuf;

use crate::kernel::OwnerId;
use crate::runtime::LogLevel;

/// The options of a session.
#[derive(Debug, Clone, Default)]
pub struct SessionOptions {
    /// Listing commands answer in JSON.
    pub json: bool,
    /// News is not shown.
    pub quiet: bool,
    /// A failed line does not end a script.
    pub keep_going: bool,
    /// Lines of a script are shown before they run.
    pub echo: bool,
    pub lines_from: LinesFrom,
    /// The project's file, absolute; `None`: the one that is found upwards from the working directory.
    pub project: Option<PathBuf>,
    /// Log lines of plugins at this level and above are shown while the session waits for a call.
    pub logs_shown: Option<LogLevel>,
    /// Whose jobs, breakpoints and notices the session's are.
    pub owner: OwnerId,
    pub access: Access,
    pub held_jobs: HeldJobs,
}

/// The effect of a hold on a wait for the held job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeldJobs {
    /// The wait ends, and the session's own commands let the job go on.
    #[default]
    Parked,
    /// The wait goes on: somebody else lets the job go on.
    WaitedFor,
}

/// The permissions of a session's commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    #[default]
    Full,
    /// Look, and change nothing that others see.
    ReadOnly,
}

/// Who gives the session its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinesFrom {
    /// A script: an error ends it.
    #[default]
    Script,
    /// A person at the prompt: an error does not end the session.
    Prompt,
}
