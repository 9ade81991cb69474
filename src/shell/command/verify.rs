//! `verify`: one call in fresh processes of both hosts, side by side.

use std::sync::Arc;

use serde_json::json;

use super::{Arguments, Command, Example, Group, Run, syntax};
use crate::journal::Record;
use crate::kernel::{CallPlan, CallStage, JobEnd, LoadRequest, ProcessDetail, ProcessId};
use crate::runtime::Host;
use crate::shell::reply::{Column, Reply, Role, ShellError, Span, Table, cell, plain};
use crate::shell::session::Session;
use crate::shell::units::{parse_hex, show_bytes, show_duration};
use crate::shell::waits::OnInterrupt;

pub static COMMAND: Command = Command {
    name: "verify",
    group: Group::Plugins,
    summary: "compare a call in both hosts",
    description: "Runs one call in fresh processes of the plugin's module, one in this shell's own runtime and one in the \
        stock Extism SDK, and shows how each ended, its output and the calls it made. It fails when they differ.",
    examples: &[Example { lines: "load echo\nverify echo echo hi", output: "1:echo\n…\nthe same: …" }],
    syntax: syntax::<VerifyOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct VerifyOptions {
    #[arg(value_name = "PLUGIN")]
    plugin: String,
    #[arg(value_name = "FUNCTION")]
    function: String,
    #[arg(id = "input", value_name = "INPUT")]
    input: Option<String>,
    /// INPUT is hexadecimal
    #[arg(long)]
    hex: bool,
    /// write JSON
    #[arg(long)]
    json: bool,
}

/// One host's run.
struct Side {
    host: Host,
    end: Arc<JobEnd>,
    /// The calls it made, without their numbers and names of processes, in order.
    nested: Vec<String>,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, input) = arguments.parse::<VerifyOptions>()?;
    let id = session.process(&options.plugin)?;
    let detail = session.kernel.process(id).ok_or_else(|| ShellError::failed(format!("process {id} has ended")))?;
    let input = input.unwrap_or_default();
    let input: Arc<[u8]> = if options.hex { parse_hex(&input).map_err(ShellError::usage)? } else { input }.into();
    let native = run_side(session, &detail, Host::Native, &options.function, &input)?;
    let extism = run_side(session, &detail, Host::Extism, &options.function, &input)?;
    let differences = differences(&native, &extism);
    let json = session.wants_json(options.json);
    let reply = if json { json_reply(&native, &extism, &differences) } else { table(&native, &extism) };
    session.emit(&reply)?;
    if !differences.is_empty() {
        return Err(ShellError::failed(format!("the hosts differ in {}", differences.join(" and "))));
    }
    match json {
        true => Ok(Reply::Nothing),
        false => Ok(Reply::line("the same: outcome, output and nested calls")),
    }
}

fn run_side(
    session: &mut Session,
    detail: &ProcessDetail,
    host: Host,
    function: &str,
    input: &Arc<[u8]>,
) -> Result<Side, ShellError> {
    let program = session.resolve(&detail.view.source)?;
    let request =
        LoadRequest { spec: detail.spec.clone(), host, timeout: detail.spec.timeout, ..LoadRequest::plain(program) };
    let label = session
        .kernel
        .load_unless(request, &|| session.interrupt.is_raised())
        .map_err(|error| session.call_error(error))?;
    let result = call(session, label.id, function, input);
    // It and all that it spawned were only for this.
    session.kernel.kill(label.id, true).map_err(|error| session.call_error(error))?;
    let (end, nested) = result?;
    Ok(Side { host, end, nested })
}

fn call(
    session: &mut Session,
    process: ProcessId,
    function: &str,
    input: &Arc<[u8]>,
) -> Result<(Arc<JobEnd>, Vec<String>), ShellError> {
    let plan = CallPlan {
        stages: vec![CallStage { process, function: function.to_owned() }],
        input: Arc::clone(input),
        repeat: 1,
        timeout: None,
        text: format!("verify {process} {function}"),
        background: false,
    };
    let job = session.kernel.start(plan).map_err(|error| session.call_error(error))?;
    let id = job.id();
    let end = session.wait_for_job(&job, OnInterrupt::EndJob)?;
    let mut records = session.kernel.journal().find(usize::MAX, |record| record.job == id && record.depth > 1);
    records.sort_by_key(|record| record.seq);
    Ok((end, records.iter().map(nested_text).collect()))
}

fn nested_text(record: &Record) -> String {
    format!("{} {} {} → {} {}", record.depth, record.function, record.bytes_in, record.bytes_out, record.outcome)
}

fn differences(one: &Side, other: &Side) -> Vec<&'static str> {
    let mut differences = Vec::new();
    if outcome(one) != outcome(other) {
        differences.push("outcome");
    }
    if one.end.result.as_ref().ok() != other.end.result.as_ref().ok() {
        differences.push("output");
    }
    if one.nested != other.nested {
        differences.push("nested calls");
    }
    differences
}

fn outcome(side: &Side) -> &'static str {
    side.end.result.as_ref().err().map_or("ok", |error| error.outcome.as_str())
}

fn table(native: &Side, extism: &Side) -> Reply {
    let columns = vec![
        Column::left("host"),
        Column::left("outcome"),
        Column::right("out"),
        Column::right("nested"),
        Column::right("took"),
        Column::left("error"),
    ];
    let rows = [native, extism].into_iter().map(row).collect();
    Reply::Table(Table { columns, rows, totals: None })
}

fn row(side: &Side) -> Vec<Span> {
    let role = if side.end.result.is_ok() { Role::Good } else { Role::Bad };
    vec![
        cell(Role::Name, side.host.as_str()),
        cell(role, outcome(side)),
        plain(show_bytes(side.end.result.as_ref().map_or(0, |bytes| bytes.len() as u64))),
        plain(side.nested.len().to_string()),
        plain(show_duration(side.end.duration)),
        plain(side.end.result.as_ref().err().map(ToString::to_string).unwrap_or_default()),
    ]
}

fn json_reply(native: &Side, extism: &Side, differences: &[&str]) -> Reply {
    let side = |side: &Side| {
        json!({
            "outcome": outcome(side),
            "bytes_out": side.end.result.as_ref().map_or(0, |bytes| bytes.len()),
            "nested": side.nested,
            "duration_us": side.end.duration.as_nanos() as f64 / 1e3,
            "error": side.end.result.as_ref().err().map(ToString::to_string),
        })
    };
    Reply::Json(json!({
        "same": differences.is_empty(),
        "differences": differences,
        "native": side(native),
        "extism": side(extism),
    }))
}
