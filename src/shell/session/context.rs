//! Context of the running statements: their script and its place, expectations and their cases.

use std::sync::Arc;

use super::Session;
use super::cases::Case;
use super::scripts::{OuterStatement, Rewrite, TextPlace};
use crate::shell::place::ScriptPlace;
use crate::shell::recording::{CallFile, Entry};
use crate::shell::reply::ShellError;

/// Context of the running statements.
impl Session {
    /// Whether lines of a sourced file run now.
    pub(in crate::shell) fn is_sourcing(&self) -> bool {
        self.scripts.is_sourcing()
    }

    /// Runs `work` as a sourced file; `None` when [`SOURCE_DEPTH_MAX`](super::SOURCE_DEPTH_MAX) files source one another
    /// already.
    pub fn sourcing<T>(&mut self, work: impl FnOnce(&mut Session) -> T) -> Option<T> {
        if !self.scripts.begin_source() {
            return None;
        }
        let result = work(self);
        self.scripts.end_source();
        Some(result)
    }

    /// The place of the lines that run now.
    pub(in crate::shell) fn place(&self) -> &ScriptPlace {
        self.scripts.place()
    }

    /// Runs `work`, whose lines stand at `place`.
    pub fn at_place<T>(&mut self, place: ScriptPlace, work: impl FnOnce(&mut Session) -> T) -> T {
        let before = self.scripts.replace_place(place);
        let result = work(self);
        self.scripts.replace_place(before);
        result
    }

    /// The file that calls are written to.
    pub fn recording(&self) -> Option<&Arc<CallFile>> {
        self.scripts.recording()
    }

    /// Sets the file that calls are written to, and gives back the one before.
    pub fn set_recording(&mut self, file: Option<Arc<CallFile>>) -> Option<Arc<CallFile>> {
        self.scripts.replace_recording(file)
    }

    /// Writes a change of processes or stubs into the recording, where one runs.
    pub(in crate::shell) fn record(&self, entry: impl FnOnce() -> Entry) {
        if let Some(file) = self.scripts.recording() {
            file.write(&entry());
        }
    }

    /// Runs `work`; expectations that do not hold meanwhile are given back rewritten and do not fail.
    ///
    /// # Errors
    /// `work` fails.
    pub(in crate::shell) fn rewriting<E>(
        &mut self,
        work: impl FnOnce(&mut Session) -> Result<(), E>,
    ) -> Result<Vec<Rewrite>, E> {
        self.scripts.begin_rewrites();
        let result = work(self);
        let rewrites = self.scripts.take_rewrites();
        result.map(|()| rewrites)
    }

    /// Counts an expectation that is looked at.
    pub(in crate::shell) fn count_expectation(&mut self) {
        self.scripts.count_expectation();
    }

    /// Runs `work`, the lines of the text that errors call `name`, from its line `first_line` on.
    pub(in crate::shell) fn in_text<T>(
        &mut self,
        name: &str,
        first_line: usize,
        work: impl FnOnce(&mut Session) -> T,
    ) -> T {
        let before = self.scripts.replace_text(TextPlace { name: name.into(), first_line });
        let result = work(self);
        self.scripts.replace_text(before);
        result
    }

    /// Runs `work`, whose failure is an answer and fails no case: a condition, or a command in a word.
    pub(in crate::shell) fn asking<T>(&mut self, work: impl FnOnce(&mut Session) -> T) -> T {
        let before = self.scripts.replace_asked(true);
        let result = work(self);
        self.scripts.replace_asked(before);
        result
    }

    /// Begins a statement inside the running one, which [`Session::end_statement`] returns to.
    pub(in crate::shell) fn begin_statement(&mut self) -> OuterStatement {
        self.scripts.begin_statement()
    }

    /// Ends the statement at `line` of the text that runs.
    pub(in crate::shell) fn end_statement(
        &mut self,
        outer: OuterStatement,
        line: usize,
        text: &str,
        error: Option<&ShellError>,
    ) {
        self.scripts.end_statement(outer, line, text, error);
    }

    /// Keeps a case an expectation from now on.
    pub(in crate::shell) fn begin_cases(&mut self) {
        self.scripts.begin_cases();
    }

    /// Ends the collection of cases, and returns them.
    pub(in crate::shell) fn take_cases(&mut self) -> Vec<Case> {
        self.scripts.take_cases().into_vec()
    }

    /// The number of expectations that were looked at.
    pub(in crate::shell) fn expectations(&self) -> u64 {
        self.scripts.expectations()
    }

    /// New words of expectations; `None` where they fail.
    pub(in crate::shell) fn rewrites(&mut self) -> Option<&mut Vec<Rewrite>> {
        self.scripts.rewrites()
    }
}
