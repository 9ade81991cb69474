//! `profile`: where the time of a command goes, by function of its plugins.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::{Arguments, Command, Group, Inner, Run, syntax};
use crate::journal::Filter;
use crate::journal::profile::format::ProfileFormat;
use crate::journal::profile::totals::{By, Total, totals};
use crate::journal::profile::{Profile, Tally};
use crate::kernel::ProfileOptions;
use crate::shell::filter::parse_filter;
use crate::shell::listing::{self, Column, SortKey, Unit};
use crate::shell::redirect::FileSink;
use crate::shell::reply::{Line, Reply, Role, ShellError, cell, plain};
use crate::shell::session::{Session, Sink};
use crate::shell::units::show_duration;
use crate::text::{counted, io_cause};

/// The command `profile`.
pub static COMMAND: Command = Command {
    name: "profile",
    group: Group::Watching,
    summary: "find the functions that take the time of a command",
    description: "Runs a command and looks so many times a second where its plugins stand, function by function through \
        all plugins of a chain. SELF is the time in which a function was the innermost, TOTAL that in which it was \
        anywhere in the stack, LINE where it was most often (`--by line`: a row a line); lines need debug information in \
        the module, names none. All calls that run meanwhile are looked at, those of jobs in the background too; `--of` \
        picks some. A row (host) is time in a host function (http, WASI, the copy of bytes) or in a process of `--host \
        extism`, which has no frames; (load) that of finding and compiling a plugin; (queue) a wait for a busy process. \
        The last line, on standard error, says how much of it there was. `--output` writes all stacks: `.svg` a flame \
        graph, `.folded` a stack a line, `.json` for profiler.firefox.com, `.pb.gz` for pprof. Without COMMAND it shows \
        the last profile again, by something else or into another file.",
    examples: &["\
        load misbehave\n\
        # 1:misbehave\n\
        profile misbehave.spin --timeout 300ms\n\
        # SELF%  SELF  TOTAL%  TOTAL  PLUGIN  FUNCTION\n\
        # …  misbehave  misbehave::spin::inner\n\
        # …\n\
        # … in 301ms; …\n\
        # …: timed out after 300ms"],
    syntax: syntax::<ProfileWords>(),
    run: Run::Keep(run),
};

/// Looks per second, by default and at most.
const HERTZ_DEFAULT: u32 = 1000;
const HERTZ_MAX: u32 = 10_000;
/// Rows that a person is shown.
const ROWS_DEFAULT: usize = 20;

