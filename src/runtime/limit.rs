//! The limits that a plugin is loaded with, one row each: the row makes the option of `load`, its help, and what `info`
//! shows. The limits of a kernel are in `limits.rs`.

use super::Spec;
use crate::limits::{Amount, LimitUnit, Value};

/// Bytes of a page of WebAssembly memory.
pub const PAGE_BYTES: u64 = 65_536;

/// How the value of a plugin's limit is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// A size, or a number of pages; 0 or a negative number is no value.
    Memory,
    /// A size; a negative number is no value.
    Size,
    /// A duration; 0 is no value.
    Duration,
    /// Units of fuel.
    Fuel,
}

/// One limit of a plugin, as every display and the command line know it.
pub struct PluginLimitRow {
    pub limit: PluginLimit,
    /// The limit's name in `info`.
    pub name: &'static str,
    /// The limit's field in JSON.
    pub field: &'static str,
    /// The option of `load` that sets the limit, without the dashes.
    pub option: &'static str,
    /// The help of the option.
    pub help: &'static str,
    pub notation: Notation,
    pub value: fn(&Spec) -> Amount,
    pub set: fn(&mut Spec, Amount),
}

/// Declares the limits. The comment of a row is the help of its option.
macro_rules! plugin_limits {
    ($(#[doc = $help:literal] $limit:ident($name:literal, $json:literal) $field:ident, $unit:ident, --$option:literal
        $notation:ident;)*) => {
        /// The name of a plugin's limit.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum PluginLimit {
            $(#[doc = $help] $limit,)*
        }

        /// All limits of a plugin, in the order of [`PluginLimit`].
        pub static PLUGIN_LIMITS: &[PluginLimitRow] = &[$(PluginLimitRow {
            limit: PluginLimit::$limit,
            name: $name,
            field: $json,
            option: $option,
            help: $help.trim_ascii(),
            notation: Notation::$notation,
            value: |spec| spec.$field.amount(LimitUnit::$unit),
            set: |spec, amount| spec.$field = Value::from_amount(amount),
        }),*];
    };
}

plugin_limits! {
    /// the most memory it may have, in pages or as `10M`; 0: as without this option
    Memory("memory", "memory_bytes_max") memory_bytes_max, Bytes, --"memory-max" Memory;
    /// the most time a call may take; loading is no part of it; 0: as without this option
    Timeout("timeout", "timeout_ms") timeout, Time, --"timeout" Duration;
    /// the most work a call may do
    Fuel("fuel", "fuel") fuel, Count, --"fuel" Fuel;
    /// the most bytes of variables it may keep; -1: as without this option
    Vars("variables", "var_bytes_max") var_bytes_max, Bytes, --"var-max" Size;
    /// the largest HTTP response; -1: as without this option
    HttpResponse("HTTP response", "http_response_bytes_max") http_response_bytes_max, Bytes, --"http-response-max" Size;
}

impl PluginLimit {
    /// The limit's row of the table.
    pub fn row(self) -> &'static PluginLimitRow {
        &PLUGIN_LIMITS[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_set_is_the_one_that_is_shown() {
        for row in PLUGIN_LIMITS {
            let amount = match row.notation {
                Notation::Memory | Notation::Size => Amount::Bytes(7),
                Notation::Duration => Amount::Time(std::time::Duration::from_millis(7)),
                Notation::Fuel => Amount::Count(7),
            };
            let mut spec = Spec::default();
            (row.set)(&mut spec, amount);
            let changed = PLUGIN_LIMITS.iter().filter(|row| (row.value)(&spec) != (row.value)(&Spec::default()));
            assert_eq!(changed.map(|row| row.name).collect::<Vec<_>>(), [row.limit.row().name]);
        }
    }
}
