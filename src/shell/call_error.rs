//! Errors of calls and jobs as the shell's. A failed job is reported once: by its notice or by the reply of the command
//! that waited for it.

use super::reply::{ErrorKind, ShellError};
use super::session::Session;
use crate::journal::Outcome;
use crate::kernel::{CallError, JobId};

impl Session {
    /// The error of a background job that failed; it names only the job when a notice has shown the cause.
    pub(super) fn failure_of(&mut self, job: JobId, error: CallError) -> ShellError {
        let error = self.call_error(error);
        if self.is_helper() {
            return error;
        }
        let Some(others) = self.notices().claim_failure(job) else {
            return ShellError { message: format!("%{job} failed"), stderr: Vec::new(), ..error };
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
        let (stderr, stack) = (error.failure.stderr_lines(), error.stack);
        ShellError { stderr, stack, ..ShellError::new(kind, error.failure.lines()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Kernel, KernelOptions};
    use crate::shell::headless::Headless;
    use crate::shell::line::parse;
    use crate::shell::reply::Line;
    use crate::shell::{SessionOptions, Stdin, start};

    fn run(session: &mut Session, line: &str) -> Result<(), ShellError> {
        let script = parse(line, &session.grammar()).unwrap();
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
