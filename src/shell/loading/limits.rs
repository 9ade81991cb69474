//! The options of `load` that limit a plugin, made from the table of such limits.

use clap::{Arg, ArgMatches, Command, FromArgMatches};

use crate::kernel::policy::{MemorySizeError, parse_memory_size};
use crate::limits::Amount;
use crate::runtime::{Notation, PLUGIN_LIMITS, PluginLimit, PluginLimitRow, Spec};
use crate::shell::units::{NumberError, parse_duration, parse_size, parse_within};

/// The limits that were given; off: as without the option.
#[derive(Debug, Default)]
pub struct PluginLimitArgs(pub Vec<(PluginLimit, Amount)>);

impl PluginLimitArgs {
    /// Sets the limits of `spec`.
    pub fn apply(&self, spec: &mut Spec) {
        for (limit, amount) in self.0.iter().filter(|(_, amount)| *amount != Amount::Off) {
            (limit.row().set)(spec, *amount);
        }
    }
}

fn argument(row: &PluginLimitRow) -> Arg {
    let arg = Arg::new(row.option).long(row.option).help(row.help);
    match row.notation {
        Notation::Memory => arg.value_name("SIZE").value_parser(memory).allow_hyphen_values(true),
        Notation::Size => arg.value_name("SIZE").value_parser(size).allow_hyphen_values(true),
        Notation::Duration => arg.value_name("DURATION").value_parser(duration),
        Notation::Fuel => arg.value_name("UNITS").value_parser(fuel),
    }
}

fn fuel(text: &str) -> Result<Amount, NumberError> {
    parse_within(text, 0..=u64::MAX).map(Amount::Count)
}

fn memory(text: &str) -> Result<Amount, MemorySizeError> {
    if is_negative(text) {
        Ok(Amount::Off)
    } else {
        parse_memory_size(text).map(|bytes| Amount::Bytes(bytes).off_if_zero())
    }
}

fn size(text: &str) -> Result<Amount, String> {
    if is_negative(text) { Ok(Amount::Off) } else { parse_size(text).map(Amount::Bytes) }
}

fn duration(text: &str) -> Result<Amount, String> {
    parse_duration(text).map(|time| Amount::Time(time).off_if_zero())
}

fn is_negative(text: &str) -> bool {
    text.parse::<i64>().is_ok_and(|number| number < 0)
}

impl clap::Args for PluginLimitArgs {
    fn augment_args(command: Command) -> Command {
        command.args(PLUGIN_LIMITS.iter().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for PluginLimitArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |limit: PluginLimit| Some((limit, *matches.get_one::<Amount>(limit.row().option)?));
        Ok(PluginLimitArgs(PLUGIN_LIMITS.iter().filter_map(|row| given(row.limit)).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_may_be_left_as_it_is() {
        assert_eq!([memory("-1"), memory("0")], [const { Ok(Amount::Off) }; 2]);
        assert_eq!([size("-1"), duration("0")], [const { Ok(Amount::Off) }; 2]);
        assert_eq!((size("0"), memory("2p")), (Ok(Amount::Bytes(0)), Ok(Amount::Bytes(2 << 16))));
        assert_eq!((memory("2"), memory("64k")), (Ok(Amount::Bytes(2 << 16)), Ok(Amount::Bytes(1 << 16))));
        assert!(memory("p").is_err());
        assert!(size("-x").is_err() && memory("-").is_err());
    }
}
