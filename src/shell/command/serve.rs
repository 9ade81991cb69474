//! `serve`: the door of this shell's kernel, for other terminals and programs. The front opens it.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::{Arguments, Command, Group, Run, syntax};
use crate::shell::front::{ServeOptions, ServeRequest};
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;

/// The command `serve`.
pub static COMMAND: Command = Command {
    name: "serve",
    group: Group::Shell,
    summary: "let other terminals attach to this shell's processes",
    description: "Others of your own user come in by `plugsh attach NAME`, as often as they like: each has a session of \
        its own (variables, `$_`, the job in front, notices), and all see the same processes, jobs, trace, breakpoints \
        and stubs. `plugsh ls` lists what is served, and `plugsh call --attach NAME PROCESS FUNCTION` calls into it. \
        `serve off` sends the clients away, as the end of this shell does. `help attach` says what is where, and how \
        a program of any language talks to it. `plugsh serve FILE` serves without a terminal.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        serve --name example\n\
        # serving `example` at …\n\
        serve off\n\
        # `example` is not served any more"],
    syntax: syntax::<ServeWords>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct ServeWords {
    #[arg(value_name = "ACTION", value_parser = ["off"])]
    action: Option<String>,
    /// the name it is served by; else the first free of plugsh, plugsh-2, …
    #[arg(long, value_name = "NAME", conflicts_with = "action")]
    name: Option<String>,
    /// listen on loopback too, as 127.0.0.1:7070
    #[arg(long, value_name = "ADDRESS", requires = "token_file", conflicts_with = "action")]
    tcp: Option<SocketAddr>,
    /// the file of the token that clients of --tcp must know; it is made where it is missing
    #[arg(long, value_name = "FILE", requires = "tcp")]
    token_file: Option<PathBuf>,
    /// clients may look and not touch
    #[arg(long, conflicts_with = "action")]
    read_only: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<ServeWords>()?;
    let ServeWords { action, name, tcp, token_file, read_only } = words;
    let project = session.options().project.clone();
    let request = match action {
        Some(_) => ServeRequest::Off,
        None => ServeRequest::On(ServeOptions { name, tcp: tcp.zip(token_file), project, read_only }),
    };
    session.front().serve(request)
}
