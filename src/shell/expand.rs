//! Words to bytes in a session: variables, substitutions, the home directory, and what stands in INPUT's place.

use std::ffi::OsString;

use super::command::{Argument, Command, Kind};
use super::line::{Env, Script, Word, WordKind};
use super::reply::ShellError;
use super::session::{Session, Sink};
use super::stdin::INPUT_BYTES_MAX;

impl Env for Session {
    fn variable(&self, name: &str) -> Option<Vec<u8>> {
        match name {
            "@" => {
                (!self.scripts().place().arguments().is_empty()).then(|| self.scripts().place().arguments().join(&b' '))
            }
            "DIR" if !self.variables().contains_key(name) => {
                self.scripts().place().dir().map(|dir| dir.as_os_str().as_encoded_bytes().to_vec())
            }
            name if name.starts_with(|first: char| first.is_ascii_digit()) => {
                name.parse().ok().and_then(|number| self.scripts().place().argument(number)).map(<[u8]>::to_vec)
            }
            name => match name.strip_prefix("env.") {
                // `cd` moves the process, and leaves its environment as it is.
                Some("PWD") => std::env::current_dir().ok().map(|dir| dir.into_os_string().into_encoded_bytes()),
                Some(name) => std::env::var_os(name).map(OsString::into_encoded_bytes),
                None => Session::variable(self, name),
            },
        }
    }

    fn run(&mut self, script: &Script) -> anyhow::Result<Vec<u8>> {
        // `$_` is what the line's own command looks at: its words leave it.
        let last_output = self.last_output().cloned();
        let run = |session: &mut Session| {
            session.asking_json(false, |session| session.asking(|session| session.run_statements(script)))
        };
        let (result, sink) = self.with_sink(Sink::Memory(Vec::new()), run);
        self.restore_last_output(last_output);
        result?;
        match sink {
            Some(Sink::Memory(bytes)) => Ok(bytes),
            _ => Ok(Vec::new()),
        }
    }
}

impl Session {
    /// A word's bytes; for `@FILE` and `@-` the bytes read there.
    ///
    /// # Errors
    /// A variable is unset, a substitution fails, or a file cannot be read.
    pub(super) fn expand(&mut self, word: &Word) -> Result<Vec<u8>, ShellError> {
        if word.kind == WordKind::AtStdin {
            return self.read_stdin();
        }
        let bytes = word.expand(self).map_err(shell_error)?;
        if word.kind != WordKind::AtFile {
            return Ok(bytes);
        }
        let path = String::from_utf8(bytes).map_err(|_| ShellError::usage("the name after `@` is not UTF-8"))?;
        self.read_file(in_home(word, path), INPUT_BYTES_MAX)
    }

    /// A word's text; an error where it is not UTF-8.
    ///
    /// # Errors
    /// As of [`Session::expand`], or the value is not UTF-8.
    pub(super) fn expand_text(&mut self, word: &Word) -> Result<String, ShellError> {
        word.expand_text(self).map_err(shell_error)
    }

    /// The text of a word that names a file.
    ///
    /// # Errors
    /// As of [`Session::expand_text`], or there is no home directory for a `~`.
    pub(super) fn expand_file(&mut self, word: &Word) -> Result<String, ShellError> {
        Ok(in_home(word, self.expand_text(word)?))
    }

    /// A command's words, expanded, with how each was typed.
    ///
    /// # Errors
    /// As of [`Session::expand_text`] for the first such word.
    pub(super) fn expand_all(&mut self, command: &Command, words: &[Word]) -> Result<Vec<Argument>, ShellError> {
        let slots = command.shape().slots(words, 0);
        let mut arguments = Vec::with_capacity(words.len());
        for (index, word) in words.iter().enumerate() {
            if word.is_all_arguments() {
                arguments
                    .extend(self.scripts().place().arguments().iter().map(|bytes| Argument::data(bytes.as_slice())));
                continue;
            }
            let (is_option, is_output) = (word.is_option(), word.is_substitution());
            let kind = slots.get(index).and_then(|slot| command.shape().kind(*slot));
            let bytes = match kind {
                Some(Kind::File | Kind::Dir | Kind::Loadable | Kind::FileOrSeq) if word.starts_at_home() => {
                    self.expand_file(word)?.into_bytes()
                }
                _ => self.expand(word)?,
            };
            arguments.push(Argument { bytes, is_option, is_output });
        }
        Ok(arguments)
    }
}

/// The lines of an output, without their ends; empty ones are none.
pub(super) fn words_of_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.filter(|line| !line.is_empty())
}

/// The text of a word that names a file, with `~` replaced by the home directory where there is one.
fn in_home(word: &Word, text: String) -> String {
    let home = std::env::home_dir().filter(|home| word.starts_at_home() && home.is_absolute());
    match (home.as_ref().and_then(|home| home.to_str()), text.strip_prefix('~')) {
        (Some(home), Some(rest)) => format!("{home}{rest}"),
        _ => text,
    }
}

/// The error of a failed `$(COMMAND)` unchanged, any other as a failure.
fn shell_error(error: anyhow::Error) -> ShellError {
    error.downcast::<ShellError>().unwrap_or_else(|error| ShellError::failed(error.to_string()))
}