#[derive(Debug, clap::Args)]
struct ProfileWords {
    /// look so many times a second (1000)
    #[arg(short = 'F', long, value_name = "HZ", value_parser = parse_hertz)]
    frequency: Option<u32>,
    /// only chains with a call that an expression asks for, as 'callee=cart'
    #[arg(long, value_name = "EXPR", value_parser = parse_filter)]
    of: Option<Filter>,
    /// what a row is
    #[arg(long, value_name = "WHAT", value_parser = ["function", "plugin", "line"], default_value = "function")]
    by: String,
    /// show at most so many rows (at a terminal 20); 0: all
    #[arg(short = 'n', value_name = "N")]
    rows: Option<usize>,
    /// write the stacks into a file as well
    #[arg(short = 'o', long, value_name = "FILE")]
    output: Option<String>,
    /// write JSON, and nothing that the command writes
    #[arg(long)]
    json: bool,
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

fn parse_hertz(text: &str) -> Result<u32, String> {
    let hertz = text.parse().ok().filter(|hertz| (1..=HERTZ_MAX).contains(hertz));
    hertz.ok_or_else(|| format!("`{text}` is no number of looks per second from 1 to {HERTZ_MAX}"))
}

fn run(session: &mut Session, arguments: Arguments, inner: &Inner<'_>) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<ProfileWords>()?;
    // A name that no format has must not cost the run of a command.
    let output = words.output.as_deref().map(|file| {
        let format = ProfileFormat::of_path(Path::new(file)).map_err(ShellError::usage)?;
        Ok((file, format))
    });
    let output = output.transpose()?;
    let json = session.wants_json(words.json);
    let (profile, result) = match inner.words {
        [] => (last(session, &words)?, Ok(())),
        _ => take(session, &words, inner, json)?,
    };
    let written = output.map_or(Ok(()), |(file, format)| write(session, &profile, file, format));
    let shown = show(session, &words, &profile, json);
    result.and(written).and(shown)
}

/// The profile that was taken last.
fn last(session: &Session, words: &ProfileWords) -> Result<Arc<Profile>, ShellError> {
    if words.frequency.is_some() || words.of.is_some() {
        return Err(ShellError::usage("`profile -F` and `profile --of` want a COMMAND to run"));
    }
    let none = || ShellError::usage("no profile yet: `profile COMMAND` takes one");
    session.last_profile().cloned().ok_or_else(none)
}

/// Runs the command, and gives its profile and how it ended.
fn take(
    session: &mut Session,
    words: &ProfileWords,
    inner: &Inner<'_>,
    json: bool,
) -> Result<(Arc<Profile>, Result<(), ShellError>), ShellError> {
    if inner.background {
        return Err(ShellError::usage("`&` runs calls in the background, and `profile` waits for its command"));
    }
    let options = ProfileOptions { hertz: words.frequency.unwrap_or(HERTZ_DEFAULT), of: words.of.clone() };
    let taking = session.kernel().start_profile(options).map_err(|error| ShellError::failed(error.to_string()))?;
    let run = |session: &mut Session| session.run_inner(inner).and_then(|reply| session.emit(&reply));
    let result = match json {
        true => session.with_sink(Sink::Memory(Vec::new()), run).0,
        false => run(session),
    };
    let interrupt = session.interrupt().clone();
    let was_raised = interrupt.is_raised();
    // The Ctrl-C that ended the command is none for its profile.
    let profile = taking.finish(&|| !was_raised && interrupt.is_raised());
    let profile = Arc::new(profile.ok_or_else(ShellError::interrupted)?);
    session.set_last_profile(Arc::clone(&profile));
    Ok((profile, result))
}

fn write(session: &Session, profile: &Profile, file: &str, format: ProfileFormat) -> Result<(), ShellError> {
    let is_cancelled = || session.interrupt().is_raised();
    let mut sink = FileSink::open(file, false, &is_cancelled)?;
    let mut bytes = Vec::new();
    let written = format.write(profile, &mut bytes);
    written.map_err(|error| ShellError::failed(format!("`{file}`: {}", io_cause(&error))))?;
    sink.write(&bytes, &is_cancelled)?;
    sink.commit()
}

fn show(session: &mut Session, words: &ProfileWords, profile: &Profile, json: bool) -> Result<Reply, ShellError> {
    let by: By = words.by.parse().map_err(ShellError::usage)?;
    let rows: Vec<ProfileRow> = totals(profile, by).into_iter().map(|total| ProfileRow::of(total, profile)).collect();
    let is_read = session.is_read_by_person();
    let rows_max = match words.rows {
        None if is_read => ROWS_DEFAULT,
        rows => listing::rows_max(rows, false),
    };
    if json {
        return Ok(Reply::json(&ProfileJson::of(profile, words.output.as_deref(), &rows[..rows.len().min(rows_max)])));
    }
    let columns = COLUMNS.into_iter().filter(|column| match column.title {
        "function" => by != By::Plugin,
        _ => true,
    });
    let table = listing::table(&rows, &columns.collect::<Vec<_>>());
    session.emit(&Reply::Table(listing::first_rows(table, rows_max, "profile -n 0")))?;
    session.notice(Line::new().with(Role::Dim, seen_text(profile, words.output.as_deref())));
    Ok(Reply::Nothing)
}

/// Content of a row.
#[derive(Serialize)]
struct ProfileRow {
    plugin: String,
    function: Option<String>,
    place: Option<String>,
    self_samples: u64,
    total_samples: u64,
    /// The share of all samples, in hundredths.
    self_percent: f64,
    total_percent: f64,
    self_us: f64,
    total_us: f64,
    #[serde(skip)]
    self_ns: u64,
    #[serde(skip)]
    total_ns: u64,
}

impl ProfileRow {
    fn of(total: Total, profile: &Profile) -> ProfileRow {
        let all = profile.tally.samples().max(1) as f64;
        let ns = |samples| profile.time_of(samples).as_nanos() as u64;
        let (self_ns, total_ns) = (ns(total.self_samples), ns(total.total_samples));
        ProfileRow {
            plugin: total.plugin,
            function: total.function,
            place: total.place,
            self_samples: total.self_samples,
            total_samples: total.total_samples,
            self_percent: total.self_samples as f64 * 100.0 / all,
            total_percent: total.total_samples as f64 * 100.0 / all,
            self_us: self_ns as f64 / 1e3,
            total_us: total_ns as f64 / 1e3,
            self_ns,
            total_ns,
        }
    }
}

const COLUMNS: [Column<ProfileRow>; 7] = [
    Column::right("self_percent", |row: &ProfileRow| plain(format!("{:.1}%", row.self_percent)))
        .titled("self%")
        .by(SortKey::Amount(|row| row.self_samples)),
    Column::figures("self", Unit::Nanoseconds, |row: &ProfileRow| row.self_ns).importance(2),
    Column::right("total_percent", |row: &ProfileRow| plain(format!("{:.1}%", row.total_percent)))
        .titled("total%")
        .importance(4),
    Column::figures("total", Unit::Nanoseconds, |row: &ProfileRow| row.total_ns).importance(1),
    Column::left("plugin", |row: &ProfileRow| cell(Role::Name, row.plugin.clone())),
    Column::left("function", |row: &ProfileRow| plain(row.function.clone().unwrap_or_default())),
    Column::left("line", |row: &ProfileRow| cell(Role::Dim, row.place.clone().unwrap_or_default()))
        .importance(3)
        .optional(),
];

/// A profile in JSON.
#[derive(Serialize)]
struct ProfileJson<'a> {
    duration_us: u64,
    hertz: u32,
    /// The time that one sample stands for.
    sample_us: f64,
    samples: u64,
    guest_samples: u64,
    host_samples: u64,
    load_samples: u64,
    queue_samples: u64,
    held_samples: u64,
    lost_samples: u64,
    file: Option<&'a str>,
    rows: &'a [ProfileRow],
}

