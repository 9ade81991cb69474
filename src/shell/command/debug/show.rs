//! `show`: one call, its chain and its payloads.

use std::time::Duration;

use serde::Serialize;

use super::{Arguments, Command, Group, Run, syntax};
use crate::journal::export::jsonl;
use crate::journal::{KeptBytes, Record, RecordKind};
use crate::kernel::{LogLine, StackView};
use crate::shell::decode::{PayloadFormat, decode};
use crate::shell::lookup::record_of;
use crate::shell::reply::{Line, Reply, Role, ShellError, many_lines, one_line};
use crate::shell::session::Session;
use crate::shell::units::{exact_size, show_duration};
use crate::shell::words::calls::{call_text, changed_text, costs_text, log_role, outcome_role, steps_text};
use crate::shell::words::payload::{JsonPayload, whole};
use crate::shell::words::stack::{Fold, StackRow, stack_lines, stack_rows};

/// Most lines shown of a payload; `--input > FILE` writes all of it.
const SHOWN_LINES_MAX: usize = 200;

/// The command `show`.
pub static COMMAND: Command = Command {
    name: "show",
    group: Group::Debugging,
    summary: "show one call with its payloads",
    description: "SEQ is its number in `trace`. The input and output are there when `trace payloads` kept them, the input of a failed call \
        from the start; they are shown as what they are: JSON, text, msgpack, CBOR, protobuf (its wire form, by number) or hex. \
        Of bytes that are no text it is a guess: `--as FORM` shows them in another form. Lines that the call logged stand before them. \
        Of a load it shows the time of each step (look-up, image, instance, start functions) and whether the image was compiled or came from a cache. `show SEQ --input > FILE` and `--output > FILE` write the bytes exactly, and fail when \
        some are missing.",
    examples: &[
        "\
        trace payloads 4k 1M\n\
        load echo\n\
        # 1:echo\n\
        call echo echo {\"n\":1}\n\
        # {\"n\":1}\n\
        show 2\n\
        # 2  shell → 1:echo.echo  ok\n\
        #   chain   1:echo.echo\n\
        #   job     %1, depth 1, took 340µs, grew 64k\n\
        #   input   7 bytes, JSON\n\
        # {\n\
        #   \"n\": 1\n\
        # }\n\
        #   output  7 bytes, JSON\n\
        # {\n\
        #   \"n\": 1\n\
        # }\n\
        show 2 --output\n\
        # {\"n\":1}",
        "\
        trace payloads 4k 1M\n\
        load echo\n\
        # 1:echo\n\
        set packed $(call echo echo --hex '82 a1 6e 01 a1 61 90')\n\
        show 2\n\
        # 2  shell → 1:echo.echo  ok\n\
        #   chain   1:echo.echo\n\
        #   job     %1, depth 1, took 340µs, grew 64k\n\
        #   input   7 bytes, looks like msgpack\n\
        # {\n\
        #   \"n\": 1,\n\
        #   \"a\": []\n\
        # }\n\
        #   output  7 bytes, looks like msgpack\n\
        # {\n\
        #   \"n\": 1,\n\
        #   \"a\": []\n\
        # }",
        "\
        load echo\n\
        # 1:echo\n\
        show 1\n\
        # 1  shell → load 1:echo (compiled)  ok\n\
        #   chain   load 1:echo (compiled)\n\
        #   job     none, depth 1, took 51ms\n\
        #   source  built-in:echo\n\
        #   steps   look-up 41µs, image 50ms (compiled), instance 190µs, start 0ns\n\
        #   modules 57829 bytes",
    ],
    syntax: syntax::<ShowWords>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct ShowWords {
    #[arg(value_name = "SEQ")]
    seq: u64,
    /// write the input's bytes
    #[arg(long, conflicts_with = "output")]
    input: bool,
    /// write the output's bytes
    #[arg(long)]
    output: bool,
    /// show the frames of panics, allocators and runtimes too
    #[arg(long)]
    all: bool,
    /// show the payloads in this form, whatever they look like
    #[arg(long = "as", value_name = "FORM", value_parser = PayloadFormat::ALL.map(PayloadFormat::as_str))]
    form: Option<String>,
    /// write JSON
    #[arg(long)]
    json: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<ShowWords>()?;
    let record = record_of(session, words.seq)?;
    if words.input {
        let kept = record.kept().map(|payload| &payload.input);
        return whole(words.seq, "input", kept).map(|bytes| Reply::Output { bytes: bytes.into(), raw: false });
    }
    if words.output {
        let kept = record.kept().map(|payload| &payload.output);
        return whole(words.seq, "output", kept).map(|bytes| Reply::Output { bytes: bytes.into(), raw: false });
    }
    let chain = chain_of(session, &record);
    let stack = session.kernel().stack(record.seq);
    let log = session.kernel().logs_of_call(record.seq, SHOWN_LINES_MAX);
    let form = words.form.as_deref().and_then(|word| word.parse().ok());
    let fold = if words.all { Fold::Nothing } else { Fold::Runtime };
    Ok(match session.wants_json(words.json) {
        true => Reply::json(&CallRow { log, ..CallRow::of(&record, &chain, stack.as_ref()) }),
        false => {
            let mut shown = lines(&record, &chain, stack.as_ref(), fold);
            shown.extend(log.iter().map(log_line));
            shown.extend(payload_lines(&record, form));
            Reply::Lines(shown)
        }
    })
}

/// The chain of a call: its callers, outermost first, and the call itself last.
fn chain_of(session: &Session, record: &Record) -> Vec<Record> {
    let mut chain = vec![record.clone()];
    while let Some(parent) = chain.last().map(|record| record.parent_seq).filter(|seq| *seq != 0) {
        match record_of(session, parent) {
            Ok(parent) => chain.push(parent),
            Err(_) => break,
        }
    }
    chain.reverse();
    chain
}

fn lines(record: &Record, chain: &[Record], stack: Option<&StackView>, fold: Fold) -> Vec<Line> {
    let took = show_duration(Duration::from_nanos(record.duration_ns));
    let costs = costs_text(record);
    let frames: Vec<String> = chain.iter().map(call_text).collect();
    let gone = if chain.first().is_some_and(|first| first.parent_seq != 0) { "… → " } else { "" };
    let mut lines = vec![
        Line::new()
            .with(Role::Strong, record.seq.to_string())
            .plain(format!("  {} → ", record.caller_label()))
            .with(Role::Name, call_text(record))
            .with(outcome_role(record.outcome), format!("  {}{}", record.outcome, changed_text(record))),
        Line::new().with(Role::Dim, "  chain   ").plain(format!("{gone}{}", frames.join(" → "))),
        Line::new().with(Role::Dim, "  job     ").plain(format!(
            "{}, depth {}, took {took}{costs}",
            job_text(record.job),
            record.depth
        )),
    ];
    if let Some(node) = record.node() {
        let (wire, guest) = (node.wire_ns, record.self_ns().saturating_sub(node.wire_ns));
        let [wire, guest] = [wire, guest].map(|ns| show_duration(Duration::from_nanos(ns)));
        lines.push(
            Line::new()
                .with(Role::Dim, "  node    ")
                .plain(format!("{}: guest {guest}, wire {wire}", one_line(&node.node))),
        );
    }
    if let Some(steps) = record.load() {
        let title = |name: &str| Line::new().with(Role::Dim, format!("  {name:<8}"));
        lines.push(title("source").plain(one_line(&steps.source)));
        lines.push(title("steps").plain(steps_text(steps)));
        lines.push(title("modules").plain(exact_size(record.bytes_in)));
    }
    if let Some(error) = &record.error {
        lines.push(Line::new().with(Role::Dim, "  error   ").with(Role::Bad, error.to_string()));
    }
    if let Some(stack) = stack.filter(|stack| stack.has_frames()) {
        lines.push(Line::new().with(Role::Dim, "  stack"));
        lines.extend(stack_lines(stack, fold));
    }
    lines
}

/// A load at the prompt is no job.
fn job_text(job: u32) -> String {
    if job == 0 { "none".to_owned() } else { format!("%{job}") }
}

fn payload_lines(record: &Record, form: Option<PayloadFormat>) -> Vec<Line> {
    let mut lines = Vec::new();
    if record.kind == RecordKind::Load {
        return lines;
    }
    let payload = record.kept();
    push_side(&mut lines, "input", record.bytes_in, payload.map(|payload| &payload.input), form);
    push_side(&mut lines, "output", record.bytes_out, payload.map(|payload| &payload.output), form);
    if payload.is_none() && record.detail().is_none() && record.bytes_in + record.bytes_out > 0 {
        lines.push(Line::new().with(Role::Dim, "`trace payloads 64k 16M` keeps the bytes of calls to come"));
    }
    lines
}

fn log_line(line: &LogLine) -> Line {
    Line::new()
        .with(Role::Dim, "  log     ")
        .with(log_role(line.level), format!("{:<5} ", line.level.as_str()))
        .plain(&line.text)
}

fn push_side(lines: &mut Vec<Line>, side: &str, bytes: u64, kept: Option<&KeptBytes>, form: Option<PayloadFormat>) {
    let title = Line::new().with(Role::Dim, format!("  {side:<8}")).plain(exact_size(bytes));
    let Some(kept) = kept else { return lines.push(title.with(Role::Dim, if bytes > 0 { ", not kept" } else { "" })) };
    let decoded = (!kept.bytes.is_empty()).then(|| decode(kept, form));
    let (kind, text) = decoded.map(|decoded| (decoded.title(), decoded.text)).unwrap_or_default();
    let missing = kept.missing().map(|missing| format!(", {missing}")).unwrap_or_default();
    lines.push(title.plain(kind).with(Role::Warn, missing));
    let count = text.lines().count();
    lines.extend(text.lines().take(SHOWN_LINES_MAX).map(|line| Line::from(many_lines(line).into_owned())));
    if count > SHOWN_LINES_MAX {
        let more = format!("… {} more lines; `--{side} > FILE` writes all", count - SHOWN_LINES_MAX);
        lines.push(Line::new().with(Role::Dim, more));
    }
}

/// A call in JSON: its line in the trace, its chain and its payloads.
#[derive(Serialize)]
struct CallRow<'a> {
    #[serde(flatten)]
    line: jsonl::Line<'a>,
    chain: Vec<RecordRow>,
    /// Where the plugins stood, for a call that failed.
    stack: Option<Vec<StackRow<'a>>>,
    #[serde(flatten)]
    input: JsonPayload<'a>,
    /// Reason why the input is incomplete.
    input_missing: Option<String>,
    #[serde(flatten)]
    output: JsonPayload<'a>,
    output_missing: Option<String>,
    /// The newest lines that it logged.
    log: Vec<LogLine>,
}

#[derive(Serialize)]
struct RecordRow {
    seq: u64,
    callee: u32,
    callee_name: &'static str,
    function: &'static str,
}

impl CallRow<'_> {
    fn of<'a>(record: &'a Record, chain: &[Record], stack: Option<&'a StackView>) -> CallRow<'a> {
        let (input, output) = record.kept().map(|payload| (&payload.input, &payload.output)).unzip();
        let missing = |kept: Option<&KeptBytes>| kept.map_or(Some("not kept".to_owned()), KeptBytes::missing);
        let frame = |record: &Record| RecordRow {
            seq: record.seq,
            callee: record.callee,
            callee_name: record.callee_name.as_str(),
            function: record.function.as_str(),
        };
        CallRow {
            line: jsonl::Line::of(record),
            chain: chain.iter().map(frame).collect(),
            stack: stack.map(stack_rows),
            input: JsonPayload::kept("input", input),
            input_missing: missing(input),
            output: JsonPayload::kept("output", output),
            output_missing: missing(output),
            log: Vec::new(),
        }
    }
}
