//! The arguments of `plugsh serve` and `plugsh attach`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use plugsh::shell::units::parse_duration;

use super::lines::LineArgs;

/// `plugsh serve`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  plugsh serve shop.plugsh --name shop     load the shop's plugins, and stay\n  \
    plugsh attach shop                       a prompt there, from any terminal of yours\n\n\
    The socket is $XDG_RUNTIME_DIR/plugsh/NAME.sock, for your own user alone. SIGTERM ends it: nothing new is begun, \
    jobs get the time of --grace, and the socket goes.")]
pub struct ServeArgs {
    /// Files whose lines run before anybody can come in.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The name that it is served by: the first free of plugsh, plugsh-2, … otherwise.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Listen on loopback too, as 127.0.0.1:7070; clients must know the token.
    #[arg(long, value_name = "ADDRESS", requires = "token_file")]
    pub tcp: Option<SocketAddr>,
    /// The file of the token for --tcp, yours alone; it is made where it is missing.
    #[arg(long, value_name = "FILE", requires = "tcp")]
    pub token_file: Option<PathBuf>,
    /// Clients may look and not touch.
    #[arg(long)]
    pub read_only: bool,
    /// How long jobs have to end after SIGTERM.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse_duration)]
    pub grace: Duration,
    /// Set a variable for the files.
    #[arg(short = 'v', long = "variable", value_name = "NAME=VALUE")]
    pub variables: Vec<String>,
}

/// `plugsh attach`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  plugsh attach                            the one that is served\n  \
    plugsh attach shop -c 'ps; trace -n 3'   lines, and their exit code\n  \
    plugsh attach shop check.plugsh          a file of this side\n\n\
    Lines run at the server: its processes, jobs and files. Editing, colours, the pane and `!programs` are here. \
    The rc file is not read.")]
pub struct AttachArgs {
    /// A name that is served, a socket's path, or an address with --token-file; then a script, `-` is standard input,
    /// and its arguments. With `-c` all after the name are arguments.
    #[arg(value_name = "NAME [FILE [ARG]...]")]
    pub words: Vec<OsString>,
    #[command(flatten)]
    pub lines: LineArgs,
    /// Look, and change nothing.
    #[arg(long)]
    pub read_only: bool,
    /// The file of the token, for an address.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}
