//! `history`: the lines that were typed.

use serde::Serialize;

use super::{Arguments, Command, Group, Run, syntax};
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;

/// The command `history`.
pub static COMMAND: Command = Command {
    name: "history",
    group: Group::Shell,
    summary: "list what was typed",
    description: "Lines typed at the prompt, the newest last; they are kept from run to run. A script has none.",
    examples: &["history\n# …"],
    syntax: syntax::<HistoryOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct HistoryOptions {
    /// only the newest
    #[arg(short = 'n', value_name = "LAST")]
    last: Option<usize>,
    /// write JSON
    #[arg(long)]
    json: bool,
}

/// A line in JSON.
#[derive(Serialize)]
struct Typed {
    number: usize,
    line: String,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<HistoryOptions>()?;
    let lines = session.front().history();
    let skipped = lines.len().saturating_sub(options.last.unwrap_or(lines.len()));
    let numbered = lines.into_iter().enumerate().skip(skipped);
    if session.wants_json(options.json) {
        let typed = |(index, line)| Typed { number: index + 1, line };
        return Ok(Reply::json(&numbered.map(typed).collect::<Vec<_>>()));
    }
    let lines = numbered.map(|(index, line)| Line::new().with(Role::Dim, format!("{:>5}  ", index + 1)).plain(line));
    Ok(Reply::Lines(lines.collect()))
}
