//! `verify`: one call in fresh processes of both hosts, side by side.

mod difference;
mod nested;

use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};

use self::difference::{Output, OutputDifference, first_difference};
use self::nested::{Nested, NestedDifference, NestedRecorder, NestedRun, Part, nested_difference};
use super::{Arguments, Command, Group, Run, syntax};
use crate::json::as_us;
use crate::kernel::{CallPlan, CallStage, JobEnd, JobOutput, LoadRequest, ProcessDetail, ProcessId};
use crate::runtime::Host;
use crate::shell::listing::{self, Column};
use crate::shell::lookup::ended;
use crate::shell::reply::{Line, Reply, Role, ShellError, cell, plain};
use crate::shell::session::Session;
use crate::shell::units::{parse_hex, show_bytes, show_duration};
use crate::shell::waits::OnInterrupt;
use crate::text::escape_control;

/// The command `verify`.
pub static COMMAND: Command = Command {
    name: "verify",
    group: Group::Plugins,
    summary: "compare a call in both hosts",
    description: "Runs one call in fresh processes of the plugin's module, one in this shell's own runtime and one in the \
        stock Extism SDK, and shows how each ended, the size of its output and the calls it made. It fails when they \
        differ, and shows the first difference of the outputs and of the inputs and outputs of nested calls. Ids of \
        processes are compared by their place in each run: both hosts' are processes of their own.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        verify echo echo hi\n\
        # HOST    OUTCOME  OUT  NESTED   TOOK  ERROR\n\
        # native  ok         2       0  1.1ms\n\
        # extism  ok         2       0  904µs\n\
        # the same: outcome, output and nested calls"],
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
    /// The calls below its own.
    nested: Vec<Nested>,
    /// The processes of the run in the order in which they were started.
    ids: Vec<ProcessId>,
}

impl Side {
    fn run(&self) -> NestedRun<'_> {
        NestedRun { nested: &self.nested, ids: &self.ids }
    }

    /// The nested call by its number, counted from 1.
    fn nested_text(&self, number: usize) -> String {
        self.nested.get(number - 1).map_or_else(|| "none".to_owned(), |nested| escape_control(&nested.text()))
    }
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, input) = arguments.parse::<VerifyOptions>()?;
    let id = session.process(&options.plugin)?;
    let detail = session.kernel().process(id).ok_or_else(|| ended(id))?;
    let input = input.unwrap_or_default();
    let input: Arc<[u8]> = if options.hex { parse_hex(&input).map_err(ShellError::usage)? } else { input }.into();
    let native = run_side(session, &detail, Host::Native, &options.function, &input)?;
    let extism = run_side(session, &detail, Host::Extism, &options.function, &input)?;
    let differences = differences(&native, &extism);
    let output = output_difference(&native, &extism);
    let nested_call = nested_difference(native.run(), extism.run());
    let lines = difference_lines(&native, &extism, output.as_ref(), nested_call.as_ref());
    let json = session.wants_json(options.json);
    let reply = match json {
        true => {
            let same = differences.is_empty();
            Reply::json(&Comparison {
                same,
                differences: &differences,
                output: output.as_ref(),
                nested_call: nested_call.as_ref(),
                native: &native,
                extism: &extism,
            })
        }
        false => Reply::Table(listing::table(&[native, extism], &COLUMNS)),
    };
    session.emit(&reply)?;
    if !json && !lines.is_empty() {
        session.emit(&Reply::Lines(lines))?;
    }
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
    let label = session.load_and_wait(request)?;
    let kernel = Arc::clone(session.kernel());
    let result = NestedRecorder::during(&kernel, |recorder| call(session, label.id, function, input, recorder));
    let ids = ids_below(session, label.id);
    // The process and its children served this call only.
    session.kernel().kill(label.id, true).map_err(|error| session.call_error(error))?;
    let (end, nested) = result?;
    Ok(Side { host, end, nested, ids })
}

fn call(
    session: &mut Session,
    process: ProcessId,
    function: &str,
    input: &Arc<[u8]>,
    recorder: &NestedRecorder,
) -> Result<(Arc<JobEnd>, Vec<Nested>), ShellError> {
    let plan = CallPlan {
        stages: vec![CallStage { process, function: function.to_owned() }],
        input: Arc::clone(input),
        repeat: 1,
        timeout: None,
        text: format!("verify {process} {function}"),
        background: false,
        owner: session.owner(),
    };
    let job = session.kernel().start(plan).map_err(|error| session.call_error(error))?;
    let id = job.id();
    let end = session.wait_for_job(&job, OnInterrupt::EndJob)?;
    Ok((end, recorder.nested_calls(session.kernel(), id)))
}

