//! The options that set limits, as they are typed, and what is said of one that is out of its bounds.

use crate::limits::{Limit, LimitError};
use crate::runtime::PluginLimit;

/// The option of plugsh that sets a limit of the kernel's.
pub fn flag_of(limit: Limit) -> String {
    format!("--{}", limit.row().option)
}

/// Why a limit cannot be what was given, in one line.
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
