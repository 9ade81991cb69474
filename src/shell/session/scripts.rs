//! The script that a session runs: its place, its depth among sourced files, the recording of its calls, and the
//! rewrites of its expectations.

use std::sync::Arc;

use super::cases::{CasePlace, Cases};
use crate::shell::call_file::CallFile;
use crate::shell::place::ScriptPlace;
use crate::shell::reply::ShellError;

/// The most files that may source one another: a script that sources itself ends here.
pub const SOURCE_DEPTH_MAX: usize = 32;

/// The state of a session that belongs to its scripts.
#[derive(Default)]
pub struct Scripts {
    /// The number of files that source one another now, at most [`SOURCE_DEPTH_MAX`].
    source_depth: usize,
    /// The place of the lines that run now.
    place: ScriptPlace,
    /// The file that calls are written to, between `record FILE` and `record off`.
    recording: Option<Arc<CallFile>>,
    /// Count of checked expectations.
    expectations: u64,
    text: TextPlace,
    statement: RunningStatement,
    /// A case an expectation, from [`Scripts::begin_cases`] on.
    cases: Option<Cases>,
    /// The new words of expectations that do not hold; `None`: they fail.
    rewrites: Option<Vec<Rewrite>>,
}

/// The text whose lines run now, as errors name it.
#[derive(Debug, Clone)]
pub struct TextPlace {
    pub name: Arc<str>,
    /// The number of its first line.
    pub first_line: usize,
}

impl Default for TextPlace {
    fn default() -> Self {
        TextPlace { name: Arc::default(), first_line: 1 }
    }
}

/// State of the innermost running statement.
#[derive(Debug, Clone, Copy, Default)]
struct RunningStatement {
    /// True after the statement has checked an expectation.
    expects: bool,
    /// True where a failure is no failure of the script: in a condition, or a part of a word.
    is_asked: bool,
}

/// The state of the statement around one that runs.
pub struct OuterStatement(RunningStatement);

/// The last word with which an expectation holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rewrite {
    /// Bytes, as INPUT.
    Bytes(Vec<u8>),
    /// A word as it is typed.
    Word(String),
}

impl Scripts {
    /// Whether lines of a sourced file run now.
    pub fn is_sourcing(&self) -> bool {
        self.source_depth > 0
    }

    /// Counts a sourced file that begins; false when there are [`SOURCE_DEPTH_MAX`] already.
    pub fn begin_source(&mut self) -> bool {
        let fits = self.source_depth < SOURCE_DEPTH_MAX;
        self.source_depth += usize::from(fits);
        fits
    }

    /// Counts the end of a sourced file.
    pub fn end_source(&mut self) {
        self.source_depth = self.source_depth.saturating_sub(1);
    }

    /// The directory and arguments of the running script.
    pub fn place(&self) -> &ScriptPlace {
        &self.place
    }

    /// Sets the place of the lines that run next, and returns the place before.
    pub fn replace_place(&mut self, place: ScriptPlace) -> ScriptPlace {
        std::mem::replace(&mut self.place, place)
    }

    /// The file that calls are written to, while a recording runs.
    pub fn recording(&self) -> Option<&Arc<CallFile>> {
        self.recording.as_ref()
    }

    /// Sets the file that calls are written to, and returns the file before.
    pub fn replace_recording(&mut self, file: Option<Arc<CallFile>>) -> Option<Arc<CallFile>> {
        std::mem::replace(&mut self.recording, file)
    }

    /// Counts an expectation that is looked at.
    pub fn count_expectation(&mut self) {
        self.expectations += 1;
        self.statement.expects = true;
    }

    /// Sets the text whose lines run next, and returns the one before.
    pub fn replace_text(&mut self, text: TextPlace) -> TextPlace {
        std::mem::replace(&mut self.text, text)
    }

    /// Keeps a case an expectation from now on.
    pub fn begin_cases(&mut self) {
        self.cases = Some(Cases::default());
    }

    /// Ends the keeping of cases, and returns them.
    pub fn take_cases(&mut self) -> Cases {
        self.cases.take().unwrap_or_default()
    }

    /// Begins a statement.
    pub fn begin_statement(&mut self) -> OuterStatement {
        let is_asked = self.statement.is_asked;
        OuterStatement(std::mem::replace(&mut self.statement, RunningStatement { expects: false, is_asked }))
    }

    /// Ends a statement, and adds its case where it looked at an expectation or failed. `line` is that in its text.
    pub fn end_statement(&mut self, outer: OuterStatement, line: usize, text: &str, error: Option<&ShellError>) {
        let ended = std::mem::replace(&mut self.statement, outer.0);
        let Some(cases) = self.cases.as_mut().filter(|_| !ended.is_asked) else { return };
        let place = || CasePlace::new(&self.text.name, self.text.first_line + line.saturating_sub(1), text);
        match error {
            error if ended.expects => cases.add(place(), error),
            Some(error) => cases.fail(place(), error),
            None => {}
        }
    }

    /// Sets whether a failure of the statements that follow is no failure of the script; returns the earlier setting.
    pub fn replace_asked(&mut self, is_asked: bool) -> bool {
        std::mem::replace(&mut self.statement.is_asked, is_asked)
    }

    /// Count of expectations that were looked at.
    pub fn expectations(&self) -> u64 {
        self.expectations
    }

    /// Collects the new words of expectations from now on.
    pub fn begin_rewrites(&mut self) {
        self.rewrites = Some(Vec::new());
    }

    /// Ends the collection, and returns the new words.
    pub fn take_rewrites(&mut self) -> Vec<Rewrite> {
        self.rewrites.take().unwrap_or_default()
    }

    /// The new words of expectations, while they are collected.
    pub fn rewrites(&mut self) -> Option<&mut Vec<Rewrite>> {
        self.rewrites.as_mut()
    }
}
