//! `limits`: what the kernel allows, and what is used of it.

use serde_json::{Value, json};

use super::{Arguments, Command, Example, Group, Run, syntax};
use crate::kernel::{Amount, LimitView};
use crate::shell::reply::{Column, Reply, Role, ShellError, Table, cell, plain};
use crate::shell::session::Session;
use crate::shell::units::{show_bytes, show_duration};

pub static COMMAND: Command = Command {
    name: "limits",
    group: Group::Watching,
    summary: "list the limits and what is used of them",
    description: "Each limit is set by an option of plugsh itself, named in its line. Whoever goes over one gets an error that \
        names it, and nobody else does. `memory` counts what processes hold: their memories, tables, blocks, variables, globals \
        and collected heaps; in the stock host, which does not tell, all that they may have. Beside it a call takes at most three \
        copies of its bytes: its input until it is in the plugin's blocks, the blocks themselves, and the output.",
    examples: &[Example { lines: "limits", output: "LIMIT  VALUE  DEFAULT  USED  OPTION  ON\nprocesses …\n…" }],
    syntax: syntax::<LimitsOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct LimitsOptions {
    /// write JSON
    #[arg(long)]
    json: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<LimitsOptions>()?;
    let views = session.kernel.limit_views();
    if session.wants_json(options.json) {
        return Ok(Reply::Json(views.iter().map(json_row).collect()));
    }
    let columns = vec![
        Column::left("limit"),
        Column::right("value"),
        Column::right("default"),
        Column::right("used"),
        Column::left("option"),
        Column::left("on"),
    ];
    Ok(Reply::Table(Table { columns, rows: views.iter().map(row).collect(), totals: None }))
}

fn row(view: &LimitView) -> Vec<crate::shell::reply::Span> {
    let role = if view.value == view.default { Role::Plain } else { Role::Strong };
    vec![
        cell(Role::Name, view.name),
        cell(role, format_amount(view.value)),
        plain(format_amount(view.default)),
        plain(view.used.map_or_else(String::new, format_amount)),
        cell(Role::Code, view.flag),
        cell(Role::Dim, view.of),
    ]
}

fn format_amount(amount: Amount) -> String {
    match amount {
        Amount::Off => "off".to_owned(),
        Amount::Count(count) => count.to_string(),
        Amount::Bytes(bytes) => show_bytes(bytes),
        Amount::Time(time) => show_duration(time),
    }
}

/// Bytes as bytes, times in milliseconds; no limit is `null`.
fn figure(amount: Amount) -> Value {
    match amount {
        Amount::Off => Value::Null,
        Amount::Count(figure) | Amount::Bytes(figure) => json!(figure),
        Amount::Time(time) => json!(time.as_millis() as u64),
    }
}

fn json_row(view: &LimitView) -> Value {
    let unit = match view.default {
        Amount::Bytes(_) => "bytes",
        Amount::Time(_) => "ms",
        _ if matches!(view.flag, "--default-timeout" | "--load-timeout") => "ms",
        _ => "count",
    };
    json!({
        "name": view.name,
        "value": figure(view.value),
        "default": figure(view.default),
        "used": view.used.map(figure),
        "unit": unit,
        "flag": view.flag,
    })
}
