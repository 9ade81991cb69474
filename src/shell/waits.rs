//! Waiting for jobs: until they end, are held or queue behind a held job, with progress shown meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::reply::ShellError;
use super::session::{HeldJobs, LinesFrom, Session};
use super::units::{show_duration, show_size};
use crate::kernel::{Job, JobEnd, JobId, LoadRequest, ProcessLabel, Waited};
use crate::runtime::{CompilationStage, CompilationView};
use crate::secrets::without_secrets;
use crate::text::quoted;

/// Interval at which a wait checks for Ctrl-C and shows logs and progress.
const WAIT_STEP: Duration = Duration::from_millis(100);
/// A wait shows progress after this time.
const PROGRESS_AFTER: Duration = Duration::from_secs(1);

/// The effect of Ctrl-C on a wait for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnInterrupt {
    EndJob,
    StopWaiting,
}

/// The result of a wait for a job.
pub enum WaitOutcome {
    Ended(Arc<JobEnd>),
    /// The job stands at a breakpoint until the person resumes it.
    Held,
    /// The job queues for a process that a held job occupies.
    Blocked {
        process: ProcessLabel,
        holder: JobId,
    },
    /// Ctrl-Z ended the wait; the job runs.
    Backgrounded,
}

/// The progress of one wait: shown from [`PROGRESS_AFTER`] on, and cleared at its end.
pub(super) struct WaitProgress {
    started: Instant,
    is_shown: bool,
}

impl WaitProgress {
    /// The progress of a wait that begins.
    pub(super) fn new() -> WaitProgress {
        WaitProgress { started: Instant::now(), is_shown: false }
    }

    /// Shows what `text` says after the elapsed time, once that is long.
    pub(super) fn tick(&mut self, session: &mut Session, text: impl FnOnce(&Session, Duration) -> String) {
        let elapsed = self.started.elapsed();
        if elapsed > PROGRESS_AFTER {
            self.is_shown = true;
            let text = text(session, elapsed);
            session.front().progress(Some(&text));
        }
    }

    /// Clears the line where one was shown.
    pub(super) fn clear(self, session: &mut Session) {
        if self.is_shown {
            session.front().progress(None);
        }
    }
}

impl Session {
    /// Waits for a job to end; an error if it is held, since nobody could resume it.
    ///
    /// # Errors
    /// The job is held.
    pub(super) fn wait_for_job(&mut self, job: &Job, on_interrupt: OnInterrupt) -> Result<Arc<JobEnd>, ShellError> {
        match self.wait_or_hold(job, on_interrupt)? {
            WaitOutcome::Ended(end) => Ok(end),
            blocked => Err(self.blocked_error(job, &blocked)),
        }
    }

    /// Waits for a job to end or to be held, with progress shown meanwhile.
    ///
    /// # Errors
    /// Ctrl-C ended the wait.
    pub(super) fn wait_or_hold(&mut self, job: &Job, on_interrupt: OnInterrupt) -> Result<WaitOutcome, ShellError> {
        self.wait_until(job, on_interrupt, false)
    }

    /// Waits like [`Session::wait_or_hold`], for a foreground job that Ctrl-C ends and [`Session::park_job`] takes: at
    /// the prompt Ctrl-Z leaves it to the background. `piped`: a program waits for the job's output.
    ///
    /// # Errors
    /// A command of a breakpoint fails.
    pub(super) fn wait_or_park(&mut self, job: &Job, piped: bool) -> Result<WaitOutcome, ShellError> {
        let leaves = self.options().lines_from == LinesFrom::Prompt
            && !(piped || self.is_redirected() || self.scripts().is_sourcing() || self.is_serving_hold());
        let outcome = self.wait_until(job, OnInterrupt::EndJob, leaves);
        self.interrupt().withdraw_end_of_wait();
        outcome
    }

    /// `leaves`: Ctrl-Z ends the wait.
    fn wait_until(&mut self, job: &Job, on_interrupt: OnInterrupt, leaves: bool) -> Result<WaitOutcome, ShellError> {
        let mut progress = WaitProgress::new();
        let mut interrupt_sent = false;
        let end = loop {
            if leaves && self.interrupt().offer_end_of_wait() {
                break Ok(WaitOutcome::Backgrounded);
            }
            match job.wait_or_hold(WAIT_STEP) {
                Waited::Ended(end) => break Ok(WaitOutcome::Ended(end)),
                Waited::Held => match self.serve_hold(job) {
                    Ok(true) => continue,
                    Ok(false) if self.options().held_jobs == HeldJobs::WaitedFor => {
                        // Somebody lets it go on meanwhile, or ends it.
                        job.wait_for(WAIT_STEP);
                    }
                    Ok(false) => break Ok(WaitOutcome::Held),
                    Err(error) => break Err(error),
                },
                Waited::Running => self.serve_background_holds(),
            }
            self.show_logs();
            let parks = self.options().held_jobs == HeldJobs::Parked;
            if let Some((process, holder)) = self.kernel().blocked_by_held(job).filter(|_| parks) {
                break Ok(WaitOutcome::Blocked { process, holder });
            }
            if self.interrupt().is_raised() {
                match on_interrupt {
                    OnInterrupt::StopWaiting => break Err(ShellError::interrupted()),
                    OnInterrupt::EndJob if !interrupt_sent => {
                        job.interrupt();
                        interrupt_sent = true;
                    }
                    OnInterrupt::EndJob => {}
                }
            }
            progress.tick(self, |session, elapsed| {
                // A job without a call is a load before its plugin runs.
                let loads = job.view().chain.is_empty();
                match session.kernel().compilations().into_iter().next().filter(|_| loads) {
                    Some(compilation) => compiling_text(&compilation, leaves),
                    None => progress_text(job, elapsed, leaves),
                }
            });
        };
        progress.clear(self);
        end
    }

