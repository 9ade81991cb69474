//! `plugins`: what can be loaded by name.

use serde_json::{Value, json};

use super::{Arguments, Command, Example, Group, Run, syntax};
use crate::shell::reply::{Column, Reply, Role, ShellError, Table, cell};
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
    let plugins = session.kernel.plugins();
    if session.wants_json(options.json) {
        let row = |(name, source): &(String, Option<String>)| json!({"name": name, "source": source});
        return Ok(Reply::Json(plugins.iter().map(row).collect::<Value>()));
    }
    let columns = vec![Column::left("name"), Column::left("source")];
    let rows = plugins
        .into_iter()
        .map(|(name, source)| vec![cell(Role::Name, name), cell(Role::Dim, source.unwrap_or_else(|| "a stub".into()))])
        .collect();
    Ok(Reply::Table(Table { columns, rows, totals: None }))
}
