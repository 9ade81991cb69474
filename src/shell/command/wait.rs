//! `wait`: waiting for the end of a job, a process or all jobs.

use super::{Arguments, Command, Example, Group, Run, syntax};
use crate::kernel::Job;
use crate::shell::lookup::job_of;
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::shell::waits::OnInterrupt;

pub static COMMAND: Command = Command {
    name: "wait",
    group: Group::Jobs,
    summary: "wait for jobs or processes to end",
    description: "`wait %N` prints the job's output when it has ended, and fails as the job failed. `wait PROCESS` says how \
        the process ended. Without a word it waits for all jobs. Ctrl-C ends the waiting, not the job.",
    examples: &[Example {
        lines: "load echo\ncall echo echo hi &\nwait %1",
        output: "1:echo\n%1 call echo echo hi\n…\nhi\n…",
    }],
    syntax: syntax::<WaitOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct WaitOptions {
    #[arg(value_name = "PROCESS|%JOB")]
    targets: Vec<String>,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<WaitOptions>()?;
    if options.targets.is_empty() {
        return wait_for_all(session).map(|()| Reply::Nothing);
    }
    for target in &options.targets {
        if target.starts_with('%') {
            let job = job_of(session, target)?;
            let reply = take_job(session, &job, OnInterrupt::StopWaiting)?;
            session.emit(&reply)?;
        } else {
            let id = session.process(target)?;
            let label = session.label(id);
            let reason = session
                .kernel()
                .wait_process(id, &|| session.interrupt().is_raised())
                .ok_or_else(ShellError::interrupted)?;
            session.emit(&Reply::Lines(vec![Line::new().with(Role::Name, label).plain(format!(" {reason}"))]))?;
        }
    }
    Ok(Reply::Nothing)
}

/// Waits for every background job; prints the outputs, and returns the first failure.
fn wait_for_all(session: &mut Session) -> Result<(), ShellError> {
    let mut failed = None;
    for job in session.background_jobs() {
        // Notices are shown before the claim of a later failure, so that the reply names the first failure only.
        if failed.is_some() && session.wait_for_job(&job, OnInterrupt::StopWaiting).is_ok() {
            session.show_notices();
        }
        match take_job(session, &job, OnInterrupt::StopWaiting) {
            Ok(reply) => session.emit(&reply)?,
            Err(error) if session.interrupt().is_raised() => return Err(error),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Waits for a job, forgets it, and returns its output: nothing where it went to a file.
fn take_job(session: &mut Session, job: &Job, on_interrupt: OnInterrupt) -> Result<Reply, ShellError> {
    let end = session.wait_for_job(job, on_interrupt)?;
    session.kernel().reap(job.id());
    // A failure is reported once: `failure_of` drops the job's notice, or names only the job once that is shown.
    match &end.result {
        Ok(output) if output.is_sunk() => Ok(Reply::Nothing),
        Ok(output) => Ok(Reply::Output { bytes: output.bytes(), raw: false }),
        Err(error) => Err(session.failure_of(job.id(), error.clone())),
    }
}
