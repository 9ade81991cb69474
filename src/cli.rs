//! The command line of the binary: argv to what is to be done.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use plugsh::front::console::Color;
use plugsh::runtime::LogLevel;
use plugsh::shell::command::LoadOptions;

/// A shell for WebAssembly plugins that call each other.
///
/// Without FILE and -c it is a prompt at a terminal, and else runs what comes from standard input.
#[derive(Debug, Parser)]
#[command(name = "plugsh", version, args_conflicts_with_subcommands = false, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(flatten)]
    pub script: ScriptArgs,
    #[command(subcommand)]
    pub mode: Option<Mode>,
}

/// Options that may stand anywhere.
#[derive(Debug, Args)]
pub struct Global {
    /// Listing commands answer in JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// A directory with plugins, searched before PLUGSH_PATH and the built-in plugins.
    #[arg(long, global = true, value_name = "DIR")]
    pub plugins: Vec<PathBuf>,
    /// Colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// The lowest level of plugins' log lines that is kept.
    #[arg(long, global = true, value_name = "LEVEL", value_parser = log_level)]
    pub log_level: Option<LogLevel>,
    /// Seeds the chances of `inject`.
    #[arg(long, global = true, value_name = "N")]
    pub seed: Option<u64>,
}

/// Options of scripts and of the prompt.
#[derive(Debug, Default, Args)]
pub struct ScriptArgs {
    /// Scripts, run one after the other.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Run these commands.
    #[arg(short = 'c', value_name = "COMMANDS")]
    pub commands: Option<String>,
    /// Show each line before it runs.
    #[arg(short = 'e', long = "echo")]
    pub echo: bool,
    /// Stay at the prompt afterwards.
    #[arg(short = 'i', long = "interactive")]
    pub interactive: bool,
    /// Set a variable.
    #[arg(short = 'v', long = "variable", value_name = "NAME=VALUE")]
    pub variables: Vec<String>,
    /// Go on after a line that failed.
    #[arg(long)]
    pub keep_going: bool,
    /// Do not read the rc file.
    #[arg(long)]
    pub no_rc: bool,
    /// Show processes and calls live below.
    #[arg(long)]
    pub pane: bool,
}

/// What else than a shell it can be.
#[derive(Debug, Subcommand)]
pub enum Mode {
    /// Load a plugin, call one function, print its output: in place of `extism call`.
    Call(Box<CallArgs>),
}

/// `plugsh call`: the words of `extism call`.
#[derive(Debug, Args)]
pub struct CallArgs {
    /// A name, a path or a URL.
    pub source: String,
    pub function: String,
    /// INPUT.
    #[arg(short = 'i', long, value_name = "TEXT", conflicts_with = "stdin")]
    pub input: Option<String>,
    /// Read INPUT from standard input.
    #[arg(long)]
    pub stdin: bool,
    /// Run it N times.
    #[arg(long = "loop", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub repeat: u64,
    /// Write the bytes only, with no newline added.
    #[arg(long)]
    pub raw: bool,
    /// native or extism: which host runs it.
    #[arg(long, default_value = "native", value_parser = ["native", "extism"])]
    pub host: String,
    #[command(flatten)]
    pub load: LoadOptions,
    /// SOURCE is a manifest, whatever it is called.
    #[arg(short = 'm', long)]
    pub manifest: bool,
    /// As in extism; WASI is there whenever the module imports it.
    #[arg(long, hide = true)]
    pub wasi: bool,
    /// As in extism; without effect.
    #[arg(long, hide = true)]
    pub enable_http_response_headers: bool,
    /// As in extism; without effect.
    #[arg(long, hide = true, value_name = "TOKEN")]
    pub github_token: Option<String>,
    /// As in extism; without effect.
    #[arg(short = 'q', long, hide = true)]
    pub quiet: bool,
    /// As in extism; without effect.
    #[arg(long, hide = true)]
    pub verbose: bool,
}

fn log_level(word: &str) -> Result<LogLevel, String> {
    let words = LogLevel::ALL.map(LogLevel::as_str).join(" ");
    LogLevel::ALL.into_iter().find(|level| level.as_str() == word).ok_or_else(|| format!("there are: {words}"))
}
