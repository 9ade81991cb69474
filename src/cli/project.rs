//! The arguments of `plugsh up` and `plugsh test`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use plugsh::front::suite::{FileTimeout, TIMEOUT_DEFAULT};
use plugsh::shell::units::{parse_count, parse_duration};

use super::lines::ScriptArgs;

/// `plugsh up`.
#[derive(Debug, Args)]
#[command(
    after_help = "The file is the one of the working directory, or the nearest above it; `plugsh help project` explains it.\n\n\
    Examples:\n  plugsh up                    its plugins, and a prompt\n  plugsh up -c 'ps -t'         its plugins, and a line\n  \
    plugsh up --check            what would go wrong; exit code 1 when something would\n  \
    plugsh up --serve shop       its plugins, for `plugsh attach shop`"
)]
pub struct UpArgs {
    /// Start nothing: tell what is written wrong, what cannot be found, and what the policy would deny.
    #[arg(long, conflicts_with_all = ["words", "commands", "interactive"])]
    pub check: bool,
    /// Write the file's JSON schema, for editors.
    #[arg(long, conflicts_with_all = ["check", "words", "commands", "interactive"])]
    pub schema: bool,
    /// Stay without a prompt, for `plugsh attach NAME` in other terminals, until a signal ends it.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["check", "schema", "interactive", "pane"])]
    pub serve: Option<String>,
    /// How long jobs have to end after SIGTERM, with --serve.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse_duration, requires = "serve")]
    pub grace: Duration,
    #[command(flatten)]
    pub script: ScriptArgs,
}

/// `plugsh test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Files to run; without one those of the project's file.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Write a JUnit report: a suite a file, a case an expectation.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write which lines of the plugins ran, as lcov has it, and print a table of them.
    #[arg(long, value_name = "FILE")]
    pub coverage: Option<PathBuf>,
    /// Set a variable in each file's shell.
    #[arg(short = 'v', long = "variable", value_name = "NAME=VALUE")]
    pub variables: Vec<String>,
    /// Files that run at once; as many as there are processors.
    #[arg(short = 'j', long, value_name = "N", value_parser = parse_count)]
    pub jobs: Option<u64>,
    /// End a file that runs for longer; 0 or none: never.
    #[arg(long, value_name = "DURATION", default_value = TIMEOUT_DEFAULT, value_parser = FileTimeout::parse)]
    pub timeout: FileTimeout,
    /// Rewrite the expectations that do not hold.
    #[arg(long)]
    pub update: bool,
}
