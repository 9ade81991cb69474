//! `jobs`: what runs, and what ran in the background and was not waited for yet.

use serde_json::json;

use super::{Arguments, Command, Example, Group, Run, syntax};
use crate::kernel::{Job, JobState, JobView};
use crate::runtime::{CompilationStage, CompilationView};
use crate::shell::reply::{Column, Reply, Role, ShellError, Span, Table, cell, plain};
use crate::shell::session::Session;
use crate::shell::units::{show_bytes, show_duration};
use crate::text;

pub static COMMAND: Command = Command {
    name: "jobs",
    group: Group::Jobs,
    summary: "list jobs",
    description: "A job is a call, or a pipe of calls, started with `&`. `%N` names one: `wait %N` and `fg %N` wait for its \
        end and print its output, `kill %N` ends it. Below the jobs stand the heavy modules that are being compiled, for whom \
        ever: one that nobody waits for any more is ended.",
    examples: &[Example { lines: "jobs", output: "JOB  STATE  TIME  CHAIN  CALL" }],
    syntax: syntax::<JobsOptions>(),
    run: Run::Plain(run),
};

/// The longest origin of a module that is shown, in characters.
const ORIGIN_CHARS_MAX: usize = 120;
/// The state of a module that is being compiled.
const COMPILING: &str = "compiling";

#[derive(Debug, clap::Args)]
struct JobsOptions {
    /// write JSON
    #[arg(long)]
    json: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<JobsOptions>()?;
    let views: Vec<JobView> = session.kernel.jobs().iter().map(Job::view).collect();
    let compilations = session.kernel.compilations();
    if session.wants_json(options.json) {
        let rows = views.iter().map(json_row).chain(compilations.iter().map(json_compilation));
        return Ok(Reply::Json(rows.collect()));
    }
    let columns = vec![
        Column::left("job"),
        Column::left("state"),
        Column::right("time"),
        Column::left("chain"),
        Column::left("call"),
    ];
    let rows = views.iter().map(row).chain(compilations.iter().map(compilation_row)).collect();
    Ok(Reply::Table(Table { columns, rows, totals: None }))
}

fn row(view: &JobView) -> Vec<Span> {
    vec![
        cell(Role::Name, format!("%{}", view.id)),
        cell(state_role(&view.state), state_word(&view.state)),
        plain(show_duration(view.elapsed)),
        plain(chain_text(view)),
        cell(Role::Dim, view.text.clone()),
    ]
}

fn compilation_row(view: &CompilationView) -> Vec<Span> {
    let place = match view.stage {
        CompilationStage::Waiting => "waits for its turn".to_owned(),
        CompilationStage::Here => "in this process".to_owned(),
        CompilationStage::Process { pid } => format!("process {pid}"),
    };
    vec![
        plain(""),
        cell(Role::Good, COMPILING),
        plain(show_duration(view.elapsed)),
        plain(place),
        cell(Role::Dim, format!("{} ({})", text::cut(&view.origin, ORIGIN_CHARS_MAX), show_bytes(view.bytes))),
    ]
}

fn json_compilation(view: &CompilationView) -> serde_json::Value {
    let pid = match view.stage {
        CompilationStage::Process { pid } => Some(pid),
        CompilationStage::Waiting | CompilationStage::Here => None,
    };
    json!({
        "job": null,
        "state": COMPILING,
        "elapsed_ms": view.elapsed.as_millis() as u64,
        "text": view.origin,
        "bytes": view.bytes,
        "pid": pid,
        "wanted_by": view.wanted_by,
    })
}

/// `1:front.run → 2:cart.total`.
pub fn chain_text(view: &JobView) -> String {
    let frames: Vec<String> = view.chain.iter().map(|frame| format!("{}.{}", frame.process, frame.function)).collect();
    frames.join(" → ")
}

fn state_word(state: &JobState) -> &'static str {
    match state {
        JobState::Running => "running",
        JobState::Held => "held",
        JobState::Done => "done",
        JobState::Failed => "failed",
    }
}

fn state_role(state: &JobState) -> Role {
    match state {
        JobState::Running => Role::Good,
        JobState::Held => Role::Warn,
        JobState::Done => Role::Plain,
        JobState::Failed => Role::Bad,
    }
}

fn json_row(view: &JobView) -> serde_json::Value {
    let chain: Vec<serde_json::Value> = view
        .chain
        .iter()
        .map(|frame| json!({"seq": frame.seq, "id": frame.process.id, "name": frame.process.name, "function": frame.function}))
        .collect();
    json!({
        "job": view.id,
        "state": state_word(&view.state),
        "background": view.background,
        "elapsed_ms": view.elapsed.as_millis() as u64,
        "text": view.text,
        "chain": chain,
    })
}
