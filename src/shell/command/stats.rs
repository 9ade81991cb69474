//! `stats`: aggregates of the calls in the journal, as a table, as JSON or as histograms.

use std::time::Duration;

use serde::Serialize;

use super::{Arguments, Command, Group, Run, syntax};
use crate::journal::Filter;
use crate::journal::stats::{Bar, By, Stats, StatsRow};
use crate::shell::filter::{parse_filter, undecided_note};
use crate::shell::listing::{self, Column, SortKey, Unit};
use crate::shell::reply::{Line, Reply, Role, ShellError, cell, plain};
use crate::shell::session::Session;
use crate::shell::units::show_duration;
use crate::shell::words::calls::{fuel_text, grew_text, held_text};
use crate::text::counted;

/// The command `stats`.
pub static COMMAND: Command = Command {
    name: "stats",
    group: Group::Watching,
    summary: "add calls up: errors, bytes, time",
    description: "One row a called process (`--by edge`: who called whom; `--by function`: a function of a process), of \
        the calls that the trace keeps, and a row of totals: of how many calls it is. At a terminal a last line says how many \
        older ones the trace has let go, and how many rows beyond the first 100 there are (`-n 0` shows all). SELF is the time without the nested calls and loads, LOADS that in loads which the calls asked for (there where \
        a call did; `-e kind=load` has a row for each process that was loaded), HELD that at breakpoints (in no other column, and there where a call was \
        held), SHARE its part of all such time, P50 to \
        P99 what so many in a hundred calls did not take longer than, AMP the bytes that went in and out of the calls below \
        per byte given. GREW is the linear memory that the calls added and left, FUEL-SELF and FUEL-TOTAL the units of fuel of counted \
        processes without and with the nested calls (`trace fuel on`); all three are there where there is any. The largest comes first. A narrow terminal leaves out AMP, HELD, OUT, IN, P90, AVG, MAX, TOTAL, SHARE, \
        P99, P50, ERRORS, LOADS, SELF, FUEL-TOTAL, FUEL-SELF, GREW, in this order.",
    examples: &["\
        load wordcount\n\
        # 1:wordcount\n\
        call wordcount run 'a b a' > counted\n\
        stats --by function --sort name\n\
        # FUNCTION          CALLS  ERRORS  IN  OUT  …\n\
        # 1:wordcount.run       1       0   5   13  …\n\
        # …"],
    syntax: syntax::<StatsOptions>(),
    run: Run::Plain(run),
};

/// The longest bar of a histogram, in columns.
const BAR_COLUMNS_MAX: u64 = 40;

#[derive(Debug, clap::Args)]
struct StatsOptions {
    /// only the calls that an expression asks for, as 'callee=cart and duration>1ms'
    #[arg(short = 'e', value_name = "EXPR", value_parser = parse_filter)]
    filter: Option<Filter>,
    /// what a row is
    #[arg(long, value_name = "WHAT", value_parser = ["callee", "edge", "function"], default_value = "callee")]
    by: String,
    /// order by a column (self)
    #[arg(long, value_name = "COLUMN", value_parser = listing::sort_words(&COLUMNS), default_value = "self")]
    sort: String,
    /// show at most so many rows (at a terminal 100); 0: all
    #[arg(short = 'n', value_name = "N")]
    rows: Option<usize>,
    /// draw how long the calls took; with --json: the figures of that
    #[arg(long)]
    hist: bool,
    /// write JSON
    #[arg(long)]
    json: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<StatsOptions>()?;
    let by: By = options.by.parse().map_err(ShellError::usage)?;
    // The records are copied: the journal must not stay locked while they are summed.
    let journal = session.kernel().journal().clone();
    let (records, dropped) = {
        let drained = journal.drain();
        (drained.records(usize::MAX), drained.dropped())
    };
    let mut rows = Stats::of(by, options.filter.as_ref(), &records).into_rows();
    listing::sort(&mut rows, &COLUMNS, &options.sort);
    let rows_max = listing::rows_max(options.rows, session.is_read_by_person());
    if let Some(note) = options.filter.as_ref().and_then(|filter| undecided_note(&journal.drain(), filter)) {
        session.notice(Line::new().with(Role::Warn, note));
    }
    if session.wants_json(options.json) {
        return Ok(Reply::json(&rows.iter().take(rows_max).map(|row| json_row(row, options.hist)).collect::<Vec<_>>()));
    }
    if options.hist {
        return Ok(Reply::Lines(rows.iter().take(rows_max).flat_map(histogram).collect()));
    }
    let [name, figures @ ..] = COLUMNS;
    let columns: Vec<Column<StatsRow>> = std::iter::once(name.titled(by.as_str())).chain(figures).collect();
    let mut table = listing::first_rows(listing::table(&rows, &columns), rows_max, "stats -n 0");
    table.notes.extend(dropped_note(dropped));
    Ok(Reply::Table(table))
}

