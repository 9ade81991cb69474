//! `hold`: stops a running job where it is.

use super::{Arguments, Command, Group, Run, syntax};
use crate::shell::lookup::job_of;
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;
use crate::shell::words::held::{held_json, held_lines};
use crate::shell::words::hold_error::hold_error;
use crate::shell::words::stack::Fold;

/// The command `hold`.
pub static COMMAND: Command = Command {
    name: "hold",
    group: Group::Debugging,
    summary: "hold a running job where it is",
    description: "Stops its guest at once, also in a loop that makes no calls, and shows where it and its callers stand: \
        functions, files and lines, as far as the plugins were built with them. Its clock stands still. `continue` lets it \
        go on, `step` up to its next nested call, `kill %N` ends it; `bt %N` looks without holding. A job that waits in the \
        host, for HTTP or for a busy plugin, is held once it runs again. While a plugin of the extism host runs, `hold` and \
        `bt` are refused.",
    examples: &["\
        load misbehave\n\
        # 1:misbehave\n\
        misbehave.spin &\n\
        # %1 misbehave.spin\n\
        hold %1\n\
        # %1 is held in 1:misbehave.spin (`hold`)\n\
        #   chain   1:misbehave.spin\n\
        #   limits  depth 1 of 64\n\
        #   stack\n\
        #     1:misbehave.spin\n\
        # …\n\
        kill %1\n\
        # killed %1\n\
        # …"],
    syntax: syntax::<HoldWords>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct HoldWords {
    #[arg(value_name = "%JOB")]
    job: String,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<HoldWords>()?;
    let job = job_of(session, &words.job)?;
    if !session.kernel().hold_job(&job).map_err(hold_error)? {
        let message = format!("{} waits in the host; it is held once it runs again", words.job);
        return Err(ShellError::failed(message));
    }
    let (_, view) = session.held_job(Some(&words.job))?;
    Ok(Reply::Lines(held_lines(&view, Fold::Runtime)).with_json(held_json(&view)))
}
