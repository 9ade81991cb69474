//! `trace`: the journal of calls.

pub mod host;
mod json;
mod rate_limiter;

use std::time::Duration;

use serde_json::Value;

use super::{Arguments, Command, Group, Kind, Run, syntax_with};
use crate::journal::{Drained, Filter, PayloadSettings, PayloadsOf, Record, merge_running};
use crate::kernel::Kernel;
use crate::shell::filter::{parse_filter, undecided_note};
use crate::shell::listing::{self, Column, Unit};
use crate::shell::reply::{Line, Reply, Role, ShellError, Span, cell, plain};
use crate::shell::session::Session;
use crate::shell::units::{parse_count, parse_size, show_bytes};
use crate::shell::words::calls::{call_text, changed_text, costs_text, fuel_text, grew_text, held_text, outcome_role};
use crate::text::{counted, quoted};
use rate_limiter::RateLimiter;

/// The command `trace`.
pub static COMMAND: Command = Command {
    name: "trace",
    group: Group::Watching,
    summary: "list calls, nested ones too",
    description: "One row a call or load, in the order in which they began, those that still run included; a call's name is \
        indented by its depth, after `∥` where it ran beside its caller (`start_call`). TOOK is without the time that the call or one below it was held at a breakpoint, which HELD has \
        where there is any. A load is a row too, below the call that asked for it, a refused one with its \
        error; IN is the size of its modules, and `(compiled)`, `(memory cache)` or `(disk cache)` where its image came from \
        (`show SEQ` has the time of each step). SEQ counts calls and loads as they begin. `-f` goes on as calls end, until Ctrl-C; `--max N` stops it after so many, `--rate N` leaves out \
        what is more than so many a second, and says how many those were. `trace off` stops keeping them, whose numbers are not given again, `trace clear` \
        forgets what was kept. `trace payloads 4k 16M` keeps inputs and outputs too, up to a size each and a budget in \
        all (`show SEQ` shows them), until `trace payloads off`. From the start, and after `trace payloads failed`, it keeps \
        the inputs of failed calls alone, 4k each and 1M in all; those of private plugins never. `trace host on` lists what plugins ask of their \
        host too, below the calls that asked: variables, configuration, log lines, HTTP, and WASI's files, clock and random bytes, \
        with bytes and times; `trace host on EXPR` only some, until `trace host off`. `stats` and `expect-calls` count them \
        only where EXPR asks for `kind=host`, and loads only where it asks for `kind=load`. The stock host's are not seen, but for those of a product's own functions (`help embed`). GREW is the linear memory that a call added to its own plugin \
        and left there (`-e 'grew>0'` finds a leak); the stock host does not tell it. `trace fuel on` counts FUEL in \
        processes that are loaded or reloaded from then on, until `trace fuel off`: about a unit an instruction and one for each 64 bytes that the host \
        copies, the same in every run, of the call's own plugin without those that it called. Counted code takes up to twice the time. A narrow terminal leaves out AT, OUT, IN, GREW, CALLER, SEQ, TOOK, HELD, \
        FUEL, in this order, and cuts what is still too long (`show SEQ` has the whole). `--json` has the stack of a call that failed.",
    examples: &[
        "\
        load echo\n\
        # 1:echo\n\
        call echo echo hi\n\
        # hi\n\
        trace\n\
        # SEQ    AT  CALLER  CALL                     IN  OUT   TOOK  GREW  OUTCOME\n\
        #   1  0.5s  shell   load 1:echo (compiled)  57k    0   50ms        ok\n\
        #   2  0.6s  shell   1:echo.echo               2    2  258µs   64k  ok",
        "\
        trace fuel on\n\
        load echo\n\
        # 1:echo\n\
        call echo echo hi\n\
        # hi\n\
        trace -e 'fuel>0'\n\
        # SEQ      AT  CALLER  CALL         IN  OUT   TOOK  GREW  FUEL  OUTCOME\n\
        #   2  0.612s  shell   1:echo.echo   2    2  258µs   64k  …  ok",
        "\
        trace host on\n\
        load count_vowels\n\
        # 1:count_vowels\n\
        count_vowels.count_vowels abc\n\
        # {\"count\":1,\"total\":1,\"vowels\":\"aeiouAEIOU\"}\n\
        expect-calls 'caller=count_vowels and function=var_set and kind=host' 1",
    ],
    syntax: syntax_with::<TraceOptions>(kind_after),
    run: Run::Plain(run),
};

