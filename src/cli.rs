//! The command line of the binary: the program as a whole. Each subcommand's arguments are in its file of `cli/`, and
//! the options that set limits in the shell's `limit_args`.

mod before_mode;
pub mod call;
pub mod compile;
pub mod given_words;
pub mod global;
pub mod lines;
pub mod man;
pub mod mistake;
pub mod mode;
pub mod nodes;
mod pflag;
pub mod project;
pub mod serving;

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::{Arg, CommandFactory, FromArgMatches, Parser};

use self::global::Global;
use self::lines::ScriptArgs;
use self::mode::Mode;

/// The text of `plugsh --help` below the options.
const AFTER_HELP: &str = "\
Without FILE and -c it is a prompt at a terminal, and else runs what comes from standard input.

Examples:
  plugsh                                    the prompt; `help` lists its commands
  plugsh call count_vowels count_vowels --input 'Hello'
  plugsh -c 'load front; front.run; ps -t'
  plugsh setup.plugsh -i                    run a file, stay at the prompt
  plugsh import.plugsh a.json               run a file, `$1` in it is `a.json`
  plugsh test tests/*.plugsh                files of commands and expectations
  plugsh new hello --lang zig               a plugin to begin with, and how it is built
  plugsh init; plugsh up                    plugsh.toml from the modules here; all of it started
  plugsh serve setup.plugsh --name shop     stay, for `plugsh attach shop` in other terminals

Environment:
  PLUGSH_PATH        directories with plugins, apart by `:`
  NO_COLOR           no colours
  COLUMNS            width of tables where standard output is no terminal; unset: they are whole
  EXTISM_ENABLE_WASI_OUTPUT
                     show what plugins write to WASI's standard output and error

Files:
  ~/.config/plugsh/rc            lines that run when the prompt opens
  ~/.local/state/plugsh/history  what was typed
  ~/.cache/plugsh                compiled modules

Exit code: 0; 1 a command failed, 2 it was written wrong, 124 it ran into a timeout, 130 it was interrupted,
141 nobody reads its output.";

/// A shell for WebAssembly plugins that call each other.
#[derive(Debug, Parser)]
#[command(
    name = "plugsh",
    version,
    override_usage = "plugsh [OPTIONS] [FILE [ARG]...]\n       plugsh call [OPTIONS] SOURCE FUNCTION\n       plugsh serve [OPTIONS] [FILE...]\n       plugsh attach [OPTIONS] [NAME [FILE [ARG]...]]\n       plugsh up [OPTIONS] [FILE [ARG]...]\n       plugsh test [OPTIONS] [FILE]...\n       plugsh new [OPTIONS] DIR\n       plugsh node [OPTIONS] --nats URL --name NAME",
    after_help = AFTER_HELP,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(flatten)]
    pub script: ScriptArgs,
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub mode: Option<Mode>,
}

impl Cli {
    /// Reads the arguments.
    ///
    /// # Errors
    /// The arguments are wrong, or ask for help or the version; with the text to print.
    pub fn read(words: &[OsString]) -> Result<Cli, clap::Error> {
        let name = OsString::from("plugsh");
        let words = std::iter::once(&name).chain(words);
        Cli::from_arg_matches(&Cli::definition().try_get_matches_from(words)?)
    }

    /// The options and arguments, as help and completions show them.
    pub fn definition() -> clap::Command {
        Cli::command().mut_subcommands(|mode| mode.mut_args(capitalised))
    }
}

/// An argument whose help starts with a capital: `call` shares options with the shell's `load`, whose help does not.
fn capitalised(argument: Arg) -> Arg {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let mut chars = help.chars();
    let Some(first) = chars.next() else { return argument };
    argument.help(StyledStr::from(first.to_uppercase().chain(chars).collect::<String>()))
}