/// `1200 older calls are no longer kept`; `None` when all are.
fn dropped_note(dropped: u64) -> Option<Line> {
    let text = || format!("{} left the trace, which keeps the newest: see `limits`", counted(dropped, "older call"));
    (dropped > 0).then(|| Line::new().with(Role::Dim, text()))
}

/// The grouping titles the first column.
const COLUMNS: [Column<StatsRow>; 19] = [
    Column::left("name", |row: &StatsRow| cell(Role::Name, row.label()))
        .by(SortKey::Word(StatsRow::label))
        .totalled(|_| "total".to_owned()),
    Column::figures("calls", Unit::Count, |row: &StatsRow| row.calls).summed(),
    Column::figures("errors", Unit::Errors, |row: &StatsRow| row.errors).importance(12).summed(),
    Column::figures("bytes_in", Unit::Bytes, |row: &StatsRow| row.bytes_in).titled("in").importance(4).summed(),
    Column::figures("bytes_out", Unit::Bytes, |row: &StatsRow| row.bytes_out).titled("out").importance(3).summed(),
    Column::figures("total", Unit::Nanoseconds, |row: &StatsRow| row.total_ns).importance(8),
    Column::figures("self", Unit::Nanoseconds, |row: &StatsRow| row.self_ns).importance(14).summed(),
    Column::right("loads", |row: &StatsRow| plain(held_text(row.loads_ns)))
        .importance(13)
        .by(SortKey::Amount(|row| row.loads_ns))
        .totalled(|rows| held_text(sum(rows, |row| row.loads_ns)))
        .optional(),
    Column::right("held", |row: &StatsRow| cell(Role::Warn, held_text(row.held_ns)))
        .importance(2)
        .by(SortKey::Amount(|row| row.held_ns))
        .optional(),
    Column::right("grew", |row: &StatsRow| cell(Role::Warn, grew_text(row.grew_bytes)))
        .importance(17)
        .by(SortKey::Amount(|row| row.grew_bytes))
        .totalled(|rows| grew_text(sum(rows, |row| row.grew_bytes)))
        .optional(),
    Column::right("fuel_total", |row: &StatsRow| plain(fuel_text(row.fuel_total)))
        .titled("fuel-total")
        .importance(15)
        .by(SortKey::Amount(|row| row.fuel_total.unwrap_or(0)))
        .optional(),
    Column::right("fuel_self", |row: &StatsRow| plain(fuel_text(row.fuel_self)))
        .titled("fuel-self")
        .importance(16)
        .by(SortKey::Amount(|row| row.fuel_self.unwrap_or(0)))
        .totalled(|rows| sum(rows, |row| row.fuel_self.unwrap_or(0)).to_string())
        .optional(),
    Column::figures("avg", Unit::Nanoseconds, |row: &StatsRow| row.avg_ns).importance(6),
    Column::figures("p50", Unit::Nanoseconds, |row: &StatsRow| row.p50_ns).importance(11),
    Column::figures("p90", Unit::Nanoseconds, |row: &StatsRow| row.p90_ns).importance(5),
    Column::figures("p99", Unit::Nanoseconds, |row: &StatsRow| row.p99_ns).importance(10),
    Column::figures("max", Unit::Nanoseconds, |row: &StatsRow| row.max_ns).importance(7),
    Column::right("share", |row: &StatsRow| plain(format!("{:.1}%", row.share * 100.0)))
        .importance(9)
        .by(SortKey::Figure(|row| row.share)),
    Column::right("amplification", |row: &StatsRow| {
        plain(row.amplification.map_or_else(|| "-".to_owned(), |factor| format!("{factor:.1}x")))
    })
    .titled("amp")
    .importance(1)
    .by(SortKey::Figure(|row| row.amplification.unwrap_or(-1.0))),
];