/// Interval between a follower's checks for Ctrl-C.
const FOLLOW_STEP: Duration = Duration::from_millis(50);

/// The completion of SIZE in `trace payloads SIZE`, where it is no size.
fn kind_after(words: &[&str]) -> Option<Kind> {
    (words == ["payloads"]).then(|| Kind::Words(vec!["failed".to_owned(), "off".to_owned()]))
}

#[derive(Debug, clap::Args)]
struct TraceOptions {
    #[arg(value_name = "ACTION", value_parser = ["on", "off", "clear", "payloads", "host", "fuel"])]
    action: Option<String>,
    /// of `payloads`: the most bytes of one side of a call, as 4k; or off; or failed; of `host` and `fuel`: on or off
    #[arg(value_name = "SIZE")]
    size: Option<String>,
    /// of `payloads`: the most bytes in all, as 16M; else the limit of `--payload-bytes`; of `host`: EXPR
    #[arg(value_name = "BUDGET")]
    budget: Option<String>,
    /// how many, counted from the newest (100); 0: all
    #[arg(short = 'n', long, value_name = "LAST")]
    last: Option<usize>,
    /// follow until Ctrl-C
    #[arg(short = 'f', long)]
    follow: bool,
    /// with -f: stop after so many calls
    #[arg(long, value_name = "N", requires = "follow", value_parser = parse_count)]
    max: Option<u64>,
    /// with -f: show at most so many calls a second
    #[arg(long, value_name = "N", requires = "follow", value_parser = parse_count)]
    rate: Option<u64>,
    /// only the calls that an expression asks for, as 'callee=cart and duration>1ms'
    #[arg(short = 'e', value_name = "EXPR", value_parser = parse_filter)]
    filter: Option<Filter>,
    /// write JSON, a call a line
    #[arg(long)]
    json: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<TraceOptions>()?;
    let journal = session.kernel().journal().clone();
    match options.action.as_deref() {
        Some("on") => journal.set_on(true),
        Some("off") => journal.set_on(false),
        Some("payloads") => return payloads(session, options.size.as_deref(), options.budget.as_deref()),
        Some("host") => return host::host(session, options.size.as_deref(), options.budget.as_deref()),
        Some("fuel") => return fuel(session, options.size.as_deref()),
        Some(_) => journal.clear(),
        None if options.follow => return follow(session, &options),
        None => return Ok(list(session, &options)),
    }
    Ok(Reply::done(
        serde_json::json!({ "tracing": journal.is_on(), "cleared": options.action.as_deref() == Some("clear") }),
    ))
}

/// `trace payloads [SIZE BUDGET | failed | off]`.
fn payloads(session: &Session, size: Option<&str>, budget: Option<&str>) -> Result<Reply, ShellError> {
    let size_of = |text: &str| parse_size(text).map_err(ShellError::usage);
    let before = session.kernel().journal().payload_settings();
    let settings = match (size, budget) {
        (None, _) => before,
        // Kept payloads stay until newer ones need their place.
        (Some("off"), None) => PayloadSettings { of: PayloadsOf::Nothing, ..before },
        (Some("failed"), None) => PayloadSettings::FAILED,
        (Some(size), budget) => {
            let bytes_total_max =
                budget.map(size_of).transpose()?.unwrap_or(session.kernel().limits().payload_bytes_max);
            PayloadSettings::all(size_of(size)?, bytes_total_max)
        }
    };
    session.kernel().set_payloads(settings);
    let (each, total) = (show_bytes(settings.bytes_each_max), show_bytes(settings.bytes_total_max));
    let journal = session.kernel().journal();
    let held_bytes = journal.payload_bytes();
    let held = show_bytes(held_bytes);
    let (all_max, failed_max) = (journal.payload_bytes_each_max(), journal.failed_bytes_each_max());
    let json = serde_json::json!({
        "bytes_each_max": all_max,
        "bytes_each_max_failed": failed_max,
        "bytes_total_max": settings.bytes_total_max,
        "bytes_held": held_bytes,
    });
    let reply = match (size, all_max, failed_max) {
        (Some(_), _, _) => Reply::Nothing,
        (None, 0, 0) => Reply::line(format!("off; {held} held")),
        (None, 0, _) => {
            Reply::line(format!("of failed calls alone, up to {each} bytes of each input, {total} in all; {held} held"))
        }
        (None, _, _) => {
            Reply::line(format!("up to {each} bytes of each input and output, {total} in all; {held} held"))
        }
    };
    Ok(reply.with_json(json))
}

