//! `expect-fuel`: the expectation of the fuel that calls use.

use super::calls::matching;
use super::{Arguments, Command, Group, Run, held, syntax};
use crate::journal::units::parse_units;
use crate::journal::{ChangedBy, Filter, Outcome, Record, RecordKind};
use crate::shell::filter::parse_filter;
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;
use crate::shell::words::calls::call_text;
use crate::text::counted;

/// The command `expect-fuel`.
pub static COMMAND: Command = Command {
    name: "expect-fuel",
    group: Group::Scripting,
    summary: "fail unless calls cost less than this",
    description: "Adds up the fuel of the ended calls in the trace that EXPR asks for: the units of their own plugins, so \
        that `'depth>=1'` is the cost of all, nested calls too, and `callee=cart` that of one plugin. The sum must be less \
        than the units after `--under` (`1500`, `2k`, `1.5M`, by thousands). It is the same number in every run, on a busy machine too, \
        where a plugin's input, clock and random numbers are. `trace clear` starts anew. There must be a call at least, and none whose \
        plugin was not counted: `trace fuel on` before the load, or `load --fuel-count`, does that. The hosts count differently.",
    examples: &["\
        trace fuel on\n\
        load wordcount\n\
        # 1:wordcount\n\
        call wordcount run 'a b a' > counted\n\
        expect-fuel 'depth>=1' --under 5M"],
    syntax: syntax::<ExpectFuelOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct ExpectFuelOptions {
    #[arg(value_name = "EXPR", value_parser = parse_filter, required = true)]
    filter: Filter,
    /// all of them together used less than this
    #[arg(long, value_name = "UNITS", value_parser = parse_units, required = true)]
    under: u64,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    session.scripts_mut().count_expectation();
    let (options, _) = arguments.parse::<ExpectFuelOptions>()?;
    let ExpectFuelOptions { filter, under } = options;
    let mut records = matching(session, &filter)?;
    // EXPR may ask for requests to the host, which run no plugin.
    records.retain(|record| record.kind == RecordKind::Call);
    let Some(dearest) = records.iter().max_by_key(|record| record.fuel) else {
        return Err(ShellError::failed(format!("no call of `{filter}` was made")));
    };
    if let Some(uncounted) = records.iter().find(|record| is_uncounted(record)) {
        let text = format!(
            "the fuel of `{}` (seq {}) was not counted; `trace fuel on` before its load does it, or `load --fuel-count`",
            call_text(uncounted),
            uncounted.seq
        );
        return Err(ShellError::failed(text));
    }
    let used = records.iter().fold(0, |sum: u64, record| sum.saturating_add(record.fuel));
    if used < under {
        return Ok(held(serde_json::json!({ "calls": records.len(), "fuel": used })));
    }
    let calls = counted(records.len() as u64, "call");
    let (call, seq, most) = (call_text(dearest), dearest.seq, dearest.fuel);
    let text = format!("{calls} of `{filter}` used {used} units, not under {under}; `{call}` (seq {seq}) most: {most}");
    Err(ShellError::failed(text))
}

/// Whether a plugin ran that was not counted. What was refused, answered or cancelled may have run nothing.
fn is_uncounted(record: &Record) -> bool {
    let ran = matches!(record.outcome, Outcome::Ok | Outcome::Trap | Outcome::Oom);
    ran && record.changed_by == ChangedBy::None && record.fuel == 0
}
