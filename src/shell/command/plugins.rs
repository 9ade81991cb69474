//! `plugins`: the plugins that can be loaded by name, and each one's own description.

use std::path::Path;

use serde::Serialize;

use super::{Arguments, Command, Group, Run, syntax};
use crate::kernel::LoadableView;
use crate::runtime::about::About;
use crate::shell::listing::{self, Column};
use crate::shell::reply::{Reply, Role, ShellError, cell, plain};
use crate::shell::session::Session;
use crate::shell::words::SHELL;
use crate::shell::words::about::{function_lines, plugin_lines};
use crate::text::{closest, one_line, quoted};

/// The command `plugins`.
pub static COMMAND: Command = Command {
    name: "plugins",
    group: Group::Plugins,
    summary: "list what can be loaded by name, or say what a plugin does",
    description: "The plugins of the plugin directories (`plugsh --plugins DIR`, `PLUGSH_PATH`), the built-in ones, and names \
        that a stub stands in for. `load` takes paths and URLs too. With a plugin, loaded or not: its functions, what each \
        does, and an input to try it with, as its author wrote them into the wasm (the guest crate's `about!`). \
        `help PLUGIN.FUNCTION` shows one function.",
    examples: &[
        "\
        plugins\n\
        # NAME          DOES                                         SOURCE\n\
        # …\n\
        # echo          gives back its input, and calls others       built-in:echo\n\
        # …",
        "\
        plugins counter\n\
        # counter: keeps a number in memory from call to call\n\
        # source built-in:counter\n\
        #\n\
        #   counter.add 2  adds its input, or 1, and gives the new value\n\
        #   counter.get    the value\n\
        #   counter.reset  sets the value to 0 and gives what it was",
    ],
    syntax: syntax::<PluginsOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct PluginsOptions {
    #[arg(value_name = "SOURCE")]
    plugin: Option<String>,
    /// write JSON
    #[arg(long)]
    json: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<PluginsOptions>()?;
    let json = session.wants_json(options.json);
    let Some(plugin) = options.plugin else {
        return Ok(listing::reply(&session.kernel().plugins(), &COLUMNS, json));
    };
    let described = described(session, &plugin)?;
    Ok(if json { Reply::json(&described) } else { described.reply() })
}

const COLUMNS: [Column<LoadableView>; 3] = [
    Column::left("name", |plugin| cell(Role::Name, plugin.name.clone())),
    Column::left("does", |plugin: &LoadableView| plain(plugin.about.summary.clone().unwrap_or_default()))
        .importance(2)
        .optional(),
    Column::left("source", |plugin: &LoadableView| {
        cell(Role::Dim, plugin.source.clone().unwrap_or_else(|| "a stub".to_owned()))
    })
    .importance(1)
    .by_last_part(),
];

/// A plugin and its own description.
#[derive(Serialize)]
struct Described {
    name: String,
    source: Option<String>,
    #[serde(flatten)]
    about: About,
}

impl Described {
    fn reply(&self) -> Reply {
        Reply::Lines(plugin_lines(&self.name, self.source.as_deref(), &self.about))
    }
}

/// A living process by its name or id, else a plugin that can be loaded.
fn described(session: &Session, plugin: &str) -> Result<Described, ShellError> {
    if let Some(described) = living(session, plugin) {
        return Ok(described);
    }
    let known = session.kernel().plugins().into_iter().find(|known| known.name == plugin);
    if let Some(LoadableView { name, source, about }) = known {
        return Ok(Described { name, source, about });
    }
    let about = session.kernel().about_source(plugin);
    let about = about.map_err(|failure| ShellError::failed(failure.line(SHELL)))?;
    // The name that its process would have, where its source is a path.
    let stem = Path::new(plugin).file_stem().map_or_else(|| plugin.into(), |stem| stem.to_string_lossy());
    Ok(Described { name: one_line(&stem).into_owned(), source: Some(plugin.to_owned()), about })
}

fn living(session: &Session, plugin: &str) -> Option<Described> {
    let id = session.kernel().find(plugin).ok()?;
    let about = session.kernel().about_process(id)?;
    let view = session.kernel().process(id)?.view;
    Some(Described { name: view.name, source: Some(view.source), about })
}

/// A living plugin or one that can be loaded by name, with its own description.
fn named(session: &Session, plugin: &str) -> Option<Described> {
    let loadable = || session.kernel().loadable().iter().any(|name| name == plugin);
    living(session, plugin).or_else(|| loadable().then(|| described(session, plugin).ok()).flatten())
}

/// The help on a plugin or on one of its functions, by `PLUGIN` or `PLUGIN.FUNCTION`; `None` where no plugin that lives
/// or can be loaded has that name. As for calls, the longest name that fits wins.
pub(super) fn help(session: &Session, word: &str) -> Option<Result<Reply, ShellError>> {
    if let Some(described) = named(session, word) {
        return Some(Ok(described.reply()));
    }
    let (described, function) = word.rmatch_indices('.').find_map(|(dot, _)| {
        let described = named(session, word.get(..dot)?)?;
        Some((described, word.get(dot + 1..)?))
    })?;
    let Some(about) = described.about.function(function) else {
        return Some(Err(no_function(&described, function)));
    };
    Some(Ok(Reply::Lines(function_lines(&described.name, about))))
}

fn no_function(described: &Described, function: &str) -> ShellError {
    let names = described.about.functions.iter().map(|function| function.name.as_str());
    let hint = match closest(function, names) {
        Some(near) => format!("did you mean `{}`?", quoted(near)),
        None => format!("`plugins {}` lists its functions", described.name),
    };
    ShellError::usage(format!("no function `{}` in `{}`; {hint}", quoted(function), described.name))
}
