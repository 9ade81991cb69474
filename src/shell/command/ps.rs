//! `ps`: the process table, as rows or as the tree of who spawned whom.

use std::time::Duration;

use serde::Serialize;

use super::{Arguments, Command, Example, Group, Run, syntax};
use crate::journal::export::mermaid;
use crate::kernel::{ProcessState, ProcessView};
use crate::shell::listing::{self, Column, SortKey, Unit};
use crate::shell::reply::{Line, Reply, Role, ShellError, Table, cell, plain};
use crate::shell::session::Session;
use crate::shell::tree::tree_lines;
use crate::shell::units::{show_bytes, show_duration};
use crate::shell::words::processes::{state_role, state_text, tree_rows};
use crate::text::counted;

pub static COMMAND: Command = Command {
    name: "ps",
    group: Group::Watching,
    summary: "list processes",
    description: "One row a process, and a row of totals. BUSY is the time inside its calls, with the calls they made. \
        `-t` draws who spawned whom, `--mermaid` writes that as a Mermaid flow chart; `-a` shows those that ended too. WHY \
        is there when one has crashed or ended.",
    examples: &[Example { lines: "load echo\nps -t", output: "1:echo\nshell\n└─ 1:echo idle" }],
    syntax: syntax::<PsOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct PsOptions {
    /// draw the tree of who spawned whom
    #[arg(short = 't', long)]
    tree: bool,
    /// show those that ended too
    #[arg(short = 'a', long)]
    all: bool,
    /// order by a column
    #[arg(long, value_name = "COLUMN", value_parser = listing::sort_words(&COLUMNS))]
    sort: Option<String>,
    /// write the tree as a Mermaid flow chart
    #[arg(long, conflicts_with = "tree")]
    mermaid: bool,
    /// write JSON
    #[arg(long, conflicts_with = "mermaid")]
    json: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<PsOptions>()?;
    let mut views = session.kernel().processes(options.all);
    if options.mermaid {
        let rows: Vec<mermaid::TreeRow> = views.iter().map(mermaid_row).collect();
        return Ok(Reply::text(&mermaid::process_tree(&rows)));
    }
    if session.wants_json(options.json) {
        return Ok(Reply::json(&views.iter().map(json_row).collect::<Vec<_>>()));
    }
    if let Some(word) = &options.sort {
        listing::sort(&mut views, &COLUMNS, word);
    }
    if options.tree {
        return Ok(Reply::Lines(tree_lines(&tree_rows(&views, tree_line))));
    }
    Ok(Reply::Table(table(&views)))
}

pub const ID: Column<ProcessView> =
    Column::right("id", |view: &ProcessView| plain(view.id.to_string())).by(SortKey::Number(|view| view.id.into()));
pub const NAME: Column<ProcessView> = Column::left("name", |view: &ProcessView| cell(Role::Name, view.name.clone()))
    .by(SortKey::Word(|view| view.name.clone()))
    .totalled(|_| "total".to_owned());
pub const CALLS: Column<ProcessView> = Column::figures("calls", Unit::Count, |view: &ProcessView| view.calls).summed();
pub const ERRORS: Column<ProcessView> =
    Column::figures("errors", Unit::Errors, |view: &ProcessView| view.errors).summed();
pub const BUSY: Column<ProcessView> =
    Column::figures("busy", Unit::Nanoseconds, |view: &ProcessView| nanoseconds(view.busy))
        .totalled(|views| show_duration(views.iter().map(|view| view.self_time).sum()));
pub const MEMORY: Column<ProcessView> =
    Column::figures("mem", Unit::Bytes, |view: &ProcessView| view.memory.total_bytes())
        // A dead process's memory is freed: the total counts living processes.
        .totalled(|views| show_bytes(living(views).map(|view| view.memory.total_bytes()).sum()));

/// The last column is shown where a cell has text, the others always. The pane shows the columns that are constants.
pub const COLUMNS: [Column<ProcessView>; 14] = [
    ID,
    NAME,
    Column::right("parent", |view: &ProcessView| plain(view.parent.to_string()))
        .by(SortKey::Number(|view| view.parent.into())),
    Column::left("state", |view: &ProcessView| cell(state_role(&view.state), state_text(&view.state)))
        .by(SortKey::Word(|view| view.state.word().to_owned()))
        .totalled(|views| format!("{} living", living(views).count())),
    CALLS,
    ERRORS,
    Column::figures("resets", Unit::Count, |view: &ProcessView| view.resets).summed(),
    Column::figures("in", Unit::Bytes, |view: &ProcessView| view.bytes_in).summed(),
    Column::figures("out", Unit::Bytes, |view: &ProcessView| view.bytes_out).summed(),
    BUSY,
    MEMORY,
    Column::figures("age", Unit::Nanoseconds, |view: &ProcessView| nanoseconds(view.age)),
    Column::left("source", |view: &ProcessView| cell(Role::Dim, view.source.clone()))
        .by(SortKey::Word(|view| view.source.clone())),
    Column::left("why", |view: &ProcessView| cell(state_role(&view.state), why(view).unwrap_or_default())),
];

/// A duration in nanoseconds, at most `u64::MAX` (584 years).
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn living(views: &[ProcessView]) -> impl Iterator<Item = &ProcessView> {
    views.iter().filter(|view| !matches!(view.state, ProcessState::Dead { .. }))
}

/// The reason of a crash or an end.
fn why(view: &ProcessView) -> Option<&str> {
    match &view.state {
        // The row names the process already.
        ProcessState::Crashed { why } => Some(why.strip_prefix(&format!("{}.", view.label())).unwrap_or(why)),
        ProcessState::Dead { reason } => Some(reason),
        _ => None,
    }
}

fn table(views: &[ProcessView]) -> Table {
    let says_why = views.iter().any(|view| why(view).is_some());
    let shown = if says_why { COLUMNS.len() } else { COLUMNS.len() - 1 };
    listing::table(views, COLUMNS.get(..shown).unwrap_or(&COLUMNS))
}

/// A row in JSON.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    view: &'a ProcessView,
    exit_reason: Option<&'a str>,
}

fn json_row(view: &ProcessView) -> Row<'_> {
    let exit_reason = if let ProcessState::Dead { reason } = &view.state { Some(reason.as_str()) } else { None };
    Row { view, exit_reason }
}

fn mermaid_row(view: &ProcessView) -> mermaid::TreeRow {
    mermaid::TreeRow { id: view.id, name: view.name.clone(), parent: view.parent }
}

fn tree_line(view: &ProcessView) -> Line {
    let mut line = Line::new().with(Role::Name, view.label().to_string());
    line.push(state_role(&view.state), format!(" {}", state_text(&view.state)));
    if let Some(why) = why(view) {
        line.push(Role::Dim, format!(": {why}"));
    }
    if view.calls > 0 {
        let errors = if view.errors > 0 { format!(", {} failed", view.errors) } else { String::new() };
        let calls = counted(view.calls, "call");
        line.push(Role::Dim, format!("  {calls}{errors}, {}", show_duration(view.busy)));
    }
    line
}
