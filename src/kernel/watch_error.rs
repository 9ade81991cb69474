//! Why a process cannot be watched: values, with their words beside them.

use std::fmt;

/// Most watched processes.
pub const WATCHED_MAX: usize = 1_000;

/// Why a process cannot be watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchError {
    /// The program came from no file.
    NoFile,
    /// [`WATCHED_MAX`] processes are watched.
    TooMany,
    /// The scanning thread cannot be started: the system's words.
    NoThread(String),
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WatchError::NoFile => f.write_str("it is no file"),
            WatchError::TooMany => write!(f, "{WATCHED_MAX} processes are watched, the most that can be"),
            WatchError::NoThread(error) => f.write_str(error),
        }
    }
}
