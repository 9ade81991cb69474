//! `clear`: an empty screen.

use super::{Arguments, Command, Group, Run, syntax};
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;

/// The command `clear`.
pub static COMMAND: Command = Command {
    name: "clear",
    group: Group::Shell,
    summary: "clear the screen",
    description: "As Ctrl-L does; an open pane stays. Nothing happens where standard output is no terminal.",
    examples: &["clear"],
    syntax: syntax::<ClearOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct ClearOptions {}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    arguments.parse::<ClearOptions>()?;
    let is_shown = !session.is_redirected() && session.front().is_terminal();
    if is_shown {
        session.front().clear();
    }
    Ok(Reply::done(serde_json::json!({ "cleared": is_shown })))
}
