//! Mistakes in the arguments of the program, in the shell's form.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use plugsh::shell::ShellError;
use plugsh::shell::command::Subject;

use super::Cli;

/// The subcommand that has the option that the program itself does not know.
fn mode_with<'a>(definition: &'a clap::Command, error: &clap::Error) -> Option<&'a clap::Command> {
    let unknown = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(unknown))) => unknown.strip_prefix("--")?,
        _ => return None,
    };
    definition.get_subcommands().find(|mode| mode.get_arguments().any(|argument| argument.get_long() == Some(unknown)))
}

/// A clap error as a one-line error in the shell's form.
pub fn wrong_arguments(error: &clap::Error, words: &[OsString]) -> ShellError {
    let mut definition = Cli::definition();
    definition.build();
    let mode = words.iter().find_map(|word| definition.find_subcommand(word));
    let mode = mode.or_else(|| mode_with(&definition, error));
    let (name, of) = match mode {
        Some(mode) => (format!("plugsh {}", mode.get_name()), mode),
        None => ("plugsh".to_owned(), &definition),
    };
    let longs = of.get_arguments().filter_map(|argument| argument.get_long().map(str::to_owned)).collect();
    let help = format!("{name} --help");
    let usage = of.clone().render_usage().to_string();
    // The program's own usage has several lines; the first is shown.
    let usage = usage.trim_start_matches("Usage: ").lines().next().unwrap_or_default().to_owned();
    Subject { name: format!("`{name}`"), help, usage, longs, takes_input: false }.mistake(error)
}
