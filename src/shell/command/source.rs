//! `source`: the lines of a file, run here.

use super::{Arguments, Command, Group, Run, syntax};
use crate::shell::incoming::SCRIPT_BYTES_MAX;
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::{SOURCE_DEPTH_MAX, Session};

/// The command `source`.
pub static COMMAND: Command = Command {
    name: "source",
    group: Group::Scripting,
    summary: "run the lines of a file",
    description: "Runs the file's lines as if they stood here: its variables stay. It ends at the first error, which is \
        told with its place. FILE is looked for beside the file that has this line, then from the working directory.",
    examples: &["\
        !echo 'echo hello' > hello.plugsh\n\
        source hello.plugsh\n\
        # hello"],
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
    let file = session.scripts().place().resolve(&options.file);
    let text = session.read_file(&file, SCRIPT_BYTES_MAX)?;
    let (place, name) = (session.scripts().place().sourced(&file), file.display().to_string());
    let too_deep = || ShellError::failed(format!("`{}`: {SOURCE_DEPTH_MAX} files source one another", options.file));
    let lines = |session: &mut Session| session.at_place(place, |session| session.run_text(&name, &text, 1));
    session.sourcing(lines).ok_or_else(too_deep)??;
    Ok(Reply::Nothing)
}
