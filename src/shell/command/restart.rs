//! `restart`: a fresh instance in place of a process's own.

use super::reload::replaced_line;
use super::{Arguments, Command, Example, Group, Run, syntax};
use crate::shell::recording::Entry;
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;

pub const COMMAND: Command = Command {
    name: "restart",
    group: Group::Plugins,
    summary: "start a process afresh",
    description: "The process keeps its id, its name, its parent and its children; its state is lost, and the call that runs \
        in it is ended. One that has crashed for good can be called again.",
    examples: &[Example {
        lines: "load counter\ncounter.add 5\nrestart counter\ncounter.get",
        output: "1:counter\n5\n1:counter restarted: the state of 1 earlier call is lost\n0",
    }],
    syntax: syntax::<RestartOptions>,
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct RestartOptions {
    #[arg(value_name = "PROCESS", required = true)]
    processes: Vec<String>,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<RestartOptions>()?;
    let mut lines = Vec::new();
    for process in &options.processes {
        let id = session.process(process)?;
        let replaced = session.kernel.restart(id).map_err(|error| session.call_error(error))?;
        session.record(|| Entry::Restart { process: replaced.label.name.clone() });
        lines.push(replaced_line(&replaced, "restarted"));
    }
    Ok(Reply::Lines(lines))
}
