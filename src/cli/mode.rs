//! The subcommands, and the arguments of the small ones.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use plugsh::shell::scaffold::Language;

use super::call::CallArgs;
use super::nodes::NodeArgs;
use super::project::{TestArgs, UpArgs};
use super::serving::{AttachArgs, ServeArgs};

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
    /// Be a debugger for an editor, which speaks the Debug Adapter Protocol on standard input and output.
    Dap,
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

/// `plugsh init`.
#[derive(Debug, Args)]
#[command(after_help = "The shell's own `init` writes what is loaded there: `plugsh -c 'load front; init'`.")]
pub struct InitArgs {
    /// Overwrite a file that is there.
    #[arg(long)]
    pub force: bool,
}
