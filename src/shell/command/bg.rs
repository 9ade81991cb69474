//! `bg`: a held job goes on, in the background.

use super::job_args::JobArg;
use super::{Arguments, Command, Group, Run, syntax};
use crate::kernel::Job;
use crate::kernel::hooks::Order;
use crate::shell::lookup::job_of;
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::shell::words::hold_error::hold_error;

/// The command `bg`.
pub static COMMAND: Command = Command {
    name: "bg",
    group: Group::Jobs,
    summary: "let a job go on in the background",
    description: "Lets a job that a breakpoint holds go on without waiting for it; `wait` and `fg` do that. Without a word \
        it takes the newest held one. A call that Ctrl-Z took from the prompt runs in the background already: a call \
        cannot stop halfway.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        break callee=echo\n\
        # breakpoint 1: before callee=echo\n\
        call echo echo hi\n\
        # %1 is held before 1:echo.echo (breakpoint 1)\n\
        # …\n\
        bg\n\
        # %1 call echo echo hi\n\
        # …\n\
        wait %1\n\
        # hi\n\
        # …"],
    syntax: syntax::<JobArg>(),
    run: Run::Plain(run),
};

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<JobArg>()?;
    let job = match options.job {
        Some(word) => job_of(session, &word)?,
        None => newest(session)?,
    };
    let (id, view) = (job.id(), job.view());
    if !job.is_running() {
        return Err(ShellError::failed(format!("`%{id}` has ended; `wait %{id}` prints its output")));
    }
    let line = Line::new().with(Role::Strong, format!("%{id}"));
    if !job.is_held() {
        session.notice(line.plain(" runs in the background already; `fg` waits for it"));
        return Ok(Reply::done(serde_json::json!({ "job": id, "released": false })));
    }
    session.kernel().release(id, Order::Continue(None)).map_err(hold_error)?;
    session.notice(line.with(Role::Dim, format!(" {}", view.text)));
    Ok(Reply::done(serde_json::json!({ "job": id, "released": true })))
}

fn newest(session: &Session) -> Result<Job, ShellError> {
    let jobs = session.kernel().jobs();
    let held = jobs.iter().rev().find(|job| job.is_held());
    let job = held.or_else(|| jobs.iter().rev().find(|job| job.is_running()));
    job.cloned().ok_or_else(|| ShellError::failed("no job; `&` after a call starts one"))
}
