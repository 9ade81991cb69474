//! The options for lines that run, here or at a server, and those of scripts.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use plugsh::front::opening::{AfterScripts, PaneAtStart};
use plugsh::front::script::LineSource;

/// Options of lines, as `plugsh`, `plugsh up` and `plugsh attach` have them.
#[derive(Debug, Default, Args)]
pub struct LineArgs {
    /// Run these commands.
    #[arg(short = 'c', value_name = "COMMANDS")]
    pub commands: Option<String>,
    /// Show each line before it runs, if it does not begin with a space; `--pane` does so too.
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
    /// Say nothing of what was done (`1:front`, `killed 1:front`); errors are still told.
    #[arg(short = 'q', long)]
    pub quiet: bool,
    /// Show processes and calls live below.
    #[arg(long)]
    pub pane: bool,
}

impl LineArgs {
    /// Adds options that stand before the subcommand.
    pub fn take(&mut self, before: LineArgs) {
        self.commands = self.commands.take().or(before.commands);
        self.echo |= before.echo;
        self.interactive |= before.interactive;
        self.variables.splice(0..0, before.variables);
        self.keep_going |= before.keep_going;
        self.quiet |= before.quiet;
        self.pane |= before.pane;
    }

    /// The source of the lines: those of `-c`, or the file that the next word names.
    pub fn source(&self, words: &mut impl Iterator<Item = OsString>) -> Option<LineSource> {
        match &self.commands {
            Some(commands) => Some(LineSource::Commands(commands.clone())),
            None => words.next().map(|file| line_source(file.into())),
        }
    }

    /// The end after the lines.
    pub fn after(&self) -> AfterScripts {
        if self.interactive { AfterScripts::Stay } else { AfterScripts::Exit }
    }

    /// Whether there is a pane from the start.
    pub fn pane_at_start(&self) -> PaneAtStart {
        if self.pane { PaneAtStart::Open } else { PaneAtStart::Closed }
    }
}

/// The source that a word names: a file, or standard input by `-`.
pub fn line_source(file: PathBuf) -> LineSource {
    if file.as_os_str() == "-" { LineSource::Stdin } else { LineSource::File(file) }
}

/// Options of scripts and of the prompt.
#[derive(Debug, Default, Args)]
pub struct ScriptArgs {
    /// A script to run, `-` is standard input, and its arguments: `$1`, `$2`, `$@` in it. Options for it stand behind
    /// `--`. With `-c` all are arguments.
    #[arg(value_name = "FILE")]
    pub words: Vec<OsString>,
    #[command(flatten)]
    pub lines: LineArgs,
    /// Do not read the rc file.
    #[arg(long)]
    pub no_rc: bool,
}
