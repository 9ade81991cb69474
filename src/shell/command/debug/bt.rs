//! `bt`: the call stack of a held job.

use super::{Arguments, Command, Example, Group, Run, syntax};
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;
use crate::shell::words::held::{held_json, held_lines};

pub static COMMAND: Command = Command {
    name: "bt",
    group: Group::Debugging,
    summary: "show where a held job stands",
    description: "Its chain of calls, the input of the held call (and its output or error, after it), and what bounds it. \
        Takes the newest held job, or `%N`.",
    examples: &[Example {
        lines: "load front\nbreak 'callee=count_vowels'\ncall front run abc\nbt\nfinish\nbt\ncontinue",
        output: "1:front\nbreakpoint 1: before callee=count_vowels\n\
            %1 is held before 2:count_vowels.count_vowels (breakpoint 1)\n\
            \x20 chain   1:front.run → 2:count_vowels.count_vowels\n  input   3 bytes: abc\n  limits  depth 2 of 64\n\
            `continue`, `step`, `next`, `finish`, `set-input`, `return` or `fail` it; `help break` says more\n\
            %1 is held before 2:count_vowels.count_vowels (breakpoint 1)\n\
            \x20 chain   1:front.run → 2:count_vowels.count_vowels\n  input   3 bytes: abc\n  limits  depth 2 of 64\n\
            %1 is held after 2:count_vowels.count_vowels (a step)\n\
            \x20 chain   1:front.run → 2:count_vowels.count_vowels\n  input   3 bytes: abc\n\
            \x20 output  43 bytes: {\"count\":1,\"total\":1,\"vowels\":\"aeiouAEIOU\"}\n  limits  depth 2 of 64\n\
            %1 is held after 2:count_vowels.count_vowels (a step)\n\
            \x20 chain   1:front.run → 2:count_vowels.count_vowels\n  input   3 bytes: abc\n\
            \x20 output  43 bytes: {\"count\":1,\"total\":1,\"vowels\":\"aeiouAEIOU\"}\n  limits  depth 2 of 64\n\
            {\"count\":1,\"total\":1,\"vowels\":\"aeiouAEIOU\"}",
    }],
    syntax: syntax::<BtWords>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct BtWords {
    #[arg(value_name = "%JOB")]
    job: Option<String>,
    /// write JSON
    #[arg(long)]
    json: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<BtWords>()?;
    let (_, view) = session.held_job(words.job.as_deref())?;
    Ok(match session.wants_json(words.json) {
        true => Reply::Json(held_json(&view)),
        false => Reply::Lines(held_lines(&view)),
    })
}
