//! `echo`: words as a line.

use super::{Arguments, Command, Group, Run, syntax};
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;

/// The command `echo`.
pub static COMMAND: Command = Command {
    name: "echo",
    group: Group::Scripting,
    summary: "print words",
    description: "Prints its words with a blank between them, and a newline.",
    examples: &["\
        echo one 'two  three'\n\
        # one two  three"],
    syntax: syntax::<EchoOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct EchoOptions {
    #[arg(value_name = "WORD")]
    words: Vec<String>,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<EchoOptions>()?;
    let text = options.words.join(" ");
    if session.speaks_json() {
        return Ok(Reply::Json(text.into()));
    }
    let mut bytes = text.into_bytes();
    bytes.push(b'\n');
    Ok(Reply::Output { bytes: bytes.into(), raw: true })
}
