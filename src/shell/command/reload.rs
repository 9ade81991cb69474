//! `reload`: new code for a process that goes on.

use super::{Arguments, Command, Example, Group, Run, syntax};
use crate::kernel::Replaced;
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;

pub const COMMAND: Command = Command {
    name: "reload",
    group: Group::Plugins,
    summary: "replace a process's code",
    description: "Reads its source again, or another SOURCE, and swaps the code: id, name, parent, children and what it may \
        do stay, its state is lost. A call that runs goes on in the old code. Code that does not start changes nothing. \
        Code that lacks a function which was called before is refused, unless `--force`.",
    examples: &[Example {
        lines: "load echo --as shout\nreload shout text\ncall shout upper hi",
        output: "1:shout\n1:shout reloaded\nHI",
    }],
    syntax: syntax::<ReloadOptions>,
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct ReloadOptions {
    #[arg(value_name = "PROCESS")]
    process: String,
    #[arg(value_name = "SOURCE")]
    source: Option<String>,
    /// even if functions that were called are not there any more
    #[arg(long)]
    force: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<ReloadOptions>()?;
    let id = session.process(&options.process)?;
    let source = match options.source {
        Some(source) => source,
        None => {
            let detail = session.kernel.process(id);
            detail.ok_or_else(|| ShellError::failed(format!("process `{}` has ended", options.process)))?.view.source
        }
    };
    let program = session.resolve(&source)?;
    let reloaded = session.kernel.reload(id, &program, options.force);
    let replaced = reloaded.map_err(|error| session.call_error(error))?;
    let did = if replaced.code_changed { "reloaded" } else { "reloaded, the code is the same" };
    let mut line = replaced_line(&replaced, did);
    if !replaced.functions_lost.is_empty() {
        line.push(Role::Warn, format!("; `{}` is not there any more", replaced.functions_lost.join("`, `")));
    }
    Ok(Reply::Lines(vec![line]))
}

/// `1:counter restarted: the state of 3 earlier calls is lost`.
pub fn replaced_line(replaced: &Replaced, did: &str) -> Line {
    let line = Line::new().with(Role::Name, replaced.label.to_string()).plain(format!(" {did}"));
    match replaced.calls_lost {
        0 => line,
        1 => line.plain(": the state of 1 earlier call is lost"),
        calls => line.plain(format!(": the state of {calls} earlier calls is lost")),
    }
}
