//! Held jobs in a session: running the commands of a breakpoint, parking a job when the prompt comes back, and resuming
//! it.

use std::sync::Arc;

use super::call_options::{CallOptions, job_json};
use super::calls::call_ends;
use super::reply::{Line, Reply, Role, ShellError};
use super::session::{Continuation, Session};
use super::waits::WaitOutcome;
use crate::kernel::hooks::{HeldView, HoldReason, Order};
use crate::kernel::{Job, JobEnd, JobOutput};
use crate::shell::command::source_line;
use crate::shell::words::held::{held_json, held_lines, held_title};
use crate::shell::words::hold_error::hold_error;
use crate::shell::words::stack::Fold;

impl Session {
    /// Runs the commands of the breakpoint that holds a job, once for each hold. True when the wait for the job may go
    /// on.
    ///
    /// # Errors
    /// A command of the breakpoint fails.
    pub(super) fn serve_hold(&mut self, job: &Job) -> Result<bool, ShellError> {
        let Some(view) = self.kernel().held_of(job.id()) else { return Ok(true) };
        if self.is_helper() || self.jobs().is_served(view.job, view.number) {
            return Ok(false);
        }
        let HoldReason::Breakpoint(id) = view.reason else { return Ok(false) };
        let breakpoints = self.kernel().breakpoints();
        let commands = breakpoints.into_iter().find(|breakpoint| breakpoint.id == id).and_then(|met| met.commands);
        let Some(commands) = commands else { return Ok(false) };
        self.jobs().mark_served(view.job, view.number);
        if self.is_serving_hold() {
            return Ok(false);
        }
        self.jobs().set_serving(true);
        // Breakpoint commands print for the person; the sinks belong to the held call.
        let sinks = self.output().take_sinks();
        let result = self.run_text(&format!("breakpoint {id}"), commands.as_bytes(), 1);
        self.output().restore_sinks(sinks);
        self.jobs().set_serving(false);
        result.map(|()| true)
    }

    /// Runs the commands of breakpoints that hold background jobs. A failure becomes a notice.
    pub(super) fn serve_background_holds(&mut self) {
        if self.is_serving_hold() || self.is_helper() {
            return;
        }
        for job in self.background_jobs().into_iter().filter(Job::is_held) {
            if let Err(error) = self.serve_hold(&job) {
                self.show_error(&error);
            }
        }
    }

    /// Turns a foreground job that cannot go on, or that Ctrl-Z left, into a background job, and says why.
    /// `continuation` finishes it later.
    ///
    /// # Errors
    /// A script has no prompt to resume the job from.
    pub(super) fn park_job(
        &mut self,
        job: &Job,
        why: &WaitOutcome,
        continuation: Continuation,
        piped: bool,
    ) -> Result<Reply, ShellError> {
        if matches!(why, WaitOutcome::Held) {
            return self.park_held_job(job, continuation, piped);
        }
        job.to_background(self.kernel());
        self.keep_continuation(job, continuation);
        if matches!(why, WaitOutcome::Backgrounded) {
            let continues = " goes on in the background; `fg` brings it back";
            self.notice(Line::new().with(Role::Strong, format!("%{}", job.id())).plain(continues));
            return Ok(Reply::Nothing);
        }
        let error = self.blocked_error(job, why);
        if piped || self.is_redirected() {
            return Err(error);
        }
        self.notice(Line::new().with(Role::Warn, error.to_string()));
        Ok(Reply::done(serde_json::json!({ "job": job.id(), "held": false })))
    }

    fn keep_continuation(&mut self, job: &Job, continuation: Continuation) {
        let kernel = Arc::clone(self.kernel());
        self.jobs().park(job.id(), continuation, |id| kernel.job(id).is_some());
    }

