//! The options of the command line that set limits, and what is said of one that is out of its bounds.

use crate::kernel::limits::LimitError;
use crate::runtime::{Limit, PluginLimit};

/// The option of plugsh that sets a limit of the kernel's.
pub fn flag_of(limit: Limit) -> &'static str {
    match limit {
        Limit::Processes => "--max-processes",
        Limit::Children => "--max-children",
        Limit::Depth => "--max-depth",
        Limit::CallRate => "--max-calls-per-second",
        Limit::Jobs => "--max-jobs",
        Limit::Output => "--max-output",
        Limit::Memory => "--max-memory",
        Limit::Timeout => "--default-timeout",
        Limit::LoadTimeout => "--load-timeout",
        Limit::Compilations => "--max-compilations",
        Limit::CompileMemory => "--max-compile-memory",
        Limit::LogRate => "--max-log-rate",
        Limit::LogBytes => "--max-log-bytes",
        Limit::JournalRecords => "--journal-records",
        Limit::PayloadBytes => "--payload-bytes",
        Limit::Dead => "--dead-kept",
    }
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
pub fn flag_of_plugin(limit: PluginLimit) -> &'static str {
    match limit {
        PluginLimit::Memory => "--memory-max",
        PluginLimit::Vars => "--var-max",
    }
}
