//! `time`: how long a command took.

use std::time::Instant;

use super::{Arguments, Command, Group, Inner, Run, syntax};
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::shell::units::show_duration;

/// The command `time`.
pub static COMMAND: Command = Command {
    name: "time",
    group: Group::Watching,
    summary: "time a command",
    description: "Runs a command, a whole pipe of calls or a program of the system (`time !COMMAND`), and says on standard error how \
        long that took.",
    examples: &["\
        time echo hi\n\
        # hi\n\
        # took 61µs\n\
        time !echo hi\n\
        # hi\n\
        # took 3.4ms"],
    syntax: syntax::<TimeOptions>(),
    run: Run::Prefix(run),
};

#[derive(Debug, clap::Args)]
struct TimeOptions {
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

fn run(session: &mut Session, arguments: Arguments, inner: &Inner<'_>) -> Result<Reply, ShellError> {
    arguments.parse::<TimeOptions>()?;
    let started = Instant::now();
    let result = session.run_inner(inner);
    let elapsed = started.elapsed();
    // The command's output precedes its time.
    let result = result.and_then(|reply| session.emit(&reply));
    session.notice(Line::new().with(Role::Dim, format!("took {}", show_duration(elapsed))));
    result.map(|()| Reply::Nothing)
}