    /// Starts a process, with progress shown meanwhile.
    ///
    /// # Errors
    /// The load fails or is interrupted.
    pub(super) fn load_and_wait(&mut self, request: LoadRequest) -> Result<ProcessLabel, ShellError> {
        let (kernel, interrupt) = (Arc::clone(self.kernel()), self.interrupt().clone());
        let owner = self.owner();
        let (origin, mut progress) = (request.program.origin.clone(), WaitProgress::new());
        let loaded = kernel.load_unless(request, owner, &|| interrupt.is_raised(), &mut || {
            progress.tick(self, |_, elapsed| match kernel.compilations().first() {
                Some(compilation) => compiling_text(compilation, false),
                None => loading_text(&origin, elapsed),
            });
        });
        progress.clear(self);
        loaded.map_err(|error| self.call_error(error))
    }

    /// The jobs of this session in the background, by number.
    pub fn background_jobs(&self) -> Vec<Job> {
        let owner = self.owner();
        self.kernel().jobs().into_iter().filter(|job| job.owner() == owner && job.is_background()).collect()
    }

    /// Waits for all background jobs at the end of a script; gives the first failure.
    ///
    /// # Errors
    /// The first background job that failed.
    pub fn finish_jobs(&mut self) -> Result<(), ShellError> {
        let mut failed = None;
        for job in self.background_jobs() {
            let end = match self.wait_or_hold(&job, OnInterrupt::StopWaiting)? {
                WaitOutcome::Ended(end) => end,
                blocked => {
                    let error = self.blocked_error(&job, &blocked);
                    job.kill();
                    failed = failed.or(Some(error));
                    continue;
                }
            };
            // Notices tell later failures.
            if let Err(error) = &end.result
                && failed.is_none()
            {
                failed = Some(self.failure_of(job.id(), error.clone()));
            }
        }
        failed.map_or(Ok(()), Err)
    }
}

/// `running for 3s in 1:front.run; Ctrl-C ends it`. `leaves`: Ctrl-Z leaves it to the background.
fn progress_text(job: &Job, elapsed: Duration, leaves: bool) -> String {
    let view = job.view();
    let at = view.chain.last().map(|frame| format!(" in {}.{}", frame.process, frame.function)).unwrap_or_default();
    let runs = match job.runs() {
        0 => String::new(),
        runs => format!(", {runs} runs"),
    };
    let elapsed = show_duration(Duration::from_secs(elapsed.as_secs()));
    format!("running for {elapsed}{at}{runs}; {}", stop_text(leaves))
}

/// `compiling go.wasm: 42% after 4s; Ctrl-C ends it (3.1M bytes, process 77)`: a narrow terminal cuts the end.
fn compiling_text(compilation: &CompilationView, leaves: bool) -> String {
    let elapsed = show_duration(Duration::from_secs(compilation.elapsed.as_secs()));
    let size = show_size(compilation.bytes);
    let (progress, detail) = match compilation.stage {
        CompilationStage::Waiting => (format!("waits for its turn, {elapsed}"), size),
        CompilationStage::Here => (elapsed, size),
        CompilationStage::Process { pid, done } => {
            (format!("{}% after {elapsed}", done.get()), format!("{size}, process {pid}"))
        }
    };
    format!("compiling {}: {progress}; {} ({detail})", file_name(&compilation.origin), stop_text(leaves))
}

/// `loading go.wasm for 4s; Ctrl-C ends it`.
fn loading_text(origin: &str, elapsed: Duration) -> String {
    let elapsed = show_duration(Duration::from_secs(elapsed.as_secs()));
    format!("loading {} for {elapsed}; {}", file_name(origin), stop_text(false))
}

/// The last part of a path or URL, for a message.
fn file_name(origin: &str) -> String {
    let origin = without_secrets(origin);
    quoted(origin.rsplit('/').find(|part| !part.is_empty()).unwrap_or(&origin))
}

fn stop_text(leaves: bool) -> &'static str {
    if leaves { "Ctrl-C ends it, Ctrl-Z backgrounds it" } else { "Ctrl-C ends it" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Percent;

    #[test]
    fn a_wait_for_a_compiler_says_what_it_compiles_and_how_far_it_is() {
        let view = |stage| CompilationView {
            origin: "tools/go.wasm".to_owned(),
            bytes: 3 << 20,
            elapsed: Duration::from_millis(4_200),
            stage,
            wanted_by: 1,
        };
        let told = compiling_text(&view(CompilationStage::Process { pid: 77, done: Percent::new(42) }), false);
        assert_eq!(told, "compiling go.wasm: 42% after 4s; Ctrl-C ends it (3M bytes, process 77)");
        let told = compiling_text(&view(CompilationStage::Waiting), true);
        let end = "compiling go.wasm: waits for its turn, 4s; Ctrl-C ends it, Ctrl-Z backgrounds it (3M bytes)";
        assert_eq!(told, end);
    }
}
