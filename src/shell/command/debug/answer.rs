//! `set-input`, `return`, `fail`: changing a held call.

use std::sync::Arc;

use super::{Arguments, Command, Example, Group, Run, syntax};
use crate::kernel::hooks::Order;
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;
use crate::shell::units::parse_hex;

pub static SET_INPUT: Command = Command {
    name: "set-input",
    group: Group::Debugging,
    summary: "change what a held call will get",
    description: "The call stays held; `continue` runs it on the new input.",
    examples: &[Example {
        lines: "load echo\nbreak 'callee=echo'\ncall echo echo hi\nset-input bye\ncontinue",
        output: "1:echo\nbreakpoint 1: before callee=echo\n%1 is held before 1:echo.echo (breakpoint 1)\n\
            \x20 chain   1:echo.echo\n  input   2 bytes: hi\n  limits  depth 1 of 64\n\
            `continue`, `step`, `next`, `finish`, `set-input`, `return` or `fail` it; `help break` says more\nbye",
    }],
    syntax: syntax::<BytesWords>(),
    run: Run::Plain(set_input),
};

pub static RETURN: Command = Command {
    name: "return",
    group: Group::Debugging,
    summary: "end a held call with an output",
    description: "Held before it runs, the call is skipped and its caller gets INPUT's bytes; held after, they take the \
        place of its output, or of its failure.",
    examples: &[Example {
        lines: "load front\nbreak 'callee=count_vowels'\ncall front run abc\nreturn none",
        output: "1:front\nbreakpoint 1: before callee=count_vowels\n\
            %1 is held before 2:count_vowels.count_vowels (breakpoint 1)\n\
            \x20 chain   1:front.run → 2:count_vowels.count_vowels\n  input   3 bytes: abc\n  limits  depth 2 of 64\n\
            `continue`, `step`, `next`, `finish`, `set-input`, `return` or `fail` it; `help break` says more\nnone",
    }],
    syntax: syntax::<BytesWords>(),
    run: Run::Plain(run_return),
};

pub static FAIL: Command = Command {
    name: "fail",
    group: Group::Debugging,
    summary: "end a held call with an error",
    description: "The caller gets the message as if the plugin had said it.",
    examples: &[Example {
        lines: "load echo\nbreak 'callee=echo'\ncall echo relay '{\"to\":[\"+text\"],\"function\":\"upper\",\"try\":true}'\nstep\nfail 'no text today'",
        output: "1:echo\nbreakpoint 1: before callee=echo\n…\nfailed: 2:text.upper: no text today (…)",
    }],
    syntax: syntax::<FailWords>(),
    run: Run::Plain(run_fail),
};

#[derive(Debug, clap::Args)]
struct BytesWords {
    #[arg(id = "input", value_name = "INPUT")]
    input: Option<String>,
    /// the held job, when it is not the newest
    #[arg(long, value_name = "%JOB")]
    job: Option<String>,
    /// INPUT is hexadecimal
    #[arg(long)]
    hex: bool,
}

#[derive(Debug, clap::Args)]
struct FailWords {
    #[arg(value_name = "MESSAGE")]
    message: String,
    /// the held job, when it is not the newest
    #[arg(long, value_name = "%JOB")]
    job: Option<String>,
}

/// The held job that the arguments select, and INPUT.
fn bytes(session: &Session, arguments: Arguments) -> Result<(crate::kernel::Job, Arc<[u8]>), ShellError> {
    let (words, input) = arguments.parse::<BytesWords>()?;
    let (job, _) = session.held_job(words.job.as_deref())?;
    let input = input.unwrap_or_default();
    let input = if words.hex { parse_hex(&input).map_err(ShellError::usage)? } else { input };
    Ok((job, input.into()))
}

fn set_input(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (job, input) = bytes(session, arguments)?;
    let json = serde_json::json!({ "job": job.id(), "bytes_in": input.len() });
    session.kernel().set_held_input(job.id(), input).map_err(|error| session.call_error(error))?;
    Ok(Reply::done(json))
}

fn run_return(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (job, output) = bytes(session, arguments)?;
    session.resume(&job, Order::Return(output))
}

fn run_fail(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<FailWords>()?;
    let (job, _) = session.held_job(words.job.as_deref())?;
    session.resume(&job, Order::Fail(words.message))
}
