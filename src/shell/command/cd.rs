//! `cd`: the working directory.

use std::path::PathBuf;

use super::{Arguments, Command, Group, Run, syntax};
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;
use crate::text::io_cause;

/// The command `cd`.
pub static COMMAND: Command = Command {
    name: "cd",
    group: Group::Shell,
    summary: "move to another directory",
    description: "Relative paths, `!` programs and Tab begin in DIR from now on; without DIR, in the home directory. \
        `cd -` goes back to the directory before, and names it. What is loaded and what runs keeps its files.",
    examples: &["\
        cd /\n\
        !pwd\n\
        # /\n\
        cd -\n\
        # …"],
    syntax: syntax::<CdOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct CdOptions {
    #[arg(value_name = "DIR")]
    dir: Option<String>,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<CdOptions>()?;
    if !session.front().owns_process() {
        let way_on = "write `$DIR/FILE` for a file beside the script";
        return Err(ShellError::failed(format!("`cd`: this session shares its directory with others; {way_on}")));
    }
    let goes_back = options.dir.as_deref() == Some("-");
    let dir = match options.dir {
        Some(_) if goes_back => {
            let before = session.settings().previous_dir.clone();
            before.ok_or_else(|| ShellError::failed("`cd -`: no directory before; `cd DIR` moves to one"))?
        }
        Some(dir) => PathBuf::from(dir),
        None => std::env::home_dir()
            .filter(|home| home.is_absolute())
            .ok_or_else(|| ShellError::failed("`cd`: no home directory: HOME is not set; write `cd DIR`"))?,
    };
    let before = std::env::current_dir().ok();
    std::env::set_current_dir(&dir)
        .map_err(|error| ShellError::failed(format!("`cd {}`: {}", dir.display(), io_cause(&error))))?;
    session.settings_mut().previous_dir = before;
    let now = std::env::current_dir().unwrap_or_else(|_| dir.clone());
    let reply = if goes_back { Reply::line(dir.display().to_string()) } else { Reply::Nothing };
    Ok(reply.with_json(serde_json::json!({ "dir": now.display().to_string() })))
}
