//! `sleep`: does nothing for a while.

use std::time::Duration;

use super::{Arguments, Command, Group, Run, syntax};
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;
use crate::shell::units::parse_seconds;

/// The command `sleep`.
pub static COMMAND: Command = Command {
    name: "sleep",
    group: Group::Scripting,
    summary: "do nothing for a while",
    description: "`300ms`, `2s`; a bare number is seconds. Ctrl-C ends it.",
    examples: &["sleep 1ms"],
    syntax: syntax::<SleepOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct SleepOptions {
    #[arg(value_name = "DURATION", value_parser = parse_seconds)]
    duration: Duration,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<SleepOptions>()?;
    session.pause(options.duration)?;
    Ok(Reply::done(serde_json::json!({ "slept_ms": options.duration.as_secs_f64() * 1e3 })))
}
