//! The options that every mode of the program has. Those of the limits are the shell's `limit_args`.

use std::path::PathBuf;

use clap::Args;

use plugsh::front::console::Color;
use plugsh::runtime::LogLevel;
use plugsh::shell::limit_args::LimitArgs;

use super::nodes::NatsArgs;

/// Options that may stand anywhere.
#[derive(Debug, Args)]
#[command(next_help_heading = "General options")]
pub struct Global {
    /// Each command answers with one JSON value.
    #[arg(long, global = true)]
    pub json: bool,
    /// A directory with plugins, searched before PLUGSH_PATH and the built-in plugins.
    #[arg(long, global = true, value_name = "DIR")]
    pub plugins: Vec<PathBuf>,
    /// Colours: auto (at a terminal, unless NO_COLOR is set), always or never.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub color: Color,
    /// The lowest level of plugins' log lines that is kept: trace, debug, info, warn, error or off.
    #[arg(long, global = true, value_name = "LEVEL", value_parser = log_level)]
    pub log_level: Option<LogLevel>,
    /// Writes a core dump of each trap into this directory, 100 at most, for a debugger of the wasm tools.
    #[arg(long, global = true, value_name = "DIR")]
    pub coredump: Option<PathBuf>,
    /// Writes the addresses and names of compiled functions to /tmp/perf-PID.map, for `perf record`.
    #[arg(long, global = true)]
    pub perf_map: bool,
    /// Seeds the chances of `inject`.
    #[arg(long, global = true, value_name = "N")]
    pub seed: Option<u64>,
    /// What plugins may do: a TOML file, as `help policy` says.
    #[arg(long, global = true, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The project's file, instead of the `plugsh.toml` here or in a directory above.
    #[arg(long, global = true, value_name = "FILE")]
    pub project: Option<PathBuf>,
    #[command(flatten)]
    pub nodes: NatsArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

fn log_level(word: &str) -> Result<LogLevel, String> {
    let words = LogLevel::ALL.map(LogLevel::as_str).join(" ");
    LogLevel::ALL
        .into_iter()
        .find(|level| level.as_str().eq_ignore_ascii_case(word))
        .ok_or_else(|| format!("there are: {words}"))
}