fn sum(rows: &[StatsRow], figure: fn(&StatsRow) -> u64) -> u64 {
    rows.iter().fold(0, |sum, row| sum.saturating_add(figure(row)))
}

/// A row in JSON, with the histogram's bars under `--hist`.
#[derive(Serialize)]
struct JsonRow<'a> {
    #[serde(flatten)]
    row: &'a StatsRow,
    histogram: Option<Vec<Bar>>,
}

fn json_row(row: &StatsRow, hist: bool) -> JsonRow<'_> {
    JsonRow { row, histogram: hist.then(|| row.durations.bars()) }
}

/// A row's latencies: a title, and a line a bar.
fn histogram(row: &StatsRow) -> Vec<Line> {
    let bars = row.durations.bars();
    let most = bars.iter().map(|bar| bar.count).max().unwrap_or(0).max(1);
    let calls = counted(row.calls, "call");
    let mut lines = vec![Line::new().with(Role::Name, row.label()).with(Role::Dim, format!("  {calls}"))];
    lines.extend(bars.iter().map(|bar| bar_line(*bar, most)));
    lines
}

fn bar_line(bar: Bar, most: u64) -> Line {
    let edge = |ns| show_duration(Duration::from_nanos(ns));
    // A small count has a bar of at least one character.
    let columns = (u128::from(bar.count) * u128::from(BAR_COLUMNS_MAX)).div_ceil(u128::from(most.max(1))) as usize;
    Line::new()
        .with(Role::Dim, format!("  {:>7} to {:>7}  ", edge(bar.from_ns), edge(bar.to_ns)))
        .with(Role::Good, "█".repeat(columns))
        .plain(format!("{}{}", if columns > 0 { " " } else { "" }, bar.count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Outcome, Record};

    #[test]
    fn the_help_says_which_columns_go_first() {
        assert!(COMMAND.description.contains(&listing::left_out_first(&COLUMNS)), "{}", COMMAND.description);
    }

    #[test]
    fn the_fullest_bar_is_the_longest_and_no_call_is_lost() {
        let drawn = |count| {
            let bar = Bar { from_ns: 1_000, to_ns: 2_000, count };
            bar_line(bar, 1_000_000).to_string()
        };
        assert_eq!(drawn(1_000_000).matches('█').count() as u64, BAR_COLUMNS_MAX);
        assert_eq!(drawn(1).matches('█').count(), 1);
        assert_eq!(drawn(0).matches('█').count(), 0);
        assert!(drawn(1).contains("to"), "{}", drawn(1));
    }

    #[test]
    fn the_bars_are_in_the_json_when_they_are_asked_for() {
        let call = Record { seq: 1, callee: 1, duration_ns: 3_000, outcome: Outcome::Ok, ..Record::default() };
        let rows = Stats::of(By::Callee, None, &[call]).into_rows();
        let json = |hist| serde_json::to_value(json_row(&rows[0], hist)).unwrap()["histogram"].take().to_string();
        assert_eq!(json(false), "null");
        assert_eq!(json(true), r#"[{"from_us":2.0,"to_us":5.0,"count":1}]"#);
    }
}