impl<'a> ProfileJson<'a> {
    fn of(profile: &Profile, file: Option<&'a str>, rows: &'a [ProfileRow]) -> ProfileJson<'a> {
        let Tally { guest, host, load, queue, held, lost } = profile.tally;
        ProfileJson {
            duration_us: profile.duration.as_micros() as u64,
            hertz: profile.hertz,
            sample_us: profile.sample_ns() as f64 / 1e3,
            samples: profile.tally.samples(),
            guest_samples: guest,
            host_samples: host,
            load_samples: load,
            queue_samples: queue,
            held_samples: held,
            lost_samples: lost,
            file,
            rows,
        }
    }
}

/// `812 samples in 0.9s, 1000 a second; not seen into: 40ms in the host, 31ms in loads`.
fn seen_text(profile: &Profile, file: Option<&str>) -> String {
    let Tally { host, load, queue, held, lost, .. } = profile.tally;
    let figures = [(host, "in the host"), (load, "in loads"), (queue, "in queues"), (held, "held at breakpoints")];
    let unseen: Vec<String> = figures
        .into_iter()
        .filter(|(samples, _)| *samples > 0)
        .map(|(samples, what)| format!("{} {what}", show_duration(profile.time_of(samples))))
        .collect();
    let unseen = match unseen.is_empty() {
        true => "all in plugins".to_owned(),
        false => format!("not seen into: {}", unseen.join(", ")),
    };
    let lost = match lost {
        0 => String::new(),
        lost => format!("; {} left out: too many different stacks", counted(lost, "sample")),
    };
    let file = file.map(|file| format!("; stacks in `{file}`")).unwrap_or_default();
    let samples = counted(profile.tally.samples(), "sample");
    let took = show_duration(profile.duration);
    match profile.tally.samples() {
        0 => format!("no samples in {took}: no plugin ran at any of {}{file}", counted(profile.looks, "look")),
        _ => format!("{samples} in {took}; {unseen}{lost}{file}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn what_was_not_seen_has_figures() {
        let profile = |tally, looks| Profile {
            started_at: UNIX_EPOCH,
            duration: Duration::from_millis(100),
            hertz: 1000,
            looks,
            tally,
            frames: Vec::new(),
            stacks: Vec::new(),
        };
        let all = Tally { guest: 90, host: 5, load: 3, queue: 1, held: 2, lost: 4 };
        assert_eq!(
            seen_text(&profile(all, 100), Some("a.svg")),
            "99 samples in 100ms; not seen into: 5ms in the host, 3ms in loads, 1ms in queues, 2ms held at \
             breakpoints; 4 samples left out: too many different stacks; stacks in `a.svg`"
        );
        let guest = Tally { guest: 1, ..Tally::default() };
        assert_eq!(seen_text(&profile(guest, 100), None), "1 sample in 100ms; all in plugins");
        let none = seen_text(&profile(Tally::default(), 100), None);
        assert_eq!(none, "no samples in 100ms: no plugin ran at any of 100 looks");
    }

    #[test]
    fn a_frequency_has_bounds() {
        assert_eq!(parse_hertz("99"), Ok(99));
        for text in ["0", "10001", "x", "-1"] {
            let error = parse_hertz(text).unwrap_err();
            assert_eq!(error, format!("`{text}` is no number of looks per second from 1 to 10000"));
        }
    }
}
