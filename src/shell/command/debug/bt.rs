//! `bt`: the call stack of a held job.

use std::time::Duration;

use serde::Serialize;

use super::{Arguments, Command, Example, Group, Run, syntax};
use crate::json::as_ms;
use crate::kernel::hooks::{HeldView, HoldLimits, HoldReason, Side};
use crate::kernel::{FrameView, JobId};
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;
use crate::shell::words::held::held_lines;
use crate::shell::words::payload::JsonPayload;

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
        true => Reply::json(&HeldRow::of(&view)),
        false => Reply::Lines(held_lines(&view)),
    })
}

/// A held job in JSON.
#[derive(Serialize)]
struct HeldRow<'a> {
    job: JobId,
    side: Side,
    breakpoint: Option<u32>,
    #[serde(rename = "elapsed_ms", serialize_with = "as_ms")]
    held_for: Duration,
    chain: Vec<FrameRow<'a>>,
    bytes_in: u64,
    #[serde(flatten)]
    input: JsonPayload<'a>,
    bytes_out: Option<u64>,
    #[serde(flatten)]
    output: JsonPayload<'a>,
    error: Option<&'a str>,
    #[serde(flatten)]
    limits: &'a HoldLimits,
}

#[derive(Serialize)]
struct FrameRow<'a> {
    #[serde(flatten)]
    frame: &'a FrameView,
    depth: u16,
}

impl HeldRow<'_> {
    fn of(view: &HeldView) -> HeldRow<'_> {
        HeldRow {
            job: view.job,
            side: view.side,
            breakpoint: if let HoldReason::Breakpoint(id) = view.reason { Some(id) } else { None },
            held_for: view.held_for,
            chain: view.chain.iter().map(|frame| FrameRow { frame, depth: frame.depth }).collect(),
            bytes_in: view.input.full_len,
            input: JsonPayload::kept("input", Some(&view.input)),
            bytes_out: view.output.as_ref().map(|output| output.full_len),
            output: JsonPayload::kept("output", view.output.as_ref()),
            error: view.error.as_deref(),
            limits: &view.limits,
        }
    }
}
