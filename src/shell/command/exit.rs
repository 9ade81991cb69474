//! `exit` and `quit`: leave the shell.

use super::{Arguments, Command, Group, Run, syntax};
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;

/// The command `exit`.
pub static COMMAND: Command = Command {
    name: "exit",
    group: Group::Shell,
    summary: "leave the shell",
    description: "Ends the shell, or the script, with CODE (0 to 255; without it, 0).",
    examples: &["\
        echo one; exit; echo two\n\
        # one"],
    syntax: syntax::<ExitOptions>(),
    run: Run::Plain(run),
};

/// The command `quit`.
pub static QUIT: Command = Command {
    name: "quit",
    group: Group::Shell,
    summary: "leave the shell, as `exit` does",
    description: "Another name of `exit`, which `help exit` explains.",
    examples: &["\
        echo one; quit; echo two\n\
        # one"],
    syntax: syntax::<ExitOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct ExitOptions {
    #[arg(value_name = "CODE", value_parser = parse_code)]
    code: Option<u8>,
}

fn parse_code(text: &str) -> Result<u8, String> {
    text.parse().map_err(|_| format!("`{text}` is no exit code; write 0 to 255"))
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<ExitOptions>()?;
    let code = options.code.unwrap_or(0);
    session.exit(code);
    Ok(Reply::done(serde_json::json!({ "exit": code })))
}
