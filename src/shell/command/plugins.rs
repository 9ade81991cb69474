//! `plugins`: what can be loaded by name.

use super::{Arguments, Command, Example, Group, Run, syntax};
use crate::kernel::LoadableView;
use crate::shell::listing::{self, Column};
use crate::shell::reply::{Reply, Role, ShellError, cell};
use crate::shell::session::Session;

pub static COMMAND: Command = Command {
    name: "plugins",
    group: Group::Plugins,
    summary: "list what can be loaded by name",
    description: "The plugins of the plugin directories (`plugsh --plugins DIR`, `PLUGSH_PATH`), the built-in ones, and names \
        that a stub stands in for. `load` takes paths and URLs too; `info` shows the functions of one that runs.",
    examples: &[Example { lines: "plugins", output: "NAME  SOURCE\n…\necho  built-in:echo\n…" }],
    syntax: syntax::<PluginsOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct PluginsOptions {
    /// write JSON
    #[arg(long)]
    json: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<PluginsOptions>()?;
    let plugins = session.kernel().plugins();
    Ok(listing::reply(&plugins, &COLUMNS, session.wants_json(options.json)))
}

const COLUMNS: [Column<LoadableView>; 2] = [
    Column::left("name", |plugin| cell(Role::Name, plugin.name.clone())),
    Column::left("source", |plugin: &LoadableView| {
        cell(Role::Dim, plugin.source.clone().unwrap_or_else(|| "a stub".to_owned()))
    })
    .importance(1)
    .by_last_part(),
];
