//! `restart`: a fresh instance in place of a process's own.

use super::{Arguments, Command, Group, Run, syntax};
use crate::kernel::ReplacementRequest;
use crate::shell::exchange::{Exchanged, exchange};
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;

/// The command `restart`.
pub static COMMAND: Command = Command {
    name: "restart",
    group: Group::Plugins,
    summary: "start a process afresh",
    description: "The process keeps its id, its name, its parent and its children; its state is lost, and the call that runs \
        in it is ended. One that has crashed for good can be called again.",
    examples: &["\
        load counter\n\
        # 1:counter\n\
        counter.add 5\n\
        # 5\n\
        restart counter\n\
        # 1:counter restarted: the state of 1 earlier call is lost\n\
        counter.get\n\
        # 0"],
    syntax: syntax::<RestartOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct RestartOptions {
    #[arg(value_name = "PROCESS", required = true)]
    processes: Vec<String>,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<RestartOptions>()?;
    let (mut lines, mut restarted) = (Vec::new(), Vec::new());
    let mut processes = options.processes.iter();
    for process in processes.by_ref() {
        let id = session.process(process)?;
        match exchange(session, id, ReplacementRequest::Restart, String::new())? {
            Exchanged::Done(done) => {
                lines.push(done.line);
                restarted.push(done.json);
            }
            Exchanged::Parked(_) => break,
        }
    }
    let left: Vec<&str> = processes.map(String::as_str).collect();
    if !left.is_empty() {
        let text = format!("`{}` not restarted: the restart before stands at a breakpoint", left.join("`, `"));
        session.notice(Line::new().with(Role::Warn, text));
    }
    Ok(Reply::News { lines, json: restarted.into() })
}
