//! `kill`: ends processes and jobs.

use serde_json::{Value, json};

use super::{Arguments, Command, Group, Run, syntax};
use crate::kernel::Killed;
use crate::shell::lookup::job_word;
use crate::shell::recording::Entry;
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;

/// The command `kill`.
pub static COMMAND: Command = Command {
    name: "kill",
    group: Group::Plugins,
    summary: "end processes or jobs",
    description: "Ends a process at once, whatever it does; who called it gets an error that says so, its children move to \
        the nearest living ancestor. `-r` takes all below it too. `%N` ends a job, and no process.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        load echo\n\
        # 2:echo-2\n\
        kill echo-2\n\
        # killed 2:echo-2\n\
        ps -t\n\
        # shell\n\
        # └─ 1:echo idle"],
    syntax: syntax::<KillOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct KillOptions {
    #[arg(value_name = "PROCESS|%JOB", required = true)]
    targets: Vec<String>,
    /// the processes below it too
    #[arg(short = 'r', long)]
    recursive: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<KillOptions>()?;
    let mut news = News::default();
    let mut failed = None;
    for target in &options.targets {
        match kill(session, target, options.recursive, &mut news) {
            Ok(()) => {}
            // The others are ended all the same.
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        None => Ok(news.reply()),
        Some(error) => {
            session.emit(&news.reply())?;
            Err(error)
        }
    }
}

/// Ended and moved processes of all targets.
#[derive(Default)]
pub struct News {
    lines: Vec<Line>,
    jobs: Vec<Value>,
    ended: Vec<Value>,
    moved: Vec<Value>,
}

impl News {
    /// Adds the effect of a kill.
    pub fn add(&mut self, killed: &Killed) {
        self.lines.extend(lines(killed));
        self.ended.extend(killed.ended.iter().map(|label| json!(label)));
        self.moved.extend(killed.moved.iter().map(|(label, parent)| {
            // The shell is 0, as everywhere.
            let parent = parent.as_ref().map_or(0, |parent| parent.id);
            json!({ "id": label.id, "name": label.name, "parent": parent })
        }));
    }

    /// The news as a reply.
    pub fn reply(self) -> Reply {
        let json = json!({ "ended": self.ended, "moved": self.moved, "jobs": self.jobs });
        Reply::News { lines: self.lines, json }
    }
}

fn kill(session: &Session, target: &str, recursive: bool, news: &mut News) -> Result<(), ShellError> {
    if let Some(job) = job_word(session, target)? {
        if !job.is_running() {
            return Err(ShellError::failed(format!("job `{target}` has ended; `wait {target}` shows how")));
        }
        job.kill();
        news.lines.push(Line::new().plain("killed ").with(Role::Name, target));
        news.jobs.push(json!(job.id()));
        return Ok(());
    }
    let id = session.process(target)?;
    let killed = session.kernel().kill(id, recursive).map_err(|error| session.call_error(error))?;
    if let Some(target) = killed.ended.iter().find(|label| label.id == id) {
        session.record(|| Entry::Kill { process: target.name.clone(), recursive });
    }
    news.add(&killed);
    Ok(())
}

/// Most processes that are named as ended, and as moved.
const NAMED_MAX: usize = 50;

fn lines(killed: &Killed) -> Vec<Line> {
    let ended = killed.ended.iter();
    let ended = ended.map(|label| Line::new().plain("killed ").with(Role::Name, label.to_string()));
    let moved = killed.moved.iter().map(|(label, parent)| {
        let parent = parent.as_ref().map_or_else(|| "the shell".to_owned(), ToString::to_string);
        Line::new().with(Role::Name, label.to_string()).plain(" moved to ").with(Role::Name, parent)
    });
    [first(ended, "killed"), first(moved, "moved")].concat()
}

/// The first of many lines, and how many more there are.
fn first(lines: impl ExactSizeIterator<Item = Line>, what: &str) -> Vec<Line> {
    let more = lines.len().saturating_sub(NAMED_MAX);
    let mut lines: Vec<Line> = lines.take(NAMED_MAX).collect();
    if more > 0 {
        lines.push(Line::new().plain(format!("{more} more {what}")));
    }
    lines
}
