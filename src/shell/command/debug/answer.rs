//! `set-input`, `return`, `fail`: changing a held call.

use std::sync::Arc;

use super::{Arguments, Command, Group, Run, syntax};
use crate::kernel::hooks::Order;
use crate::shell::command::job_args::HeldJobArg;
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;
use crate::shell::units::parse_hex;
use crate::shell::words::hold_error::hold_error;

/// The command `set-input`.
pub static SET_INPUT: Command = Command {
    name: "set-input",
    group: Group::Debugging,
    summary: "change what a held call will get",
    description: "The call stays held; `continue` runs it on the new input.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        break 'callee=echo'\n\
        # breakpoint 1: before callee=echo\n\
        call echo echo hi\n\
        # %1 is held before 1:echo.echo (breakpoint 1)\n\
        # …\n\
        set-input bye\n\
        continue\n\
        # bye"],
    syntax: syntax::<BytesWords>(),
    run: Run::Plain(set_input),
};

/// The command `return`.
pub static RETURN: Command = Command {
    name: "return",
    group: Group::Debugging,
    summary: "end a held call with an output",
    description: "Held before it runs, the call is skipped and its caller gets INPUT's bytes; held after, they take the \
        place of its output, or of its failure.",
    examples: &["\
        load front\n\
        # 1:front\n\
        break 'callee=count_vowels'\n\
        # breakpoint 1: before callee=count_vowels\n\
        call front run abc\n\
        # %1 is held before 2:count_vowels.count_vowels (breakpoint 1)\n\
        # …\n\
        return none\n\
        # none"],
    syntax: syntax::<BytesWords>(),
    run: Run::Plain(run_return),
};

/// The command `fail`.
pub static FAIL: Command = Command {
    name: "fail",
    group: Group::Debugging,
    summary: "end a held call with an error",
    description: "The caller gets the message as if the plugin had said it.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        break 'callee=echo'\n\
        # breakpoint 1: before callee=echo\n\
        call echo relay '{\"to\":[\"+text\"],\"function\":\"upper\",\"try\":true}'\n\
        # %1 is held before 1:echo.relay (breakpoint 1)\n\
        # …\n\
        step\n\
        # %1 is held before 2:text.upper (a step)\n\
        #   chain   1:echo.relay → 2:text.upper\n\
        #   input   nothing\n\
        #   limits  depth 2 of 64\n\
        fail 'no text today'\n\
        # failed: 2:text.upper: no text today (1:echo.relay → 2:text.upper)"],
    syntax: syntax::<FailWords>(),
    run: Run::Plain(run_fail),
};

#[derive(Debug, clap::Args)]
struct BytesWords {
    #[arg(id = "input", value_name = "INPUT")]
    input: Option<String>,
    #[command(flatten)]
    held: HeldJobArg,
    /// INPUT is hexadecimal
    #[arg(long)]
    hex: bool,
}

#[derive(Debug, clap::Args)]
struct FailWords {
    #[arg(value_name = "MESSAGE")]
    message: String,
    #[command(flatten)]
    held: HeldJobArg,
}

/// The held job that the arguments select, and INPUT.
fn bytes(session: &Session, arguments: Arguments) -> Result<(crate::kernel::Job, Arc<[u8]>), ShellError> {
    let (words, input) = arguments.parse::<BytesWords>()?;
    let (job, _) = session.held_job(words.held.job.as_deref())?;
    let input = input.unwrap_or_default();
    let input = if words.hex { parse_hex(&input).map_err(ShellError::usage)? } else { input };
    Ok((job, input.into()))
}

fn set_input(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (job, input) = bytes(session, arguments)?;
    let json = serde_json::json!({ "job": job.id(), "bytes_in": input.len() });
    session.kernel().set_held_input(job.id(), input).map_err(hold_error)?;
    Ok(Reply::done(json))
}

fn run_return(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (job, output) = bytes(session, arguments)?;
    session.resume(&job, Order::Return(output))
}

fn run_fail(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<FailWords>()?;
    let (job, _) = session.held_job(words.held.job.as_deref())?;
    session.resume(&job, Order::Fail(words.message))
}
