//! `up`, `down`: the plugins of the project's file, started and ended.

mod settings;

use std::path::Path;

use serde::Serialize;

pub use self::settings::apply_to;
use self::settings::{apply_settings, set_stubs, stub_specs};
use super::debug::stub::{STUB, unstub, unstub_import};
use super::kill::News;
use super::{Arguments, Command, Group, Kind, Run, syntax_with};
use crate::kernel::ProcessId;
use crate::runtime::source::Sources;
use crate::shell::loading::start;
use crate::shell::loading::words::LoadWords;
use crate::shell::project::check::check;
use crate::shell::project::document::Mistake;
use crate::shell::project::file::{PluginEntry, Project};
use crate::shell::project::find::{NoProject, read};
use crate::shell::project::order::start_order;
use crate::shell::project::schema::schema;
use crate::shell::recording::Entry;
use crate::shell::reply::{ErrorKind, Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::text::{counted, did_you_mean, quoted};

/// The command `up`.
pub static UP: Command = Command {
    name: "up",
    group: Group::Plugins,
    summary: "start the plugins of the project's file",
    description: "Starts what `plugsh.toml` says, the one of the working directory or the nearest above it (`plugsh --project \
        FILE` names another): plugin directories, policy and stubs, then the plugins that are not up, those that others need \
        first. With NAMEs those plugins alone, and what they need. What cannot be started is told with its place, the others \
        start, and `up` fails at the end. `--check` starts nothing: it lists what is written wrong, what cannot be found and what the \
        policy would deny, and fails when there is something. The file's `[limits]` hold for `plugsh up`, which is this \
        command in a fresh shell. `help project` has the file's keys.",
    examples: &["\
        !echo '[plugin.parrot]' > plugsh.toml\n\
        !echo 'source = \"echo\"' >> plugsh.toml\n\
        up --check\n\
        # plugsh.toml: 1 plugin, nothing is wrong\n\
        up\n\
        # 1:parrot\n\
        down\n\
        # killed 1:parrot"],
    syntax: syntax_with::<UpWords>(|_| Some(Kind::ProjectPlugin)),
    run: Run::Plain(run_up),
};

/// The command `down`.
pub static DOWN: Command = Command {
    name: "down",
    group: Group::Plugins,
    summary: "end the plugins of the project's file",
    description: "Ends the processes that `up` has started, with all below them, the last one first, and takes the file's \
        stubs away. With NAMEs it ends those plugins alone. Directories and policy stay.",
    examples: &["\
        !echo '[plugin.echo]' > plugsh.toml\n\
        up\n\
        # 1:echo\n\
        down echo\n\
        # killed 1:echo"],
    syntax: syntax_with::<DownWords>(|_| Some(Kind::ProjectPlugin)),
    run: Run::Plain(run_down),
};

#[derive(Debug, clap::Args)]
struct UpWords {
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// start nothing; tell what would go wrong
    #[arg(long)]
    check: bool,
    /// write the file's JSON schema, for editors
    #[arg(long, conflicts_with = "check")]
    schema: bool,
}

#[derive(Debug, clap::Args)]
struct DownWords {
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// Reads the project's file: the given one, or the one that is found upwards from the working directory.
///
/// # Errors
/// There is none, or it has mistakes.
pub fn read_project(given: Option<&Path>) -> Result<Project, NoProject> {
    read(given, STUB.shape())
}

/// The session's project.
fn project_of(session: &Session) -> Result<Project, ShellError> {
    read_project(session.options().project.as_deref()).map_err(NoProject::into_error)
}

/// Refuses `up` and `down` for a whole project while a job is held in a plugin's code: in other debuggers, these words
/// choose a frame.
fn refuse_at_stop(session: &Session, word: &str, names: &[String]) -> Result<(), ShellError> {
    let held = session.kernel().held().into_iter().find(|view| view.code.is_some()).filter(|_| names.is_empty());
    match held {
        None => Ok(()),
        Some(view) => Err(ShellError::failed(format!(
            "%{} is held in a plugin's code: `help frame` says how one is chosen; `{word} NAME` is for the project's plugins",
            view.job
        ))),
    }
}

fn run_up(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<UpWords>()?;
    if words.schema {
        return Ok(Reply::Json(schema(STUB.shape())));
    }
    if words.check {
        return run_check(session);
    }
    refuse_at_stop(session, "up", &words.names)?;
    let project = project_of(session)?;
    if !session.kernel().breakpoints().is_empty() {
        let way_on = "`delete` them, or `load` its plugins one by one";
        return Err(ShellError::failed(format!(
            "`{}` is not started while breakpoints are set; {way_on}",
            project.file
        )));
    }
    let plugins = wanted(&project, &words.names)?;
    let is_up = |plugin: &&PluginEntry| session.kernel().find(&plugin.name).is_ok();
    let plugins: Vec<&PluginEntry> = plugins.into_iter().filter(|plugin| !is_up(plugin)).collect();
    let ready = plugins.iter().map(|plugin| project.load_words(plugin)).collect::<Result<Vec<_>, _>>();
    let ready = ready.map_err(|mistake| mistake.error())?;
    apply_settings(session, &project)?;
    set_stubs(session, &project)?;
    start_all(session, &project, &plugins, &ready)
}

/// The plugins to start, in order; of named ones those that they need too.
fn wanted<'p>(project: &'p Project, names: &[String]) -> Result<Vec<&'p PluginEntry>, ShellError> {
    if names.is_empty() {
        return Ok(start_order(project, &project.plugins.iter().collect::<Vec<_>>()));
    }
    Ok(start_order(project, &named(project, names)?))
}

