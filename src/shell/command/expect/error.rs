//! `expect-error`: the expectation that a command fails.

use super::{Arguments, Command, Group, Inner, Run, held, syntax};
use crate::name_glob::Glob;
use crate::shell::reply::{ErrorKind, Reply, ShellError};
use crate::shell::session::{Session, Sink};

/// The command `expect-error`.
pub static COMMAND: Command = Command {
    name: "expect-error",
    group: Group::Scripting,
    summary: "fail unless a command fails like this",
    description: "Runs a command, or a whole pipe of calls, and succeeds when it fails with a message that the glob fits \
        (`*timed out*`; `*` fits any but that of a command that was written wrong). What the command prints is dropped.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        expect-error '*no function*' call echo nope"],
    syntax: syntax::<ExpectErrorOptions>(),
    run: Run::Prefix(run),
};

#[derive(Debug, clap::Args)]
struct ExpectErrorOptions {
    #[arg(value_name = "GLOB")]
    glob: String,
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

fn run(session: &mut Session, arguments: Arguments, inner: &Inner<'_>) -> Result<Reply, ShellError> {
    session.scripts_mut().count_expectation();
    let (options, _) = arguments.parse::<ExpectErrorOptions>()?;
    let glob = Glob::new(&options.glob);
    if inner.background {
        return Err(ShellError::usage("`&` runs calls in the background, and `expect-error` waits for its command"));
    }
    let (result, _) = session.with_sink(Sink::Memory(Vec::new()), |session| {
        let reply = session.run_inner(inner)?;
        session.emit(&reply)
    });
    match result {
        Ok(()) => Err(ShellError::failed(format!("expected an error like `{}`, and it succeeded", options.glob))),
        // Ctrl-C and a broken pipe end the whole script.
        Err(error) if matches!(error.kind, ErrorKind::Interrupted | ErrorKind::BrokenPipe) => Err(error),
        // A typo in the command must not pass as the expected error under a glob of any error.
        Err(error) if error.kind == ErrorKind::Usage && options.glob.chars().all(|c| c == '*') => {
            Err(ShellError::failed(format!("expected an error of the command, and it was written wrong: {error}")))
        }
        Err(error) if glob.matches(&error.to_string()) => Ok(held(error.to_string().into())),
        Err(error) => Err(ShellError::failed(format!("expected an error like `{}`, and it is: {error}", options.glob))),
    }
}