    fn park_held_job(&mut self, job: &Job, continuation: Continuation, piped: bool) -> Result<Reply, ShellError> {
        job.to_background(self.kernel());
        self.keep_continuation(job, continuation);
        let Some(view) = self.kernel().held_of(job.id()) else {
            return self.wait_in_foreground(job);
        };
        if piped || self.is_redirected() {
            if self.is_helper() {
                job.kill();
            }
            let message = format!("{}; its output cannot be caught, `continue` prints it", held_title(&view));
            return Err(ShellError::failed(message));
        }
        for line in self.stop_lines(&view) {
            self.notice(line);
        }
        if self.jobs().hint_once() {
            let hint = match view.code {
                Some(_) => {
                    "`bt`, `list`, `locals`, `print` show it; `step`, `next`, `finish`, `until`, `continue` go on"
                }
                None => {
                    "`continue`, `step`, `next`, `finish`, `set-input`, `return` or `fail` it; `help break` says more"
                }
            };
            self.notice(Line::new().with(Role::Dim, hint));
        }
        Ok(Reply::done(held_json(&view)))
    }

    /// A held job in words: of one in a plugin's code its place and the line there, of another all that is known.
    fn stop_lines(&mut self, view: &HeldView) -> Vec<Line> {
        let frame = view.code.as_ref().and_then(|_| self.chosen_frame(view).ok());
        match frame.filter(|frame| frame.guest.line.is_some()) {
            None => held_lines(view, Fold::Runtime),
            Some(frame) => {
                let title = Line::new().with(Role::Warn, held_title(view));
                std::iter::once(title).chain(source_line(self, view, &frame)).collect()
            }
        }
    }

    /// Gives a held job an order, and waits for it in the foreground unless a breakpoint's commands run now.
    ///
    /// # Errors
    /// The job is not held any more, or fails.
    pub fn resume(&mut self, job: &Job, order: Order) -> Result<Reply, ShellError> {
        if !self.is_serving_hold() {
            // Foreground first: the job may be held again before the release returns.
            job.to_foreground(self.kernel(), self.owner());
        }
        self.kernel().release(job.id(), order).map_err(hold_error)?;
        match self.is_serving_hold() {
            true => Ok(Reply::done(serde_json::json!({ "job": job.id(), "held": false }))),
            false => self.wait_in_foreground(job),
        }
    }

    /// Waits for a job and gives its output; a job that is held again is parked.
    ///
    /// # Errors
    /// The job fails or is interrupted.
    pub fn wait_in_foreground(&mut self, job: &Job) -> Result<Reply, ShellError> {
        let continuation = self.jobs().unpark(job.id());
        match self.wait_or_park(job, false)? {
            WaitOutcome::Ended(end) => self.finish_job(job, &end, continuation),
            blocked => {
                let continuation = continuation.unwrap_or_else(|| call_ends(0, self.call_defaults()));
                self.park_job(job, &blocked, continuation, false)
            }
        }
    }

    /// The output or error of a job that was in the background. The kernel forgets the job.
    ///
    /// # Errors
    /// The job failed.
    pub fn finish_job(
        &mut self,
        job: &Job,
        end: &Arc<JobEnd>,
        continuation: Option<Continuation>,
    ) -> Result<Reply, ShellError> {
        self.kernel().reap(job.id());
        self.jobs().forget_holds(job.id());
        // The reply takes the place of the job's notice.
        match continuation {
            Some(continuation) => continuation(self, end),
            None if end.result.as_ref().is_ok_and(JobOutput::is_sunk) => Ok(Reply::done(job_json(job.id(), end))),
            None => self.finish_call(0, end, &self.call_defaults()),
        }
    }

    /// The options of a call whose own are not kept.
    fn call_defaults(&self) -> CallOptions {
        CallOptions { json: self.speaks_json(), ..CallOptions::default() }
    }

    /// The error for a wait that would never end.
    pub(super) fn blocked_error(&self, job: &Job, why: &WaitOutcome) -> ShellError {
        if let WaitOutcome::Blocked { process, holder } = why {
            let id = job.id();
            let message =
                format!("%{id} waits for `{process}`, where %{holder} is held; `continue %{holder}` lets that go on");
            return ShellError::failed(message);
        }
        let view = self.kernel().held_of(job.id());
        let title = view.map_or_else(|| format!("%{} is held", job.id()), |view| held_title(&view));
        ShellError::failed(format!("{title}; `continue %{}` lets it go on", job.id()))
    }
}
