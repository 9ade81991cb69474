//! `logs`: the lines that plugins wrote through their log functions.

use std::time::Duration;

use super::{Arguments, Command, Group, Run, syntax};
use crate::kernel::LogLine;
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::shell::words::calls::log_role;

/// The command `logs`.
pub static COMMAND: Command = Command {
    name: "logs",
    group: Group::Watching,
    summary: "show what plugins logged",
    description: "Lines that plugins wrote through the PDK's log functions, and to standard output and error under WASI. \
        `-f` goes on until Ctrl-C. `log-level` says what is kept.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        logs echo"],
    syntax: syntax::<LogsOptions>(),
    run: Run::Plain(run),
};

/// Interval between a follower's checks for new lines.
const FOLLOW_STEP: Duration = Duration::from_millis(50);

#[derive(Debug, clap::Args)]
struct LogsOptions {
    #[arg(value_name = "PLUGIN")]
    plugin: Option<String>,
    /// follow until Ctrl-C
    #[arg(short = 'f', long)]
    follow: bool,
    /// only the newest
    #[arg(short = 'n', value_name = "LAST")]
    last: Option<usize>,
    /// write JSON, a line a line
    #[arg(long)]
    json: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<LogsOptions>()?;
    let process = options.plugin.as_deref().map(|plugin| session.process(plugin)).transpose()?;
    let json = session.wants_json(options.json);
    let mut lines = session.kernel().logs(0, process);
    let mut seen = lines.last().map_or(0, |line| line.seq);
    if let Some(last) = options.last {
        lines.drain(..lines.len().saturating_sub(last));
    }
    let first = reply(&lines, json);
    if !options.follow {
        return Ok(first);
    }
    session.emit(&first)?;
    while session.pause(FOLLOW_STEP).is_ok() {
        let more = session.kernel().logs(seen, process);
        if let Some(line) = more.last() {
            seen = line.seq;
            session.emit(&reply(&more, json))?;
        }
    }
    session.ended_by_interrupt();
    Ok(Reply::Nothing)
}

fn reply(lines: &[LogLine], json: bool) -> Reply {
    if json { Reply::json_lines(lines) } else { Reply::Lines(lines.iter().map(line).collect()) }
}

fn line(line: &LogLine) -> Line {
    Line::new()
        .with(Role::Dim, format!("{:>8.3}s ", line.at.as_secs_f64()))
        .with(log_role(line.level), format!("{:<5} ", line.level.as_str()))
        .with(Role::Name, line.process.to_string())
        .plain(format!(" {}", line.text))
}

impl Session {
    /// Shows the lines since the last time, where the session's options ask for them.
    pub fn show_logs(&mut self) {
        let Some(lowest) = self.options().logs_shown else { return };
        for logged in self.take_new_logs() {
            if logged.level >= lowest {
                self.notice(line(&logged));
            }
        }
    }
}
