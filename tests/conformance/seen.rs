//! The observed results of a case in one host, and how they are shown.

use std::fmt;

use plugsh::runtime::{Failure, FailureKind, LogLevel};
use plugsh::shell::words::SHELL;

use super::case::Place;

/// The observed results of a case in one host.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    pub load: Result<(), Ended>,
    pub steps: Vec<SeenStep>,
    pub logs: Vec<(LogLevel, String)>,
    pub requests: Vec<String>,
    pub files: Vec<(String, String)>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum SeenStep {
    Call { result: Result<Vec<u8>, Ended>, instance_kept: bool },
    Interface { functions: Vec<String>, exports: Vec<String>, imports: Vec<String> },
    NoFunction,
}

/// A failure: the kind, the code, and the message, if it is the guest's or the system's and not the host's wording.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    pub kind: FailureKind,
    pub code: Option<i32>,
    pub message: String,
}

impl Ended {
    /// The comparable parts of a failure.
    pub fn new(failure: &Failure, place: &Place) -> Self {
        let line = failure.line(SHELL);
        let message = match failure.kind {
            FailureKind::Guest | FailureKind::Nested | FailureKind::Denied => place.hide(&line),
            // The trap's own message, without the function's name, which only one host gives.
            FailureKind::Trap if line.starts_with("trap: ") => {
                line.split(" in `").next().unwrap_or_default().to_owned()
            }
            // The words of the guest's panic hook; the trap after it is named by one host alone.
            FailureKind::Trap if line.starts_with("panicked at ") => {
                line.split(" (trap: ").next().unwrap_or_default().to_owned()
            }
            // The hosts' wordings differ.
            FailureKind::Trap => "refused".to_owned(),
            FailureKind::Interrupted | FailureKind::Oom | FailureKind::Fuel | FailureKind::Load | FailureKind::Lost => {
                String::new()
            }
        };
        Ended { kind: failure.kind, code: failure.code, message }
    }
}

/// Bytes as text for messages, cut.
pub fn show(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut shown: String = text.chars().take(300).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?} ({} bytes)", bytes.len())
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Err(ended) = &self.load {
            write!(f, "load fails {ended}; ")?;
        }
        for step in &self.steps {
            match step {
                SeenStep::Call { result: Ok(output), instance_kept } => {
                    write!(f, "{}{}; ", show(output), if *instance_kept { "" } else { " and is spent" })?;
                }
                SeenStep::Call { result: Err(ended), instance_kept } => {
                    write!(f, "fails {ended}{}; ", if *instance_kept { "" } else { " and is spent" })?;
                }
                other => write!(f, "{other:?}; ")?,
            }
        }
        write!(f, "logs {:?}; requests {:?}; files {:?}", self.logs, self.requests, self.files)
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "as {:?}, code {:?}: {:?}", self.kind, self.code, self.message)
    }
}
