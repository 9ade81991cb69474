//! The kernel's notices and call errors in a session. A failed job is reported once: by its notice or by the reply of
//! the command that waited for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;

use super::reply::{ErrorKind, Line, Role, ShellError};
use super::session::Session;
use super::words::notice_text;
use crate::journal::Outcome;
use crate::kernel::{CallError, JobId, Kernel, Notice};

/// The most failed jobs that are remembered as reported.
const REPORTED_FAILURES_MAX: usize = 1_000;

/// A kernel's notices, taken by a session and by the thread that prints above the prompt.
#[derive(Clone)]
pub struct NoticeFeed {
    kernel: Arc<Kernel>,
    /// Failed jobs whose notice was taken: the newest [`REPORTED_FAILURES_MAX`]. Locked while notices are taken, so that
    /// one job is not reported twice.
    reported: Arc<Mutex<BTreeSet<JobId>>>,
}

impl NoticeFeed {
    pub fn new(kernel: Arc<Kernel>) -> NoticeFeed {
        NoticeFeed { kernel, reported: Arc::default() }
    }

    /// Takes the notices that wait, as lines, oldest first.
    pub fn take(&self) -> Vec<Line> {
        self.take_locked(&mut self.reported.lock(), None)
    }

    /// Claims the failure of a job for a reply: `None` when its notice was taken before. Otherwise that notice is dropped,
    /// and the others are taken.
    fn claim_failure(&self, job: JobId) -> Option<Vec<Line>> {
        let mut reported = self.reported.lock();
        if reported.remove(&job) { None } else { Some(self.take_locked(&mut reported, Some(job))) }
    }

    fn take_locked(&self, reported: &mut BTreeSet<JobId>, claimed: Option<JobId>) -> Vec<Line> {
        let mut lines = Vec::new();
        for notice in self.kernel.take_notices() {
            if let Notice::JobFailed { job, .. } = notice {
                if Some(job) == claimed {
                    continue;
                }
                reported.insert(job);
                if reported.len() > REPORTED_FAILURES_MAX {
                    reported.pop_first();
                }
            }
            lines.push(Line::new().with(Role::Dim, notice_text(&notice)));
        }
        lines
    }
}

impl Session {
    /// Shows the kernel's notices, and serves the holds of background jobs.
    pub fn show_notices(&mut self) {
        if self.is_helper() {
            return;
        }
        for line in self.notices().take() {
            self.notice(line);
        }
        self.serve_background_holds();
    }

    /// The error of a background job that failed; it names only the job when a notice has shown the cause.
    pub(super) fn failure_of(&mut self, job: JobId, error: CallError) -> ShellError {
        let error = self.call_error(error);
        if self.is_helper() {
            return error;
        }
        let Some(others) = self.notices().claim_failure(job) else {
            return ShellError { message: format!("%{job} failed"), ..error };
        };
        for line in others {
            self.notice(line);
        }
        error
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::KernelOptions;
    use crate::shell::headless::Headless;
    use crate::shell::line::parse;
    use crate::shell::{CommandGrammar, SessionOptions, Stdin, start};

    fn run(session: &mut Session, line: &str) -> Result<(), ShellError> {
        let script = parse(line, &CommandGrammar(session.table())).unwrap();
        session.run_statements(&script)
    }

    /// A session whose job 1 has failed, and whose notice waits.
    fn session_with_failed_job() -> Session {
        let (front, _) = Headless::new();
        let kernel = Kernel::new(KernelOptions::default());
        let mut session = start(kernel, Box::new(front), SessionOptions::default(), Stdin::Used);
        run(&mut session, "load misbehave; misbehave.spin --timeout 10ms &").unwrap();
        session.kernel().job(1).unwrap().wait();
        session
    }

    #[test]
    fn a_failure_whose_notice_was_printed_above_the_prompt_is_not_told_again() {
        let mut session = session_with_failed_job();
        let printed: Vec<String> = session.notices().clone().take().iter().map(Line::to_string).collect();
        assert!(printed.iter().any(|line| line.starts_with("%1 failed after")), "{printed:?}");
        assert_eq!(run(&mut session, "wait %1").unwrap_err().message, "%1 failed");
    }

    #[test]
    fn a_failure_that_a_reply_tells_has_no_notice() {
        let mut session = session_with_failed_job();
        let error = run(&mut session, "wait %1").unwrap_err();
        assert!(error.message.starts_with("1:misbehave.spin: timed out"), "{error}");
        assert_eq!(session.notices().take(), []);
    }
}
