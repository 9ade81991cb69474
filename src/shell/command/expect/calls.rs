//! `expect-calls` and `expect-duration`: expectations of the calls in the trace.

use std::time::Duration;

use super::{Arguments, Command, Group, Run, held, not_as_expected, syntax};
use crate::journal::{Filter, Record};
use crate::shell::filter::{parse_filter, undecided_note};
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::{Rewrite, Session};
use crate::shell::units::{parse_duration, show_duration};
use crate::shell::words::calls::call_text;
use crate::text::counted;

/// The command `expect-calls`.
pub static EXPECT_CALLS: Command = Command {
    name: "expect-calls",
    group: Group::Scripting,
    summary: "fail unless so many calls were made",
    description: "Counts the ended calls in the trace that EXPR asks for (as `trace -e` reads it), nested and failed ones \
        too. `trace clear` starts counting anew. A name in EXPR that nothing has is an error, so that a typo cannot make it \
        hold; `--pending` says that it is meant.",
    examples: &["\
        load wordcount\n\
        # 1:wordcount\n\
        call wordcount run 'a b a' > counted\n\
        expect-calls 'caller=wordcount and depth=2' 4"],
    syntax: syntax::<ExpectCallsOptions>(),
    run: Run::Plain(run_calls),
};

/// The command `expect-duration`.
pub static EXPECT_DURATION: Command = Command {
    name: "expect-duration",
    group: Group::Scripting,
    summary: "fail unless calls were this fast",
    description: "Every ended call in the trace that EXPR asks for took less than the duration after `--under`; there must \
        be one at least.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        call echo echo hi\n\
        # hi\n\
        expect-duration 'callee=echo' --under 1m"],
    syntax: syntax::<ExpectDurationOptions>(),
    run: Run::Plain(run_duration),
};

#[derive(Debug, clap::Args)]
struct ExpectCallsOptions {
    /// a name in EXPR that nothing has is meant
    #[arg(long)]
    pending: bool,
    #[arg(value_name = "EXPR", value_parser = parse_filter, required = true)]
    filter: Filter,
    #[arg(value_name = "N")]
    count: u64,
}

#[derive(Debug, clap::Args)]
struct ExpectDurationOptions {
    #[arg(value_name = "EXPR", value_parser = parse_filter, required = true)]
    filter: Filter,
    /// each of them took less than this
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, required = true)]
    under: Duration,
}

fn run_calls(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    session.scripts_mut().count_expectation();
    let (options, _) = arguments.parse::<ExpectCallsOptions>()?;
    if !options.pending
        && let Some(unknown) = session.unknown_name(&options.filter)
    {
        return Err(ShellError::failed(format!("`{}`: {}", options.filter, unknown.message())));
    }
    let actual = matching(session, &options.filter)?.len() as u64;
    if actual == options.count {
        return Ok(held(actual.into()));
    }
    let calls = counted(options.count, "call");
    let message = format!("expected {calls} of `{}`, and there were {actual}", options.filter);
    not_as_expected(session, Rewrite::Word(actual.to_string()), message)
}

fn run_duration(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    session.scripts_mut().count_expectation();
    let (options, _) = arguments.parse::<ExpectDurationOptions>()?;
    let records = matching(session, &options.filter)?;
    let Some(slowest) = records.iter().max_by_key(|record| record.duration_ns) else {
        return Err(ShellError::failed(format!("no call of `{}` was made", options.filter)));
    };
    let took = Duration::from_nanos(slowest.duration_ns);
    if took < options.under {
        return Ok(held(serde_json::json!({ "calls": records.len(), "slowest_us": took.as_secs_f64() * 1e6 })));
    }
    let slow = records.iter().filter(|record| Duration::from_nanos(record.duration_ns) >= options.under).count();
    let (call, took, under) = (call_text(slowest), show_duration(took), show_duration(options.under));
    let text =
        format!("{slow} of {} calls took {under} or longer; `{call}` (seq {}) took {took}", records.len(), slowest.seq);
    Err(ShellError::failed(text))
}

/// The matching ended calls; an error where the journal may have lost some.
///
/// # Errors
/// The journal has dropped calls that might match.
pub(super) fn matching(session: &Session, filter: &Filter) -> Result<Vec<Record>, ShellError> {
    let journal = session.kernel().journal();
    if !journal.is_on() {
        return Err(ShellError::failed("calls are not traced; `trace on` does it"));
    }
    if let Some(note) = undecided_note(&journal.drain(), filter) {
        return Err(ShellError::failed(format!("`{filter}`: {note}")));
    }
    match journal.drain().dropped() {
        0 => Ok(journal.drain().find(usize::MAX, |record| filter.counts(record))),
        dropped => Err(ShellError::failed(format!(
            "the trace has lost {dropped} calls; keep more with `--journal-records`, or start anew with `trace clear`"
        ))),
    }
}