/// The plugins of these names.
fn named<'p>(project: &'p Project, names: &[String]) -> Result<Vec<&'p PluginEntry>, ShellError> {
    let known = || project.plugins.iter().map(|plugin| plugin.name.as_str());
    let plugin = |name: &String| {
        let near = did_you_mean(name, known());
        let unknown = || ShellError::failed(format!("no plugin `{}` in `{}`{near}", quoted(name), project.file));
        project.plugin(name).ok_or_else(unknown)
    };
    names.iter().map(plugin).collect()
}

/// A plugin that was started, or was not, in JSON.
#[derive(Serialize)]
struct StartedRow {
    name: String,
    id: Option<ProcessId>,
    error: Option<String>,
}

/// Starts the plugins in order. The error of one is shown, and at the end counted.
fn start_all(
    session: &mut Session,
    project: &Project,
    plugins: &[&PluginEntry],
    ready: &[LoadWords],
) -> Result<Reply, ShellError> {
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    for (plugin, words) in plugins.iter().zip(ready) {
        let name = plugin.name.clone();
        let request = words.request(session, &words.source);
        let label = request.and_then(|request| start(session, request));
        match label.and_then(|label| words.watched(session, label)) {
            Err(error) if error.kind == ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                let error = at_plugin(project, plugin, error);
                session.show_error(&error);
                rows.push(StartedRow { name, id: None, error: Some(error.to_string()) });
            }
            Ok(label) => {
                lines.push(Line::new().with(Role::Name, label.to_string()));
                rows.push(StartedRow { name, id: Some(label.id), error: None });
            }
        }
    }
    let failed = rows.iter().filter(|row| row.error.is_some()).count();
    let reply = Reply::News { lines, json: serde_json::to_value(&rows).unwrap_or_default() };
    if failed == 0 {
        return Ok(reply);
    }
    session.emit(&reply)?;
    let all = counted(rows.len() as u64, "plugin");
    Err(ShellError::failed(format!("`{}`: {failed} of {all} not started", project.file)))
}

/// The error of a plugin's start with the plugin's place in the file.
fn at_plugin(project: &Project, plugin: &PluginEntry, error: ShellError) -> ShellError {
    let (file, at) = (&project.file, plugin.at);
    let message = format!("{file}:{}:{}: `{}`: {}", at.line, at.column, plugin.name, error.message);
    ShellError { message, located: true, ..error }
}

fn run_check(session: &mut Session) -> Result<Reply, ShellError> {
    let project = match read_project(session.options().project.as_deref()) {
        Ok(project) => project,
        Err(NoProject::Wrong(mistakes)) => return checked(session, &mistakes, None),
        Err(no_project) => return Err(no_project.into_error()),
    };
    let sources = Sources::new(session.kernel().plugin_dirs().to_vec());
    sources.add_dirs(&project.plugin_dirs().map_err(|mistake| mistake.error())?);
    let mut mistakes = check(&project, &sources);
    mistakes.extend(stub_specs(session, &project).into_iter().filter_map(Result::err));
    mistakes.sort_by_key(|mistake| (mistake.file != project.file, mistake.at));
    checked(session, &mistakes, Some(&project))
}

/// The reply of a check; mistakes are a failure.
fn checked(session: &mut Session, mistakes: &[Mistake], project: Option<&Project>) -> Result<Reply, ShellError> {
    if let Some(project) = project.filter(|_| mistakes.is_empty()) {
        let plugins = counted(project.plugins.len() as u64, "plugin");
        let text = format!("{}: {plugins}, nothing is wrong", project.file);
        return Ok(Reply::line(text).with_json(serde_json::json!([])));
    }
    let lines = mistakes.iter().map(|mistake| Line::new().with(Role::Bad, mistake.line())).collect();
    session.emit(&Reply::Lines(lines).with_json(serde_json::to_value(mistakes).unwrap_or_default()))?;
    let count = counted(mistakes.len() as u64, "mistake");
    let files = mistakes.first().map(|mistake| mistake.file.clone()).unwrap_or_default();
    let file = project.map_or(files, |project| project.file.clone());
    Err(ShellError::failed(format!("`{file}`: {count}")))
}

fn run_down(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<DownWords>()?;
    refuse_at_stop(session, "down", &words.names)?;
    let project = project_of(session)?;
    let plugins = match words.names.as_slice() {
        [] => start_order(&project, &project.plugins.iter().collect::<Vec<_>>()),
        names => named(&project, names)?,
    };
    let mut news = News::default();
    for plugin in plugins.into_iter().rev() {
        let Ok(id) = session.kernel().find(&plugin.name) else { continue };
        let killed = session.kernel().kill(id, true).map_err(|error| session.call_error(error))?;
        session.record(|| Entry::Kill { process: plugin.name.clone(), recursive: true });
        news.add(&killed);
    }
    if words.names.is_empty() {
        let specs: Vec<_> = stub_specs(session, &project).into_iter().filter_map(Result::ok).collect();
        for spec in specs {
            match spec.import {
                Some(_) => unstub_import(session, &spec),
                None => unstub(session, &spec.plugin, Some(&spec.function)),
            };
        }
    }
    Ok(news.reply())
}

impl NoProject {
    /// The error of a command that needs a project.
    pub fn into_error(self) -> ShellError {
        match self {
            NoProject::NotFound => {
                ShellError::failed("no `plugsh.toml` here or in a directory above; `init` writes one")
            }
            NoProject::Wrong(mistakes) => {
                let more = mistakes.len().saturating_sub(1);
                let Some(first) = mistakes.first() else { return ShellError::failed("the project cannot be read") };
                match more {
                    0 => first.error(),
                    more => {
                        let error = first.error();
                        let message = format!("{} (`up --check` lists {more} more)", error.message);
                        ShellError { message, ..error }
                    }
                }
            }
        }
    }
}
