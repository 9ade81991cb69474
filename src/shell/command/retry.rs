//! `retry`: a command until it succeeds.

use std::time::Duration;

use super::{Arguments, Command, Group, Inner, Run, syntax};
use crate::shell::reply::{ErrorKind, Reply, ShellError};
use crate::shell::session::Session;
use crate::shell::units::{parse_count, parse_duration};

/// The command `retry`.
pub static COMMAND: Command = Command {
    name: "retry",
    group: Group::Scripting,
    summary: "run a command until it succeeds",
    description: "Runs a command, or a whole pipe of calls, at most N times, and ends with its first success or its last \
        failure. A command that was written wrong is not tried again. `retry N !PROGRAM` tries a program of the system until \
        its exit status is 0.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        retry 3 --every 10ms call echo echo hi\n\
        # hi\n\
        retry 2 !echo tried; exit 3\n\
        # tried\n\
        # tried\n\
        # `!echo tried; exit 3`: exit status 3"],
    syntax: syntax::<RetryOptions>(),
    run: Run::Prefix(run),
};

#[derive(Debug, clap::Args)]
struct RetryOptions {
    /// time between two tries
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    every: Option<Duration>,
    #[arg(value_name = "N", value_parser = parse_count, required = true)]
    tries: u64,
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

fn run(session: &mut Session, arguments: Arguments, inner: &Inner<'_>) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<RetryOptions>()?;
    if inner.background {
        return Err(ShellError::usage("`&` runs calls in the background, and `retry` waits for its command"));
    }
    let mut tried = 1;
    loop {
        match session.run_inner(inner) {
            Err(error) if tried < options.tries && matches!(error.kind, ErrorKind::Failed | ErrorKind::Timeout) => {
                tried += 1;
                session.pause(options.every.unwrap_or_default())?;
            }
            result => return result,
        }
    }
}
