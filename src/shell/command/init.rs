//! `init`: a project's file from what is loaded, or one to begin with.

use std::fs::File;
use std::io::{ErrorKind, Write};

use super::{Arguments, Command, Group, Run, syntax};
use crate::shell::project::draft::of_directory;
use crate::shell::project::find::FILE_NAME;
use crate::shell::project::init::of_session;
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;
use crate::text::{counted, io_cause};

/// The command `init`.
pub static COMMAND: Command = Command {
    name: "init",
    group: Group::Plugins,
    summary: "write what is loaded into a project's file",
    description: "Writes `plugsh.toml` into the working directory: the processes that the shell has started, each with the \
        options that would make it again, stubs, plugin directories and the policy's file. `up` starts them from it. Where \
        nothing is loaded the file has a plugin for each module of the directory (and of plugins, wasm, build, dist and \
        target/wasm32-unknown-unknown/release), and comments on what else it can have. A file that is there stays, but \
        with `--force`. A value that came from the environment is written as `${NAME}`.",
    examples: &["\
        load echo --as parrot --config lang=en --timeout 2s\n\
        # 1:parrot\n\
        init\n\
        # wrote plugsh.toml: 1 plugin\n\
        !tail -4 plugsh.toml\n\
        # [plugin.parrot]\n\
        # source = \"echo\"\n\
        # config = { lang = \"en\" }\n\
        # timeout = \"2s\""],
    syntax: syntax::<InitWords>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct InitWords {
    /// overwrite a file that is there
    #[arg(long)]
    force: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<InitWords>()?;
    let here = std::env::current_dir().map_err(|error| failed(&io_cause(&error)))?;
    // The kernel's paths are resolved.
    let here = here.canonicalize().unwrap_or(here);
    let (text, plugins) = match of_session(session, &here)? {
        Some(written) => written,
        None => of_directory(session, &here),
    };
    let file = if words.force { File::create(FILE_NAME) } else { File::create_new(FILE_NAME) };
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => failed("it exists; `init --force` overwrites it"),
        _ => failed(&io_cause(&error)),
    })?;
    let count = counted(plugins as u64, "plugin");
    let json = serde_json::json!({ "file": FILE_NAME, "plugins": plugins });
    Ok(Reply::answer(format!("wrote {FILE_NAME}: {count}"), json))
}

fn failed(why: &str) -> ShellError {
    ShellError::failed(format!("`{FILE_NAME}`: {why}"))
}
