//! `ps`: the process table, as rows or as the tree of who spawned whom.

use std::collections::HashSet;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::{Arguments, Command, Group, Run, syntax};
use crate::journal::export::mermaid;
use crate::kernel::{ProcessId, ProcessState, ProcessView};
use crate::runtime::Worded;
use crate::shell::listing::{self, Column, SortKey, Unit};
use crate::shell::reply::{Line, Reply, Role, ShellError, cell, plain};
use crate::shell::session::Session;
use crate::shell::tree::tree_lines;
use crate::shell::units::{show_bytes, show_duration};
use crate::shell::words::SHELL;
use crate::shell::words::processes::{state_reason, state_role, state_text, tree_rows};
use crate::text::counted;

/// The command `ps`.
pub static COMMAND: Command = Command {
    name: "ps",
    group: Group::Watching,
    summary: "list processes",
    description: "One row a process, and a row of totals. PROCESS is a name, an id, `id:name`, or a glob of one of these; \
        in a tree what is below it comes along. A terminal gets the first 100 rows and how many more there are; `-n 0` shows \
        all. BUSY is the time inside its calls, with the calls they made. \
        `-t` draws who spawned whom, `--mermaid` writes that as a Mermaid flow chart; `-a` shows those that ended too. WHY \
        is there when one has crashed or ended. A narrow terminal leaves out RESETS, PARENT, OUT, IN, SOURCE, AGE, MEM, NODE, \
        WHY, BUSY, ERRORS, CALLS, in this order, and cuts what is still too long; SOURCE is its last part there (`info` has the \
        whole).",
    examples: &[
        "\
        load echo\n\
        # 1:echo\n\
        ps -t\n\
        # shell\n\
        # └─ 1:echo idle",
        "\
        load echo\n\
        # 1:echo\n\
        load echo --as parrot\n\
        # 2:parrot\n\
        ps -t 'par*'\n\
        # shell\n\
        # └─ 2:parrot idle",
    ],
    syntax: syntax::<PsOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct PsOptions {
    /// only these; in the tree also what is below them
    #[arg(value_name = "PROCESS")]
    processes: Vec<String>,
    /// show at most so many (at a terminal 100); 0: all
    #[arg(short = 'n', value_name = "N")]
    rows: Option<usize>,
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
    let all = session.kernel().processes(options.all);
    let mut views = session.processes_named(&all, &options.processes)?;
    if options.tree || options.mermaid {
        views = with_those_below(all, &views);
    }
    if let Some(word) = &options.sort {
        listing::sort(&mut views, &COLUMNS, word);
    }
    let rows_max = listing::rows_max(options.rows, session.is_read_by_person());
    if options.mermaid {
        let rows: Vec<mermaid::ProcessNode> = views.iter().take(rows_max).map(mermaid_row).collect();
        return Ok(Reply::text(&mermaid::process_tree(&rows)));
    }
    if session.wants_json(options.json) {
        return Ok(Reply::json(&views.iter().take(rows_max).map(json_row).collect::<Vec<_>>()));
    }
    if options.tree {
        let mut lines = tree_lines(&tree_rows(&views, tree_line));
        // The shell's own line is none of a process.
        let left_out = views.len().saturating_sub(rows_max);
        lines.truncate(rows_max.saturating_add(1));
        lines.extend(listing::left_out_note(left_out, "more", ALL));
        return Ok(Reply::Lines(lines));
    }
    Ok(Reply::Table(listing::first_rows(listing::table(&views, &COLUMNS), rows_max, ALL)))
}

/// Shows all rows.
const ALL: &str = "ps -n 0";

/// Processes of `all` that are among the chosen or below one of them. A parent has a lower id than its children.
fn with_those_below(all: Vec<ProcessView>, chosen: &[ProcessView]) -> Vec<ProcessView> {
    let mut ids: HashSet<ProcessId> = chosen.iter().map(|view| view.id).collect();
    let mut is_in = |view: &ProcessView| ids.contains(&view.id) || ids.contains(&view.parent) && ids.insert(view.id);
    all.into_iter().filter(|view| is_in(view)).collect()
}

/// The process's id.
pub const ID: Column<ProcessView> =
    Column::right("id", |view: &ProcessView| plain(view.id.to_string())).by(SortKey::Number(|view| view.id.into()));
/// The process's name.
pub const NAME: Column<ProcessView> = Column::left("name", |view: &ProcessView| cell(Role::Name, view.name.clone()))
    .by(SortKey::Word(|view| view.name.clone()))
    .totalled(|_| "total".to_owned());
/// Calls of the process, running and failed ones included.
pub const CALLS: Column<ProcessView> =
    Column::figures("calls", Unit::Count, |view: &ProcessView| view.calls).importance(11).summed();
/// Calls that did not end `ok`.
pub const ERRORS: Column<ProcessView> =
    Column::figures("errors", Unit::Errors, |view: &ProcessView| view.errors).importance(10).summed();
/// Wall time inside calls, nested calls included.
pub const BUSY: Column<ProcessView> =
    Column::figures("busy", Unit::Nanoseconds, |view: &ProcessView| nanoseconds(view.busy))
        .importance(9)
        .totalled(|views| show_duration(views.iter().map(|view| view.self_time).sum()));
/// Memory that the process has committed; a dead one has none.
pub const MEMORY: Column<ProcessView> =
    Column::figures("mem", Unit::Bytes, |view: &ProcessView| view.memory.total_bytes())
        .importance(7)
        // A dead process's memory is freed: the total counts living processes.
        .totalled(|views| show_bytes(living(views).map(|view| view.memory.total_bytes()).sum()));

/// The pane shows the columns that are constants.
pub const COLUMNS: [Column<ProcessView>; 15] = [
    ID,
    NAME,
    Column::right("parent", |view: &ProcessView| plain(view.parent.to_string()))
        .importance(2)
        .by(SortKey::Number(|view| view.parent.into())),
    Column::left("node", |view: &ProcessView| plain(view.node.as_deref().unwrap_or_default()))
        .importance(8)
        .by(SortKey::Word(|view| view.node.as_deref().unwrap_or_default().to_owned()))
        .optional(),
    Column::left("state", |view: &ProcessView| cell(state_role(&view.state), state_text(&view.state)))
        .by(SortKey::Word(|view| view.state.word().to_owned()))
        .totalled(|views| format!("{} living", living(views).count())),
    CALLS,
    ERRORS,
    Column::figures("resets", Unit::Count, |view: &ProcessView| view.resets).importance(1).summed(),
    Column::figures("in", Unit::Bytes, |view: &ProcessView| view.bytes_in).importance(4).summed(),
    Column::figures("out", Unit::Bytes, |view: &ProcessView| view.bytes_out).importance(3).summed(),
    BUSY,
    MEMORY,
    Column::figures("age", Unit::Nanoseconds, |view: &ProcessView| nanoseconds(view.age)).importance(6),
    Column::left("source", |view: &ProcessView| cell(Role::Dim, view.source.clone()))
        .importance(5)
        .by_last_part()
        .by(SortKey::Word(|view| view.source.clone())),
    Column::left("why", |view: &ProcessView| cell(state_role(&view.state), state_reason(view).unwrap_or_default()))
        .importance(8)
        .optional(),
];

/// A duration in nanoseconds, at most `u64::MAX` (584 years).
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn living(views: &[ProcessView]) -> impl Iterator<Item = &ProcessView> {
    views.iter().filter(|view| !matches!(view.state, ProcessState::Dead { .. }))
}

/// A row in JSON.
#[derive(Serialize)]
struct ProcessRow<'a> {
    #[serde(flatten)]
    view: &'a ProcessView,
    exit_reason: Option<String>,
}

