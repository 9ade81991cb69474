//! What was seen of a case in one host: what is compared, and how it is shown.

use std::fmt;

use plugsh::runtime::{Failure, FailureKind, LogLevel};
use plugsh::shell::words::SHELL;

use super::case::Place;

/// What was seen of a case in one host.
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

/// How something failed: the kind, the code, and the message as far as it is the guest's or the machine's and not the
/// host's own wording.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    pub kind: FailureKind,
    pub code: Option<i32>,
    pub message: String,
}

impl Ended {
    /// A failure as it is compared.
    pub fn new(failure: &Failure, place: &Place) -> Self {
        let line = failure.line(SHELL);
        let message = match failure.kind {
            FailureKind::Guest | FailureKind::Nested | FailureKind::Denied => place.hide(&line),
            // The machine's words, without the name of the function, which only one host says.
            FailureKind::Trap if line.starts_with("trap: ") => {
                line.split(" in `").next().unwrap_or_default().to_owned()
            }
            // A host's own wording.
            FailureKind::Trap => "refused".to_owned(),
            FailureKind::Interrupted | FailureKind::Oom | FailureKind::Fuel | FailureKind::Load => String::new(),
        };
        Ended { kind: failure.kind, code: failure.code, message }
    }
}

/// Bytes for people, cut.
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