fn differences(one: &Side, other: &Side) -> Vec<&'static str> {
    let mut differences = Vec::new();
    if outcome(one) != outcome(other) {
        differences.push("outcome");
    }
    let ended_well = (one.end.result.is_ok(), other.end.result.is_ok());
    if output_difference(one, other).is_some() || ended_well.0 != ended_well.1 {
        differences.push("output");
    }
    if nested_difference(one.run(), other.run()).is_some() {
        differences.push("nested calls");
    }
    differences
}

/// The first difference of two outputs; `None` where they agree, or one of the calls gave none.
fn output_difference(native: &Side, extism: &Side) -> Option<OutputDifference> {
    let (one, other) = (native.end.result.as_ref().ok()?.bytes(), extism.end.result.as_ref().ok()?.bytes());
    first_difference(&Output { bytes: &one, ids: &native.ids }, &Output { bytes: &other, ids: &extism.ids })
}

/// The differences that the table does not show, with both sides.
fn difference_lines(
    native: &Side,
    extism: &Side,
    output: Option<&OutputDifference>,
    nested_call: Option<&NestedDifference>,
) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut push_pair = |title: String, one: &str, other: &str| {
        lines.push(Line::new().with(Role::Strong, title));
        lines.push(Line::from("  native  ").plain(one));
        lines.push(Line::from("  extism  ").plain(other));
    };
    if let Some(output) = output {
        push_pair(format!("the outputs differ from byte {} on:", output.at), &output.native, &output.extism);
    }
    if let Some(NestedDifference { number, part }) = nested_call {
        let mut tell_bytes = |what: &str, bytes: &OutputDifference| {
            let title = format!("the {what} of nested call {number} differ from byte {} on:", bytes.at);
            push_pair(title, &bytes.native, &bytes.extism);
        };
        match part {
            Part::Input(bytes) => tell_bytes("inputs", bytes),
            Part::Output(bytes) => tell_bytes("outputs", bytes),
            Part::Call => push_pair(
                format!("nested call {number} differs (depth, function, bytes, outcome):"),
                &native.nested_text(*number),
                &extism.nested_text(*number),
            ),
        }
    }
    lines
}

/// A process and those that it started, living or dead, by id.
fn ids_below(session: &Session, root: ProcessId) -> Vec<ProcessId> {
    let mut ids = vec![root];
    for view in session.kernel().processes(true) {
        if view.id > root && ids.contains(&view.parent) {
            ids.push(view.id);
        }
    }
    ids
}

fn outcome(side: &Side) -> &'static str {
    side.end.result.as_ref().err().map_or("ok", |error| error.outcome.as_str())
}

const COLUMNS: [Column<Side>; 6] = [
    Column::left("host", |side| cell(Role::Name, side.host.as_str())),
    Column::left("outcome", |side| cell(if side.end.result.is_ok() { Role::Good } else { Role::Bad }, outcome(side))),
    Column::right("out", |side: &Side| plain(show_bytes(bytes_out(side)))).importance(2),
    Column::right("nested", |side: &Side| plain(side.nested.len().to_string())).importance(1),
    Column::right("took", |side: &Side| plain(show_duration(side.end.duration))).importance(3),
    Column::left("error", |side| plain(error(side).unwrap_or_default())),
];

fn bytes_out(side: &Side) -> u64 {
    side.end.result.as_ref().map_or(0, JobOutput::byte_count)
}

fn error(side: &Side) -> Option<String> {
    side.end.result.as_ref().err().map(ToString::to_string)
}

/// The comparison as JSON, for `--json`.
#[derive(Serialize)]
struct Comparison<'a> {
    same: bool,
    differences: &'a [&'static str],
    output: Option<&'a OutputDifference>,
    nested_call: Option<&'a NestedDifference>,
    native: &'a Side,
    extism: &'a Side,
}

impl Serialize for Side {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct SideRow {
            outcome: &'static str,
            bytes_out: u64,
            nested: Vec<String>,
            #[serde(rename = "duration_us", serialize_with = "as_us")]
            duration: Duration,
            error: Option<String>,
        }
        let (nested, duration) = (self.nested.iter().map(Nested::text).collect(), self.end.duration);
        SideRow { outcome: outcome(self), bytes_out: bytes_out(self), nested, duration, error: error(self) }
            .serialize(serializer)
    }
}
