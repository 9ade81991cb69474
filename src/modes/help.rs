//! The texts of the program itself: `plugsh help`, `plugsh completions` and `plugsh man`.

use plugsh::front::script;
use plugsh::shell::command::{TABLE, about, closest_topic};
use plugsh::shell::{ShellError, plain};
use plugsh::text::{closest, quoted};

use crate::cli::{Cli, man as manual};

/// `plugsh help`: of the program, one of its subcommands, or the shell's own.
///
/// # Errors
/// Nothing has that name, or nobody reads standard output.
pub fn help(word: Option<&str>) -> Result<u8, ShellError> {
    let mut definition = Cli::definition();
    definition.build();
    let Some(word) = word else { return script::print(definition.render_help().to_string().as_bytes()) };
    let of_shell = about(TABLE, word);
    match (definition.find_subcommand_mut(word), of_shell) {
        (Some(mode), of_shell) => {
            let mut text = mode.render_help().to_string();
            if of_shell.is_some() {
                text.push_str(&format!(
                    "\nThe shell has a `{word}` of its own: `plugsh -c 'help {word}'` explains it.\n"
                ));
            }
            script::print(text.as_bytes())
        }
        (None, Some(reply)) => script::print(&plain::bytes(&reply)),
        (None, None) => Err(unknown_topic(&definition, word)),
    }
}

/// The error for a word that neither the program nor its shell explains.
fn unknown_topic(definition: &clap::Command, word: &str) -> ShellError {
    let near = closest(word, definition.get_subcommands().map(clap::Command::get_name));
    let hint = match near.or_else(|| closest_topic(TABLE, word)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`plugsh help` explains the program, `plugsh help all` lists the shell's commands".to_owned(),
    };
    ShellError::usage(format!("no command or topic `{}`; {hint}", quoted(word)))
}

/// `plugsh completions`.
///
/// # Errors
/// Nobody reads standard output.
pub fn completions(shell: clap_complete::Shell) -> Result<u8, ShellError> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::definition(), "plugsh", &mut text);
    script::print(&text)
}

/// `plugsh man`.
///
/// # Errors
/// Nobody reads standard output.
pub fn man() -> Result<u8, ShellError> {
    let page = manual::page().map_err(|error| ShellError::failed(format!("the manual page: {error}")))?;
    script::print(&page)
}
