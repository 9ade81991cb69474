//! `source`: the lines of a file, run here.

use super::{Arguments, Command, Example, Group, Run, syntax};
use crate::shell::incoming::SCRIPT_BYTES_MAX;
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::{SOURCE_DEPTH_MAX, Session};

pub static COMMAND: Command = Command {
    name: "source",
    group: Group::Scripting,
    summary: "run the lines of a file",
    description: "Runs the file's lines as if they stood here: its variables stay. It ends at the first error, which is \
        told with its place.",
    examples: &[Example { lines: "!echo 'echo hello' > hello.plugsh\nsource hello.plugsh", output: "hello" }],
    syntax: syntax::<SourceOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct SourceOptions {
    #[arg(value_name = "FILE")]
    file: String,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<SourceOptions>()?;
    let text = session.read_file(&options.file, SCRIPT_BYTES_MAX)?;
    let too_deep = || ShellError::failed(format!("`{}`: {SOURCE_DEPTH_MAX} files source one another", options.file));
    session.sourcing(|session| session.run_text(&options.file, &text, 1)).ok_or_else(too_deep)??;
    Ok(Reply::Nothing)
}
