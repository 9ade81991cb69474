//! `wait`: waiting for the end of a job, a process or all jobs.

use serde_json::Value;

use super::{Arguments, Command, Group, Run, syntax};
use crate::kernel::Job;
use crate::runtime::Worded;
use crate::shell::call_options::job_json;
use crate::shell::lookup::job_word;
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::shell::waits::OnInterrupt;
use crate::shell::words::SHELL;

/// The command `wait`.
pub static COMMAND: Command = Command {
    name: "wait",
    group: Group::Jobs,
    summary: "wait for jobs or processes to end",
    description: "`wait %N` prints the job's output when it has ended, and fails as the job failed. `wait PROCESS` says how \
        the process ended. Without a word it waits for all jobs. Ctrl-C ends the waiting, not the job.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        call echo echo hi &\n\
        # %1 call echo echo hi\n\
        # …\n\
        wait %1\n\
        # hi\n\
        # …"],
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
        return wait_for_all(session);
    }
    let mut ended = Vec::new();
    for target in &options.targets {
        let reply = match job_word(session, target)? {
            Some(job) => take_job(session, &job, OnInterrupt::StopWaiting)?,
            None => wait_for_process(session, target)?,
        };
        hand_on(session, reply, &mut ended)?;
    }
    Ok(match ended.len() {
        1 => Reply::Json(ended.remove(0)),
        _ => all_of(session, ended),
    })
}

fn wait_for_process(session: &mut Session, target: &str) -> Result<Reply, ShellError> {
    let id = session.process(target)?;
    let label = session.label(id);
    let ended = session.kernel().wait_process(id, &|| session.interrupt().is_raised());
    let reason = ended.ok_or_else(ShellError::interrupted)?.words(SHELL);
    let json = serde_json::json!({ "id": id, "process": label, "exit_reason": reason });
    let line = Line::new().with(Role::Name, label).plain(format!(" {reason}"));
    Ok(Reply::Lines(vec![line]).with_json(json))
}

/// Prints a reply, or keeps it for the one value of the command.
fn hand_on(session: &mut Session, reply: Reply, ended: &mut Vec<Value>) -> Result<(), ShellError> {
    if !session.speaks_json() {
        return session.emit(&reply);
    }
    if let Some(Reply::Json(value)) = reply.into_json() {
        ended.push(value);
    }
    Ok(())
}

fn all_of(session: &Session, ended: Vec<Value>) -> Reply {
    if session.speaks_json() { Reply::Json(ended.into()) } else { Reply::Nothing }
}

/// Waits for every background job; prints the outputs, and returns the first failure.
fn wait_for_all(session: &mut Session) -> Result<Reply, ShellError> {
    let (mut failed, mut ended) = (None, Vec::new());
    for job in session.background_jobs() {
        // Notices are shown before the claim of a later failure, so that the reply names the first failure only.
        if failed.is_some() && session.wait_for_job(&job, OnInterrupt::StopWaiting).is_ok() {
            session.show_notices();
        }
        match take_job(session, &job, OnInterrupt::StopWaiting) {
            Ok(reply) => hand_on(session, reply, &mut ended)?,
            Err(error) if session.interrupt().is_raised() => return Err(error),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or_else(|| Ok(all_of(session, ended)), Err)
}

/// Waits for a job, forgets it, and returns its output: nothing where it went to a file.
fn take_job(session: &mut Session, job: &Job, on_interrupt: OnInterrupt) -> Result<Reply, ShellError> {
    let end = session.wait_for_job(job, on_interrupt)?;
    session.kernel().reap(job.id());
    // A failure is reported once: `failure_of` drops the job's notice, or names only the job once that is shown.
    match &end.result {
        Ok(_) if session.speaks_json() => Ok(Reply::Json(job_json(job.id(), &end))),
        Ok(output) if output.is_sunk() => Ok(Reply::Nothing),
        Ok(output) => Ok(Reply::Output { bytes: output.bytes(), raw: false }),
        Err(error) => Err(session.failure_of(job.id(), error.clone())),
    }
}