/// `trace fuel [on | off]`.
fn fuel(session: &mut Session, switch: Option<&str>) -> Result<Reply, ShellError> {
    let kernel = session.kernel();
    match switch {
        Some("on") => kernel.set_counts_fuel(true),
        Some("off") => kernel.set_counts_fuel(false),
        None => {}
        Some(other) => {
            let action = quoted(other);
            let message = format!("`trace fuel {action}`: write `on` or `off`");
            return Err(ShellError::usage(message));
        }
    }
    let on = kernel.counts_fuel();
    let counted_now = |id| kernel.process(id).is_some_and(|process| process.spec.is_fuelled());
    let others: Vec<String> = kernel
        .processes(false)
        .iter()
        .filter(|view| counted_now(view.id) != on)
        .map(|view| view.label().to_string())
        .collect();
    let json = serde_json::json!({ "counting": on, "not_yet": others });
    let reply = match switch {
        None => Reply::line(if on { "on" } else { "off" }),
        Some(_) => {
            if !others.is_empty() {
                session.notice(Line::new().with(Role::Warn, not_yet_text(&others, on)));
            }
            Reply::Nothing
        }
    };
    Ok(reply.with_json(json))
}

/// The processes that go on as they were loaded: the switch is for those to come.
fn not_yet_text(others: &[String], on: bool) -> String {
    /// Most processes that are named.
    const NAMED_MAX: usize = 5;
    let more = others.len().saturating_sub(NAMED_MAX);
    let named: Vec<String> = others.iter().take(NAMED_MAX).map(|label| format!("`{label}`")).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let named = named.join(", ");
    match on {
        true => format!("loaded before, and not counted: {named}{more}; `reload` has one counted"),
        false => format!("loaded before, and still counted: {named}{more}; `reload` ends that"),
    }
}

fn list(session: &mut Session, options: &TraceOptions) -> Reply {
    let last = listing::rows_max(options.last.or(Some(listing::ROWS_DEFAULT)), true);
    // Running calls are read first: a call that ends between the two reads is in both lists, and none is lost.
    let wanted = |record: &Record| options.filter.as_ref().is_none_or(|filter| filter.matches(record));
    let running = session.kernel().running().into_iter().filter(wanted).collect();
    let journal = session.kernel().journal().clone();
    let (ended, older) = find(&journal.drain(), last, wanted);
    let mut records = merge_running(ended, running);
    let more = records.len().saturating_sub(last);
    records.drain(..more);
    if let Some(note) = options.filter.as_ref().and_then(|filter| undecided_note(&journal.drain(), filter)) {
        session.notice(Line::new().with(Role::Warn, note));
    }
    if session.wants_json(options.json) {
        return json::calls(session.kernel(), &records);
    }
    let mut table = listing::table(&records, &COLUMNS);
    table.notes.extend(listing::left_out_note(older + more, "older", "trace -n 0"));
    Reply::Table(table)
}

/// The newest `last` ended calls that are wanted, and how many older ones are.
fn find(journal: &Drained<'_>, last: usize, wanted: impl Fn(&Record) -> bool) -> (Vec<Record>, usize) {
    let records = journal.find(last, &wanted);
    let all = journal.with_records(|records| records.filter(|record| wanted(record)).count());
    let older = all.saturating_sub(records.len());
    (records, older)
}

fn follow(session: &mut Session, options: &TraceOptions) -> Result<Reply, ShellError> {
    let journal = session.kernel().journal().clone();
    let json = session.wants_json(options.json);
    let wanted = |record: &Record| options.filter.as_ref().is_none_or(|filter| filter.matches(record));
    let mut cursor = journal.drain().cursor_at_end();
    if let Some(last) = options.last {
        let records = journal.drain().find(listing::rows_max(Some(last), true), wanted);
        session.emit(&followed(session.kernel(), &records, json))?;
    }
    let mut limiter = RateLimiter::new(options.rate, options.max);
    while !session.interrupt().is_raised() && !limiter.is_done() {
        journal.wait(&cursor, FOLLOW_STEP);
        let mut news = journal.follow(&mut cursor);
        news.records.retain(|record| wanted(record) && limiter.admits(record));
        if news.missed > 0 {
            session.notice(Line::new().with(Role::Warn, format!("{} calls went by unseen", news.missed)));
        }
        if !news.records.is_empty() {
            session.emit(&followed(session.kernel(), &news.records, json))?;
        }
        let left_out = limiter.take_left_out(session.kernel().uptime());
        notice_left_out(session, left_out, options);
    }
    notice_left_out(session, limiter.take_rest(), options);
    session.ended_by_interrupt();
    if limiter.is_done() {
        let text = format!("stopped after {}, as `--max` says", counted(options.max.unwrap_or_default(), "call"));
        session.notice(Line::new().with(Role::Dim, text));
    }
    Ok(Reply::Nothing)
}

