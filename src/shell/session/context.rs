//! Work in a context of its own: a sourced file, a place, a text, a condition. The context is put back afterwards.

use super::Session;
use super::options::LinesFrom;
use super::scripts::{Rewrite, Scripts, TextPlace};
use crate::shell::place::ScriptPlace;
use crate::shell::recording::Entry;

/// Work in a context of its own.
impl Session {
    /// The state of the running scripts.
    pub(in crate::shell) fn scripts(&self) -> &Scripts {
        &self.scripts
    }

    /// The state of the running scripts, to change it.
    pub(in crate::shell) fn scripts_mut(&mut self) -> &mut Scripts {
        &mut self.scripts
    }

    /// Clears Ctrl-C after a command that Ctrl-C is meant to end: the rest of a typed line still runs.
    pub(in crate::shell) fn ended_by_interrupt(&self) {
        if !self.in_script() {
            self.interrupt().take();
        }
    }

    /// Whether a script's or a sourced file's lines run now.
    pub(in crate::shell) fn in_script(&self) -> bool {
        self.options().lines_from == LinesFrom::Script || self.scripts().is_sourcing()
    }

    /// Runs `work` as a sourced file; `None` when [`SOURCE_DEPTH_MAX`](super::SOURCE_DEPTH_MAX) files source one
    /// another already.
    pub fn sourcing<T>(&mut self, work: impl FnOnce(&mut Session) -> T) -> Option<T> {
        if !self.scripts.begin_source() {
            return None;
        }
        let result = work(self);
        self.scripts.end_source();
        Some(result)
    }

    /// Runs `work`, whose lines stand at `place`.
    pub fn at_place<T>(&mut self, place: ScriptPlace, work: impl FnOnce(&mut Session) -> T) -> T {
        let before = self.scripts.replace_place(place);
        let result = work(self);
        self.scripts.replace_place(before);
        result
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
}
