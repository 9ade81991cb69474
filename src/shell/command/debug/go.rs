//! `continue`, `step`, `next`, `finish`: resuming a held job.

use super::{Arguments, Command, Group, Run, syntax};
use crate::kernel::hooks::{Order, Step};
use crate::shell::command::job_args::{HeldJobArg, JobArg};
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;
use crate::shell::units::parse_within;

/// The command `continue`.
pub static CONTINUE: Command = Command {
    name: "continue",
    group: Group::Debugging,
    summary: "let a held job go on",
    description: "Takes the newest held job, or `%N`. It goes on in the foreground, to its end or the next breakpoint.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        break 'callee=echo'\n\
        # breakpoint 1: before callee=echo\n\
        call echo echo hi\n\
        # %1 is held before 1:echo.echo (breakpoint 1)\n\
        # …\n\
        continue\n\
        # hi"],
    syntax: syntax::<JobArg>(),
    run: Run::Plain(|session, arguments| go(session, arguments, None)),
};

/// The command `step`.
pub static STEP: Command = Command {
    name: "step",
    group: Group::Debugging,
    summary: "let a held job go on to the next call",
    description: "Into the next nested call, whatever it is; where the held call makes none, to its return. In a plugin's \
        code: to the next line, also of a function or of another plugin that it calls.",
    examples: &["\
        load front\n\
        # 1:front\n\
        break 'depth=1'\n\
        # breakpoint 1: before depth=1\n\
        call front run abc\n\
        # %1 is held before 1:front.run (breakpoint 1)\n\
        # …\n\
        step\n\
        # %1 is held before 2:count_vowels.count_vowels (a step)\n\
        #   chain   1:front.run → 2:count_vowels.count_vowels\n\
        #   input   3 bytes: abc\n\
        #   limits  depth 2 of 64\n\
        continue\n\
        # {\"count\":1,\"total\":1,\"vowels\":\"aeiouAEIOU\"}"],
    syntax: syntax::<JobArg>(),
    run: Run::Plain(|session, arguments| go(session, arguments, Some(Step::Into))),
};

/// The command `next`.
pub static NEXT: Command = Command {
    name: "next",
    group: Group::Debugging,
    summary: "let a held job go on over the held call",
    description: "Runs the held call with all that is nested in it, to the next call of its caller; where there is none, \
        to the caller's return. In a plugin's code: to the next line of the function, or of its caller's.",
    examples: &["\
        load front\n\
        # 1:front\n\
        break 'depth=2'\n\
        # breakpoint 1: before depth=2\n\
        call front run abc\n\
        # %1 is held before 2:count_vowels.count_vowels (breakpoint 1)\n\
        # …\n\
        next\n\
        # %1 is held after 1:front.run (a step)\n\
        #   chain   1:front.run\n\
        #   input   3 bytes: abc\n\
        #   output  43 bytes: {\"count\":1,\"total\":1,\"vowels\":\"aeiouAEIOU\"}\n\
        #   limits  depth 1 of 64\n\
        continue\n\
        # {\"count\":1,\"total\":1,\"vowels\":\"aeiouAEIOU\"}"],
    syntax: syntax::<JobArg>(),
    run: Run::Plain(|session, arguments| go(session, arguments, Some(Step::Over))),
};

/// The command `finish`.
pub static FINISH: Command = Command {
    name: "finish",
    group: Group::Debugging,
    summary: "let a held job go on to the held call's return",
    description: "Holds it again there, with its output. From a call that is held after it has run: to its caller's return. \
        In a plugin's code: to the return from the function.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        break 'callee=echo'\n\
        # breakpoint 1: before callee=echo\n\
        call echo echo hi\n\
        # %1 is held before 1:echo.echo (breakpoint 1)\n\
        # …\n\
        finish\n\
        # %1 is held after 1:echo.echo (a step)\n\
        #   chain   1:echo.echo\n\
        #   input   2 bytes: hi\n\
        #   output  2 bytes: hi\n\
        #   limits  depth 1 of 64\n\
        continue\n\
        # hi"],
    syntax: syntax::<JobArg>(),
    run: Run::Plain(|session, arguments| go(session, arguments, Some(Step::Out))),
};

/// The command `until`.
pub static UNTIL: Command = Command {
    name: "until",
    group: Group::Debugging,
    summary: "let a held job go on to a line of its function",
    description: "Of a job that is held in a plugin's code: to LINE of the function that it stands in, or to the return from \
        that function, whatever comes first.",
    examples: &[stopped_example!("until 3\n# …\n")],
    syntax: syntax::<UntilWords>(),
    run: Run::Plain(run_until),
};

#[derive(Debug, clap::Args)]
struct UntilWords {
    #[arg(value_name = "LINE", value_parser = |text: &str| parse_within(text, 1..=u32::MAX))]
    line: u32,
    #[command(flatten)]
    held: HeldJobArg,
}

fn run_until(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<UntilWords>()?;
    let (job, _) = session.held_job(words.held.job.as_deref())?;
    session.resume(&job, Order::Continue(Some(Step::Until(words.line))))
}

fn go(session: &mut Session, arguments: Arguments, step: Option<Step>) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<JobArg>()?;
    let (job, _) = session.held_job(words.job.as_deref())?;
    session.resume(&job, Order::Continue(step))
}
