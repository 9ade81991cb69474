//! The command line of the binary. The options that set limits are the shell's `limit_args`, the spellings of `plugsh
//! call` in `cli/pflag.rs`, the manual page in `cli/man.rs`.

mod before_mode;
mod lines;
pub mod man;
pub mod mistake;
mod nodes;
mod pflag;
mod serving;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::StyledStr;
use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use plugsh::front::console::Color;
use plugsh::front::suite::{FileTimeout, TIMEOUT_DEFAULT};
use plugsh::runtime::{Host, LogLevel};
use plugsh::shell::limit_args::LimitArgs;
use plugsh::shell::loading::options::LoadOptions;
use plugsh::shell::scaffold::Language;
use plugsh::shell::units::{parse_count, parse_duration};

pub use self::lines::LineArgs;
pub use self::nodes::{NatsArgs, NodeArgs};
pub use self::serving::{AttachArgs, ServeArgs, remote_call};

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
    /// The program's arguments without its name; those of `plugsh call` are brought into one spelling.
    pub fn words() -> Vec<OsString> {
        let words: Vec<OsString> = std::env::args_os().skip(1).collect();
        // The whole definition is dear to build: more than the rest of an empty session's start.
        if !pflag::may_be_call(&words) {
            return words;
        }
        let mut definition = Cli::definition();
        definition.build();
        pflag::rewritten(words, &definition)
    }

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

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Mode {
    /// Load a plugin, call one function, print its output: in place of `extism call`.
    #[command(args_override_self = true)]
    Call(Box<CallArgs>),
    /// Start the plugins of the project's file, `plugsh.toml`, then be a prompt or run a script.
    Up(UpArgs),
    /// Write `plugsh.toml` from the modules of this directory.
    Init(InitArgs),
    /// Run files of commands and expectations, each in a shell of its own.
    Test(TestArgs),
    /// Write a plugin that builds as it stands, with its test file, into a directory of its own.
    New(NewArgs),
    /// Offer this machine to the plugsh of others, over NATS.
    Node(NodeArgs),
    /// Run files, stay without a terminal, and let others attach.
    Serve(ServeArgs),
    /// A prompt, a file or commands at what is served.
    Attach(AttachArgs),
    /// List what is served.
    Ls,
    /// Explain a command of the shell, a topic, or a subcommand of this program.
    Help {
        #[arg(value_name = "COMMAND")]
        command: Option<String>,
    },
    /// Write completions for bash, zsh, fish, elvish or powershell.
    Completions {
        #[arg(value_name = "SHELL", hide_possible_values = true)]
        shell: clap_complete::Shell,
    },
    /// Write the manual page, for man(1) to show.
    Man,
}

/// `plugsh new`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  plugsh new hello --lang rust     hello/, and the commands that build, try and test it\n\n\
    Nothing that exists is overwritten. The plugin greets and calls another plugin; its binding stands in its directory."
)]
pub struct NewArgs {
    /// The directory, whose last part becomes the plugin's name.
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// The language: rust, c, zig, assemblyscript, go or javascript.
    #[arg(long, value_name = "LANG", default_value = "rust", hide_possible_values = true)]
    pub lang: Language,
}

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

/// `plugsh init`.
#[derive(Debug, Args)]
#[command(after_help = "The shell's own `init` writes what is loaded there: `plugsh -c 'load front; init'`.")]
pub struct InitArgs {
    /// Overwrite a file that is there.
    #[arg(long)]
    pub force: bool,
}

/// `plugsh compile`: what plugsh starts to compile a heavy module. No mode that a person is shown.
#[derive(Debug, Parser)]
#[command(name = "plugsh compile")]
pub struct CompileArgs {
    /// For the engine that counts fuel.
    #[arg(long)]
    pub fuelled: bool,
    /// For the engine whose instances a debugger stops.
    #[arg(long)]
    pub debugged: bool,
    /// Bytes of memory that it may take.
    #[arg(long, value_name = "BYTES")]
    pub memory_max: u64,
    /// Seconds of processors' time that it may take.
    #[arg(long, value_name = "SECONDS")]
    pub cpu_max: u64,
}

impl CompileArgs {
    /// The arguments, if the program was started as `plugsh compile`.
    ///
    /// # Errors
    /// The arguments are wrong, or ask for help or the version; with the text to print.
    pub fn read() -> Option<Result<CompileArgs, clap::Error>> {
        let mut arguments = std::env::args_os().skip(1).peekable();
        let is_meant = arguments.peek().is_some_and(|word| word == "compile");
        is_meant.then(|| CompileArgs::try_parse_from(arguments))
    }
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

/// `plugsh call`: the words of `extism call`.
#[derive(Debug, Args)]
pub struct CallArgs {
    /// A plugin's name, a path or a URL: wasm, wat or a manifest.
    pub source: String,
    /// The function to call.
    pub function: String,
    /// The function's input.
    #[arg(short = 'i', long, value_name = "TEXT", conflicts_with = "stdin")]
    pub input: Option<OsString>,
    /// Read the input from standard input; `--wasi-stdin` is the plugin's own.
    #[arg(long)]
    pub stdin: bool,
    /// Call it N times, and print each output and a newline; 0: only load it.
    #[arg(long = "loop", value_name = "N", default_value_t = 1, hide_default_value = true)]
    pub repeat: i64,
    /// Write the bytes only, with no newline added.
    #[arg(long)]
    pub raw: bool,
    /// Which host runs it: native, plugsh's own runtime, or extism, the stock SDK.
    #[arg(long, default_value = "native", hide_possible_values = true, hide_default_value = true)]
    pub host: Host,
    #[command(flatten)]
    pub load: LoadOptions,
    /// Call a process of what is served by this name, at this socket or address: SOURCE is the process.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["manifest", "host", "wasi", "config", "set_config",
        "allow_host", "allow_path", "may_load", "may_call", "env", "arg", "wasi_stdin", "link", "stub_imports", "import",
        "private", "no_wasi"])]
    pub attach: Option<String>,
    /// The file of the token, where --attach names an address.
    #[arg(long, value_name = "FILE", requires = "attach")]
    pub token_file: Option<PathBuf>,
    /// SOURCE is a manifest, whatever it is called.
    #[arg(short = 'm', long)]
    pub manifest: bool,
    /// Show what the plugin writes to WASI's standard output and error; WASI itself is there whenever it is imported.
    #[arg(long)]
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
    #[arg(short = 'v', long, hide = true)]
    pub verbose: bool,
}

fn log_level(word: &str) -> Result<LogLevel, String> {
    let words = LogLevel::ALL.map(LogLevel::as_str).join(" ");
    LogLevel::ALL
        .into_iter()
        .find(|level| level.as_str().eq_ignore_ascii_case(word))
        .ok_or_else(|| format!("there are: {words}"))
}
