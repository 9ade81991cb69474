//! Resolution of a word to a living process, a job, a held job, a call.

use std::fmt::Display;

use super::reply::ShellError;
use super::session::Session;
use super::words::SHELL;
use crate::journal::Record;
use crate::kernel::hooks::HeldView;
use crate::kernel::{Job, ProcessId, ProcessLabel, ProcessView};
use crate::name_glob::Glob;
use crate::runtime::Advice;
use crate::text::quoted;

impl Session {
    /// The living process that a word names. The error says how to load a plugin that is not loaded.
    ///
    /// # Errors
    /// There is no such living process; with a close name or how to load it.
    pub fn process(&self, reference: &str) -> Result<ProcessId, ShellError> {
        self.kernel().find(reference).map_err(|error| {
            let never_lived = self.kernel().processes(true).iter().all(|view| view.name != reference);
            if never_lived && self.kernel().loadable().iter().any(|name| name == reference) {
                return ShellError::failed(format!("no process `{reference}`; `load {reference}` starts one"));
            }
            self.call_error(error)
        })
    }

    /// Processes of `views` that words name: by name, id or `id:name`, or by a glob of one of these; all without a
    /// word.
    ///
    /// # Errors
    /// A word that names none of them.
    pub fn processes_named(&self, views: &[ProcessView], words: &[String]) -> Result<Vec<ProcessView>, ShellError> {
        let globs: Vec<Glob> = words.iter().map(|word| Glob::new(word)).collect();
        for (word, glob) in words.iter().zip(&globs) {
            if views.iter().any(|view| names_process(glob, view)) {
                continue;
            }
            match glob.as_literal() {
                // A process that has just ended is no error.
                Some(name) => drop(self.process(&name)?),
                None => {
                    return Err(ShellError::failed(format!("no process matches `{}`; `ps` lists them", quoted(word))));
                }
            }
        }
        let is_named = |view: &&ProcessView| globs.is_empty() || globs.iter().any(|glob| names_process(glob, view));
        Ok(views.iter().filter(is_named).cloned().collect())
    }

    /// `1:front`, or `1` when the process is forgotten.
    pub fn label(&self, id: ProcessId) -> String {
        let name = self.kernel().process(id).map(|detail| detail.view.name);
        name.map_or_else(|| id.to_string(), |name| ProcessLabel { id, name }.to_string())
    }

    /// The held job that a word names; without one the newest held.
    ///
    /// # Errors
    /// The word names no job, or one that is not held; without a word: no job is held.
    pub fn held_job(&self, word: Option<&str>) -> Result<(Job, HeldView), ShellError> {
        let held = self.kernel().held();
        let view = match word {
            None => {
                held.into_iter().last().ok_or_else(|| ShellError::failed("no job is held; `break EXPR` holds calls"))
            }
            Some(word) => {
                let job = job_of(self, word)?;
                let view = held.into_iter().find(|view| view.job == job.id());
                view.ok_or_else(|| ShellError::failed(format!("{word} is not held; `jobs` lists what is")))
            }
        }?;
        let job = self
            .kernel()
            .job(view.job)
            .ok_or_else(|| ShellError::failed(format!("%{} has ended; `jobs` lists those that run", view.job)))?;
        Ok((job, view))
    }
}

fn names_process(glob: &Glob, view: &ProcessView) -> bool {
    glob.matches(&view.name) || glob.matches(&view.id.to_string()) || glob.matches(&view.label().to_string())
}

/// The error for a process that has ended since it was looked up.
pub fn ended(process: impl Display) -> ShellError {
    ShellError::failed(SHELL.line(&format!("process `{process}` has ended"), Some(&Advice::ListEnded)))
}

/// The job that `%N` names.
///
/// # Errors
/// There is no such job, or it was waited for already.
pub fn job_of(session: &Session, word: &str) -> Result<Job, ShellError> {
    let number = word.strip_prefix('%').and_then(|number| number.parse().ok());
    let number = number.ok_or_else(|| ShellError::usage(format!("`{word}` is no job; write `%1`, see `jobs`")))?;
    session.kernel().job(number).ok_or_else(|| ShellError::failed(format!("no job `%{number}`; see `jobs`")))
}

/// The job of a word that is one (`%N`); `None` for a word that is none, which may name a process.
///
/// # Errors
/// There is no such job, or it was waited for already.
pub fn job_word(session: &Session, word: &str) -> Result<Option<Job>, ShellError> {
    word.starts_with('%').then(|| job_of(session, word)).transpose()
}

/// A call by its number, running or ended.
///
/// # Errors
/// There is no such call, or the journal has dropped it.
pub fn record_of(session: &Session, seq: u64) -> Result<Record, ShellError> {
    let running = session.kernel().running().into_iter().find(|record| record.seq == seq);
    let record = session.kernel().journal().drain().get(seq).or(running);
    record.ok_or_else(|| ShellError::failed(format!("no call `{seq}` is kept; `trace` lists them")))
}
