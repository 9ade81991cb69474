//! Expansion of a word to bytes: variables and substitutions are replaced by their values, which are never parsed.

use anyhow::{Context, bail};

use super::WORD_BYTES_MAX;
use super::ast::{Part, Script, Word};

/// The values of variables and substitutions.
pub trait Env {
    /// The value of `$NAME`, `$_` (name `_`), `$?` (name `?`), `$1`, `$@` or `$env.NAME`; `None` when it is unset.
    fn variable(&self, name: &str) -> Option<Vec<u8>>;

    /// Runs a `$(COMMAND)` and gives its output, exact bytes.
    ///
    /// # Errors
    /// The failure of the command.
    fn run(&mut self, script: &Script) -> anyhow::Result<Vec<u8>>;
}

impl Word {
    /// The word's bytes: the body of a here-document, the text of JSON, the file's name of `@FILE`. A `$(COMMAND)`
    /// expands to its output without final newlines; as the whole word ([`Word::is_substitution`]) it keeps them, for
    /// INPUT.
    ///
    /// # Errors
    /// A variable that is unset, a substitution that fails (its own error, unchanged), or more than
    /// [`WORD_BYTES_MAX`] bytes.
    pub fn expand(&self, env: &mut dyn Env) -> anyhow::Result<Vec<u8>> {
        self.expand_within(WORD_BYTES_MAX, env)
    }

    /// Expands the word like [`Word::expand`], to at most `bytes_max` bytes.
    ///
    /// # Errors
    /// A variable is unset, a substitution fails, or the value is over `bytes_max`.
    pub(super) fn expand_within(&self, bytes_max: usize, env: &mut dyn Env) -> anyhow::Result<Vec<u8>> {
        let mut all = Vec::new();
        for part in &self.parts {
            let bytes = match part {
                Part::Literal { bytes, .. } => bytes.clone(),
                Part::Variable(name) => env.variable(name).with_context(|| unset(name))?,
                Part::Substitution(script) if self.is_substitution() => env.run(script)?,
                Part::Substitution(script) => without_final_newlines(env.run(script)?),
            };
            if all.len().saturating_add(bytes.len()) > bytes_max {
                bail!("a word grew over {bytes_max} bytes when its `$` were expanded: use `@FILE`");
            }
            // The value of a single part is moved: it may be large.
            if all.is_empty() {
                all = bytes;
            } else {
                all.extend_from_slice(&bytes);
            }
        }
        Ok(all)
    }

    /// The word as text, for words other than INPUT.
    ///
    /// # Errors
    /// [`Word::expand`] fails, or the bytes are not UTF-8.
    pub fn expand_text(&self, env: &mut dyn Env) -> anyhow::Result<String> {
        let bytes = self.expand(env)?;
        let bytes = if self.is_substitution() { without_final_newlines(bytes) } else { bytes };
        String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let byte = error.as_bytes().get(at).copied().unwrap_or_default();
            let subject = match self.parts.as_slice() {
                [Part::Variable(name)] => format!("`${name}`"),
                [Part::Substitution(_)] => "the output of `$(…)`".to_owned(),
                _ => "a word".to_owned(),
            };
            anyhow::anyhow!("{subject} is not UTF-8 (byte 0x{byte:02x} at {at}): such bytes can only be INPUT")
        })
    }
}

/// A command's output without its final newlines.
pub fn without_final_newlines(mut bytes: Vec<u8>) -> Vec<u8> {
    while bytes.pop_if(|byte| *byte == b'\n').is_some() {
        bytes.pop_if(|byte| *byte == b'\r');
    }
    bytes
}

/// The message for a variable that has no value.
fn unset(name: &str) -> String {
    match name {
        "_" => "`$_` is unset: no call has succeeded yet".to_owned(),
        _ if name.starts_with(|first: char| first.is_ascii_digit()) => {
            format!("`${name}` is unset: the script was given fewer arguments")
        }
        "@" => "`$@` is unset: the script was given no arguments".to_owned(),
        "DIR" => "`$DIR` is unset: these lines stand in no file".to_owned(),
        _ if name.starts_with("env.") => format!("`${name}` is unset: the environment has no such variable"),
        _ if std::env::var_os(name).is_some() => {
            format!("`${name}` is unset: the environment's is `$env.{name}`, and `set {name} VALUE` gives it one here")
        }
        _ => format!("`${name}` is unset: give it a value with `set {name} VALUE`"),
    }
}
