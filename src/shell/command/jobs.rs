//! `jobs`: the running jobs, and background jobs that have ended and were not waited for.

use std::time::Duration;

use serde::Serialize;

use super::{Arguments, Command, Group, Run, syntax};
use crate::json::as_ms;
use crate::kernel::{JobId, JobState, JobView};
use crate::runtime::{CompilationStage, CompilationView};
use crate::shell::listing::{self, Column};
use crate::shell::reply::{Reply, Role, ShellError, cell, plain};
use crate::shell::session::Session;
use crate::shell::units::{show_bytes, show_duration};
use crate::shell::words::processes::HELD_TEXT;
use crate::text;

/// The command `jobs`.
pub static COMMAND: Command = Command {
    name: "jobs",
    group: Group::Jobs,
    summary: "list jobs",
    description: "A job is a call, or a pipe of calls, started with `&`. `%N` names one: `wait %N` and `fg %N` wait for its \
        end and print its output, `kill %N` ends it. RUNS, where a call is repeated by `--loop`, is how many of them are done, and how many a \
        second. Below the jobs stand the heavy modules that are being compiled, for whom \
        ever, with the share of functions that are done: one that nobody waits for any more is ended.",
    examples: &["\
        jobs\n\
        # JOB  STATE  TIME  CHAIN  CALL"],
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
    let jobs = session.kernel().jobs();
    let compilations = session.kernel().compilations();
    let jobs = jobs.iter().map(|job| JobRow::Job(job.view()));
    let rows: Vec<JobRow> = jobs.chain(compilations.into_iter().map(|view| JobRow::Compilation(view.into()))).collect();
    Ok(listing::reply(&rows, &COLUMNS, session.wants_json(options.json)))
}

/// A job, or below the jobs a module that is being compiled.
#[derive(Serialize)]
#[serde(untagged)]
enum JobRow {
    Job(JobView),
    Compilation(Compilation),
}

/// A compilation, with the fields that a job has.
#[derive(Serialize)]
struct Compilation {
    job: Option<JobId>,
    state: &'static str,
    #[serde(rename = "elapsed_ms", serialize_with = "as_ms")]
    elapsed: Duration,
    text: String,
    bytes: u64,
    pid: Option<u32>,
    /// The share of its functions that are compiled, where that is known.
    percent: Option<u8>,
    wanted_by: usize,
    /// Where it is.
    #[serde(skip)]
    place: String,
}

impl From<CompilationView> for Compilation {
    fn from(view: CompilationView) -> Compilation {
        let (pid, percent, place) = match view.stage {
            CompilationStage::Waiting => (None, None, "waits for its turn".to_owned()),
            CompilationStage::Here => (None, None, "in this process".to_owned()),
            CompilationStage::Process { pid, done } => {
                (Some(pid), Some(done.get()), format!("process {pid}, {}%", done.get()))
            }
        };
        let CompilationView { origin: text, bytes, elapsed, wanted_by, .. } = view;
        Compilation { job: None, state: COMPILING, elapsed, text, bytes, pid, percent, wanted_by, place }
    }
}

const COLUMNS: [Column<JobRow>; 6] = [
    Column::left("job", |row| match row {
        JobRow::Job(view) => cell(Role::Name, format!("%{}", view.id)),
        JobRow::Compilation(_) => plain(""),
    }),
    Column::left("state", |row| match row {
        JobRow::Job(view) => cell(state_role(view.state), state_text(view.state)),
        JobRow::Compilation(view) => cell(Role::Good, view.state),
    }),
    Column::right("time", |row: &JobRow| match row {
        JobRow::Job(JobView { elapsed, .. }) | JobRow::Compilation(Compilation { elapsed, .. }) => {
            plain(show_duration(*elapsed))
        }
    })
    .importance(2),
    Column::right("runs", |row: &JobRow| match row {
        JobRow::Job(view) => plain(runs_text(view)),
        JobRow::Compilation(_) => plain(""),
    })
    .importance(3)
    .optional(),
    Column::left("chain", |row: &JobRow| match row {
        JobRow::Job(view) => plain(chain_text(view)),
        JobRow::Compilation(view) => plain(view.place.clone()),
    })
    .importance(1),
    Column::left("call", |row| match row {
        JobRow::Job(view) => cell(Role::Dim, view.text.clone()),
        JobRow::Compilation(view) => cell(
            Role::Dim,
            format!("{} ({})", text::quoted_within(&view.text, ORIGIN_CHARS_MAX), show_bytes(view.bytes)),
        ),
    }),
];

/// `1:front.run → 2:cart.total`.
pub fn chain_text(view: &JobView) -> String {
    let frames: Vec<String> = view.chain.iter().map(|frame| format!("{}.{}", frame.process, frame.function)).collect();
    frames.join(" → ")
}

/// `1200/10000 350/s` of a job that repeats its call.
fn runs_text(view: &JobView) -> String {
    let JobView { runs_done, runs_total, runs_per_second: rate, .. } = view;
    match runs_total {
        0 | 1 => String::new(),
        _ => format!("{runs_done}/{runs_total} {rate:.0}/s"),
    }
}

fn state_text(state: JobState) -> &'static str {
    match state {
        JobState::Held => HELD_TEXT,
        state => state.word(),
    }
}

fn state_role(state: JobState) -> Role {
    match state {
        JobState::Running => Role::Good,
        JobState::Held => Role::Warn,
        JobState::Done => Role::Plain,
        JobState::Failed => Role::Bad,
    }
}
