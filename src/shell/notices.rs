//! What the kernel tells, as a session hands it on: notices, and the errors of calls.

use super::reply::{ErrorKind, Line, Role, ShellError};
use super::session::Session;
use super::words::notice_text;
use crate::journal::Outcome;
use crate::kernel::{CallError, JobId, Notice};

impl Session {
    /// Hands the kernel's notices on.
    pub fn show_notices(&mut self) {
        if self.is_helper() {
            return;
        }
        for notice in self.kernel().take_notices() {
            self.show_notice(notice);
        }
        self.serve_background_holds();
    }

    /// The error of a background job that failed. Its notice has told it already, and the error names the job only; or it
    /// has not yet, and then never does.
    pub(super) fn failure_of(&mut self, job: JobId, error: CallError) -> ShellError {
        let error = self.call_error(error);
        if self.jobs().take_told_failure(job) {
            return ShellError { message: format!("%{job} failed"), ..error };
        }
        if !self.is_helper() {
            let notices = self.kernel().take_notices();
            for notice in notices
                .into_iter()
                .filter(|notice| !matches!(notice, Notice::JobFailed { job: failed, .. } if *failed == job))
            {
                self.show_notice(notice);
            }
        }
        error
    }

    fn show_notice(&mut self, notice: Notice) {
        if let Notice::JobFailed { job, .. } = &notice {
            self.jobs().note_failure(*job);
        }
        self.front().notice(&Line::new().with(Role::Dim, notice_text(&notice)));
    }

    /// A kernel's error as the shell's.
    pub fn call_error(&self, error: CallError) -> ShellError {
        let kind = match error.outcome {
            Outcome::Timeout => ErrorKind::Timeout,
            _ if self.interrupt().is_raised() => ErrorKind::Interrupted,
            _ => ErrorKind::Failed,
        };
        ShellError::new(kind, error.with_reason())
    }
}
