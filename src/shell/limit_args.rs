//! The options of the program that set a kernel's limits, made from the table of limits; `limits` lists them with their
//! defaults. A project's file says them too.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use crate::journal::PayloadSettings;
use crate::limits::{Amount, LIMITS, Limit, LimitRow, LimitUnit, Limits};
use crate::shell::units::{parse_duration, parse_size, parse_within};
use crate::shell::words::limit_error;

/// Bytes of one side of a call that `--payload-bytes` keeps.
const PAYLOAD_BYTES_EACH_MAX: u64 = 64 << 10;

/// The limits that were given.
#[derive(Debug, Clone, Default)]
pub struct LimitArgs(Vec<(Limit, Amount)>);

impl LimitArgs {
    /// Whose payloads the trace keeps from the start: `--payload-bytes` turns all on, or with 0 all off.
    pub fn payloads(&self) -> Option<PayloadSettings> {
        let given = self.0.iter().rfind(|(limit, _)| *limit == Limit::PayloadBytes);
        given.and_then(|(_, amount)| match *amount {
            Amount::Bytes(0) => Some(PayloadSettings::default()),
            Amount::Bytes(bytes_total_max) => Some(PayloadSettings::all(PAYLOAD_BYTES_EACH_MAX, bytes_total_max)),
            Amount::Off | Amount::Count(_) | Amount::Time(_) => None,
        })
    }

    /// These limits, but those of `other` where both have one.
    #[must_use]
    pub fn and(&self, other: &LimitArgs) -> LimitArgs {
        LimitArgs(self.0.iter().chain(&other.0).copied().collect())
    }

    /// Whether one of these limits is another in `limits`.
    pub fn differ_from(&self, limits: &Limits) -> bool {
        let mut changed = limits.clone();
        self.0.iter().for_each(|(limit, amount)| changed.set(*limit, *amount));
        changed != *limits
    }

    /// The limits: the given values, else the defaults.
    ///
    /// # Errors
    /// One line, for a value out of bounds.
    pub fn limits(&self) -> Result<Limits, String> {
        let mut limits = Limits::default();
        for (limit, amount) in &self.0 {
            limits.set(*limit, *amount);
        }
        limits.check().map(|()| limits).map_err(limit_error)
    }
}

fn argument(row: &LimitRow) -> Arg {
    let arg = Arg::new(row.option).long(row.option).global(true).help_heading("Limits");
    let arg = arg.help(row.help.trim_end_matches('.'));
    match row.unit {
        LimitUnit::Count => {
            let holds = row.holds;
            arg.value_name("N").value_parser(move |text: &str| parse_within(text, 0..=holds).map(Amount::Count))
        }
        LimitUnit::Bytes => arg.value_name("SIZE").value_parser(|text: &str| parse_size(text).map(Amount::Bytes)),
        LimitUnit::Time => arg.value_name("DURATION").value_parser(|text: &str| parse_duration(text).map(Amount::Time)),
    }
}

impl Args for LimitArgs {
    fn augment_args(command: Command) -> Command {
        command.args(LIMITS.iter().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for LimitArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |row: &LimitRow| Some((row.limit, *matches.get_one::<Amount>(row.option)?));
        Ok(LimitArgs(LIMITS.iter().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
