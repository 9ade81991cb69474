//! Lines that run, as the options of the program ask for them.

use std::ffi::OsString;
use std::path::PathBuf;

use plugsh::front::opening::RcFile;
use plugsh::front::script::{LineSource, Scripts};
use plugsh::shell::place::ARGUMENTS_MAX;
use plugsh::shell::{SessionOptions, ShellError};

use crate::cli::global::Global;
use crate::cli::lines::ScriptArgs;

/// The project's file that was named, absolute, because `cd` moves the working directory.
pub fn project_file(global: &Global) -> Option<PathBuf> {
    global.project.as_ref().map(|file| std::path::absolute(file).unwrap_or_else(|_| file.clone()))
}

/// The options of a session that no other option changes.
pub fn session_options(global: &Global) -> SessionOptions {
    SessionOptions { json: global.json, project: project_file(global), ..SessionOptions::default() }
}

/// The scripts that the options name, with their arguments.
///
/// # Errors
/// A variable is written wrong, or there are too many arguments.
pub fn scripts(arguments: ScriptArgs, global: &Global) -> Result<Scripts, ShellError> {
    let lines = arguments.lines;
    let variables = variables(&lines.variables)?;
    let mut words = arguments.words.into_iter();
    let sources: Vec<LineSource> = lines.source(&mut words).into_iter().collect();
    let echo = lines.echo || (lines.pane && !sources.is_empty());
    let script_arguments: Vec<Vec<u8>> = words.map(OsString::into_encoded_bytes).collect();
    if script_arguments.len() > ARGUMENTS_MAX {
        return Err(ShellError::usage(format!("a script is given at most {ARGUMENTS_MAX} arguments")));
    }
    Ok(Scripts {
        first: None,
        sources,
        arguments: script_arguments.into(),
        variables,
        color: global.color,
        after: lines.after(),
        rc: if arguments.no_rc { RcFile::Skip } else { RcFile::Read },
        pane: lines.pane_at_start(),
        options: SessionOptions { quiet: lines.quiet, keep_going: lines.keep_going, echo, ..session_options(global) },
    })
}

/// `-v NAME=VALUE`, as often as it was given.
///
/// # Errors
/// One has no `=`.
pub fn variables(given: &[String]) -> Result<Vec<(String, String)>, ShellError> {
    let pair = |text: &String| match text.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(ShellError::usage(format!("`-v {text}`: write `-v NAME=VALUE`"))),
    };
    given.iter().map(pair).collect()
}