fn json_row(view: &ProcessView) -> ProcessRow<'_> {
    ProcessRow { view, exit_reason: view.exit_reason().map(|reason| reason.words(SHELL)) }
}

/// Processes as `ps --json` has them.
pub fn rows_json(views: &[ProcessView]) -> Vec<Value> {
    views.iter().map(|view| serde_json::to_value(json_row(view)).unwrap_or_default()).collect()
}

fn mermaid_row(view: &ProcessView) -> mermaid::ProcessNode {
    mermaid::ProcessNode { id: view.id, name: view.name.clone(), parent: view.parent }
}

fn tree_line(view: &ProcessView) -> Line {
    let mut line = Line::new().with(Role::Name, view.label().to_string());
    line.push(state_role(&view.state), format!(" {}", state_text(&view.state)));
    if let Some(why) = state_reason(view) {
        line.push(Role::Dim, format!(": {why}"));
    }
    if view.calls > 0 {
        let errors = if view.errors > 0 { format!(", {} failed", view.errors) } else { String::new() };
        let calls = counted(view.calls, "call");
        line.push(Role::Dim, format!("  {calls}{errors}, {}", show_duration(view.busy)));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_says_which_columns_go_first() {
        assert!(COMMAND.description.contains(&listing::left_out_first(&COLUMNS)), "{}", COMMAND.description);
    }
}