fn notice_left_out(session: &mut Session, left_out: u64, options: &TraceOptions) {
    if left_out > 0 {
        let rate = options.rate.unwrap_or_default();
        let text = format!("{} left out: more than `--rate {rate}` a second", counted(left_out, "call"));
        session.notice(Line::new().with(Role::Warn, text));
    }
}

/// Records as `trace --json` has them.
pub fn records_json(kernel: &Kernel, records: &[Record]) -> Vec<Value> {
    match json::calls(kernel, records) {
        Reply::JsonLines(values) => values,
        _ => Vec::new(),
    }
}

fn followed(kernel: &Kernel, records: &[Record], json: bool) -> Reply {
    match json {
        true => json::calls(kernel, records),
        false => Reply::Lines(records.iter().map(line).collect()),
    }
}

/// Bytes of the input.
pub const BYTES_IN: Column<Record> =
    Column::figures("in", Unit::Bytes, |record: &Record| record.bytes_in).importance(3);
/// Bytes of the output.
pub const BYTES_OUT: Column<Record> =
    Column::figures("out", Unit::Bytes, |record: &Record| record.bytes_out).importance(2);
/// Wall time of the call, nested calls included.
pub const TOOK: Column<Record> =
    Column::figures("took", Unit::Nanoseconds, |record: &Record| record.duration_ns).importance(7);

/// The pane shows the columns that are constants of their own.
const COLUMNS: [Column<Record>; 11] = [
    Column::right("seq", |record: &Record| cell(Role::Dim, record.seq.to_string())).importance(6),
    Column::right("at", |record: &Record| cell(Role::Dim, at_text(record))).importance(1),
    Column::left("caller", |record: &Record| plain(record.caller_label())).importance(5),
    Column::left("call", |record| {
        cell(Role::Name, format!("{}{}{}", indent(record), record.started_mark(), call_text(record)))
    }),
    BYTES_IN,
    BYTES_OUT,
    TOOK,
    Column::right("held", |record: &Record| cell(Role::Warn, held_text(record.held_ns))).importance(8).optional(),
    Column::right("grew", |record: &Record| cell(Role::Warn, grew_text(record.grew.bytes().unwrap_or(0))))
        .importance(4)
        .optional(),
    Column::right("fuel", |record: &Record| plain(fuel_text(record.counted_fuel()))).importance(9).optional(),
    Column::left("outcome", outcome_cell),
];

fn outcome_cell(record: &Record) -> Span {
    let error = record.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
    cell(outcome_role(record.outcome), format!("{}{}{error}", record.outcome, changed_text(record)))
}

/// A line of `trace -f`, whose columns cannot be aligned: `3.120 1:front → 2:cart.total 12 → 4  3.1µs ok`.
fn line(record: &Record) -> Line {
    let text = |column: Column<Record>| column.cell(record).text;
    let mut line = Line::new()
        .with(Role::Dim, format!("{:>5} {:>9} {}", record.seq, at_text(record), indent(record)))
        .plain(record.caller_label())
        .with(Role::Dim, " → ")
        .with(Role::Name, format!("{}{}", record.started_mark(), call_text(record)))
        .plain(format!("  {} → {}  {}{} ", text(BYTES_IN), text(BYTES_OUT), text(TOOK), costs_text(record)));
    line.spans.push(outcome_cell(record));
    line
}

fn indent(record: &Record) -> String {
    /// Most levels of indentation; deeper calls keep it.
    const INDENT_DEPTH_MAX: u16 = 16;
    "  ".repeat(record.depth.saturating_sub(1).min(INDENT_DEPTH_MAX).into())
}

fn at_text(record: &Record) -> String {
    format!("{:.3}s", record.at_ns as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_says_which_columns_go_first() {
        assert!(COMMAND.description.contains(&listing::left_out_first(&COLUMNS)), "{}", COMMAND.description);
    }
}
