//! `jobs`: what runs, and what ran in the background and was not waited for yet.

use serde_json::json;

use super::{Arguments, Command, Example, Group, Run, syntax};
use crate::kernel::{Job, JobState, JobView};
use crate::shell::reply::{Column, Reply, Role, ShellError, Table, cell, plain};
use crate::shell::session::Session;
use crate::shell::units::show_duration;

pub const COMMAND: Command = Command {
    name: "jobs",
    group: Group::Jobs,
    summary: "list jobs",
    description: "A job is a call, or a pipe of calls, started with `&`. `%N` names one: `wait %N` and `fg %N` wait for its \
        end and print its output, `kill %N` ends it.",
    examples: &[Example { lines: "jobs", output: "JOB  STATE  TIME  CHAIN  CALL" }],
    syntax: syntax::<JobsOptions>,
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct JobsOptions {
    /// write JSON
    #[arg(long)]
    json: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<JobsOptions>()?;
    let views: Vec<JobView> = session.kernel.jobs().iter().map(Job::view).collect();
    if session.wants_json(options.json) {
        return Ok(Reply::Json(views.iter().map(json_row).collect()));
    }
    let columns = vec![
        Column::left("job"),
        Column::left("state"),
        Column::right("time"),
        Column::left("chain"),
        Column::left("call"),
    ];
    let rows = views
        .iter()
        .map(|view| {
            vec![
                cell(Role::Name, format!("%{}", view.id)),
                cell(state_role(&view.state), state_word(&view.state)),
                plain(show_duration(view.elapsed)),
                plain(chain_text(view)),
                cell(Role::Dim, view.text.clone()),
            ]
        })
        .collect();
    Ok(Reply::Table(Table { columns, rows, totals: None }))
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

/// The job that `%N` names.
pub fn job_of(session: &Session, word: &str) -> Result<Job, ShellError> {
    let number = word.strip_prefix('%').and_then(|number| number.parse().ok());
    let number = number.ok_or_else(|| ShellError::usage(format!("`{word}` is no job; write `%1`, see `jobs`")))?;
    session.kernel.job(number).ok_or_else(|| ShellError::failed(format!("no job `%{number}`; see `jobs`")))
}
