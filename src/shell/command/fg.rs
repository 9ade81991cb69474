//! `fg`: a background job into the foreground.

use super::job_args::JobArg;
use super::{Arguments, Command, Group, Run, syntax};
use crate::kernel::hooks::Order;
use crate::shell::lookup::job_of;
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;

/// The command `fg`.
pub static COMMAND: Command = Command {
    name: "fg",
    group: Group::Jobs,
    summary: "bring a job into the foreground",
    description: "Waits for the job and prints its output; Ctrl-C then ends the job, Ctrl-Z leaves it to the background \
        again. Without a word it takes the newest one.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        call echo echo hi &\n\
        # %1 call echo echo hi\n\
        # …\n\
        fg\n\
        # hi"],
    syntax: syntax::<JobArg>(),
    run: Run::Plain(run),
};

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<JobArg>()?;
    let job = match options.job {
        Some(word) => job_of(session, &word)?,
        None => {
            let owner = session.owner();
            let jobs = session.kernel().jobs().into_iter().filter(|job| job.owner() == owner).collect::<Vec<_>>();
            let newest = jobs.iter().rev().find(|job| job.is_running()).or_else(|| jobs.last());
            newest.cloned().ok_or_else(|| ShellError::failed("no job; `&` after a call starts one"))?
        }
    };
    if job.is_held() {
        return session.resume(&job, Order::Continue(None));
    }
    job.to_foreground(session.kernel(), session.owner());
    session.wait_in_foreground(&job)
}
