//! `expect-tree`: the expectation of the process tree.

use super::{Arguments, Command, Group, Run, held, not_as_expected, show_difference, syntax};
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::{Rewrite, Session};
use crate::shell::words::processes::tree_text;

/// The command `expect-tree`.
pub static COMMAND: Command = Command {
    name: "expect-tree",
    group: Group::Scripting,
    summary: "fail unless the processes are these",
    description: "Compares the tree of `ps -t`, without the figures, with INPUT, best a here-document. Blanks at the ends of \
        lines and empty lines count for nothing.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        expect-tree <<END\n\
        shell\n\
        └─ 1:echo idle\n\
        END"],
    syntax: syntax::<ExpectTreeOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct ExpectTreeOptions {
    #[arg(id = "input", value_name = "INPUT", required = true)]
    input: String,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    session.scripts_mut().count_expectation();
    let (_, input) = arguments.parse::<ExpectTreeOptions>()?;
    let expected = String::from_utf8(input.unwrap_or_default())
        .map_err(|_| ShellError::usage("`expect-tree`: INPUT is not UTF-8"))?;
    let (expected, actual) = (lines(&expected), lines(&tree_text(&session.kernel().processes(false))));
    if expected == actual {
        return Ok(held(actual.into()));
    }
    show_difference(session, expected.as_bytes(), actual.as_bytes());
    let message = "the processes are not the expected ones (- expected, + there)".to_owned();
    not_as_expected(session, Rewrite::Bytes(actual.into_bytes()), message)
}

fn lines(text: &str) -> String {
    let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    lines.map(|line| format!("{line}\n")).collect()
}
