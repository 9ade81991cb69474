//! `watch`: a command again and again.

use std::time::Duration;

use super::{Arguments, Command, Group, Inner, Run, syntax};
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::{Session, Sink};
use crate::shell::units::{parse_count, parse_seconds, show_duration};

/// The command `watch`.
pub static COMMAND: Command = Command {
    name: "watch",
    group: Group::Watching,
    summary: "run a command again and again",
    description: "Shows a command's output anew at each interval, until Ctrl-C or `--count` runs; of a program of the system's \
        too (`watch !df`). A bare number is seconds.",
    examples: &["\
        watch -n 1ms --count 2 echo hi\n\
        # hi\n\
        # hi"],
    syntax: syntax::<WatchOptions>(),
    run: Run::Prefix(run),
};

/// The interval when none is given.
const INTERVAL_DEFAULT: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
struct WatchOptions {
    /// time between two runs
    #[arg(short = 'n', long, value_name = "DURATION", value_parser = parse_seconds)]
    interval: Option<Duration>,
    /// end after N runs
    #[arg(long, value_name = "N", value_parser = parse_count)]
    count: Option<u64>,
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

fn run(session: &mut Session, arguments: Arguments, inner: &Inner<'_>) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<WatchOptions>()?;
    let interval = options.interval.unwrap_or(INTERVAL_DEFAULT);
    let in_place = !session.is_redirected() && session.front().is_terminal();
    let title = Line::new().with(Role::Dim, format!("every {}: {}", show_duration(interval), inner.text));
    let mut runs = 0;
    while options.count.is_none_or(|count| runs < count) {
        if runs > 0 && session.pause(interval).is_err() {
            session.ended_by_interrupt();
            break;
        }
        let (result, sink) = session.with_sink(Sink::Replies(Vec::new()), |session| {
            let reply = session.run_inner(inner)?;
            session.emit(&reply)
        });
        result?;
        let Some(Sink::Replies(replies)) = sink else { break };
        for reply in replies.iter().filter(|reply| **reply != Reply::Nothing) {
            match in_place {
                true => session.output().frame(Some((&title, reply)))?,
                false => session.emit(reply)?,
            }
        }
        runs += 1;
    }
    session.output().frame(None)?;
    Ok(Reply::Nothing)
}
