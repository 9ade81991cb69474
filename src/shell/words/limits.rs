//! The limits of a plugin as they are shown, the options that set limits, and the error for one out of its bounds.

use crate::limits::{Amount, Limit, LimitError};
use crate::runtime::{PLUGIN_LIMITS, PluginLimit, PluginLimitRow, Spec};
use crate::shell::units::show_amount;

/// The limits that a plugin has, each with its name: `timeout 2s`.
pub fn plugin_limits(spec: &Spec) -> Vec<String> {
    let shown = |row: &PluginLimitRow| match (row.value)(spec) {
        Amount::Off => None,
        amount => Some(format!("{} {}", row.name, show_amount(amount))),
    };
    PLUGIN_LIMITS.iter().filter_map(shown).collect()
}

/// The option of plugsh that sets a limit of the kernel's.
pub fn flag_of(limit: Limit) -> String {
    format!("--{}", limit.row().option)
}

/// The error for a limit out of its bounds, in one line.
pub fn limit_error(error: LimitError) -> String {
    match error {
        LimitError::BelowLeast { limit, value, least } => {
            format!("`{} {value}`: at least {least} is needed", flag_of(limit))
        }
        LimitError::AboveMost { limit, value, most } => {
            format!("`{} {value}`: at most {most} can be had", flag_of(limit))
        }
        LimitError::AboveMapCount { value, most } => format!(
            "`{} {value}`: the system's `vm.max_map_count` has room for {most}; raise that first",
            flag_of(Limit::Processes)
        ),
    }
}

/// The option of `load` that sets a limit of a plugin's own.
pub fn flag_of_plugin(limit: PluginLimit) -> String {
    format!("--{}", limit.row().option)
}
