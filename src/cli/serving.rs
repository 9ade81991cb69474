//! The arguments of `plugsh serve`, `plugsh attach` and `plugsh call --attach`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use plugsh::front::attach::Attach;
use plugsh::front::attach::call::RemoteCall;
use plugsh::front::one_call::OutputForm;
use plugsh::front::opening::{AfterScripts, PaneAtStart, RcFile};
use plugsh::front::script::Scripts;
use plugsh::front::serve::Serve;
use plugsh::runtime::{PluginLimit, Spec};
use plugsh::serve::client::Connect;
use plugsh::serve::wire::{Access, Hello};
use plugsh::shell::ShellError;
use plugsh::shell::front::ServeOptions;
use plugsh::shell::units::parse_duration;

use super::{CallArgs, Global, LineArgs};
use crate::{session_options, source, variables};

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

impl ServeArgs {
    /// The served kernel and its scripts.
    ///
    /// # Errors
    /// A variable is written wrong.
    pub fn serve(self, global: &Global) -> Result<Serve, ShellError> {
        let arguments = self;
        let scripts = Scripts {
            first: None,
            sources: arguments.files.into_iter().map(source).collect(),
            arguments: Arc::default(),
            variables: variables(&arguments.variables)?,
            color: global.color,
            after: AfterScripts::Exit,
            rc: RcFile::Skip,
            pane: PaneAtStart::Closed,
            options: session_options(global),
        };
        let tcp = arguments.tcp.zip(arguments.token_file);
        let project = scripts.options.project.clone();
        let options = ServeOptions { name: arguments.name, tcp, project, read_only: arguments.read_only };
        Ok(Serve { options, scripts, grace: arguments.grace })
    }
}

impl AttachArgs {
    /// The work at a server.
    ///
    /// # Errors
    /// A variable is written wrong.
    pub fn attach(self, global: &Global) -> Result<Attach, ShellError> {
        let AttachArgs { words, lines, read_only, token_file } = self;
        let mut words = words.into_iter();
        let target = words.next().map(|name| name.to_string_lossy().into_owned());
        let source = lines.source(&mut words);
        let hello = Hello {
            access: if read_only { Access::ReadOnly } else { Access::Full },
            json: global.json,
            quiet: lines.quiet,
            keep_going: lines.keep_going,
            echo: lines.echo,
            ..Hello::default()
        };
        Ok(Attach {
            connect: Connect { target, token_file, hello },
            source,
            arguments: words.map(OsString::into_encoded_bytes).collect(),
            variables: variables(&lines.variables)?,
            color: global.color,
            after: lines.after(),
            pane: lines.pane_at_start(),
        })
    }
}

/// The call of `plugsh call --attach`.
///
/// # Errors
/// A limit is given that is not the call's but the process's.
pub fn remote_call(arguments: CallArgs, global: &Global) -> Result<RemoteCall, ShellError> {
    let mut spec = Spec::default();
    let limits = &arguments.load.limits;
    if let Some(row) = limits.0.iter().map(|(limit, _)| limit.row()).find(|row| row.limit != PluginLimit::Timeout) {
        let why = "a process has the limits that it was loaded with; `--timeout` is the call's";
        return Err(ShellError::usage(format!("`--{}` with `--attach`: {why}", row.option)));
    }
    limits.apply(&mut spec);
    let input = arguments.input.map(OsString::into_encoded_bytes);
    Ok(RemoteCall {
        connect: Connect { target: arguments.attach, token_file: arguments.token_file, ..Connect::default() },
        plugin: arguments.source,
        function: arguments.function,
        input: if arguments.stdin { None } else { Some(input.unwrap_or_default()) },
        timeout: spec.timeout,
        repeat: u64::try_from(arguments.repeat).unwrap_or(0),
        form: OutputForm::of(global.json, arguments.raw),
        color: global.color,
    })
}
