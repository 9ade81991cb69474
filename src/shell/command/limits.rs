//! `limits`: the kernel's limits, and the use of each.

use serde::Serialize;

use super::{Arguments, Command, Group, Run, syntax};
use crate::limits::{Amount, LimitUnit, LimitView};
use crate::shell::listing::{self, Column};
use crate::shell::reply::{Reply, Role, ShellError, cell, plain};
use crate::shell::session::Session;
use crate::shell::units::show_amount;
use crate::shell::words::flag_of;

/// The command `limits`.
pub static COMMAND: Command = Command {
    name: "limits",
    group: Group::Watching,
    summary: "list the limits and what is used of them",
    description: "Each limit is set by an option of plugsh itself, named in its line. Whoever goes over one gets an error that \
        names it, and nobody else does. `memory` counts what processes hold: their memories, tables, blocks, variables, globals \
        and collected heaps; in the stock host, which does not tell, all that they may have. Beside it a call takes at most three \
        copies of its bytes: its input until it is in the plugin's blocks, the blocks themselves, and the output.",
    examples: &["\
        limits\n\
        # LIMIT         VALUE  DEFAULT  USED  OPTION                  ON\n\
        # …\n\
        # depth            64       64     0  --max-depth             calls nested …\n\
        # …"],
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
    let views = session.kernel().limit_views();
    Ok(listing::reply(&views.iter().map(LimitRow::of).collect::<Vec<_>>(), &COLUMNS, session.wants_json(options.json)))
}

#[derive(Serialize)]
struct LimitRow {
    name: &'static str,
    value: Amount,
    default: Amount,
    used: Option<Amount>,
    unit: &'static str,
    flag: String,
    /// The limited resource.
    #[serde(skip)]
    of: &'static str,
}

const COLUMNS: [Column<LimitRow>; 6] = [
    Column::left("limit", |row| cell(Role::Name, row.name)),
    Column::right("value", |row| {
        cell(if row.value == row.default { Role::Plain } else { Role::Strong }, show_amount(row.value))
    }),
    Column::right("default", |row: &LimitRow| plain(show_amount(row.default))).importance(1),
    Column::right("used", |row: &LimitRow| plain(row.used.map_or_else(String::new, show_amount))).importance(4),
    Column::left("option", |row: &LimitRow| cell(Role::Code, row.flag.as_str())).importance(3),
    Column::left("on", |row: &LimitRow| cell(Role::Dim, row.of)).importance(2),
];

impl LimitRow {
    fn of(view: &LimitView) -> LimitRow {
        let LimitView { row, value, default, used } = *view;
        let unit = match row.unit {
            LimitUnit::Bytes => "bytes",
            LimitUnit::Time => "ms",
            LimitUnit::Count => "count",
        };
        LimitRow { name: row.name, value, default, used, unit, flag: flag_of(row.limit), of: row.of }
    }
}
