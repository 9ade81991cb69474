//! From a source to its program: names, paths, URLs and manifests, each with a deadline, and the errors of failed
//! loads. The module `load` starts processes from them.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Kernel;
use super::call_failure::FailureCause;
use super::cause::Deadline;
use super::error::{CallError, outcome_of};
use crate::journal::Outcome;
use crate::runtime::source::{Access, Progress};
use crate::runtime::{Failure, FailureKind, Program};
use crate::secrets::without_secrets;
use crate::text::escape_control;

impl Kernel {
    /// Resolves a name, path or URL to a program with a person's access. `progress` receives the downloaded and the
    /// total bytes, and cancels the download by returning false.
    ///
    /// # Errors
    /// The source is no program, cannot be read or fetched, or the wait ended.
    pub fn resolve(
        &self,
        source: &str,
        progress: &mut dyn FnMut(u64, Option<u64>) -> bool,
    ) -> Result<Arc<Program>, CallError> {
        self.resolve_by(source, self.load_deadline(None), progress)
    }

    /// Resolves as [`Kernel::resolve`] does, until the caller's deadline.
    ///
    /// # Errors
    /// As of [`Kernel::resolve`], or the deadline has passed.
    pub fn resolve_by(
        &self,
        source: &str,
        deadline: Option<Deadline>,
        progress: &mut dyn FnMut(u64, Option<u64>) -> bool,
    ) -> Result<Arc<Program>, CallError> {
        let (resolved, ended_by) = self.resolve_within(source, Access::Person, deadline, progress);
        let resolved = resolved.or_else(|failure| self.hooks().stub_program(source).ok_or(failure));
        resolved.map_err(|failure| self.load_error(source, failure, ended_by))
    }

    /// Resolves as [`Kernel::resolve_by`] does, for a load. Returns the time that it took as well.
    ///
    /// # Errors
    /// As of [`Kernel::resolve_by`]; each is the record of a failed load.
    pub fn resolve_to_load(
        self: &Arc<Self>,
        source: &str,
        deadline: Option<Deadline>,
        progress: Progress<'_>,
    ) -> Result<(Arc<Program>, Duration), CallError> {
        let began = Instant::now();
        let resolved = self.resolve_by(source, deadline, progress);
        let took = began.elapsed();
        let resolved = resolved.inspect_err(|error| self.note_failed_lookup(source, took, error));
        resolved.map(|program| (program, took))
    }

    /// Resolves a source to a program; an interrupted resolve has the outcome of its cancel.
    pub(super) fn resolve_within(
        &self,
        source: &str,
        access: Access,
        deadline: Option<Deadline>,
        progress: &mut dyn FnMut(u64, Option<u64>) -> bool,
    ) -> (Result<Arc<Program>, Failure>, Outcome) {
        within(deadline, progress, |progress| self.sources().resolve_with(source, access, progress))
    }

    /// Deadline of a load that begins now: after `timeout`, or the kernel's load timeout if that is `None` or zero.
    pub fn load_deadline(&self, timeout: Option<Duration>) -> Option<Deadline> {
        timeout.filter(|timeout| !timeout.is_zero()).or(self.limits().load_timeout).map(Deadline::after)
    }

    /// The program of a manifest that was read from `path`. `progress` as in [`Kernel::resolve`].
    ///
    /// # Errors
    /// The manifest or a module that it names is invalid or cannot be read, or `progress` returns false.
    pub fn resolve_manifest(
        &self,
        path: &Path,
        bytes: &[u8],
        deadline: Option<Deadline>,
        progress: Progress<'_>,
    ) -> Result<Arc<Program>, CallError> {
        let (resolved, ended_by) =
            within(deadline, progress, |progress| self.sources().manifest(path, bytes, progress));
        resolved.map_err(|failure| self.load_error(&path.to_string_lossy(), failure, ended_by))
    }

    /// The shell's error of a failed load: a line that names the source once.
    pub(super) fn load_error(&self, source: &str, failure: Failure, ended_by: Outcome) -> CallError {
        let outcome = match failure.kind {
            FailureKind::Interrupted => ended_by,
            kind => outcome_of(kind),
        };
        let (source, failure) = (escape_control(&without_secrets(source)), failure.without_stack());
        CallError::new(outcome, FailureCause::Load { source, failure: Box::new(failure) }, self.wording())
    }
}

/// Finds or fetches a program until a deadline; an interrupted one has the outcome of its cancel.
fn within(
    deadline: Option<Deadline>,
    progress: Progress<'_>,
    resolve: impl FnOnce(Progress<'_>) -> Result<Arc<Program>, Failure>,
) -> (Result<Arc<Program>, Failure>, Outcome) {
    let mut overdue = false;
    let resolved = resolve(&mut |got_bytes, all_bytes| {
        let continues = progress(got_bytes, all_bytes);
        overdue = continues && deadline.is_some_and(|deadline| deadline.has_passed());
        continues && !overdue
    });
    match deadline.filter(|_| overdue) {
        Some(deadline) => (resolved.map_err(|_| deadline.load_failure("fetched")), Outcome::Timeout),
        None => (resolved, Outcome::Killed),
    }
}
