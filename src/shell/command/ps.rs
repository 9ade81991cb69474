//! `ps`: the process table, as rows or as the tree of who spawned whom.

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::{Arguments, Command, Example, Group, Run, syntax};
use crate::journal::export::mermaid;
use crate::kernel::{ProcessState, ProcessView};
use crate::shell::reply::{Column, Line, Reply, Role, ShellError, Span, Table, cell, plain, tree_lines};
use crate::shell::session::Session;
use crate::shell::units::{show_bytes, show_duration};
use crate::shell::words::processes::{state_role, state_text, tree_rows};

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
    #[arg(long, value_name = "COLUMN", value_parser = SORT_COLUMNS.map(|(name, _)| name))]
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
    let mut views = session.kernel.processes(options.all);
    if options.mermaid {
        let rows: Vec<mermaid::TreeRow> = views.iter().map(mermaid_row).collect();
        return Ok(Reply::text(&mermaid::process_tree(&rows)));
    }
    if session.wants_json(options.json) {
        return Ok(Reply::Json(views.iter().map(json_row).collect()));
    }
    if let Some((_, sort)) = SORT_COLUMNS.iter().find(|(name, _)| options.sort.as_deref() == Some(name)) {
        sort(&mut views);
    }
    if options.tree {
        return Ok(Reply::Lines(tree_lines(&tree_rows(&views, tree_line))));
    }
    Ok(Reply::Table(table(&views)))
}

type Sort = fn(&mut [ProcessView]);

/// Figures go down, words go up.
const SORT_COLUMNS: [(&str, Sort); 13] = [
    ("id", |views| views.sort_by_key(|view| view.id)),
    ("name", |views| views.sort_by(|one, other| one.name.cmp(&other.name))),
    ("parent", |views| views.sort_by_key(|view| view.parent)),
    ("state", |views| views.sort_by_key(|view| view.state.word())),
    ("calls", |views| views.sort_by_key(|view| Reverse(view.calls))),
    ("errors", |views| views.sort_by_key(|view| Reverse(view.errors))),
    ("resets", |views| views.sort_by_key(|view| Reverse(view.resets))),
    ("in", |views| views.sort_by_key(|view| Reverse(view.bytes_in))),
    ("out", |views| views.sort_by_key(|view| Reverse(view.bytes_out))),
    ("busy", |views| views.sort_by_key(|view| Reverse(view.busy))),
    ("mem", |views| views.sort_by_key(|view| Reverse(view.memory.total_bytes()))),
    ("age", |views| views.sort_by_key(|view| Reverse(view.age))),
    ("source", |views| views.sort_by(|one, other| one.source.cmp(&other.source))),
];

/// Why it crashed or ended.
fn why(view: &ProcessView) -> Option<&str> {
    match &view.state {
        // Its own name stands in the same line.
        ProcessState::Crashed { why } => Some(why.strip_prefix(&format!("{}.", view.label())).unwrap_or(why)),
        ProcessState::Dead { reason } => Some(reason),
        _ => None,
    }
}

fn table(views: &[ProcessView]) -> Table {
    let mut columns = vec![
        Column::right("id"),
        Column::left("name"),
        Column::right("parent"),
        Column::left("state"),
        Column::right("calls"),
        Column::right("errors"),
        Column::right("resets"),
        Column::right("in"),
        Column::right("out"),
        Column::right("busy"),
        Column::right("mem"),
        Column::right("age"),
        Column::left("source"),
    ];
    let mut rows: Vec<Vec<Span>> = views.iter().map(row).collect();
    let mut totals = totals(views);
    if views.iter().any(|view| why(view).is_some()) {
        columns.push(Column::left("why"));
        for (row, view) in rows.iter_mut().zip(views) {
            row.push(cell(state_role(&view.state), why(view).unwrap_or_default()));
        }
        totals.push(plain(""));
    }
    Table { columns, rows, totals: Some(totals) }
}

fn row(view: &ProcessView) -> Vec<Span> {
    let errors_role = if view.errors > 0 { Role::Bad } else { Role::Plain };
    vec![
        plain(view.id.to_string()),
        cell(Role::Name, view.name.clone()),
        plain(view.parent.to_string()),
        cell(state_role(&view.state), state_text(&view.state)),
        plain(view.calls.to_string()),
        cell(errors_role, view.errors.to_string()),
        plain(view.resets.to_string()),
        plain(show_bytes(view.bytes_in)),
        plain(show_bytes(view.bytes_out)),
        plain(show_duration(view.busy)),
        plain(show_bytes(view.memory.total_bytes())),
        plain(show_duration(view.age)),
        cell(Role::Dim, view.source.clone()),
    ]
}

fn totals(views: &[ProcessView]) -> Vec<Span> {
    let living: Vec<&ProcessView> =
        views.iter().filter(|view| !matches!(view.state, ProcessState::Dead { .. })).collect();
    // What a dead one had when it ended it has no more.
    let memory = living.iter().map(|view| view.memory.total_bytes()).sum();
    let living = living.len();
    let sum = |figure: fn(&ProcessView) -> u64| views.iter().map(figure).sum::<u64>();
    let texts = [
        String::new(),
        "total".to_owned(),
        String::new(),
        format!("{living} living"),
        sum(|view| view.calls).to_string(),
        sum(|view| view.errors).to_string(),
        sum(|view| view.resets).to_string(),
        show_bytes(sum(|view| view.bytes_in)),
        show_bytes(sum(|view| view.bytes_out)),
        show_duration(views.iter().map(|view| view.self_time).sum()),
        show_bytes(memory),
        String::new(),
        String::new(),
    ];
    texts.into_iter().map(|text| cell(Role::Strong, text)).collect()
}

fn json_row(view: &ProcessView) -> Value {
    let (waiting_on, exit_reason) = match &view.state {
        ProcessState::Waiting { on } => (Some(*on), None),
        ProcessState::Dead { reason } => (None, Some(reason.as_str())),
        _ => (None, None),
    };
    json!({
        "id": view.id,
        "name": view.name,
        "parent": view.parent,
        "state": view.state.word(),
        "waiting_on": waiting_on,
        "calls": view.calls,
        "errors": view.errors,
        "resets": view.resets,
        "bytes_in": view.bytes_in,
        "bytes_out": view.bytes_out,
        "busy_us": view.busy.as_nanos() as f64 / 1e3,
        "self_us": view.self_time.as_nanos() as f64 / 1e3,
        "age_ms": view.age.as_millis() as u64,
        "memory_bytes": view.memory.total_bytes(),
        "source": view.source,
        "exit_reason": exit_reason,
    })
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
        let calls = if view.calls == 1 { "1 call".to_owned() } else { format!("{} calls", view.calls) };
        line.push(Role::Dim, format!("  {calls}{errors}, {}", show_duration(view.busy)));
    }
    line
}
