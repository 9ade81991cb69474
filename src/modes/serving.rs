//! `plugsh serve`, `plugsh attach` and `plugsh ls`.

use std::ffi::OsString;
use std::sync::Arc;

use plugsh::front::attach::{self, Attach};
use plugsh::front::opening::{AfterScripts, PaneAtStart, RcFile};
use plugsh::front::script::{self, Scripts};
use plugsh::front::serve::{self, Serve};
use plugsh::serve::client::Connect;
use plugsh::serve::wire::{Access, Hello};
use plugsh::shell::front::ServeOptions;
use plugsh::shell::{ShellError, plain};

use super::kernel::shell_kernel;
use super::lines::{session_options, variables};
use crate::cli::global::Global;
use crate::cli::lines::line_source;
use crate::cli::serving::{AttachArgs, ServeArgs};

/// `plugsh serve`: its files, and then whoever attaches, until a signal ends it.
///
/// # Errors
/// A variable is written wrong, the name is taken, or a file ends with an error.
pub fn serve(arguments: ServeArgs, global: &Global) -> Result<u8, ShellError> {
    let scripts = Scripts {
        first: None,
        sources: arguments.files.into_iter().map(line_source).collect(),
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
    serve::run(shell_kernel(global)?, Serve { options, scripts, grace: arguments.grace })
}

/// `plugsh attach`: a prompt, a file or lines at a server.
///
/// # Errors
/// A variable is written wrong, nothing is served by that name, or what runs there ends with an error.
pub fn attach(arguments: AttachArgs, global: &Global) -> Result<u8, ShellError> {
    let AttachArgs { words, lines, read_only, token_file } = arguments;
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
    attach::run(Attach {
        connect: Connect { target, token_file, hello },
        source,
        arguments: words.map(OsString::into_encoded_bytes).collect(),
        variables: variables(&lines.variables)?,
        color: global.color,
        after: lines.after(),
        pane: lines.pane_at_start(),
    })
}

/// `plugsh ls`: what is served.
///
/// # Errors
/// The directory of sockets cannot be read, or nobody reads standard output.
pub fn list(json: bool) -> Result<u8, ShellError> {
    script::print(&plain::bytes(&attach::list::list(json)?))
}
