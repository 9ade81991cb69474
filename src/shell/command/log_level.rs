//! `log-level`: the least level of the log lines that are kept.

use super::{Arguments, Command, Group, Run, syntax};
use crate::runtime::LogLevel;
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;

/// The command `log-level`.
pub static COMMAND: Command = Command {
    name: "log-level",
    group: Group::Watching,
    summary: "show or set the lowest log level that is kept",
    description: "Log lines of plugins below this level are not kept. Without a word it says which level holds.",
    examples: &["\
        log-level debug\n\
        log-level\n\
        # debug"],
    syntax: syntax::<LogLevelOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct LogLevelOptions {
    #[arg(value_name = "LEVEL", value_parser = LogLevel::ALL.map(LogLevel::as_str))]
    level: Option<String>,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<LogLevelOptions>()?;
    let Some(word) = options.level else {
        let level = session.kernel().log_level_of(session.owner()).as_str();
        return Ok(Reply::answer(level, serde_json::json!({ "level": level })));
    };
    if let Some(level) = LogLevel::ALL.into_iter().find(|level| level.as_str() == word) {
        session.kernel().set_log_level(session.owner(), level);
    }
    Ok(Reply::done(serde_json::json!({ "level": word })))
}
